//! A tree at rest: what it is, how it is read, and how the next one is made from it.

use std::borrow::Borrow;
use std::ops::RangeBounds;
use std::sync::Arc;

use prollytree_plugin_api::Hash;

use super::TreeError;
use super::diff::Diff;
use super::edit::Edit;
use super::entries::Entries;
use super::iter::{Iter, Keys};
use super::key::{Key, after_prefix};
use super::look_ahead::LookAhead;
use super::node::{Node, Totals};
use super::output::{NewNode, Output};
use super::parameters::Parameters;
use super::stats::TreeStats;
use super::value::{Cell, Value, ValueHandle, ValueReader, load};
use super::writer::Writer;
use crate::storage::{RecordBatch, Storage, address_of};

/// An immutable sorted map from keys to values. Cloning is cheap.
///
/// Its root hash is a function of its entries and its parameters and of nothing else. Nodes are
/// loaded as they are needed and kept by the storage's cache.
#[derive(Clone, Debug)]
pub struct Tree {
    storage: Storage,
    parameters: Parameters,
    root: Hash,
    node: Arc<Node>,
}

impl Tree {
    /// Returns the tree without entries. Its root is the same for all trees with these parameters;
    /// it need not be stored to be read.
    #[must_use]
    pub fn empty(storage: Storage, parameters: Parameters) -> Self {
        let node = empty_node(&parameters);
        Self {
            storage,
            parameters,
            root: address_of(node.encoded()),
            node: Arc::new(node),
        }
    }

    /// Returns the root of the tree without entries that has these parameters.
    pub(crate) fn empty_root(parameters: &Parameters) -> Hash {
        address_of(empty_node(parameters).encoded())
    }

    /// Opens the tree with this root. Reads one record.
    ///
    /// # Errors
    /// [`TreeError::WrongParameters`] if it was written with others; a
    /// [`StorageError`](crate::storage::StorageError) if the root is absent, corrupt or no node.
    pub fn open(storage: Storage, root: Hash, parameters: Parameters) -> Result<Self, TreeError> {
        // Mostly it is at hand, and the root of no empty tree, which need not be stored.
        let empty = (!storage.is_cached(&root)).then(|| Self::empty(storage.clone(), parameters));
        if let Some(empty) = empty.filter(|empty| empty.root == root) {
            return Ok(empty);
        }
        let node = storage.load::<Node>(&root)?;
        if node.fingerprint() != parameters.fingerprint() {
            return Err(TreeError::WrongParameters { root });
        }
        if !node.is_leaf() && node.len() == 1 {
            let reason = "a root with one child is not the root of a tree";
            return Err(TreeError::Inconsistent { hash: root, reason });
        }
        Ok(Self {
            storage,
            parameters,
            root,
            node,
        })
    }

    /// Makes a tree of entries that come in strictly ascending order of their keys, and stores it
    /// as it goes: memory is bounded, whatever their number. They are read where they are, owned or
    /// borrowed. From a megabyte or so on, up to four more
    /// threads make leaves, as processors allow. The records are visible in the storage on return and
    /// become durable with its next commit.
    ///
    /// # Errors
    /// [`TreeError::Unsorted`] and those of the limits. What has been stored by then is not
    /// referred to by anything.
    pub fn build<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        storage: Storage,
        parameters: Parameters,
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, TreeError> {
        let empty = Self::empty(storage, parameters);
        let mut writer = Writer::new(&empty, Output::store(&empty.storage));
        for (key, value) in entries {
            writer.put(key.as_ref(), value.as_ref())?;
        }
        Ok(empty.with_root(writer.finish()?))
    }

