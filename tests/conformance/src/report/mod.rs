//! What a run found, and its forms: a table for people, JSON and JUnit for machines.

mod json;
mod junit;
mod table;

use std::time::Duration;

use serde_json::Value;

use crate::case::{CaseInfo, Outcome};
use crate::context::Profile;

/// What a run found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The name of the subject.
    pub subject: String,
    /// `backend` or `embedder`.
    pub kind: &'static str,
    /// What the subject says about itself: a JSON object, or null if it could never be opened.
    pub about: Value,
    /// What all chance depended on.
    pub seed: u64,
    /// How much each case did.
    pub profile: Profile,
    /// The command line of the children.
    pub command: String,
    /// One line for each case that was run, in the order of the table of cases.
    pub results: Vec<CaseResult>,
}

/// What became of one case.
#[derive(Clone, Debug)]
pub struct CaseResult {
    /// The case.
    pub case: CaseInfo,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
}

impl Report {
    /// Says whether the subject did what it has to, in every case, and there was at least one.
    #[must_use]
    pub fn passed(&self) -> bool {
        !self.results.is_empty() && self.results.iter().all(|result| result.outcome.is_good())
    }

    /// Returns the cases that the subject did not pass.
    pub fn failures(&self) -> impl Iterator<Item = &CaseResult> {
        self.results
            .iter()
            .filter(|result| !result.outcome.is_good())
    }

    /// Counts the cases that ended in this word: `pass`, `not-claimed`, `fail`, `error`, `timeout`
    /// or `crashed`.
    #[must_use]
    pub fn count(&self, word: &str) -> usize {
        self.results
            .iter()
            .filter(|result| result.outcome.word() == word)
            .count()
    }

    fn took(&self) -> Duration {
        self.results.iter().map(|result| result.took).sum()
    }
}

#[cfg(test)]
mod tests;
