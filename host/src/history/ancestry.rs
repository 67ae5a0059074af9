//! How commits descend from each other.

use std::sync::Arc;

use super::commit::{Commit, CommitId};
use super::error::HistoryError;
use super::log::Log;
use crate::storage::Storage;

/// Says whether `ancestor` is `descendant` or one of its ancestors.
///
/// Reads the ancestors of `descendant` down to the generation of `ancestor`, never below.
pub fn is_ancestor(
    storage: &Storage,
    ancestor: CommitId,
    descendant: CommitId,
) -> Result<bool, HistoryError> {
    if ancestor == descendant {
        return Ok(true);
    }
    let generation = storage.load::<Commit>(&ancestor.0)?.generation;
    descends_from(storage, descendant, ancestor, generation)
}

/// Says whether `ancestor`, which has this generation and need not be stored, is `descendant` or one
/// of its ancestors. Reads the ancestors of `descendant` down to that generation, never below.
pub(crate) fn descends_from(
    storage: &Storage,
    descendant: CommitId,
    ancestor: CommitId,
    generation: u64,
) -> Result<bool, HistoryError> {
    for item in Log::new(storage, [descendant]).down_to(generation) {
        if item?.0 == ancestor {
            return Ok(true);
        }
    }
    Ok(false)
}

/// An iterator over a commit, its first parent, the first parent of that, and so on. It reads one
/// commit for each that it gives and ends after an error.
pub struct FirstParents {
    storage: Storage,
    next: Option<CommitId>,
}

impl FirstParents {
    /// Starts at a commit.
    #[must_use]
    pub fn new(storage: &Storage, start: CommitId) -> Self {
        Self {
            storage: storage.clone(),
            next: Some(start),
        }
    }
}

impl Iterator for FirstParents {
    type Item = Result<(CommitId, Arc<Commit>), HistoryError>;

    fn next(&mut self) -> Option<Self::Item> {
        let id = self.next.take()?;
        match self.storage.load::<Commit>(&id.0) {
            Ok(commit) => {
                self.next = commit.parents.first().copied();
                Some(Ok((id, commit)))
            }
            Err(error) => Some(Err(error.into())),
        }
    }
}