    /// Makes the tree that differs from this one by `edits`, which come in strictly ascending order
    /// of their keys, and adds its new records to `batch`. It can be read once the batch is stored.
    ///
    /// Reads and writes as many nodes as changes times levels, at most. Edits that change nothing
    /// are dropped: where all are, the result is this tree and the batch stays as it is. One
    /// record is always added, if it is not there: the root of a tree without entries.
    ///
    /// # Errors
    /// [`TreeError::Unsorted`] and those of the limits. The batch may then hold records that
    /// nothing refers to.
    pub fn apply<K: AsRef<[u8]>, E: Borrow<Edit>>(
        &self,
        edits: impl IntoIterator<Item = (K, E)>,
        batch: &mut RecordBatch,
    ) -> Result<Self, TreeError> {
        self.write(edits, Output::Batch(batch))
    }

    /// Like [`apply`](Self::apply), but stores the new records as it goes, so that memory is bounded
    /// whatever the number of edits; where they are many, other threads help. The tree can be read at once, and becomes durable with the
    /// storage's next commit.
    ///
    /// # Errors
    /// As for `apply`. What has been stored by then is not referred to by anything.
    pub fn apply_stored<K: AsRef<[u8]>, E: Borrow<Edit>>(
        &self,
        edits: impl IntoIterator<Item = (K, E)>,
    ) -> Result<Self, TreeError> {
        self.write(edits, Output::store(&self.storage))
    }

