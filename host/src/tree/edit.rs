//! Edits, and what may be in them.

use prollytree_plugin_api::Buffer;

use super::key::MAX_KEY_LEN;
use super::node::head_of;
use super::value::{BlobRef, Value, ValueHandle, ValueReader};
use super::{Key, TreeError};
use crate::storage::Storage;

/// What happens to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// It gets this value, whether or not it has one.
    Put(Vec<u8>),
    /// It gets a value that has been stored already, by a [`ValueWriter`](super::ValueWriter) or for
    /// another tree, in the same storage; where it is not there, applying the edit fails.
    PutBlob(BlobRef),
    /// It is removed, if it is there.
    Delete,
}

impl Edit {
    /// Returns the number of bytes that the edit holds besides itself.
    pub(super) fn held_bytes(&self) -> usize {
        match self {
            Self::Put(value) => value.len(),
            Self::PutBlob(_) | Self::Delete => 0,
        }
    }

    /// Returns the value that the edit puts, which it copies if it holds it; `None` if it removes
    /// its key.
    #[must_use]
    pub fn handle(&self, storage: &Storage) -> Option<ValueHandle> {
        match self {
            Self::Put(value) => Some(Value::from(Buffer::from(&value[..])).into()),
            Self::PutBlob(blob) => Some(ValueHandle::outside(storage, *blob)),
            Self::Delete => None,
        }
    }

    /// Returns the value that the edit puts; `None` if it removes its key.
    pub(crate) fn value(&self, storage: &Storage) -> Result<Option<Value>, TreeError> {
        let handle = self.handle(storage);
        handle.map(|handle| handle.load()).transpose()
    }

    /// Returns the value that the edit puts, which it copies if it holds it; `None` if it removes
    /// its key.
    ///
    /// # Errors
    /// If a value that has been stored is not there.
    pub fn value_reader(&self, storage: &Storage) -> Result<Option<ValueReader>, TreeError> {
        let handle = self.handle(storage);
        handle.map(|handle| handle.reader()).transpose()
    }
}

/// Checks that edits come in order and within the limits of the format.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// The edits that have come.
    count: u64,
    /// The key of the last one, and its first bytes, which mostly decide.
    last: Key,
    last_head: u64,
}

impl Order {
    /// Says whether a key comes behind that of the last edit.
    pub(super) fn follows(&self, key: &[u8]) -> bool {
        head_of(key) > self.last_head || key > self.last.as_slice() || self.count == 0
    }

    pub(super) fn check(&mut self, key: &[u8]) -> Result<(), TreeError> {
        if key.len() > MAX_KEY_LEN {
            return Err(TreeError::KeyTooLong { len: key.len() });
        }
        if !self.follows(key) {
            return Err(TreeError::Unsorted { index: self.count });
        }
        self.count += 1;
        self.last_head = head_of(key);
        self.last.clear();
        self.last.extend_from_slice(key);
        Ok(())
    }
}
