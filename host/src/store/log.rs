//! Looking back: the log, what one commit changed, and the history of one key.

use std::sync::Arc;

use super::diff::Changes;
use super::snapshot::Snapshot;
use super::{StoreError, VersionedStore};
use crate::history::{Commit, CommitId, Log, Revision};
use crate::tree::{UntilError, ValueHandle};

/// What one commit says and did.
pub struct Shown<'a> {
    /// Its id.
    pub id: CommitId,
    /// What it says.
    pub commit: Arc<Commit>,
    /// What differs from its first parent; without parents, all that it holds.
    pub changes: Changes<'a>,
}

/// A commit that changed a key.
#[derive(Clone, Debug)]
pub struct KeyVersion {
    /// Its id.
    pub id: CommitId,
    /// What it says.
    pub commit: Arc<Commit>,
    /// The value that the key has from then on; none if it was removed. Out of line, it has not been
    /// loaded.
    pub value: Option<ValueHandle>,
}

impl VersionedStore {
    /// Returns the commit that a revision names and its ancestors, each once, newest first: in
    /// descending order of generation, then of time.
    pub fn log(&self, from: &Revision) -> Result<Log, StoreError> {
        Ok(Log::new(&self.storage, [self.resolve(from)?]))
    }

    /// Returns what one commit says and did.
    pub fn show(&self, revision: &Revision) -> Result<Shown<'static>, StoreError> {
        let id = self.resolve(revision)?;
        let commit = self.storage.load::<Commit>(&id.0)?;
        let before = self.base(commit.parents.first().copied())?;
        let after = self.contents(commit.root)?;
        let changes = Changes::of_trees(&before.contents.tree, &after.tree);
        Ok(Shown {
            id,
            commit,
            changes,
        })
    }

    /// Returns the commits that changed a key, among the one that a revision names and its
    /// ancestors, newest first: those after which its value is another than after each of their
    /// parents. Costs a lookup for each commit that changed anything.
    pub fn history(&self, key: &[u8], from: &Revision) -> Result<KeyHistory<'_>, StoreError> {
        Ok(KeyHistory(UntilError::new(KeyVersions {
            store: self,
            log: self.log(from)?,
            key: key.to_vec(),
        })))
    }
}

/// An iterator over the commits that changed a key. It ends after an error.
pub struct KeyHistory<'a>(UntilError<KeyVersions<'a>>);

struct KeyVersions<'a> {
    store: &'a VersionedStore,
    log: Log,
    key: Vec<u8>,
}

impl KeyVersions<'_> {
    fn advance(&mut self) -> Result<Option<KeyVersion>, StoreError> {
        while let Some((id, commit)) = self.log.next().transpose()? {
            let after = self.store.snapshot(id)?;
            let before = (commit.parents.iter())
                .map(|parent| self.store.snapshot(*parent))
                .collect::<Result<Vec<_>, _>>()?;
            // No key needs looking up where the namespace as a whole is the same.
            if before.iter().any(|before| before.root() == after.root()) {
                continue;
            }
            let value = after.tree().handle(&self.key)?;
            if self.is_news(value.as_ref(), &before)? {
                return Ok(Some(KeyVersion { id, commit, value }));
            }
        }
        Ok(None)
    }

    /// Says whether a value is another than after each of a commit's parents.
    fn is_news(
        &self,
        value: Option<&ValueHandle>,
        before: &[Snapshot],
    ) -> Result<bool, StoreError> {
        for before in before {
            if before.tree().handle(&self.key)?.as_ref() == value {
                return Ok(false);
            }
        }
        Ok(!before.is_empty() || value.is_some())
    }
}

impl Iterator for KeyVersions<'_> {
    type Item = Result<KeyVersion, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().transpose()
    }
}

impl Iterator for KeyHistory<'_> {
    type Item = Result<KeyVersion, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}
