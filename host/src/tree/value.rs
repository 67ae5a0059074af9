//! Values: in the leaf, or out of line in a blob.

use std::fmt;
use std::ops::Deref;

use prollytree_plugin_api::{Buffer, Hash, Kind, MAX_RECORD_SIZE};

use super::TreeError;
use super::layout::BLOB_CELL_LEN;
use crate::storage::{Decode, HEADER_LEN, Malformed, Storage, header, read_header};

/// The longest value, in bytes: what fits into one record with its header. The shortest is empty.
pub const MAX_VALUE_LEN: usize = MAX_RECORD_SIZE - HEADER_LEN;

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

/// The address of an out-of-line value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlobRef {
    pub(super) hash: Hash,
    /// The length of the value.
    pub(super) len: u64,
}

impl Cell<'_> {
    /// Reads the 40 bytes of an out-of-line value's cell.
    pub(super) fn of_blob(bytes: &[u8]) -> Self {
        let (hash, len) = bytes.split_at(Hash::LEN);
        let hash = Hash::from_slice(hash).expect("the length of the cell has been checked");
        let len = len
            .first_chunk()
            .expect("the length of the cell has been checked");
        Self::Blob(BlobRef {
            hash,
            len: u64::from_le_bytes(*len),
        })
    }

    /// Returns the length of the value.
    pub(super) fn value_len(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::Blob(blob) => blob.len,
        }
    }

    /// Returns the number of bytes in the leaf.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Inline(bytes) => bytes.len(),
            Self::Blob(_) => BLOB_CELL_LEN,
        }
    }

    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        match self {
            Self::Inline(bytes) => out.extend_from_slice(bytes),
            Self::Blob(blob) => {
                out.extend_from_slice(blob.hash.as_bytes());
                out.extend_from_slice(&blob.len.to_le_bytes());
            }
        }
    }
}

/// A record that holds an out-of-line value.
#[derive(Debug)]
pub struct Blob {
    value: Buffer,
}

impl Blob {
    const VERSION: u8 = 0;

    /// Returns the bytes of the record that holds `value`.
    pub(super) fn encode(value: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_LEN + value.len());
        bytes.extend_from_slice(&header(Kind::BLOB, Self::VERSION));
        bytes.extend_from_slice(value);
        bytes
    }
}

impl Decode for Blob {
    const KIND: Kind = Kind::BLOB;

    fn decode(bytes: Buffer) -> Result<Self, Malformed> {
        read_header(&bytes, Kind::BLOB, Self::VERSION)?;
        Ok(Self {
            value: bytes.slice(HEADER_LEN..),
        })
    }

    fn weight(&self) -> usize {
        size_of::<Self>() + self.value.len()
    }
}

/// Returns where a value lies that is out of line.
pub(super) fn reference(value: &[u8]) -> BlobRef {
    BlobRef {
        hash: Hash::of(&Blob::encode(value)),
        len: value.len() as u64,
    }
}

/// Loads an out-of-line value.
pub(super) fn load_blob(storage: &Storage, blob: &BlobRef) -> Result<Value, TreeError> {
    let value = storage.load::<Blob>(&blob.hash)?.value.clone();
    if value.len() as u64 != blob.len {
        let reason = "the leaf gives its value another length";
        return Err(TreeError::Inconsistent {
            hash: blob.hash,
            reason,
        });
    }
    Ok(Value(value))
}
