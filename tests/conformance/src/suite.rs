//! A subject together with the cases that apply to it.

use std::fmt;
use std::sync::Arc;

use prollytree_plugin_api::Capabilities;
use serde_json::{Value, json};

use crate::case::{CaseInfo, Failure, Outcome, StorageCase, Verdict};
use crate::context::{Context, Surroundings};
use crate::embedder::{self, EmbedderContext};
use crate::subject::{EmbedderSubject, Subject};
use crate::{cases, claims};

/// What is put to the test.
#[derive(Clone)]
pub enum Suite {
    /// A backend.
    Storage(Arc<dyn Subject>),
    /// An embedder.
    Embedder(Arc<dyn EmbedderSubject>),
}

/// One case that has run, and what the subject said about itself.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    pub(crate) outcome: Outcome,
    pub(crate) about: Value,
}

impl Suite {
    /// A suite for a backend.
    pub fn storage(subject: impl Subject + 'static) -> Self {
        Self::Storage(Arc::new(subject))
    }

    /// A suite for an embedder.
    pub fn embedder(subject: impl EmbedderSubject + 'static) -> Self {
        Self::Embedder(Arc::new(subject))
    }

    /// Returns the name of the subject.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Storage(subject) => subject.name(),
            Self::Embedder(subject) => subject.name(),
        }
    }

    /// Returns what kind of subject it is: `backend` or `embedder`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Storage(_) => "backend",
            Self::Embedder(_) => "embedder",
        }
    }

    /// Returns the cases, in the order in which they run.
    #[must_use]
    pub fn cases(&self) -> Vec<CaseInfo> {
        match self {
            Self::Storage(_) => storage_cases(),
            Self::Embedder(_) => embedder_cases(),
        }
    }

    /// Runs one case on this thread. Panics of the subject come out.
    pub(crate) fn run_case(&self, id: &str, surroundings: Surroundings) -> Ran {
        let unknown = || Ran {
            outcome: Outcome::Error {
                message: format!("there is no case `{id}`"),
            },
            about: Value::Null,
        };
        match self {
            Self::Storage(subject) => {
                let case = cases::all().find(|case| case.id == id);
                case.map_or_else(unknown, |case| {
                    run_storage_case(case, &Context::new(Arc::clone(subject), surroundings))
                })
            }
            Self::Embedder(subject) => {
                let case = embedder::all().find(|case| case.id == id);
                case.map_or_else(unknown, |case| {
                    let context = EmbedderContext::new(Arc::clone(subject), surroundings);
                    Ran {
                        outcome: (case.run)(&context).into(),
                        about: context.about(),
                    }
                })
            }
        }
    }
}

impl fmt::Debug for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Suite({} {})", self.kind(), self.name())
    }
}

/// Returns the cases about backends.
#[must_use]
pub fn storage_cases() -> Vec<CaseInfo> {
    cases::all().map(StorageCase::info).collect()
}

/// Returns the cases about embedders.
#[must_use]
pub fn embedder_cases() -> Vec<CaseInfo> {
    embedder::all()
        .map(crate::case::EmbedderCase::info)
        .collect()
}

fn run_storage_case(case: &StorageCase, context: &Context) -> Ran {
    let outcome = match missing(case, context) {
        Err(failure) => Err(failure).into(),
        Ok(missing) if missing.is_empty() => (case.run)(context).into(),
        Ok(missing) => {
            let unseen = missing.difference(context.surroundings.refused);
            match claims::refuses(context, unseen) {
                Ok(()) => Outcome::NotClaimed { missing },
                Err(failure) => Err(undeclared(failure, missing)).into(),
            }
        }
    };
    let outcome = match (outcome, context.discard()) {
        (outcome, Ok(())) => outcome,
        (outcome, Err(_)) if !outcome.is_good() => outcome,
        (_, Err(failure)) => Err(failure).into(),
    };
    let about = context.info().map_or(Value::Null, |info| {
        let capabilities: Vec<_> = info.capabilities.names().collect();
        json!({"name": info.name, "version": info.version, "capabilities": capabilities})
    });
    Ran { outcome, about }
}

fn missing(case: &StorageCase, context: &Context) -> Verdict<Capabilities> {
    if case.needs.is_empty() {
        return Ok(Capabilities::empty());
    }
    Ok(case.needs.difference(context.declared()?))
}

fn undeclared(failure: Failure, missing: Capabilities) -> Failure {
    match failure {
        Failure::Broken { did, saw } => {
            let did = format!("{did} (the backend does not declare {})", listed(missing));
            Failure::Broken { did, saw }
        }
        other => other,
    }
}

fn listed(capabilities: Capabilities) -> String {
    capabilities.names().collect::<Vec<_>>().join(", ")
}
