//! Committing.

use std::sync::Arc;

use prollytree_plugin_api::{Hash, RefUpdate, Swap, Timestamp};

use super::contents::Contents;
use super::versioned::Base;
use super::{StoreError, VersionedStore};
use crate::history::{
    BranchName, Commit, CommitId, HistoryError, Person, Position, Signature, descends_from,
};
use crate::storage::{Malformed, RecordBatch};

/// What a commit says besides its contents.
#[derive(Clone, Debug, Default)]
pub struct CommitOptions {
    /// Why.
    pub message: String,
    /// Who made the change; the session's identity unless given.
    pub author: Option<Person>,
    /// When the change was made; the time of the commit unless given.
    pub author_time: Option<Timestamp>,
    /// Whether to commit even if nothing changed.
    pub allow_empty: bool,
    /// Further fields, in any order; no name may repeat.
    pub extra: Vec<(String, Vec<u8>)>,
}

impl VersionedStore {
    /// Commits all uncommitted changes.
    ///
    /// # Errors
    /// As for [`commit_with`](Self::commit_with).
    pub fn commit(&mut self, message: impl Into<String>) -> Result<CommitId, StoreError> {
        self.commit_with(CommitOptions {
            message: message.into(),
            ..CommitOptions::default()
        })
    }

    /// Commits all uncommitted changes: applies the staged edits in one pass, and stores what is
    /// new together with one move of one ref, the branch (or the worktree's own while it is
    /// detached).
    ///
    /// # Errors
    /// [`StoreError::NothingToCommit`] unless something changed or an empty commit is allowed;
    /// [`StoreError::BranchMoved`] if the branch is no longer where the work began. Whatever the
    /// error, the changes are still there.
    pub fn commit_with(&mut self, options: CommitOptions) -> Result<CommitId, StoreError> {
        let mut batch = RecordBatch::new();
        let tree = self.applied_to_keep(&mut batch)?;
        let work = self.work.with_tree(tree, &mut batch)?;
        if work.root() == self.base.contents.root() && !options.allow_empty {
            return Err(StoreError::NothingToCommit);
        }
        Contents::push_empty(&self.storage, work.root(), &mut batch)?;
        let commit = self.new_commit(work.root(), options)?;
        match self.position.clone() {
            Position::Branch(branch) => {
                self.settle(&work, &mut batch)?;
                self.commit_on(branch, work, commit, batch)
            }
            Position::Detached(_) => self.commit_detached(work, commit, batch),
        }
    }

    fn new_commit(&self, root: Hash, options: CommitOptions) -> Result<Commit, StoreError> {
        let parent = self.base.commit.as_ref();
        let time = self.time_after(parent.map(|(_, commit)| &**commit));
        let author_time = options.author_time.unwrap_or(time);
        let author = options.author.map_or_else(|| self.identity.author(), Ok)?;
        let sign = |person, time| Signature::new(person, time, self.clock.offset_minutes(time));
        let generation = next_generation(parent)?;
        let mut extra = options.extra;
        extra.sort();
        Ok(Commit {
            root,
            aux: None,
            parents: parent.map(|(id, _)| *id).into_iter().collect(),
            generation,
            author: sign(author, author_time),
            committer: sign(self.identity.committer()?, time),
            message: options.message,
            extra,
        })
    }

    fn commit_on(
        &mut self,
        branch: BranchName,
        work: Contents,
        commit: Commit,
        mut batch: RecordBatch,
    ) -> Result<CommitId, StoreError> {
        let id = push(&commit, &mut batch)?;
        let expected = self.head();
        let update = RefUpdate {
            name: branch.ref_name().clone(),
            expected: expected.map(|id| id.0),
            new: Some(id.0),
        };
        match self.storage.commit(&batch, &[update])? {
            Swap::Done => {
                self.stand_on(id, commit, work);
                Ok(id)
            }
            Swap::Lost { current, .. } => {
                let found = current.map(CommitId);
                if self.is_in(id, &commit, found)? {
                    self.stand_on(id, commit, work);
                    return Ok(id);
                }
                Err(StoreError::BranchMoved {
                    branch,
                    expected,
                    found,
                })
            }
        }
    }

    /// Says whether a commit that seems to have come too late is in the branch's history all the
    /// same: it was made, its answer was lost, and others have committed on top of it since.
    fn is_in(
        &self,
        id: CommitId,
        commit: &Commit,
        head: Option<CommitId>,
    ) -> Result<bool, StoreError> {
        let Some(head) = head else { return Ok(false) };
        Ok(descends_from(&self.storage, head, id, commit.generation)?)
    }

    fn commit_detached(
        &mut self,
        work: Contents,
        commit: Commit,
        mut batch: RecordBatch,
    ) -> Result<CommitId, StoreError> {
        let id = push(&commit, &mut batch)?;
        let position = Position::Detached(id);
        let record = self.work_record(position.clone(), Some(id), work.root(), "commit");
        self.save(record, true, batch)?;
        self.position = position;
        self.stand_on(id, commit, work);
        Ok(id)
    }

    /// Goes on from a commit that has just been made.
    fn stand_on(&mut self, id: CommitId, commit: Commit, work: Contents) {
        self.base = Base {
            commit: Some((id, Arc::new(commit))),
            contents: work.clone(),
        };
        self.work = work;
        self.staged.clear();
    }
}

fn push(commit: &Commit, batch: &mut RecordBatch) -> Result<CommitId, StoreError> {
    let written = commit.push_to(batch);
    Ok(written.map_err(|reason| HistoryError::Unwritable {
        what: "commit",
        reason,
    })?)
}

/// Returns the generation of a commit on top of another.
fn next_generation(parent: Option<&(CommitId, Arc<Commit>)>) -> Result<u64, StoreError> {
    let Some((id, commit)) = parent else {
        return Ok(1);
    };
    commit.generation.checked_add(1).ok_or_else(|| {
        let reason = Malformed::new("its generation is the greatest there is");
        HistoryError::Corrupt { hash: id.0, reason }.into()
    })
}