    /// Returns the root hash.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.root
    }

    /// Returns the parameters.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Returns the storage that the tree is read from.
    #[must_use]
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Returns the number of entries. Known from the root.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.node.totals().entries
    }

    /// Returns whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.node.totals().entries == 0
    }

    /// Returns the sum of the lengths of all keys and values, in bytes. Known from the root.
    #[must_use]
    pub fn byte_count(&self) -> u64 {
        self.node.totals().bytes
    }

    /// Returns the number of levels: 1 for a tree that is one leaf.
    #[must_use]
    pub fn depth(&self) -> usize {
        usize::from(self.node.level()) + 1
    }

    /// Returns the value of a key. Reads one node a level, and the blob of a value out of line.
    pub fn get(&self, key: &[u8]) -> Result<Option<Value>, TreeError> {
        self.locate(&self.node, key, |leaf, index| self.value(leaf, index))
    }

    /// Returns the value of a key for reading piece by piece; `None` if there is none. Reads one node
    /// a level, and one record of a large value.
    pub fn value_reader(&self, key: &[u8]) -> Result<Option<ValueReader>, TreeError> {
        let handle = self.handle(key)?;
        handle.map(|handle| handle.reader()).transpose()
    }

    /// Returns the value of a key where it lies; `None` if there is none. Reads one node a level.
    pub fn handle(&self, key: &[u8]) -> Result<Option<ValueHandle>, TreeError> {
        self.locate(&self.node, key, |leaf, index| {
            Ok(self.handle_in(leaf, index))
        })
    }

    /// Returns whether a key has a value. Reads one node a level.
    pub fn contains_key(&self, key: &[u8]) -> Result<bool, TreeError> {
        Ok(self.locate(&self.node, key, |_, _| Ok(()))?.is_some())
    }

    /// Returns all entries in the order of their keys, from either end.
    #[must_use]
    pub fn iter(&self) -> Iter {
        self.range::<[u8], _>(..)
    }

    /// Returns all keys in order, from either end. Values out of line are not loaded.
    #[must_use]
    pub fn keys(&self) -> Keys {
        self.iter().keys()
    }

    /// Returns the entries whose keys lie in a range, in order, from either end. Leaves are loaded
    /// as the iterator reaches them. A range that ends before it starts is empty.
    #[must_use]
    pub fn range<K, R>(&self, range: R) -> Iter
    where
        K: AsRef<[u8]> + ?Sized,
        R: RangeBounds<K>,
    {
        let owned = |key: &K| key.as_ref().to_vec();
        let bounds = (range.start_bound().map(owned), range.end_bound().map(owned));
        Iter::new(self.clone(), bounds)
    }

    /// Returns the entries whose keys begin with `prefix`, in order, from either end.
    #[must_use]
    pub fn prefix(&self, prefix: &[u8]) -> Iter {
        match after_prefix(prefix) {
            None => self.range(prefix..),
            Some(end) => self.range(prefix..end.as_slice()),
        }
    }

    /// Returns what must happen to this tree to make it `other`, in the order of the keys, from either
    /// end.
    ///
    /// Parts that both have are skipped as a whole: reads as many nodes as changes times levels. The
    /// trees may have different heights; if they have different parameters, they share nothing and
    /// every entry is compared.
    #[must_use]
    pub fn diff(&self, other: &Self) -> Diff {
        self.diff_range::<[u8], _>(other, ..)
    }

    /// Returns the part of the [`diff`](Self::diff) whose keys lie in a range. One that was broken off
    /// goes on behind its last key, or before it if it came from the end.
    #[must_use]
    pub fn diff_range<K, R>(&self, other: &Self, range: R) -> Diff
    where
        K: AsRef<[u8]> + ?Sized,
        R: RangeBounds<K>,
    {
        let owned = |key: &K| key.as_ref().to_vec();
        let bounds = (range.start_bound().map(owned), range.end_bound().map(owned));
        Diff::new(self, other, bounds)
    }

    /// Measures the tree by walking all of it.
    pub fn stats(&self) -> Result<TreeStats, TreeError> {
        TreeStats::of(self)
    }

    pub(super) fn level(&self) -> u8 {
        self.node.level()
    }

    pub(super) fn totals(&self) -> Totals {
        self.node.totals()
    }

    pub(super) fn root_node(&self) -> &Arc<Node> {
        &self.node
    }

    /// Returns the value of a leaf's entry where it lies.
    pub(super) fn handle_in(&self, leaf: &Node, index: usize) -> ValueHandle {
        match leaf.cell(index) {
            Cell::Inline(_) => Value::from(leaf.inline_value(index)).into(),
            Cell::Blob(blob) => ValueHandle::outside(&self.storage, blob),
        }
    }

    /// Returns the value of a leaf's entry, loading it if it is out of line.
    pub(super) fn value(&self, leaf: &Node, index: usize) -> Result<Value, TreeError> {
        match leaf.cell(index) {
            Cell::Inline(_) => Ok(Value::from(leaf.inline_value(index))),
            Cell::Blob(blob) => load(&self.storage, &blob),
        }
    }

    /// Finds a key below a node, and calls `found` with its leaf and its position if it is there.
    pub(super) fn locate<T>(
        &self,
        node: &Node,
        key: &[u8],
        found: impl FnOnce(&Node, usize) -> Result<T, TreeError>,
    ) -> Result<Option<T>, TreeError> {
        if node.is_leaf() {
            return node.find(key).map(|index| found(node, index)).transpose();
        }
        let index = node.lower_bound(key);
        if index == node.len() {
            return Ok(None);
        }
        let child = node.load_child(&self.storage, index)?;
        self.locate(&child, key, found)
    }

    fn write<K: AsRef<[u8]>, E: Borrow<Edit>>(
        &self,
        edits: impl IntoIterator<Item = (K, E)>,
        output: Output<'_>,
    ) -> Result<Self, TreeError> {
        let mut writer = LookAhead::new(self, output);
        for (key, edit) in edits {
            writer.push(key, edit)?;
        }
        Ok(self.with_root(writer.finish()?))
    }

    /// Returns the tree that a writer has made of this one.
    pub(super) fn with_root(&self, root: Option<NewNode>) -> Self {
        let Some(root) = root else {
            return self.clone();
        };
        Self {
            root: root.child.hash,
            node: root.node,
            ..self.clone()
        }
    }
}

impl IntoIterator for &Tree {
    type Item = Result<(Key, Value), TreeError>;
    type IntoIter = Iter;

    fn into_iter(self) -> Iter {
        self.iter()
    }
}

impl PartialEq for Tree {
    /// Two trees are equal if they have the same entries and parameters, wherever they are stored.
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}

impl Eq for Tree {}

/// Returns the one node of a tree without entries.
fn empty_node(parameters: &Parameters) -> Node {
    Entries::new(0).content().node(parameters.fingerprint())
}
