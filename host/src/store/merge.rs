//! Taking over the commits of another branch where this one has none of its own.

use prollytree_plugin_api::{RefUpdate, Swap};

use super::{StoreError, VersionedStore};
use crate::history::{CommitId, Position, Revision, is_ancestor};
use crate::storage::RecordBatch;

/// What a merge did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// Nothing: everything was there already.
    UpToDate,
    /// The branch moved on to a commit that follows its own.
    FastForward {
        /// Where it was; none if it was unborn.
        from: Option<CommitId>,
        /// Where it is now.
        to: CommitId,
    },
}

impl VersionedStore {
    /// Moves the current branch, or the detached worktree, on to the commit that a revision names,
    /// if that follows its own.
    ///
    /// # Errors
    /// [`StoreError::Diverged`] if both sides have commits of their own;
    /// [`StoreError::Uncommitted`] if there are uncommitted changes; [`StoreError::BranchMoved`] if
    /// the branch is not where this session last saw it.
    pub fn merge(&mut self, theirs: &Revision) -> Result<Merge, StoreError> {
        let to = self.resolve(theirs)?;
        let from = self.head();
        if let Some(ours) = from {
            if is_ancestor(&self.storage, to, ours)? {
                return Ok(Merge::UpToDate);
            }
            if !is_ancestor(&self.storage, ours, to)? {
                return Err(StoreError::Diverged { ours, theirs: to });
            }
        }
        if !self.is_clean()? {
            return Err(StoreError::Uncommitted {
                doing: format!("merging `{theirs}`"),
            });
        }
        match self.position.clone() {
            Position::Detached(_) => {
                self.switch(Position::Detached(to), Some(to), &format!("merge {theirs}"))?;
            }
            Position::Branch(branch) => {
                let base = self.base(Some(to))?;
                let work = self.base.contents.clone();
                self.settle(&work, &mut RecordBatch::new())?;
                let update = RefUpdate {
                    name: branch.ref_name().clone(),
                    expected: from.map(|id| id.0),
                    new: Some(to.0),
                };
                if let Swap::Lost { current, .. } = self.storage.swap(&update)? {
                    let found = current.map(CommitId);
                    return Err(StoreError::BranchMoved {
                        branch,
                        expected: from,
                        found,
                    });
                }
                self.work = base.contents.clone();
                self.base = base;
                self.staged.clear();
            }
        }
        Ok(Merge::FastForward { from, to })
    }
}
