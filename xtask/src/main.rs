//! Everything that a command in the README or CI runs: `cargo xtask <command>`.
//!
//! One file per command; what they share is in `cargo` (the workspace), `step` (running something
//! in view), `system` (programs of the machine) and `seed`.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people at a terminal"
)]

mod cargo;
mod seed;
mod step;
mod system;

mod bench;
mod demo;
mod docs;
mod fuzz;
mod lint;
mod plugins;
mod quick;
mod soak;
mod test;

use std::process::ExitCode;

use step::Result;

/// A command: its name, what it does, its help and its code.
struct Command {
    name: &'static str,
    about: &'static str,
    help: &'static str,
    run: fn(&[String]) -> Result<()>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "demo",
        about: "real data with a history, on every engine",
        help: demo::HELP,
        run: demo::run,
    },
    Command {
        name: "test",
        about: "everything, as CI runs it",
        help: test::HELP,
        run: test::run,
    },
    Command {
        name: "quick",
        about: "the everyday loop: format, lints, tests without the slow ones",
        help: quick::HELP,
        run: quick::run,
    },
    Command {
        name: "soak",
        about: "the long runs: kill and model tests over and over, each round with a new seed",
        help: soak::HELP,
        run: soak::run,
    },
    Command {
        name: "fuzz",
        about: "bytes that nobody wrote, for each decoder",
        help: fuzz::HELP,
        run: fuzz::run,
    },
    Command {
        name: "plugins",
        about: "build the compiled plugins into one folder",
        help: plugins::HELP,
        run: plugins::run,
    },
    Command {
        name: "lint",
        about: "format, clippy, documentation, shape of the workspace, licences",
        help: lint::HELP,
        run: lint::run,
    },
    Command {
        name: "bench",
        about: "the benches",
        help: bench::HELP,
        run: bench::run,
    },
    Command {
        name: "docs",
        about: "the API documentation",
        help: docs::HELP,
        run: docs::run,
    },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[String]) -> Result<()> {
    let Some((name, rest)) = args.split_first() else {
        print_overview();
        return Ok(());
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        print_overview();
        return Ok(());
    }
    let command = COMMANDS
        .iter()
        .find(|command| command.name == name)
        .ok_or_else(|| {
            let names: Vec<_> = COMMANDS.iter().map(|command| command.name).collect();
            step::Failure::new(format!(
                "no command `{name}`; there are {}",
                names.join(", ")
            ))
        })?;
    if rest.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!(
            "cargo xtask {}: {}\n\n{}",
            command.name,
            command.about,
            command.help.trim()
        );
        return Ok(());
    }
    (command.run)(rest)
}

fn print_overview() {
    println!("cargo xtask <command> [--help]\n");
    for command in COMMANDS {
        println!("  {:<8} {}", command.name, command.about);
    }
    println!(
        "\nExamples:\n  cargo xtask demo\n  cargo xtask test\n  cargo xtask quick\n  cargo xtask soak --help"
    );
}
