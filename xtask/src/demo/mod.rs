//! `cargo xtask demo`: real data with a real history, stored, versioned and compared on every
//! engine, through the command line as a person would use it.

mod engine;
mod place;
mod story;

use std::fs;
use std::path::PathBuf;

use engine::Engine;
use place::{Outcome, Place};

use crate::cargo::Workspace;
use crate::plugins::{self, Built};
use crate::step::{self, Failure, Result};

pub(crate) const HELP: &str = "
Builds the command line and the plugins, then takes three releases of the
registry of media types (examples/data), imports each as a commit, branches,
changes, compares and looks back; then does the same on every engine by changing
one line of examples/prolly.toml. Fails if one root hash differs.

Everything happens in a new folder below the system's temporary one, which stays.

Options:
  --all       also engines that take minutes to compile (there is none yet)
  --release   an optimised build

Examples:
  cargo xtask demo
  cargo xtask demo --release
";

pub(crate) fn run(args: &[String]) -> Result<()> {
    step::only_flags(args, &["--all", "--release"])?;
    let workspace = Workspace::load()?;
    let built = plugins::build(&workspace, step::has(args, "--release"))?;
    show(&workspace, &built).map(drop)
}

/// Runs the demo with what has been built; returns the folder that it made.
pub(crate) fn show(workspace: &Workspace, built: &Built) -> Result<PathBuf> {
    let examples = workspace.root.join("examples");
    let config = examples.join("prolly.toml");
    let example = fs::read_to_string(&config)
        .map_err(|error| Failure::io(format_args!("reading {}", config.display()), &error))?;
    let writing = story::writing(&examples.join("data"));
    let folder = new_folder()?;
    let engines = engine::all(built)?;

    let shown = Place::make(&engines[0], built, &folder, &example)?;
    println!(
        "\nThe store is chosen by prolly.toml:\n\n{}",
        indented(&engines[0].config(&example))
    );
    for chapter in writing.iter().chain(&story::reading()) {
        step::announce(chapter.heading);
        shown.tell(&chapter.commands)?;
    }

    step::announce("The same on every engine, by another word in one line");
    let commands: Vec<_> = writing
        .into_iter()
        .flat_map(|chapter| chapter.commands)
        .collect();
    let again = folder.join("engines");
    let mut outcomes = Vec::new();
    for engine in &engines {
        println!("    {:<26} {}", engine.choice(), engine.label());
        let outcome = Place::make(engine, built, &again, &example)?.measure(&commands)?;
        outcomes.push((engine, outcome));
    }
    print_table(&outcomes);
    compare(&outcomes)?;
    print_end(&shown, built);
    Ok(folder)
}

fn new_folder() -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("prollytree-demo-{}", std::process::id()));
    fs::create_dir_all(&folder)
        .map_err(|error| Failure::io(format_args!("making {}", folder.display()), &error))?;
    Ok(folder)
}

fn print_table(outcomes: &[(&Engine, Outcome)]) {
    println!(
        "\n{:<18} {:<64} {:>9} {:>12}",
        "backend", "root hash", "time", "on disk"
    );
    for (engine, outcome) in outcomes {
        let bytes = outcome
            .bytes
            .map_or("-".to_owned(), |bytes| format!("{} KiB", bytes / 1024));
        let time = step::seconds(outcome.time);
        println!(
            "{:<18} {:<64} {time:>9} {bytes:>12}",
            engine.label(),
            outcome.root
        );
    }
    println!("\nTime is for all commands, each a process of its own; in memory, all in one.");
}

/// Fails unless every engine has the root of the first.
fn compare(outcomes: &[(&Engine, Outcome)]) -> Result<()> {
    let Some((_, first)) = outcomes.first() else {
        return Err(Failure::new("no engine was built"));
    };
    let differs = |(_, outcome): &&(&Engine, Outcome)| outcome.root != first.root;
    match outcomes.iter().find(differs) {
        Some((engine, outcome)) => Err(Failure::new(format!(
            "{} has the root {}, and not {}",
            engine.label(),
            outcome.root,
            first.root
        ))),
        None if first.root.len() == 64 => {
            println!("One root hash on {} engines.", outcomes.len());
            Ok(())
        }
        None => Err(Failure::new(format!("`{}` is not a root hash", first.root))),
    }
}

fn print_end(shown: &Place<'_>, built: &Built) {
    println!(
        "\nThe store stays in {}. Try next:\n",
        shown.folder().display()
    );
    println!("  cd {}", shown.folder().display());
    println!("  alias git-prolly={}", built.command_line.display());
    for command in [
        "git-prolly diff r2022 r2025 --keys 'image/*'",
        "git-prolly history application/wasm",
        "git-prolly list --prefix font/ --values",
    ] {
        println!("  {command}");
    }
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("    {line}")).collect();
    lines.join("\n")
}
