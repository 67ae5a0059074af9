//! Reading the store as it was at a commit.

use std::ops::RangeBounds;
use std::sync::Arc;

use prollytree_plugin_api::Hash;

use super::{StoreError, VersionedStore};
use crate::history::{
    Catalog, Commit, CommitId, NamespaceKey, ProofSide, Revision, StoreDiffProof, StoreProof,
};
use crate::tree::{Iter, Key, Tree, TreeError, Value, ValueReader};

/// The store as a commit recorded it. It does not change, and outlives the session.
#[derive(Clone, Debug)]
pub struct Snapshot {
    id: CommitId,
    commit: Arc<Commit>,
    tree: Tree,
}

impl VersionedStore {
    /// Returns the store as it was at a revision. Reads a constant number of records besides those
    /// that the revision takes to find.
    pub fn at(&self, revision: &Revision) -> Result<Snapshot, StoreError> {
        self.snapshot(self.resolve(revision)?)
    }

    /// Returns the store as a commit recorded it.
    pub fn snapshot(&self, id: CommitId) -> Result<Snapshot, StoreError> {
        let commit = self.storage.load::<Commit>(&id.0)?;
        let tree = self.contents(commit.root)?.tree;
        Ok(Snapshot { id, commit, tree })
    }

    /// Returns the keys that there were at a revision, in order, from either end.
    pub fn keys_at(
        &self,
        revision: &Revision,
    ) -> Result<impl DoubleEndedIterator<Item = Result<Key, StoreError>> + use<>, StoreError> {
        let entries = self.at(revision)?.iter();
        Ok(entries.map(|entry| Ok(entry?.0)))
    }
}

impl Snapshot {
    /// Returns the id of the commit.
    #[must_use]
    pub fn id(&self) -> CommitId {
        self.id
    }

    /// Returns the commit.
    #[must_use]
    pub fn commit(&self) -> &Commit {
        &self.commit
    }

    /// Returns the root hash of the entries.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// Returns the tree of the entries.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    pub(super) fn into_tree(self) -> Tree {
        self.tree
    }

    /// Returns a proof of what the commit has for a key: its value, or that there is none. It is
    /// checked against the id of the commit alone, see [`StoreProof::verify`].
    pub fn generate_proof(&self, key: &[u8]) -> Result<StoreProof, StoreError> {
        self.generate_range_proof(key..=key)
    }

    /// Returns a proof of all entries whose keys lie in a range.
    pub fn generate_range_proof<K, R>(&self, range: R) -> Result<StoreProof, StoreError>
    where
        K: AsRef<[u8]> + ?Sized,
        R: RangeBounds<K>,
    {
        let plain = NamespaceKey::plain();
        let catalog = self.catalog()?;
        let tree = self.plain_tree(&catalog)?;
        Ok(StoreProof::generate(
            Some(&self.commit),
            &catalog,
            &plain,
            tree,
            range,
        )?)
    }

    /// Returns a proof of what must happen to the entries to make them those of another commit. It is
    /// checked against the ids of both commits alone, see [`StoreDiffProof::changes`]. Holds, and
    /// reads, the nodes that the two do not share.
    pub fn generate_diff_proof(&self, after: &Self) -> Result<StoreDiffProof, StoreError> {
        self.generate_diff_range_proof::<[u8], _>(after, ..)
    }

    /// Returns a proof of the part of it whose keys lie in a range, to be checked with
    /// [`StoreDiffProof::changes_in`].
    pub fn generate_diff_range_proof<K, R>(
        &self,
        after: &Self,
        range: R,
    ) -> Result<StoreDiffProof, StoreError>
    where
        K: AsRef<[u8]> + ?Sized,
        R: RangeBounds<K>,
    {
        let catalogs = [self.catalog()?, after.catalog()?];
        let before = self.proof_side(&catalogs[0])?;
        let after = after.proof_side(&catalogs[1])?;
        let plain = NamespaceKey::plain();
        Ok(StoreDiffProof::generate(before, after, &plain, range)?)
    }

    fn proof_side<'a>(&'a self, catalog: &'a Catalog) -> Result<ProofSide<'a>, StoreError> {
        Ok(ProofSide {
            commit: Some(&self.commit),
            catalog,
            tree: self.plain_tree(catalog)?,
        })
    }

    fn catalog(&self) -> Result<Catalog, StoreError> {
        Ok(Catalog::open(self.tree.storage(), self.commit.root)?)
    }

    /// Returns the tree of the entries, if the catalog has them.
    fn plain_tree(&self, catalog: &Catalog) -> Result<Option<&Tree>, StoreError> {
        let entry = catalog.entry(&NamespaceKey::plain())?;
        Ok(entry.map(|_| &self.tree))
    }

    /// Returns the number of entries.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.tree.len()
    }

    /// Says whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        Ok(self.tree.get(key)?)
    }

    /// Returns the values of keys, in the order in which the keys are given. Over a slow backend it costs
    /// little more than that of one key, see [`Tree::get_many`].
    pub fn get_many<K: AsRef<[u8]>>(&self, keys: &[K]) -> Result<Vec<Option<Value>>, StoreError> {
        Ok(self.tree.get_many(keys)?)
    }

    /// Returns the value of a key for reading piece by piece.
    pub fn value_reader(&self, key: &[u8]) -> Result<Option<ValueReader>, StoreError> {
        Ok(self.tree.value_reader(key)?)
    }

    /// Returns all entries in order, from either end.
    #[must_use]
    pub fn iter(&self) -> Iter {
        self.tree.iter()
    }

    /// Returns the entries whose keys lie in a range, in order, from either end.
    #[must_use]
    pub fn range<K, R>(&self, range: R) -> Iter
    where
        K: AsRef<[u8]> + ?Sized,
        R: RangeBounds<K>,
    {
        self.tree.range(range)
    }

    /// Returns the entries whose keys begin with `prefix`, in order, from either end.
    #[must_use]
    pub fn prefix(&self, prefix: &[u8]) -> Iter {
        self.tree.prefix(prefix)
    }

    /// Returns all keys in order, from either end.
    #[must_use]
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = Result<Key, StoreError>> + use<> {
        self.tree.keys().map(|key| Ok(key?))
    }
}

impl IntoIterator for &Snapshot {
    type Item = Result<(Key, Value), TreeError>;
    type IntoIter = Iter;

    fn into_iter(self) -> Iter {
        self.iter()
    }
}
