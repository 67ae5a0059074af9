//! `cargo xtask soak`: the tests that find more the longer they run.

use std::time::{Duration, Instant};

use crate::cargo::{self, Workspace, cargo};
use crate::step::{self, Failure, Result};
use crate::{plugins, seed, test};

pub(crate) const HELP: &str = "
Runs the tests that kill processes and those that compare with a model, over
and over, each round with a new seed that is printed. Tests see PROLLYTREE_SOAK=1
and may do more work for it.

Options:
  --rounds N    how often (default 100)
  --minutes N   stop beginning rounds after this time (default: no limit)

Examples:
  cargo xtask soak
  cargo xtask soak --rounds 1000 --minutes 480
";

/// The tests that are worth repeating, by words in their names.
const WORTH_REPEATING: &[&str] = &["kill", "crash", "model", "random", "any_", "oracle"];

pub(crate) fn run(args: &[String]) -> Result<()> {
    let (rounds, limit) = parse(args)?;
    if !cargo::has_subcommand("nextest") {
        return Err(Failure::new(
            "soak needs cargo-nextest: cargo install --locked cargo-nextest",
        ));
    }
    let built = plugins::build(&Workspace::load()?, false)?;
    let started = Instant::now();
    for round in 1..=rounds {
        if limit.is_some_and(|limit| started.elapsed() >= limit) {
            println!("\nstopped before round {round}: the time is up");
            return Ok(());
        }
        let seed = seed::fresh();
        seed::announce(seed);
        let mut command = cargo();
        command.args(["nextest", "run", "--workspace"]);
        command.args(["-E", &format!("test(/{}/)", WORTH_REPEATING.join("|"))]);
        command.env("PROLLYTREE_SOAK", "1");
        step::run(
            &format!("round {round} of {rounds}"),
            test::with_environment(&mut command, &built.folder, seed),
        )?;
    }
    Ok(())
}

fn parse(args: &[String]) -> Result<(u64, Option<Duration>)> {
    let mut rounds = 100;
    let mut limit = None;
    let mut rest = args.iter();
    while let Some(option) = rest.next() {
        let value = rest.next().and_then(|value| value.parse::<u64>().ok());
        match (option.as_str(), value) {
            ("--rounds", Some(value)) => rounds = value,
            ("--minutes", Some(value)) => limit = Some(Duration::from_secs(value * 60)),
            ("--rounds" | "--minutes", None) => {
                return Err(Failure::new(format!("{option} needs a number")));
            }
            _ => step::only_flags(std::slice::from_ref(option), &["--rounds N", "--minutes N"])?,
        }
    }
    Ok((rounds, limit))
}
