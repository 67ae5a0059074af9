//! Moving the worktree to another branch or commit. Costs the same whatever the store's size: no
//! node is written but those of staged edits that come along.

use super::{StoreError, VersionedStore};
use crate::history::{BranchName, CommitId, Position, Revision, RevisionError};
use crate::storage::RecordBatch;

/// How to check out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckoutOptions {
    /// Discard uncommitted changes. Otherwise a checkout that would lose some is refused; one to
    /// another name of the same commit takes them along.
    pub force: bool,
    /// Stand on the commit even if the revision is the name of a branch.
    pub detach: bool,
}

impl VersionedStore {
    /// Moves the worktree to a branch, if the revision is nothing but the name of one, or else to
    /// the commit, detached. Returns where it stands then. Durable on return.
    ///
    /// # Errors
    /// [`StoreError::Uncommitted`] if changes would be lost.
    pub fn checkout(
        &mut self,
        to: &Revision,
        options: CheckoutOptions,
    ) -> Result<Position, StoreError> {
        let branch = if options.detach {
            None
        } else {
            self.branch_named(to)?
        };
        let (position, target) = match branch {
            Some((branch, head)) => (Position::Branch(branch), Some(head)),
            None if to == &Revision::head() && !options.detach => {
                (self.position.clone(), self.head())
            }
            None => {
                let commit = self.resolve(to)?;
                (Position::Detached(commit), Some(commit))
            }
        };
        self.move_to(position, target, options.force)
    }

    /// Makes a branch and moves the worktree to it. It starts at `at`, or where the work began; if
    /// that is an unborn branch, the new one is unborn too. Uncommitted changes come along if it
    /// starts where the work began.
    ///
    /// # Errors
    /// [`StoreError::BranchExists`] if there is one of this name; [`StoreError::Uncommitted`] if
    /// changes would be lost.
    pub fn checkout_new(
        &mut self,
        branch: &BranchName,
        at: Option<&Revision>,
        options: CheckoutOptions,
    ) -> Result<Position, StoreError> {
        let start = at.map(|at| self.resolve(at)).transpose()?.or(self.head());
        self.check_move(start, options.force, branch.as_str())?;
        let position = Position::Branch(branch.clone());
        let Some(start) = start else {
            if self.storage.reference(branch.ref_name())?.is_some() {
                return Err(StoreError::BranchExists(branch.clone()));
            }
            return self.move_to(position, None, options.force);
        };
        self.make_branch(branch, start)?;
        let moved = self.move_to(position, Some(start), options.force);
        // A worktree that was refused does not stand on the branch. After any other error it may.
        if let Err(StoreError::WorkMoved { .. }) = moved {
            self.move_ref(branch.ref_name(), Some(start), None)?;
        }
        moved
    }

    /// Moves the worktree to a branch that has no commit and no entries yet. The first commit makes
    /// it, without parents.
    ///
    /// # Errors
    /// As for [`checkout_new`](Self::checkout_new).
    pub fn checkout_orphan(
        &mut self,
        branch: &BranchName,
        options: CheckoutOptions,
    ) -> Result<Position, StoreError> {
        if self.storage.reference(branch.ref_name())?.is_some() {
            return Err(StoreError::BranchExists(branch.clone()));
        }
        self.move_to(Position::Branch(branch.clone()), None, options.force)
    }

    /// Moves the worktree without changes to a place.
    pub(super) fn switch(
        &mut self,
        position: Position,
        target: Option<CommitId>,
        action: &str,
    ) -> Result<(), StoreError> {
        let base = self.base(target)?;
        let root = base.contents.root();
        let record = self.work_record(position.clone(), target, root, action);
        self.save(record, true, RecordBatch::new())?;
        self.position = position;
        self.work = base.contents.clone();
        self.base = base;
        self.staged.clear();
        Ok(())
    }

    fn move_to(
        &mut self,
        position: Position,
        target: Option<CommitId>,
        force: bool,
    ) -> Result<Position, StoreError> {
        let name = match &position {
            Position::Branch(branch) => branch.to_string(),
            Position::Detached(commit) => commit.short(),
        };
        self.check_move(target, force, &name)?;
        let action = format!("checkout {name}");
        if force || self.is_clean()? {
            self.switch(position.clone(), target, &action)?;
        } else {
            self.carry(position.clone(), &action)?;
        }
        Ok(position)
    }

    /// Moves the worktree with its changes to another name of the commit that they began from.
    fn carry(&mut self, position: Position, action: &str) -> Result<(), StoreError> {
        let mut batch = RecordBatch::new();
        let tree = self.applied_to_keep(&mut batch)?;
        let work = self.work.with_tree(tree, &mut batch)?;
        let record = self.work_record(position.clone(), self.head(), work.root(), action);
        self.save(record, false, batch)?;
        self.position = position;
        self.work = work;
        self.staged.clear();
        Ok(())
    }

    /// Refuses to lose changes.
    fn check_move(
        &self,
        target: Option<CommitId>,
        force: bool,
        name: &str,
    ) -> Result<(), StoreError> {
        if force || target == self.head() || self.is_clean()? {
            return Ok(());
        }
        Err(StoreError::Uncommitted {
            doing: format!("the checkout of `{name}`"),
        })
    }

    fn branch_named(
        &self,
        revision: &Revision,
    ) -> Result<Option<(BranchName, CommitId)>, StoreError> {
        for branch in revision.branches() {
            if let Some(head) = self.storage.reference(branch.ref_name())? {
                return Ok(Some((branch, CommitId(head))));
            }
            if self.current_branch() == Some(&branch) {
                return Err(RevisionError::Unborn {
                    branch: branch.to_string(),
                }
                .into());
            }
        }
        Ok(None)
    }
}
