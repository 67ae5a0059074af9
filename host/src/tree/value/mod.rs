//! Values: in the leaf, or out of line in a blob; large ones cut into several.

mod blob;
mod cut;
mod handle;
mod reader;
mod split;
mod writer;

use std::fmt;
use std::ops::Deref;

use prollytree_plugin_api::{Buffer, Hash};

use super::TreeError;
use super::layout::BLOB_CELL_LEN;
use crate::storage::Storage;

pub use blob::Blob;
pub use handle::ValueHandle;
pub use reader::ValueReader;
pub use writer::ValueWriter;

pub(super) use blob::MAX_WHOLE;
pub(super) use handle::is_at;
pub(super) use split::{BlobSink, store_value};

/// The bytes of a value. Shares them with the record that they came from; cloning copies nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Value(Buffer);

impl Value {
    /// Returns the bytes as a shared buffer.
    #[must_use]
    pub fn into_buffer(self) -> Buffer {
        self.0
    }
}

impl From<Buffer> for Value {
    fn from(bytes: Buffer) -> Self {
        Self(bytes)
    }
}

impl Deref for Value {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Value {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({})", self.0.escape_ascii())
    }
}

/// What a leaf holds for a key: the value, or where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    Inline(&'a [u8]),
    Blob(BlobRef),
}

/// Where a value lies that is out of line: a blob, or a list of blobs that hold its pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobRef {
    pub(super) hash: Hash,
    pub(super) len: u64,
}

impl BlobRef {
    /// Returns the address of the blob. Equal values have equal ones, in every tree.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// Returns the length of the value in bytes.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "an empty value is never out of line"
    )]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Reads the cell of an out-of-line value.
    pub(super) fn of_cell(bytes: &[u8]) -> Self {
        let bytes = bytes
            .first_chunk()
            .expect("the length of the cell has been checked");
        Self::read(bytes)
    }

    /// What refers to the record says something else about it than the record itself.
    fn inconsistent(&self) -> TreeError {
        TreeError::Inconsistent {
            hash: self.hash,
            reason: "what refers to it gives it another length, level or end",
        }
    }
}

impl Cell<'_> {
    /// Reads the cell of an out-of-line value.
    pub(super) fn of_blob(bytes: &[u8]) -> Self {
        Self::Blob(BlobRef::of_cell(bytes))
    }

    /// Returns the length of the value.
    pub(super) fn value_len(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::Blob(blob) => blob.len,
        }
    }

    /// Says whether two cells have the same value, which trees with different parameters may keep in
    /// different ways. Loads nothing.
    pub(super) fn is_same_value(&self, other: &Cell<'_>) -> bool {
        match (self, other) {
            (Cell::Inline(value), Cell::Blob(blob)) | (Cell::Blob(blob), Cell::Inline(value)) => {
                is_at(value, blob)
            }
            _ => self == other,
        }
    }

    /// Returns the number of bytes in the leaf.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Inline(bytes) => bytes.len(),
            Self::Blob(_) => BLOB_CELL_LEN,
        }
    }
}

/// Loads an out-of-line value, whole.
pub(super) fn load(storage: &Storage, blob: &BlobRef) -> Result<Value, TreeError> {
    if blob.len > MAX_WHOLE as u64 {
        return ValueReader::of_blob(storage, *blob)?.read_all();
    }
    let record = storage.load::<Blob>(&blob.hash)?;
    whole(&record, blob)
}

/// Returns an out-of-line value that lies in one record.
pub(super) fn whole(record: &Blob, blob: &BlobRef) -> Result<Value, TreeError> {
    match record.whole() {
        Some(value) if value.len() as u64 == blob.len => Ok(Value(value.clone())),
        _ => Err(blob.inconsistent()),
    }
}

/// Returns where a value lies that is out of line.
pub(super) fn reference(value: &[u8]) -> BlobRef {
    let Ok(blob) = store_value(value, &mut split::HashOnly);
    blob
}
