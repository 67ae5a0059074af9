//! Edits on top of a tree, without a node until one is asked for.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use prollytree_plugin_api::Hash;

use super::key::{Key, MAX_KEY_LEN, after_prefix};
use super::staging::{OVERHEAD, Staging};
use super::value::{Value, ValueReader};
use super::{Edit, Tree, TreeError};
use crate::storage::RecordBatch;

/// A tree that can be edited. Edits stay in memory and are read at once; nothing is hashed or written
/// before a root or a tree is asked for, so that any number of edits costs one pass over the nodes.
///
/// ```
/// use prollytree::storage::RecordBatch;
/// use prollytree::tree::Session;
/// # use prollytree::storage::{Storage, StorageOptions};
/// # use prollytree::tree::{Parameters, Tree};
/// # use prollytree_plugin_api::{OpenStorage, Options};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = (prollytree_backend_memory::BACKEND.open)(&OpenStorage::or_create(Options::new()))?;
/// # let storage = Storage::new(backend, StorageOptions::default());
/// # let tree = Tree::empty(storage.clone(), Parameters::default());
/// let mut session = Session::new(tree);
/// session.put("apple", "red")?;
/// let ripe = session.savepoint();
/// session.delete(b"apple")?;
/// session.rollback(&ripe)?;
///
/// let mut batch = RecordBatch::new();
/// let tree = session.tree(&mut batch)?;
/// storage.put(&batch)?;
/// assert_eq!(tree.get(b"apple")?.as_deref(), Some(&b"red"[..]));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Session {
    tree: Tree,
    staged: Staging,
    /// The savepoints that are open, oldest first.
    open: Vec<Open>,
}

/// A state of a [`Session`] to which it can go back.
#[derive(Clone, Debug)]
pub struct Savepoint(Arc<()>);

/// A savepoint, and what has been edited between it and the next one.
#[derive(Clone)]
struct Open {
    savepoint: Savepoint,
    /// What was staged at the savepoint for each key that has been edited since then.
    before: BTreeMap<Key, Option<Edit>>,
    /// The memory that this takes, roughly.
    bytes: usize,
}

impl Session {
    /// Begins to edit a tree.
    #[must_use]
    pub fn new(tree: Tree) -> Self {
        Self {
            tree,
            staged: Staging::default(),
            open: Vec::new(),
        }
    }

    /// Returns the tree that the session began with.
    #[must_use]
    pub fn base(&self) -> &Tree {
        &self.tree
    }

    /// Gives a key a value, whether or not it has one.
    ///
    /// # Errors
    /// [`TreeError::KeyTooLong`].
    pub fn put(&mut self, key: impl Into<Key>, value: impl Into<Vec<u8>>) -> Result<(), TreeError> {
        self.edit(key.into(), Edit::Put(value.into()))
    }

    /// Removes a key and its value. Returns false, and changes nothing, if there is none.
    pub fn delete(&mut self, key: &[u8]) -> Result<bool, TreeError> {
        let present = self.contains_key(key)?;
        if present {
            self.edit(key.to_vec(), Edit::Delete)?;
        }
        Ok(present)
    }

    /// Applies an edit.
    ///
    /// # Errors
    /// [`TreeError::KeyTooLong`].
    pub fn edit(&mut self, key: Key, edit: Edit) -> Result<(), TreeError> {
        if key.len() > MAX_KEY_LEN {
            return Err(TreeError::KeyTooLong { len: key.len() });
        }
        match self.open.last_mut() {
            Some(last) if !last.before.contains_key(&key) => {
                let before = self.staged.stage(key.clone(), edit);
                last.keep(key, before);
            }
            _ => drop(self.staged.stage(key, edit)),
        }
        Ok(())
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &[u8]) -> Result<Option<Value>, TreeError> {
        self.staged.get(&self.tree, key)
    }

    /// Returns the value of a key for reading piece by piece.
    pub fn value_reader(&self, key: &[u8]) -> Result<Option<ValueReader>, TreeError> {
        self.staged.value_reader(&self.tree, key)
    }

    /// Says whether a key has a value.
    pub fn contains_key(&self, key: &[u8]) -> Result<bool, TreeError> {
        self.staged.contains_key(&self.tree, key)
    }

    /// Returns the number of entries. Costs a lookup for each key that was edited.
    pub fn len(&self) -> Result<u64, TreeError> {
        self.staged.len(&self.tree)
    }

    /// Says whether there are no entries.
    pub fn is_empty(&self) -> Result<bool, TreeError> {
        self.len().map(|len| len == 0)
    }

