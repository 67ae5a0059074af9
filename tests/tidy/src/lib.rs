//! Rules of this workspace that the compiler does not know: layers, dependency arrows, where
//! `unsafe` may stand, the shape of files, documents that name what exists, licences.
//!
//! Each module is one family of rules and tests that each of its rules fires on a bad sample.
#![forbid(unsafe_code)]

mod finding;
mod source;
mod token;

mod arrows;
mod documents;
mod folders;
mod graph;
mod layers;
mod licence;
mod policy;
mod shape;
mod unsafety;
mod words;

use std::path::Path;

pub use finding::{Finding, TidyError};
use graph::Graph;
use policy::Policy;

/// Checks the workspace below `root` against every rule and returns what it found, by file.
///
/// Reads every Rust file once and runs `cargo metadata`.
pub fn check(root: &Path) -> Result<Vec<Finding>, TidyError> {
    let graph = Graph::load(root)?;
    let mut findings = arrows::check(&graph);
    findings.extend(Policy::load(root)?.check(&graph));
    for file in source::load(root)? {
        findings.extend(layers::check(&file));
        findings.extend(arrows::check_names(&file));
        findings.extend(unsafety::check(&file));
        findings.extend(shape::check(&file));
        findings.extend(words::check(&file));
    }
    findings.extend(folders::check(root)?);
    findings.extend(documents::check(root)?);
    findings.sort();
    Ok(findings)
}
