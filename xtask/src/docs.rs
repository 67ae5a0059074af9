//! `cargo xtask docs`: the API documentation of every crate of the workspace.

use crate::cargo::{Workspace, cargo};
use crate::step::{self, Result};

pub(crate) const HELP: &str = "
Builds the API documentation and says where it is.

Examples:
  cargo xtask docs
";

pub(crate) fn run(args: &[String]) -> Result<()> {
    step::only_flags(args, &[])?;
    step::run(
        "documentation",
        cargo().args(["doc", "--no-deps", "--workspace"]),
    )?;
    let page = Workspace::load()?.target.join("doc/prollytree/index.html");
    println!("    {}", page.display());
    Ok(())
}
