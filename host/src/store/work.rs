//! The state of the worktree in the store: reading it, writing it, and telling what it means after
//! the branch has moved.

use std::sync::Arc;

use prollytree_plugin_api::{Hash, RefUpdate, Swap};

use super::contents::Contents;
use super::versioned::Base;
use super::{StoreError, VersionedStore};
use crate::history::{
    BranchName, Commit, CommitId, FirstParents, HistoryError, Position, WorkRecord,
};
use crate::storage::RecordBatch;
use crate::tree::Staging;

/// A work record as it is stored.
#[derive(Clone)]
pub(super) struct Saved {
    pub(super) hash: Hash,
    pub(super) record: Arc<WorkRecord>,
    /// Whether the record's catalog is that of its base, so that there were no changes.
    pub(super) clean: bool,
}

impl VersionedStore {
    /// Reads the state of the worktree anew, unless there are uncommitted changes, and says whether
    /// the session stands on another commit afterwards.
    pub fn refresh(&mut self) -> Result<bool, StoreError> {
        if !self.is_clean()? {
            return Ok(false);
        }
        let before = self.head();
        // Changes that were flushed and taken back since must not come back.
        self.flush()?;
        self.load()?;
        Ok(self.head() != before)
    }

    /// Makes staged edits durable. Writes nothing if there is nothing new.
    ///
    /// # Errors
    /// [`StoreError::WorkMoved`] if another session changed the worktree; the edits stay staged.
    pub fn flush(&mut self) -> Result<(), StoreError> {
        let mut batch = RecordBatch::new();
        let tree = self.applied_to_keep(&mut batch)?;
        let work = self.work.with_tree(tree, &mut batch)?;
        if !self.is_saved(&work) {
            let clean = work.root() == self.base.contents.root();
            let position = self.position.clone();
            let record = self.work_record(position, self.head(), work.root(), "flush");
            self.save(record, clean, batch)?;
        }
        self.work = work;
        self.staged.clear();
        Ok(())
    }

