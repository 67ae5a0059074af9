//! What a case is, and what may become of it.

use std::fmt;

use prollytree_plugin_api::{Capabilities, Error};

use crate::context::Context;
use crate::embedder::EmbedderContext;

/// What a case promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseInfo {
    /// The stable name: a group, a dot, and what is promised.
    pub id: &'static str,
    /// What is promised, in one sentence.
    pub promise: &'static str,
    /// What breaks above the plugin if the promise is not kept.
    pub why: &'static str,
    /// The capabilities that make the promise.
    pub needs: Capabilities,
}

impl CaseInfo {
    /// Returns the part of the id before its dot.
    #[must_use]
    pub fn group(&self) -> &'static str {
        self.id.split_once('.').map_or(self.id, |(group, _)| group)
    }
}

/// One promise of the contract and the work that puts it to the test.
pub(crate) struct Case<C: 'static> {
    pub(crate) id: &'static str,
    pub(crate) promise: &'static str,
    pub(crate) why: &'static str,
    /// Where one of these is not declared, it is checked that the backend indeed refuses.
    pub(crate) needs: Capabilities,
    /// Puts the promise to the test.
    pub(crate) run: fn(&C) -> Verdict,
}

pub(crate) type StorageCase = Case<Context>;
pub(crate) type EmbedderCase = Case<EmbedderContext>;

impl<C> Case<C> {
    pub(crate) fn info(&self) -> CaseInfo {
        CaseInfo {
            id: self.id,
            promise: self.promise,
            why: self.why,
            needs: self.needs,
        }
    }
}

/// The end of a case: nothing to say, or what went wrong.
pub(crate) type Verdict<T = ()> = Result<T, Failure>;

/// Why a case did not pass.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The promise was not kept.
    Broken { did: String, saw: String },
    /// A call failed that should have succeeded.
    Call { did: String, error: Error },
    /// The suite could not do its own part: a folder, a child process.
    Setup(String),
}

impl Failure {
    pub(crate) fn broken(did: impl Into<String>, saw: impl Into<String>) -> Self {
        Self::Broken {
            did: did.into(),
            saw: saw.into(),
        }
    }

    /// For `map_err` on a call that has to succeed.
    pub(crate) fn call(did: impl Into<String>) -> impl FnOnce(Error) -> Self {
        move |error| Self::Call {
            did: did.into(),
            error,
        }
    }

    /// For `map_err` on the suite's own work.
    pub(crate) fn setup<E: fmt::Display>(doing: &str) -> impl FnOnce(E) -> Self {
        move |error| Self::Setup(format!("the suite could not {doing}: {error}"))
    }
}

/// What became of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The promise was kept.
    Pass,
    /// The capability is not declared, and the backend refuses what it does not declare.
    NotClaimed {
        /// What is not declared.
        missing: Capabilities,
    },
    /// The promise was broken.
    Fail {
        /// What was done and what was seen.
        message: String,
    },
    /// A call failed that should have succeeded, or the suite could not do its part.
    Error {
        /// What was done and how it failed.
        message: String,
    },
    /// The case did not end in time.
    Timeout {
        /// After how long it was given up.
        seconds: u64,
    },
    /// The process, or the thread, came to a sudden end.
    Crashed {
        /// The signal, the exit code or the panic, with the last lines that were printed.
        message: String,
    },
}

impl Outcome {
    /// Says whether the backend did what it has to.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Pass | Self::NotClaimed { .. })
    }

    /// Returns one word for tables and machines.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::NotClaimed { .. } => "not-claimed",
            Self::Fail { .. } => "fail",
            Self::Error { .. } => "error",
            Self::Timeout { .. } => "timeout",
            Self::Crashed { .. } => "crashed",
        }
    }

    /// Returns what there is to say about it; empty for a pass.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Pass => String::new(),
            Self::NotClaimed { missing } => {
                let names: Vec<_> = missing.names().collect();
                format!("{} not declared, and refused", names.join(", "))
            }
            Self::Fail { message } | Self::Error { message } | Self::Crashed { message } => {
                message.clone()
            }
            Self::Timeout { seconds } => format!("no end after {seconds} s"),
        }
    }
}

impl From<Verdict> for Outcome {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Ok(()) => Self::Pass,
            Err(Failure::Broken { did, saw }) => Self::Fail {
                message: format!("done: {did}\nseen: {saw}"),
            },
            Err(Failure::Call { did, error }) => Self::Error {
                message: format!(
                    "done: {did}\nseen: error `{}`: {error}",
                    error.kind().name()
                ),
            },
            Err(Failure::Setup(message)) => Self::Error { message },
        }
    }
}

/// Ends the case unless the condition holds: what was done, then what was seen.
macro_rules! ensure {
    ($condition:expr, $did:expr, $($saw:tt)+) => {
        if !$condition {
            return Err($crate::case::Failure::broken($did, format!($($saw)+)));
        }
    };
}
pub(crate) use ensure;

/// Ends the case unless the two are equal.
pub(crate) fn ensure_same<T: PartialEq + fmt::Debug>(did: &str, expected: &T, seen: &T) -> Verdict {
    ensure!(
        expected == seen,
        did,
        "{seen:?}, where {expected:?} is right"
    );
    Ok(())
}
