//! Running something in view: a title, the command, its own output untouched, how long it took.

use std::fmt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a command of this program returns.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Why a command ended early, in one sentence for people.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// Makes a failure from a sentence.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// Makes a failure from an I/O error and what was being done.
    pub(crate) fn io(doing: impl fmt::Display, error: &std::io::Error) -> Self {
        Self(format!("{doing}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Runs a command under a title; its output goes where ours goes.
pub(crate) fn run(title: &str, command: &mut Command) -> Result<()> {
    announce(title);
    println!("    $ {}", shown(command));
    let started = Instant::now();
    let status = command
        .status()
        .map_err(|error| Failure::io(format_args!("could not start {}", shown(command)), &error))?;
    if !status.success() {
        return Err(Failure::new(format!(
            "{title} failed ({status}): {}",
            shown(command)
        )));
    }
    println!("    done in {}", seconds(started.elapsed()));
    Ok(())
}

/// Runs a command quietly and returns what it wrote to its standard output; what it writes to its
/// standard error is shown.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::io(format_args!("could not start {}", shown(command)), &error))?;
    if !output.status.success() {
        return Err(Failure::new(format!(
            "{} ended with {}",
            shown(command),
            output.status
        )));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| Failure::new(format!("{} wrote bytes that are not UTF-8", shown(command))))
}

/// Prints the title of a step.
pub(crate) fn announce(title: &str) {
    println!("\n==> {title}");
}

/// A duration for people.
pub(crate) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 100.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{:.1} min", seconds / 60.0)
    }
}

/// Refuses arguments that a command does not know, and says which it knows.
pub(crate) fn only_flags(args: &[String], known: &[&str]) -> Result<()> {
    match args.iter().find(|arg| !known.contains(&arg.as_str())) {
        None => Ok(()),
        Some(arg) if known.is_empty() => Err(Failure::new(format!(
            "unknown argument `{arg}`; this command takes none"
        ))),
        Some(arg) => Err(Failure::new(format!(
            "unknown argument `{arg}`; this command takes {}",
            known.join(", ")
        ))),
    }
}

/// Says whether a flag was given.
pub(crate) fn has(args: &[String], flag: &str) -> bool {
    args.iter().any(|arg| arg == flag)
}

fn shown(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let program = program.rsplit('/').next().unwrap_or_default();
    let args = command
        .get_args()
        .map(|arg| arg.to_string_lossy().into_owned());
    std::iter::once(program.to_owned())
        .chain(args)
        .collect::<Vec<_>>()
        .join(" ")
}
