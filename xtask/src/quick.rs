//! `cargo xtask quick`: the everyday loop, five minutes at most.

use crate::cargo::Workspace;
use crate::step::{self, Result};
use crate::{lint, plugins, seed, test};

pub(crate) const HELP: &str = "
Checks the format, the shape of the workspace and clippy, and runs the tests
that are not slow (the profile `quick` in .config/nextest.toml).

Examples:
  cargo xtask quick
";

pub(crate) fn run(args: &[String]) -> Result<()> {
    step::only_flags(args, &[])?;
    let seed = seed::given_or_fresh()?;
    seed::announce(seed);
    let workspace = Workspace::load()?;
    lint::format()?;
    lint::shape(&workspace)?;
    lint::clippy()?;
    let built = plugins::build(&workspace, false)?;
    test::run_tests(&built.folder, seed, "quick")
}
