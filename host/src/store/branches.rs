//! Branches: listing, making, deleting and renaming them.

use prollytree_plugin_api::{RefName, RefUpdate, Swap};

use super::{StoreError, VersionedStore};
use crate::history::{
    BranchName, CommitId, Position, Revision, WorkRecord, WorktreeName, is_ancestor,
};
use crate::storage::RecordBatch;

/// A branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Its name.
    pub name: BranchName,
    /// The commit that it points to; none if it is unborn.
    pub head: Option<CommitId>,
    /// Whether the worktree stands on it.
    pub current: bool,
}

impl VersionedStore {
    /// Returns all branches in the order of their names, the current one also if it is unborn.
    pub fn branches(&self) -> Result<Vec<Branch>, StoreError> {
        let current = self.current_branch();
        let mut branches = Vec::new();
        for item in self.storage.references(BranchName::CLASS) {
            let (name, target) = item?;
            if let Some(name) = BranchName::from_ref(&name) {
                let current = current == Some(&name);
                branches.push(Branch {
                    name,
                    head: Some(CommitId(target)),
                    current,
                });
            }
        }
        if let Some(name) = current
            && let Err(place) = branches.binary_search_by(|branch| branch.name.cmp(name))
        {
            branches.insert(
                place,
                Branch {
                    name: name.clone(),
                    head: None,
                    current: true,
                },
            );
        }
        Ok(branches)
    }

    /// Makes a branch at a revision. The worktree stays where it is.
    ///
    /// # Errors
    /// [`StoreError::BranchExists`] if there is one of this name.
    pub fn create_branch(
        &self,
        branch: &BranchName,
        at: &Revision,
    ) -> Result<CommitId, StoreError> {
        let commit = self.resolve(at)?;
        self.make_branch(branch, commit)?;
        Ok(commit)
    }

    /// Deletes a branch and returns the commit that it pointed to.
    ///
    /// # Errors
    /// [`StoreError::BranchInUse`] while a worktree stands on it; [`StoreError::DefaultBranch`] if a
    /// worktree without a record would; [`StoreError::NotMerged`], unless forced, if it is not an ancestor of the current commit.
    pub fn delete_branch(&self, branch: &BranchName, force: bool) -> Result<CommitId, StoreError> {
        let Some(target) = self.storage.reference(branch.ref_name())? else {
            return Err(StoreError::NoSuchBranch(branch.clone()));
        };
        let head = CommitId(target);
        if let Some(worktree) = self.worktree_on(branch)? {
            return Err(StoreError::BranchInUse {
                branch: branch.clone(),
                worktree,
            });
        }
        if branch == &self.record.default_branch {
            return Err(StoreError::DefaultBranch(branch.clone()));
        }
        let merged = match self.head() {
            _ if force => true,
            Some(current) => is_ancestor(&self.storage, head, current)?,
            None => false,
        };
        if !merged {
            return Err(StoreError::NotMerged {
                branch: branch.clone(),
                head,
            });
        }
        self.move_ref(branch.ref_name(), Some(head), None)?;
        Ok(head)
    }

    /// Gives a branch another name. A worktree of this session that stands on it comes along; an
    /// unborn branch can be renamed too. After the default branch has been renamed, a worktree
    /// without a record, which holds no work, cannot be opened until there is one of that name.
    ///
    /// # Errors
    /// [`StoreError::BranchExists`] if there is one of the new name; [`StoreError::BranchInUse`]
    /// while another worktree stands on it; [`StoreError::DefaultBranch`] for the default branch
    /// unless this worktree stands on it.
    pub fn rename_branch(&mut self, from: &BranchName, to: &BranchName) -> Result<(), StoreError> {
        let target = self.storage.reference(from.ref_name())?.map(CommitId);
        let is_current = self.current_branch() == Some(from);
        if target.is_none() && !is_current {
            return Err(StoreError::NoSuchBranch(from.clone()));
        }
        if let Some(worktree) = self.worktree_on(from)?
            && worktree != self.worktree
        {
            return Err(StoreError::BranchInUse {
                branch: from.clone(),
                worktree,
            });
        }
        if !is_current && from == &self.record.default_branch {
            return Err(StoreError::DefaultBranch(from.clone()));
        }
        // In this order, an interruption leaves both names and loses nothing.
        match target {
            Some(target) => self.make_branch(to, target)?,
            None if self.storage.reference(to.ref_name())?.is_some() => {
                return Err(StoreError::BranchExists(to.clone()));
            }
            None => {}
        }
        if is_current {
            self.rename_position(to)?;
        }
        if target.is_some() {
            self.move_ref(from.ref_name(), target, None)?;
        }
        Ok(())
    }

    /// Makes a branch at a commit.
    pub(super) fn make_branch(
        &self,
        branch: &BranchName,
        commit: CommitId,
    ) -> Result<(), StoreError> {
        match self.move_ref(branch.ref_name(), None, Some(commit)) {
            Err(StoreError::RefMoved { .. }) => Err(StoreError::BranchExists(branch.clone())),
            made => made,
        }
    }

    /// Moves a ref that is to stay a plain pointer to a commit.
    pub(super) fn move_ref(
        &self,
        name: &RefName,
        expected: Option<CommitId>,
        new: Option<CommitId>,
    ) -> Result<(), StoreError> {
        let update = RefUpdate {
            name: name.clone(),
            expected: expected.map(|commit| commit.0),
            new: new.map(|commit| commit.0),
        };
        match self.storage.swap(&update)? {
            Swap::Done => Ok(()),
            Swap::Lost { .. } => Err(StoreError::RefMoved {
                name: name.to_string(),
            }),
        }
    }

    /// Returns a worktree that stands on a branch: this one, if it does.
    fn worktree_on(&self, branch: &BranchName) -> Result<Option<WorktreeName>, StoreError> {
        if self.current_branch() == Some(branch) {
            return Ok(Some(self.worktree.clone()));
        }
        for item in self.storage.references(WorktreeName::CLASS) {
            let (name, target) = item?;
            if &name == self.worktree.ref_name() {
                continue;
            }
            let record = self.storage.load::<WorkRecord>(&target)?;
            if record.position == Position::Branch(branch.clone()) {
                return Ok(WorktreeName::from_ref(&name));
            }
        }
        Ok(None)
    }

    /// Changes the name of the branch that the worktree stands on, and nothing else.
    fn rename_position(&mut self, to: &BranchName) -> Result<(), StoreError> {
        let position = Position::Branch(to.clone());
        self.flush()?;
        let clean = self.work.root() == self.base.contents.root();
        let record = self.work_record(
            position.clone(),
            self.head(),
            self.work.root(),
            "rename branch",
        );
        self.save(record, clean, RecordBatch::new())?;
        self.position = position;
        Ok(())
    }
}
