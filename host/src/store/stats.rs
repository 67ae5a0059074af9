//! The sizes of a store.

use prollytree_plugin_api::{Hash, Stats, StorageInfo};

use super::{StoreError, VersionedStore};
use crate::history::{BranchName, Log, Revision, TagName};
use crate::tree::TreeStats;

/// The sizes of a store at a commit, and what its backend measures.
#[derive(Clone, Debug)]
pub struct StoreStats {
    /// The root hash of the entries.
    pub root: Hash,
    /// The root hash of everything.
    pub catalog_root: Hash,
    /// The number of entries.
    pub entries: u64,
    /// The sum of the lengths of keys and values, in bytes.
    pub bytes: u64,
    /// The number of levels of the tree.
    pub depth: usize,
    /// The nodes of the tree, level by level.
    pub tree: TreeStats,
    /// The number of commits that lead to this one, itself included.
    pub commits: u64,
    /// The number of branches.
    pub branches: u64,
    /// The number of tags.
    pub tags: u64,
    /// What the backend says about itself.
    pub backend: StorageInfo,
    /// What the backend measures.
    pub measured: Stats,
}

impl VersionedStore {
    /// Measures the store at a revision; without one, the work without the staged edits. Walks the
    /// tree and the history.
    pub fn stats(&self, revision: Option<&Revision>) -> Result<StoreStats, StoreError> {
        let (contents, commit) = match revision {
            None => (self.work.clone(), self.head()),
            Some(revision) => {
                let base = self.base(Some(self.resolve(revision)?))?;
                let id = base.id();
                (base.contents, id)
            }
        };
        let tree = contents.tree;
        let mut commits = 0;
        for item in Log::new(&self.storage, commit) {
            item?;
            commits += 1;
        }
        Ok(StoreStats {
            root: tree.root(),
            catalog_root: contents.catalog.root(),
            entries: tree.len(),
            bytes: tree.byte_count(),
            depth: tree.depth(),
            tree: tree.stats()?,
            commits,
            branches: self.count_refs(BranchName::CLASS)?,
            tags: self.count_refs(TagName::CLASS)?,
            backend: self.storage.info().clone(),
            measured: self.storage.stats()?,
        })
    }

    fn count_refs(&self, class: &str) -> Result<u64, StoreError> {
        let mut count = 0;
        for item in self.storage.references(class) {
            item?;
            count += 1;
        }
        Ok(count)
    }
}