    /// Returns all entries in the order of their keys, from either end.
    #[must_use]
    pub fn iter(
        &self,
    ) -> impl DoubleEndedIterator<Item = Result<(Key, Value), TreeError>> + use<'_> {
        self.staged
            .entries(&self.tree, Bound::Unbounded, Bound::Unbounded)
    }

    /// Returns the entries whose keys lie in a range, in order, from either end. A range that ends
    /// before it starts is empty.
    pub fn range<K, R>(
        &self,
        range: R,
    ) -> impl DoubleEndedIterator<Item = Result<(Key, Value), TreeError>> + use<'_, K, R>
    where
        K: AsRef<[u8]> + ?Sized,
        R: RangeBounds<K>,
    {
        let from = range.start_bound().map(AsRef::as_ref);
        let to = range.end_bound().map(AsRef::as_ref);
        self.staged.entries(&self.tree, from, to)
    }

    /// Returns the entries whose keys begin with `prefix`, in order, from either end.
    pub fn prefix(
        &self,
        prefix: &[u8],
    ) -> impl DoubleEndedIterator<Item = Result<(Key, Value), TreeError>> + use<'_> {
        let end = after_prefix(prefix);
        let to = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        self.staged.entries(&self.tree, Bound::Included(prefix), to)
    }

    /// Returns all keys in order, from either end. Loads no values out of line.
    #[must_use]
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = Result<Key, TreeError>> + use<'_> {
        self.staged
            .keys(&self.tree, Bound::Unbounded, Bound::Unbounded)
    }

    /// Returns the memory that the edits take, in bytes, roughly: those that are staged, and those
    /// that a savepoint would bring back.
    #[must_use]
    pub fn staged_bytes(&self) -> usize {
        let kept: usize = self.open.iter().map(|open| open.bytes).sum();
        self.staged.bytes() + kept
    }

    /// Remembers the present state. Costs nothing now; with each key that is edited for the first
    /// time from here on, the key and the edit that was staged for it are kept.
    pub fn savepoint(&mut self) -> Savepoint {
        let savepoint = Savepoint(Arc::default());
        self.open.push(Open::new(savepoint.clone()));
        savepoint
    }

    /// Goes back to a state, as often as needed. Savepoints that were made since then are gone. Costs
    /// as much as the keys that have been edited since then.
    ///
    /// # Errors
    /// [`TreeError::NoSavepoint`] if it is gone itself, or belongs to another session; nothing is
    /// changed then.
    pub fn rollback(&mut self, savepoint: &Savepoint) -> Result<(), TreeError> {
        let at = self.position_of(savepoint)?;
        for open in self.open.drain(at..).rev() {
            for (key, before) in open.before {
                match before {
                    Some(edit) => drop(self.staged.stage(key, edit)),
                    None => self.staged.unstage(&key),
                }
            }
        }
        self.open.push(Open::new(savepoint.clone()));
        Ok(())
    }

    /// Forgets a state, and those that were remembered since then. What was edited stays edited. Costs
    /// as much as the keys that have been edited since then.
    ///
    /// # Errors
    /// As for [`rollback`](Self::rollback).
    pub fn release(&mut self, savepoint: &Savepoint) -> Result<(), TreeError> {
        let at = self.position_of(savepoint)?;
        let released = self.open.split_off(at);
        if let Some(last) = self.open.last_mut() {
            for (key, before) in released.into_iter().flat_map(|open| open.before) {
                if !last.before.contains_key(&key) {
                    last.keep(key, before);
                }
            }
        }
        Ok(())
    }

    /// Returns the root hash that the tree would have with the edits. Writes nothing, but costs as
    /// much as [`tree`](Self::tree).
    pub fn root_hash(&self) -> Result<Hash, TreeError> {
        Ok(self.tree(&mut RecordBatch::new())?.root())
    }

    /// Makes the tree with the edits, and adds its new records to `batch`. It can be read once the
    /// batch is stored. The session goes on as it was.
    pub fn tree(&self, batch: &mut RecordBatch) -> Result<Tree, TreeError> {
        self.tree.apply(self.staged.iter(), batch)
    }

    fn position_of(&self, savepoint: &Savepoint) -> Result<usize, TreeError> {
        let mut open = self.open.iter();
        open.position(|open| Arc::ptr_eq(&open.savepoint.0, &savepoint.0))
            .ok_or(TreeError::NoSavepoint)
    }
}

impl Open {
    fn new(savepoint: Savepoint) -> Self {
        Self {
            savepoint,
            before: BTreeMap::new(),
            bytes: 0,
        }
    }

    fn keep(&mut self, key: Key, before: Option<Edit>) {
        self.bytes += key.len() + before.as_ref().map_or(0, Edit::held_bytes) + OVERHEAD;
        self.before.insert(key, before);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("base", &self.tree.root())
            .field("staged_bytes", &self.staged_bytes())
            .field("savepoints", &self.open.len())
            .finish_non_exhaustive()
    }
}
