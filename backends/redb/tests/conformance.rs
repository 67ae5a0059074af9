//! The backend keeps the contract.

use prollytree_conformance::{TemplateSubject, conformance_tests};
use serde_json::json;

conformance_tests!(
    redb,
    TemplateSubject::of(
        &prollytree_backend_redb::BACKEND,
        json!({"path": "{folder}/main.redb", "lock_wait": "100ms"}),
    )
);
