//! A folder with a configuration, and `git-prolly` started in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::engine::Engine;
use super::story;
use crate::plugins::Built;
use crate::step::{Failure, Result};

/// More of an answer than this is not shown.
const SHOWN_LINES: usize = 18;

/// Where the demo runs on one engine.
pub(super) struct Place<'a> {
    engine: &'a Engine,
    program: &'a Path,
    folder: PathBuf,
    /// Where the user's own configuration is, which says who commits and which plugins to trust.
    settings: PathBuf,
}

/// What came out on one engine.
pub(super) struct Outcome {
    pub(super) root: String,
    pub(super) time: Duration,
    /// `None` where nothing is on disk.
    pub(super) bytes: Option<u64>,
}

impl<'a> Place<'a> {
    /// Makes the folder of an engine below `parent`: the example's configuration with other lines
    /// for the engine.
    pub(super) fn make(
        engine: &'a Engine,
        built: &'a Built,
        parent: &Path,
        example: &str,
    ) -> Result<Self> {
        let folder = parent.join(engine.folder());
        let settings = folder.join("settings");
        write(&folder.join("prolly.toml"), &engine.config(example))?;
        write(
            &settings.join("prollytree/config.toml"),
            &engine.user_config(),
        )?;
        Ok(Self {
            engine,
            program: &built.command_line,
            folder,
            settings,
        })
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs the commands in view and shows what each answers, or the beginning of it.
    pub(super) fn tell(&self, commands: &[Vec<String>]) -> Result<()> {
        for command in commands {
            println!("\n$ git-prolly {}", story::typed(command));
            let (answer, notes) = self.run(command)?;
            let lines: Vec<&str> = answer.lines().chain(notes.lines()).collect();
            // The last line of a long answer is often its sum.
            let (head, tail) = match lines.split_last() {
                Some((last, rest)) if rest.len() > SHOWN_LINES => {
                    (&rest[..SHOWN_LINES], Some(last))
                }
                _ => (&lines[..], None),
            };
            for line in head {
                println!("{line}");
            }
            if let Some(last) = tail {
                println!(
                    "  ... {} more lines ...\n{last}",
                    lines.len() - SHOWN_LINES - 1
                );
            }
        }
        Ok(())
    }

    /// Runs all the commands, then measures.
    pub(super) fn measure(&self, commands: &[Vec<String>]) -> Result<Outcome> {
        let started = Instant::now();
        let answer = if self.engine.survives_a_process() {
            for command in commands {
                self.run(command)?;
            }
            self.run(&story::measuring())?.0
        } else {
            self.run_together(commands)?
        };
        let time = started.elapsed();
        let numbers = answer.lines().next_back().unwrap_or_default();
        let numbers: Value = serde_json::from_str(numbers)
            .map_err(|error| Failure::new(format!("stats answered `{answer}`: {error}")))?;
        let root = numbers["root"].as_str().unwrap_or_default().to_owned();
        Ok(Outcome {
            root,
            time,
            bytes: self.engine.bytes_on_disk(&self.folder)?,
        })
    }

    /// Runs all the commands in one process, for an engine that keeps nothing after it.
    fn run_together(&self, commands: &[Vec<String>]) -> Result<String> {
        let lines: Vec<String> = commands
            .iter()
            .chain([&story::measuring()])
            .map(|command| story::typed(command))
            .collect();
        let script = self.folder.join("commands.txt");
        write(&script, &(lines.join("\n") + "\n"))?;
        Ok(self
            .run(&["batch".to_owned(), script.display().to_string()])?
            .0)
    }

    /// Runs one command and returns its answer, and what it said beside it.
    fn run(&self, command: &[String]) -> Result<(String, String)> {
        let mut process = Command::new(self.program);
        process
            .args(self.engine.arguments())
            .args(command)
            .current_dir(&self.folder);
        process.env("XDG_CONFIG_HOME", &self.settings);
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("PROLLYTREE_") {
                process.env_remove(variable);
            }
        }
        let output = process.output().map_err(|error| {
            Failure::io(format_args!("starting {}", self.program.display()), &error)
        })?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if !output.status.success() {
            return Err(Failure::new(format!(
                "on {}: git-prolly {} ended with {}: {}",
                self.engine.label(),
                story::typed(command),
                output.status,
                text(&output.stderr)
            )));
        }
        Ok((text(&output.stdout), text(&output.stderr)))
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    let doing = || format!("writing {}", path.display());
    let folder = path.parent().expect("a file of the demo lies in a folder");
    fs::create_dir_all(folder).map_err(|error| Failure::io(doing(), &error))?;
    fs::write(path, text).map_err(|error| Failure::io(doing(), &error))
}
