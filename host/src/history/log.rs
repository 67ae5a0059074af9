//! Walking history: every commit that is reachable from some, each once, newest first.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashSet};
use std::sync::Arc;

use prollytree_plugin_api::Timestamp;

use super::commit::{Commit, CommitId};
use super::error::HistoryError;
use crate::storage::{Malformed, Storage};

/// An iterator over commits and their ancestors by all parents, each once, a commit before its
/// ancestors: in descending order of generation, then of time, then of id.
///
/// It reads one commit for each that it gives, when it gives it or shortly before, and remembers
/// only the commits that are known but not given yet. It ends after an error.
pub struct Log {
    storage: Storage,
    known: BinaryHeap<Known>,
    pending: HashSet<CommitId>,
    /// The commit given last: its parents are read when the next one is wanted.
    last: Option<Arc<Commit>>,
    /// Commits of this generation and below are given, their parents are not looked at.
    lowest: u64,
    error: Option<HistoryError>,
}

/// A commit that is to be given.
struct Known {
    id: CommitId,
    commit: Arc<Commit>,
}

impl Log {
    /// Starts at the commits given.
    #[must_use]
    pub fn new(storage: &Storage, starts: impl IntoIterator<Item = CommitId>) -> Self {
        let mut log = Self {
            storage: storage.clone(),
            known: BinaryHeap::new(),
            pending: HashSet::new(),
            last: None,
            lowest: 1,
            error: None,
        };
        for id in starts {
            if let Err(error) = log.learn(id, None) {
                log.error = Some(error);
                break;
            }
        }
        log
    }

    /// Does not go on from commits of this generation or a lower one to their parents.
    #[must_use]
    pub(super) fn down_to(mut self, generation: u64) -> Self {
        self.lowest = generation;
        self
    }

    /// Notes a commit, unless it is waiting already. A commit that was given before cannot come
    /// again, because all its descendants have a greater generation and were given earlier.
    fn learn(&mut self, id: CommitId, child: Option<&Commit>) -> Result<(), HistoryError> {
        if !self.pending.insert(id) {
            return Ok(());
        }
        let commit = self.storage.load::<Commit>(&id.0)?;
        if child.is_some_and(|child| child.generation <= commit.generation) {
            let reason = Malformed::new("its generation is not below that of its child");
            return Err(HistoryError::Corrupt { hash: id.0, reason });
        }
        self.known.push(Known { id, commit });
        Ok(())
    }

    fn advance(&mut self) -> Result<Option<(CommitId, Arc<Commit>)>, HistoryError> {
        if let Some(last) = self.last.take()
            && last.generation > self.lowest
        {
            for parent in &last.parents {
                self.learn(*parent, Some(&last))?;
            }
        }
        let Some(Known { id, commit }) = self.known.pop() else {
            return Ok(None);
        };
        self.pending.remove(&id);
        self.last = Some(Arc::clone(&commit));
        Ok(Some((id, commit)))
    }
}

impl Iterator for Log {
    type Item = Result<(CommitId, Arc<Commit>), HistoryError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = match self.error.take() {
            Some(error) => Err(error),
            None => self.advance(),
        };
        next.inspect_err(|_| {
            self.known.clear();
            self.last = None;
        })
        .transpose()
    }
}

impl Known {
    fn rank(&self) -> (u64, Timestamp, CommitId) {
        (self.commit.generation, self.commit.committer.time, self.id)
    }
}

impl Ord for Known {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Known {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Known {}
