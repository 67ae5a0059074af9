//! The backend keeps the contract.

use prollytree_conformance::{TemplateSubject, conformance_tests};
use serde_json::json;

conformance_tests!(
    memory,
    TemplateSubject::of(
        &prollytree_backend_memory::BACKEND,
        json!({"name": "{unique}"})
    )
);
