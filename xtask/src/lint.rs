//! `cargo xtask lint`: everything that is judged without running the code.

use crate::cargo::{Workspace, cargo};
use crate::step::{self, Failure, Result};

pub(crate) const HELP: &str = "
Checks the format, clippy (warnings are errors), the API documentation, the
shape and the layers of the workspace, and the licences of all dependencies.

Examples:
  cargo xtask lint
  cargo fmt && cargo xtask lint
";

pub(crate) fn run(args: &[String]) -> Result<()> {
    step::only_flags(args, &[])?;
    check(&Workspace::load()?)
}

/// Runs every check.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    format()?;
    shape(workspace)?;
    clippy()?;
    step::run(
        "documentation",
        cargo()
            .args(["doc", "-q", "--no-deps", "--workspace"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

/// Checks the format.
pub(crate) fn format() -> Result<()> {
    step::run("format", cargo().args(["fmt", "--check"]))
}

/// Checks what the compiler does not: layers, dependency arrows, shape, licences.
pub(crate) fn shape(workspace: &Workspace) -> Result<()> {
    step::announce("shape of the workspace");
    let findings = prollytree_tidy::check(&workspace.root)
        .map_err(|error| Failure::new(format!("looking at the workspace: {error}")))?;
    for finding in &findings {
        println!("    {finding}");
    }
    match findings.len() {
        0 => Ok(()),
        count => Err(Failure::new(format!(
            "{count} findings about the shape of the workspace"
        ))),
    }
}

/// Runs clippy; warnings are errors.
pub(crate) fn clippy() -> Result<()> {
    step::run(
        "clippy",
        cargo().args([
            "clippy",
            "-q",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]),
    )
}