    /// Makes staged edits durable and ends the session. The storage stays open for others: sessions,
    /// snapshots and handles on it; an engine with one process at a time waits for the last of them.
    ///
    /// # Errors
    /// As for [`flush`](Self::flush). The session is gone then: flush first to handle the error.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.flush()
    }

    /// Drops all uncommitted changes, staged or flushed, and follows the branch to where it is now.
    pub fn discard(&mut self) -> Result<(), StoreError> {
        let position = self.position.clone();
        let head = self.head_of(&position)?;
        let is_unchanged = self.staged.is_empty() && self.work.root() == self.base.contents.root();
        if is_unchanged && self.is_saved(&self.work) && head == self.head() {
            return Ok(());
        }
        self.switch(position, head, "discard")
    }

    /// Reads the worktree's record and the branch, and opens what they say.
    pub(super) fn load(&mut self) -> Result<(), StoreError> {
        let saved = self.load_saved()?;
        let position = match &saved {
            Some(saved) => saved.record.position.clone(),
            None => Position::Branch(self.record.default_branch.clone()),
        };
        let head = self.head_of(&position)?;
        if saved.is_none()
            && head.is_none()
            && let Some(other) = self.storage.references(BranchName::CLASS).next()
        {
            other?;
            return Err(StoreError::DefaultBranchGone {
                branch: self.record.default_branch.clone(),
                worktree: self.worktree.clone(),
            });
        }
        let dirty = match &saved {
            Some(saved) if !saved.clean && !self.was_committed(&saved.record, head)? => Some(saved),
            _ => None,
        };
        let base = self.base(dirty.map_or(head, |saved| saved.record.base))?;
        let work = match dirty {
            Some(saved) => self.contents(saved.record.catalog)?,
            None => base.contents.clone(),
        };
        (self.position, self.base, self.work, self.saved) = (position, base, work, saved);
        self.staged = Staging::default();
        Ok(())
    }

    /// Opens the commit that work begins from.
    pub(super) fn base(&self, commit: Option<CommitId>) -> Result<Base, StoreError> {
        let Some(id) = commit else {
            let contents = Contents::empty(&self.storage, &self.record.parameters);
            return Ok(Base {
                commit: None,
                contents,
            });
        };
        let commit = self.storage.load::<Commit>(&id.0)?;
        let contents = self.contents(commit.root)?;
        Ok(Base {
            commit: Some((id, commit)),
            contents,
        })
    }

    pub(super) fn contents(&self, root: Hash) -> Result<Contents, StoreError> {
        Contents::open(&self.storage, &self.record.parameters, root)
    }

    /// Returns the commit that a position means now.
    pub(super) fn head_of(&self, position: &Position) -> Result<Option<CommitId>, StoreError> {
        Ok(match position {
            Position::Branch(branch) => self.storage.reference(branch.ref_name())?.map(CommitId),
            Position::Detached(commit) => Some(*commit),
        })
    }

    /// Before a branch moves to a commit with the contents `work`: brings the worktree's record into
    /// a state that will be read rightly afterwards. `batch` holds the records of `work` that are
    /// not stored yet.
    ///
    /// A record without changes follows the branch, and so does one whose changes are what was
    /// committed. So a commit moves one ref, unless flushed changes were changed again.
    pub(super) fn settle(
        &mut self,
        work: &Contents,
        batch: &mut RecordBatch,
    ) -> Result<(), StoreError> {
        let Some(saved) = self.saved.as_ref().filter(|saved| !saved.clean) else {
            return Ok(());
        };
        let (root, action) = if saved.record.base != self.head() {
            (self.base.contents.root(), "commit")
        } else if saved.record.catalog != work.root() {
            (work.root(), "flush")
        } else {
            return Ok(());
        };
        let record = self.work_record(self.position.clone(), self.head(), root, action);
        let clean = root == self.base.contents.root();
        self.save(record, clean, std::mem::take(batch))
    }

    /// Moves the worktree's ref to a new record. `clean` tells whether it has the contents of its
    /// base.
    pub(super) fn save(
        &mut self,
        record: WorkRecord,
        clean: bool,
        batch: RecordBatch,
    ) -> Result<(), StoreError> {
        self.save_and(record, clean, batch, Vec::new())
    }

    /// Like [`save`](Self::save), and moves other refs in the same step, before the worktree's own.
    pub(super) fn save_and(
        &mut self,
        record: WorkRecord,
        clean: bool,
        mut batch: RecordBatch,
        mut updates: Vec<RefUpdate>,
    ) -> Result<(), StoreError> {
        Contents::push_empty(&self.storage, record.catalog, &mut batch)?;
        let hash = (record.push_to(&mut batch)).map_err(|reason| HistoryError::Unwritable {
            what: "work record",
            reason,
        })?;
        updates.push(RefUpdate {
            name: self.worktree.ref_name().clone(),
            expected: self.saved.as_ref().map(|saved| saved.hash),
            new: Some(hash),
        });
        match self.storage.commit(&batch, &updates)? {
            Swap::Done => {
                self.saved = Some(Saved {
                    hash,
                    record: Arc::new(record),
                    clean,
                });
                Ok(())
            }
            Swap::Lost { name, .. } if &name != self.worktree.ref_name() => {
                Err(StoreError::RefMoved {
                    name: name.to_string(),
                })
            }
            Swap::Lost { .. } => Err(StoreError::WorkMoved {
                worktree: self.worktree.clone(),
            }),
        }
    }

    /// Describes a state of the worktree that follows the one saved last.
    pub(super) fn work_record(
        &self,
        position: Position,
        base: Option<CommitId>,
        catalog: Hash,
        action: &str,
    ) -> WorkRecord {
        WorkRecord {
            position,
            base,
            catalog,
            merge: None,
            previous: self.saved.as_ref().map(|saved| saved.hash),
            time: self.clock.now(),
            action: action.to_owned(),
        }
    }

    /// Says whether a session that opens the store now would find `work`.
    fn is_saved(&self, work: &Contents) -> bool {
        let clean = work.root() == self.base.contents.root();
        match &self.saved {
            Some(saved) if saved.record.base == self.head() => saved.record.catalog == work.root(),
            // A record that lies behind was clean or committed, and follows the branch as a
            // worktree without a record does.
            _ => clean,
        }
    }

    fn load_saved(&self) -> Result<Option<Saved>, StoreError> {
        let Some(hash) = self.storage.reference(self.worktree.ref_name())? else {
            return Ok(None);
        };
        let record = self.storage.load::<WorkRecord>(&hash)?;
        let clean = self.root_of(record.base)? == record.catalog;
        Ok(Some(Saved {
            hash,
            record,
            clean,
        }))
    }

    /// Returns the root of a commit's catalog; the empty root without a commit.
    fn root_of(&self, commit: Option<CommitId>) -> Result<Hash, StoreError> {
        Ok(match commit {
            Some(id) => self.storage.load::<Commit>(&id.0)?.root,
            None => Contents::empty(&self.storage, &self.record.parameters).root(),
        })
    }

    /// Says whether the changes of a work record have been committed: whether `head` or one of its
    /// first parents down to the record's base has the same contents.
    fn was_committed(
        &self,
        record: &WorkRecord,
        head: Option<CommitId>,
    ) -> Result<bool, StoreError> {
        if head == record.base {
            return Ok(false);
        }
        let lowest = match record.base {
            Some(base) => self.storage.load::<Commit>(&base.0)?.generation,
            None => 0,
        };
        let line = head.map(|head| FirstParents::new(&self.storage, head));
        for item in line.into_iter().flatten() {
            let (_, commit) = item?;
            if commit.generation <= lowest {
                break;
            }
            if commit.root == record.catalog {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
