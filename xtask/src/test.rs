//! `cargo xtask test`: everything, as CI runs it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::cargo::{self, Workspace, cargo};
use crate::plugins::{self, Built};
use crate::step::{self, Failure, Result};
use crate::{demo, fuzz, lint, seed, system};

pub(crate) const HELP: &str = "
Runs, in this order: system packages (installed as root on Debian), lint,
compiled plugins, all tests, documentation tests, the fuzzer for a few seconds,
the conformance suite on each compiled plugin, and the demo. Everything that is built for tests has one profile.

Environment:
  PROLLYTREE_TEST_SEED   the seed of random tests; a fresh one is chosen and printed

Examples:
  cargo xtask test
  PROLLYTREE_TEST_SEED=7 cargo xtask test
";

/// The variable that tells tests where the compiled plugins are.
pub(crate) const PLUGINS: &str = "PROLLYTREE_TEST_PLUGINS";

pub(crate) fn run(args: &[String]) -> Result<()> {
    step::only_flags(args, &[])?;
    let started = Instant::now();
    let seed = seed::given_or_fresh()?;
    seed::announce(seed);
    let workspace = Workspace::load()?;
    system::ensure()?;
    lint::check(&workspace)?;
    let built = plugins::build(&workspace, false)?;
    run_tests(&built.folder, seed, "default")?;
    step::run(
        "documentation tests",
        with_environment(
            cargo().args(["test", "-q", "--doc", "--workspace"]),
            &built.folder,
            seed,
        ),
    )?;
    fuzz::briefly(&workspace, seed)?;
    conformance(&built, seed)?;
    let folder = demo::show(&workspace, &built)?;
    fs::remove_dir_all(&folder)
        .map_err(|error| Failure::io(format_args!("removing {}", folder.display()), &error))?;
    println!(
        "\nall checks passed in {}",
        step::seconds(started.elapsed())
    );
    seed::announce(seed);
    Ok(())
}

/// Runs the tests of the workspace: with cargo-nextest and one of its profiles if it is installed,
/// else with `cargo test`.
pub(crate) fn run_tests(plugins: &Path, seed: u64, profile: &str) -> Result<()> {
    let mut command = cargo();
    if cargo::has_subcommand("nextest") {
        command.args(["nextest", "run", "--workspace", "--profile", profile]);
    } else {
        command.args(["test", "--workspace", "--lib", "--bins", "--tests"]);
    }
    step::run("tests", with_environment(&mut command, plugins, seed))
}

/// Tells the tests where the plugins are and which seed to use.
pub(crate) fn with_environment<'a>(
    command: &'a mut Command,
    plugins: &Path,
    seed: u64,
) -> &'a mut Command {
    let seeds = seed::VARIABLES
        .iter()
        .map(|variable| (variable, seed.to_string()));
    command.env(PLUGINS, plugins).envs(seeds)
}

/// Runs the conformance suite on each compiled plugin, as its author would.
fn conformance(built: &Built, seed: u64) -> Result<()> {
    for plugin in &built.plugins {
        let name = plugin.file_name().unwrap_or_default().to_string_lossy();
        step::run(
            &format!("conformance of {name}"),
            Command::new(&built.command_line)
                .args(["plugin", "conformance", "--seed", &seed.to_string()])
                .arg(plugin),
        )?;
    }
    Ok(())
}
