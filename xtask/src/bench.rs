//! `cargo xtask bench`: the benches, in an optimised build.

use crate::cargo::{Workspace, cargo};
use crate::plugins;
use crate::step::{self, Result};
use crate::test::PLUGINS;

pub(crate) const HELP: &str = "
Builds the plugins with optimisations and runs the benches. Arguments go to
cargo bench: the name of a bench, or a filter.

Examples:
  cargo xtask bench
  cargo xtask bench -p prollytree --bench boundary
";

pub(crate) fn run(args: &[String]) -> Result<()> {
    let built = plugins::build(&Workspace::load()?, true)?;
    step::run(
        "benches",
        cargo().arg("bench").args(args).env(PLUGINS, &built.folder),
    )
}
