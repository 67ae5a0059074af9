//! A value that is at hand or can be loaded.

use std::fmt;

use super::{BlobRef, Value, ValueReader, load, reference};
use crate::storage::Storage;
use crate::tree::TreeError;

/// A value where it lies. One that lies in a leaf is at hand; one out of line has not been loaded.
///
/// Handles are equal if their values are. Comparing them loads nothing, whatever the lengths.
#[derive(Clone)]
pub struct ValueHandle(Place);

#[derive(Clone)]
enum Place {
    Here(Value),
    Outside { storage: Storage, blob: BlobRef },
}

impl ValueHandle {
    pub(in crate::tree) fn outside(storage: &Storage, blob: BlobRef) -> Self {
        let storage = storage.clone();
        Self(Place::Outside { storage, blob })
    }

    /// Returns the length of the value in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match &self.0 {
            Place::Here(value) => value.len() as u64,
            Place::Outside { blob, .. } => blob.len,
        }
    }

    /// Says whether the value is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns where the value lies, if that is out of line.
    #[must_use]
    pub fn blob(&self) -> Option<BlobRef> {
        match &self.0 {
            Place::Here(_) => None,
            Place::Outside { blob, .. } => Some(*blob),
        }
    }

    /// Returns the bytes, whole. Reads one record for each megabyte that lies out of line, and one
    /// for each piece of a value that is longer.
    ///
    /// # Errors
    /// If a record cannot be read; [`TreeError::ValueTooLarge`] if the value does not fit into memory.
    pub fn load(&self) -> Result<Value, TreeError> {
        match &self.0 {
            Place::Here(value) => Ok(value.clone()),
            Place::Outside { storage, blob } => load(storage, blob),
        }
    }

    /// Returns the value for reading piece by piece. Reads one record if it lies out of line.
    ///
    /// # Errors
    /// If the record cannot be read.
    pub fn reader(&self) -> Result<ValueReader, TreeError> {
        match &self.0 {
            Place::Here(value) => Ok(ValueReader::of_value(value.clone())),
            Place::Outside { storage, blob } => ValueReader::of_blob(storage, *blob),
        }
    }
}

impl From<Value> for ValueHandle {
    fn from(value: Value) -> Self {
        Self(Place::Here(value))
    }
}

impl PartialEq for ValueHandle {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Place::Here(mine), Place::Here(theirs)) => mine == theirs,
            (Place::Here(value), Place::Outside { blob, .. })
            | (Place::Outside { blob, .. }, Place::Here(value)) => is_at(value, blob),
            (Place::Outside { blob: mine, .. }, Place::Outside { blob: theirs, .. }) => {
                mine == theirs
            }
        }
    }
}

impl Eq for ValueHandle {}

impl fmt::Debug for ValueHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Here(value) => value.fmt(f),
            Place::Outside { blob, .. } => blob.fmt(f),
        }
    }
}

/// Says whether a value is the one that lies out of line there: it is hashed as if it were stored.
pub(in crate::tree) fn is_at(value: &[u8], blob: &BlobRef) -> bool {
    value.len() as u64 == blob.len && reference(value) == *blob
}
