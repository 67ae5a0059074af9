//! Branches: listing, making, deleting and renaming them.

use prollytree_plugin_api::{Capabilities, Hash, RefName, RefUpdate, Swap};

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
    /// worktree without a record would; [`StoreError::NotMerged`], unless forced, if it is not an
    /// ancestor of the current commit. On an engine without `ATOMIC_COMMIT`, a worktree that another
    /// session moves onto the branch at the same moment is not noticed.
    pub fn delete_branch(&self, branch: &BranchName, force: bool) -> Result<CommitId, StoreError> {
        let Some(target) = self.storage.reference(branch.ref_name())? else {
            return Err(StoreError::NoSuchBranch(branch.clone()));
        };
        let head = CommitId(target);
        let worktrees = self.worktrees()?;
        if let Some(worktree) = self.standing_on(branch, &worktrees) {
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
        let mut updates = vec![moved(branch, Some(head), None)];
        if self.storage.offers(Capabilities::ATOMIC_COMMIT) {
            updates.extend(worktrees.iter().map(Worktree::stays));
        }
        self.move_refs(&updates)?;
        Ok(head)
    }

    /// Gives a branch another name. A worktree of this session that stands on it comes along; an
    /// unborn branch can be renamed too. After the default branch has been renamed, a worktree
    /// without a record, which holds no work, cannot be opened until there is one of that name.
    ///
    /// One step on an engine with `ATOMIC_COMMIT`. On another one, an interruption leaves both
    /// names, and a name cannot become one below itself.
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
        let worktrees = self.worktrees()?;
        if let Some(worktree) = self.standing_on(from, &worktrees)
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
        if self.storage.reference(to.ref_name())?.is_some() {
            return Err(StoreError::BranchExists(to.clone()));
        }
        if self.storage.offers(Capabilities::ATOMIC_COMMIT) {
            // The old name goes first: the new one may lie below it.
            let mut updates = Vec::from_iter(target.map(|_| moved(from, target, None)));
            updates.push(moved(to, None, target));
            updates.extend(worktrees.iter().map(Worktree::stays));
            return if is_current {
                self.rename_position(to, updates)
            } else {
                self.move_refs(&updates)
            };
        }
        // In this order, an interruption leaves both names and loses nothing.
        if let Some(target) = target {
            self.make_branch(to, target)?;
        }
        if is_current {
            self.rename_position(to, Vec::new())?;
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
        self.move_refs(&[RefUpdate {
            name: name.clone(),
            expected: expected.map(|commit| commit.0),
            new: new.map(|commit| commit.0),
        }])
    }

    /// Moves refs in one step: several only on an engine with `ATOMIC_COMMIT`.
    fn move_refs(&self, updates: &[RefUpdate]) -> Result<(), StoreError> {
        let swap = match updates {
            [update] => self.storage.swap(update)?,
            updates => self.storage.commit(&RecordBatch::new(), updates)?,
        };
        match swap {
            Swap::Done => Ok(()),
            Swap::Lost { name, .. } => Err(StoreError::RefMoved {
                name: name.to_string(),
            }),
        }
    }

    /// Returns the other worktrees that have a record.
    fn worktrees(&self) -> Result<Vec<Worktree>, StoreError> {
        let mut worktrees = Vec::new();
        for item in self.storage.references(WorktreeName::CLASS) {
            let (name, target) = item?;
            if &name != self.worktree.ref_name() {
                let record = self.storage.load::<WorkRecord>(&target)?;
                worktrees.push(Worktree {
                    name,
                    target,
                    position: record.position.clone(),
                });
            }
        }
        Ok(worktrees)
    }

    /// Returns a worktree that stands on a branch: this one, if it does.
    fn standing_on(&self, branch: &BranchName, others: &[Worktree]) -> Option<WorktreeName> {
        if self.current_branch() == Some(branch) {
            return Some(self.worktree.clone());
        }
        let position = Position::Branch(branch.clone());
        let mut others = others.iter();
        others
            .find(|other| other.position == position)
            .and_then(|other| WorktreeName::from_ref(&other.name))
    }

    /// Changes the name of the branch that the worktree stands on, and nothing else. `updates` are
    /// moved in the same step.
    fn rename_position(
        &mut self,
        to: &BranchName,
        updates: Vec<RefUpdate>,
    ) -> Result<(), StoreError> {
        let position = Position::Branch(to.clone());
        self.flush()?;
        let clean = self.work.root() == self.base.contents.root();
        let record = self.work_record(
            position.clone(),
            self.head(),
            self.work.root(),
            "rename branch",
        );
        self.save_and(record, clean, RecordBatch::new(), updates)?;
        self.position = position;
        Ok(())
    }
}

/// Another worktree, as it was when it was looked at.
struct Worktree {
    name: RefName,
    target: Hash,
    position: Position,
}

impl Worktree {
    /// Demands, as part of a step, that the worktree has not moved meanwhile.
    fn stays(&self) -> RefUpdate {
        RefUpdate {
            name: self.name.clone(),
            expected: Some(self.target),
            new: Some(self.target),
        }
    }
}

/// Describes the move of a branch.
fn moved(branch: &BranchName, from: Option<CommitId>, to: Option<CommitId>) -> RefUpdate {
    RefUpdate {
        name: branch.ref_name().clone(),
        expected: from.map(|commit| commit.0),
        new: to.map(|commit| commit.0),
    }
}
