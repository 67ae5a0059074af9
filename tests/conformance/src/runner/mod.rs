//! Runs the cases of a suite, each in a process of its own, and collects what became of them.

pub(crate) mod child;
mod local;

use std::fs;
use std::io;
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use prollytree_plugin_api::{Capabilities, Timestamp};
use serde_json::Value;

use crate::case::{CaseInfo, Outcome};
use crate::context::{Profile, Surroundings};
use crate::launch::Launcher;
use crate::report::{CaseResult, Report};
use crate::suite::{Ran, Suite};

/// How to run a suite.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Run each case in a child process, so that a crash or a hang costs one case only.
    pub isolated: bool,
    /// Run the cases whose id contains this text.
    pub filter: Option<String>,
    /// What all chance depends on.
    pub seed: u64,
    /// When a case is given up; with the full profile, after ten times as long.
    pub timeout: Duration,
    /// How much each case does.
    pub profile: Profile,
    /// How many cases run at once.
    pub jobs: usize,
}

impl Default for RunOptions {
    /// Isolated, every case, a seed from the clock, a minute for each case, quick, two at once
    /// where there are two processors.
    fn default() -> Self {
        let seed = Timestamp::now().0.unsigned_abs();
        Self {
            isolated: true,
            filter: None,
            seed,
            timeout: Duration::from_mins(1),
            profile: Profile::Quick,
            jobs: thread::available_parallelism()
                .map_or(1, NonZero::get)
                .min(2),
        }
    }
}

/// Runs the cases of a suite. `launcher` starts this program again; a program that is started so
/// has to call [`child_main`](crate::child_main) with an equal suite.
///
/// # Errors
/// If there is no folder for temporary files.
pub fn run(suite: &Suite, options: &RunOptions, launcher: &Launcher) -> io::Result<Report> {
    let scratch = scratch_folder()?;
    let runner = Runner::new(suite, options, launcher);
    let wanted: Vec<CaseInfo> = suite
        .cases()
        .into_iter()
        .filter(|case| {
            options
                .filter
                .as_ref()
                .is_none_or(|text| case.id.contains(&**text))
        })
        .collect();
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..options.jobs.clamp(1, wanted.len().max(1)) {
            scope.spawn(|| {
                while let Some(case) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let begun = Instant::now();
                    let ran = runner.run_case(case.id, &scratch.path().join(case.id));
                    let result = (*case, ran, begun.elapsed());
                    results
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(result);
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    // What cannot be removed has been reported with its case.
    drop(scratch);
    Ok(runner.report(results))
}

/// A temporary folder that is removed in the end.
pub(crate) fn scratch_folder() -> io::Result<tempfile::TempDir> {
    tempfile::Builder::new()
        .prefix("prollytree-conformance-")
        .tempdir()
}

/// What all cases of a run have in common.
pub(crate) struct Runner<'a> {
    suite: &'a Suite,
    options: &'a RunOptions,
    launcher: &'a Launcher,
    /// The bits of the undeclared capabilities that some case has seen refused.
    refused: AtomicU64,
}

impl<'a> Runner<'a> {
    pub(crate) fn new(suite: &'a Suite, options: &'a RunOptions, launcher: &'a Launcher) -> Self {
        Self {
            suite,
            options,
            launcher,
            refused: AtomicU64::new(0),
        }
    }

    /// Runs one case in a folder that must not be there yet.
    pub(crate) fn run_case(&self, id: &str, folder: &Path) -> Ran {
        let surroundings = Surroundings {
            folder: folder.join("stores"),
            seed: self.options.seed,
            profile: self.options.profile,
            launcher: self.launcher.clone(),
            refused: Capabilities::from_bits_retain(self.refused.load(Ordering::Relaxed)),
        };
        let made = fs::create_dir(folder).and_then(|()| fs::create_dir(&surroundings.folder));
        let timeout = match self.options.profile {
            Profile::Quick => self.options.timeout,
            Profile::Full => self.options.timeout * 10,
        };
        let ran = made.and_then(|()| {
            if self.options.isolated {
                child::run(id, &surroundings, timeout, folder)
            } else {
                local::run(self.suite, id, surroundings, timeout)
            }
        });
        let ran =
            ran.unwrap_or_else(|error| failed(format!("the suite could not run it: {error}")));
        if let Outcome::NotClaimed { missing } = ran.outcome {
            self.refused.fetch_or(missing.bits(), Ordering::Relaxed);
        }
        match fs::remove_dir_all(folder) {
            Err(error) if ran.outcome.is_good() => failed(format!(
                "the folder of its stores could not be removed: {error}"
            )),
            // What a case that went wrong has left is removed with the whole scratch folder.
            _ => ran,
        }
    }

    fn report(&self, results: Vec<(CaseInfo, Ran, Duration)>) -> Report {
        let about = results
            .iter()
            .map(|(_, ran, _)| &ran.about)
            .find(|about| !about.is_null());
        let mut report = Report {
            subject: self.suite.name().to_owned(),
            kind: self.suite.kind(),
            about: about.cloned().unwrap_or(Value::Null),
            seed: self.options.seed,
            profile: self.options.profile,
            command: self.launcher.shown(),
            results: results
                .into_iter()
                .map(|(case, ran, took)| CaseResult {
                    case,
                    outcome: ran.outcome,
                    took,
                })
                .collect(),
        };
        let order: Vec<_> = self.suite.cases().iter().map(|case| case.id).collect();
        report
            .results
            .sort_by_key(|result| order.iter().position(|id| *id == result.case.id));
        report
    }
}

fn failed(message: String) -> Ran {
    Ran {
        outcome: Outcome::Error { message },
        about: Value::Null,
    }
}

fn timed_out(timeout: Duration) -> Ran {
    Ran {
        outcome: Outcome::Timeout {
            seconds: timeout.as_secs(),
        },
        about: Value::Null,
    }
}
