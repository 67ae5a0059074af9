//! Where the worktree stands, and whether there is anything to commit.

use super::{StoreError, VersionedStore};
use crate::history::{CommitId, Position};

/// Where a worktree stands. The changes themselves come from
/// [`VersionedStore::changes`](super::VersionedStore::changes).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The branch or commit that the worktree stands on.
    pub position: Position,
    /// The commit that the branch points to now; none if the branch is unborn.
    pub head: Option<CommitId>,
    /// The commit that the work began from: the same, unless the branch has moved since.
    pub base: Option<CommitId>,
    /// Whether nothing is changed since then.
    pub clean: bool,
}

impl Status {
    /// Says whether the branch has no commit yet.
    #[must_use]
    pub fn is_unborn(&self) -> bool {
        self.head.is_none()
    }

    /// Says whether the branch has moved since the work began, so that a commit would be refused.
    #[must_use]
    pub fn has_moved(&self) -> bool {
        self.head != self.base
    }
}

impl VersionedStore {
    /// Looks where the worktree stands. Reads the branch anew; stops at the first change.
    pub fn status(&self) -> Result<Status, StoreError> {
        Ok(Status {
            position: self.position.clone(),
            head: self.head_of(&self.position)?,
            base: self.head(),
            clean: self.is_clean()?,
        })
    }

    /// Says whether there are no uncommitted changes.
    pub fn is_clean(&self) -> Result<bool, StoreError> {
        if self.work.root() != self.base.contents.root()
            && self.work.tree.root() == self.base.contents.tree.root()
        {
            // Something outside the plain namespace differs.
            return Ok(false);
        }
        Ok(self.changes().next().transpose()?.is_none())
    }
}
