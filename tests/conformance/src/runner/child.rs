//! Running a case in a child process: the parent's side and the child's.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use prollytree_plugin_api::Capabilities;
use serde_json::{Value, json};

use super::local::guarded;
use super::{failed, timed_out};
use crate::actor;
use crate::case::Outcome;
use crate::context::{Profile, Surroundings};
use crate::launch::{CHILD, Launcher};
use crate::suite::{Ran, Suite};

/// Starts a child for the case and waits for its answer, its end, or the end of the time.
pub(super) fn run(
    id: &str,
    surroundings: &Surroundings,
    timeout: Duration,
    folder: &Path,
) -> io::Result<Ran> {
    let (answer, output) = (folder.join("answer.json"), folder.join("output.txt"));
    let task = json!({
        "case": id,
        "answer": answer,
        "folder": surroundings.folder,
        "seed": surroundings.seed,
        "full": surroundings.profile == Profile::Full,
        "refused": surroundings.refused.bits(),
    });
    let file = File::create(&output)?;
    let mut command = surroundings.launcher.command(&task);
    let mut child = command.stdout(file.try_clone()?).stderr(file).spawn()?;
    let Some(status) = wait(&mut child, timeout)? else {
        return Ok(timed_out(timeout));
    };
    match fs::read(&answer) {
        Ok(answer) => Ok(read_answer(&answer)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let message = ending(status) + &last_lines(&output)?;
            Ok(Ran {
                outcome: Outcome::Crashed { message },
                about: Value::Null,
            })
        }
        Err(error) => Err(error),
    }
}

/// Waits for the end of a child, and kills it when the time is up.
fn wait(child: &mut Child, timeout: Duration) -> io::Result<Option<ExitStatus>> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begun.elapsed() >= timeout {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

fn ending(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("signal {signal}");
    }
    match status.code() {
        Some(code) => format!("exit code {code} in the middle of the case"),
        None => "a sudden end".to_owned(),
    }
}

fn last_lines(output: &Path) -> io::Result<String> {
    const SHOWN: usize = 8;
    let mut bytes = Vec::new();
    File::open(output)?.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let shown = &lines[lines.len().saturating_sub(SHOWN)..];
    Ok(shown
        .iter()
        .fold(String::new(), |text, line| text + "\n| " + line))
}

fn write_answer(answer: &Path, ran: &Ran) -> io::Result<()> {
    let missing = match ran.outcome {
        Outcome::NotClaimed { missing } => missing.bits(),
        _ => 0,
    };
    let text = json!({
        "outcome": ran.outcome.word(),
        "message": ran.outcome.message(),
        "missing": missing,
        "about": ran.about,
    });
    let unfinished = answer.with_extension("part");
    fs::write(&unfinished, text.to_string())?;
    fs::rename(&unfinished, answer)
}

fn read_answer(answer: &[u8]) -> Ran {
    let Ok(answer) = serde_json::from_slice::<Value>(answer) else {
        return failed("the child gave an answer that is not JSON".into());
    };
    let message = answer["message"].as_str().unwrap_or_default().to_owned();
    let missing = Capabilities::from_bits_retain(answer["missing"].as_u64().unwrap_or(0));
    let outcome = match answer["outcome"].as_str() {
        Some("pass") => Outcome::Pass,
        Some("not-claimed") => Outcome::NotClaimed { missing },
        Some("fail") => Outcome::Fail { message },
        Some("crashed") => Outcome::Crashed { message },
        _ => Outcome::Error { message },
    };
    Ran {
        outcome,
        about: answer["about"].clone(),
    }
}

/// Does a child's part and ends the process, if this process is a child of the suite; otherwise
/// does nothing. Call it as soon as the suite is known.
pub fn child_main(suite: &Suite) {
    let Ok(task) = std::env::var(CHILD) else {
        return;
    };
    let done = serde_json::from_str(&task)
        .map_err(io::Error::from)
        .and_then(|task: Value| match task["case"].as_str() {
            Some(id) => run_case(suite, id, &task),
            None => actor::run_as_child(suite, &task),
        });
    std::process::exit(i32::from(done.is_err()));
}

fn run_case(suite: &Suite, id: &str, task: &Value) -> io::Result<()> {
    let path = |name: &str| {
        task[name]
            .as_str()
            .map(PathBuf::from)
            .ok_or(io::ErrorKind::InvalidData)
    };
    let number = |name: &str| task[name].as_u64().ok_or(io::ErrorKind::InvalidData);
    let surroundings = Surroundings {
        folder: path("folder")?,
        seed: number("seed")?,
        profile: if task["full"] == true {
            Profile::Full
        } else {
            Profile::Quick
        },
        launcher: Launcher::again()?,
        refused: Capabilities::from_bits_retain(number("refused")?),
    };
    drop(actor::listen(Duration::ZERO));
    write_answer(&path("answer")?, &guarded(suite, id, surroundings))
}
