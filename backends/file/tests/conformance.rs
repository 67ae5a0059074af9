//! The file backend keeps the contract, with a journal of the usual size and with one so short that
//! it is sealed and repacked all the time.

use prollytree_backend_file::BACKEND;
use prollytree_conformance::{TemplateSubject, conformance_tests};
use serde_json::json;

conformance_tests!(
    file,
    TemplateSubject::of(&BACKEND, json!({"path": "{folder}/store"}))
);
conformance_tests!(
    file_with_a_short_journal,
    TemplateSubject::of(
        &BACKEND,
        json!({"path": "{folder}/store", "journal_size": "2KiB"})
    )
);
