//! New records on their way to a backend.

use std::collections::HashSet;
use std::sync::Arc;

use prollytree_plugin_api::{Buffer, Hash, Kind, Record};

use super::Decode;
use super::address::address_of;
use super::cache::Decoded;
use super::leading::Leading;

/// Records in the order in which they must be stored: each after those that it links to.
#[derive(Debug, Default)]
pub struct RecordBatch {
    records: Vec<NewRecord>,
    hashes: HashSet<Hash, Leading>,
    bytes: usize,
}

/// One record of a [`RecordBatch`].
#[derive(Debug)]
pub struct NewRecord {
    /// The address.
    pub hash: Hash,
    /// What it is.
    pub kind: Kind,
    /// The records that it refers to.
    pub links: Vec<Hash>,
    /// The content.
    pub bytes: Buffer,
    /// The record as a reader would decode it, for the cache once it is stored.
    pub(super) decoded: Option<Decoded>,
}

impl NewRecord {
    /// Returns the record as a backend takes it.
    #[must_use]
    pub fn as_record(&self) -> Record<'_> {
        Record {
            hash: self.hash,
            kind: self.kind,
            links: &self.links,
            bytes: &self.bytes,
            shared: Some(&self.bytes),
        }
    }
}

impl RecordBatch {
    /// Makes an empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a record, unless it is in the batch already, and returns its address.
    pub fn push(&mut self, kind: Kind, links: Vec<Hash>, bytes: impl Into<Buffer>) -> Hash {
        let bytes = bytes.into();
        let hash = address_of(&bytes);
        self.push_hashed(hash, kind, links, bytes);
        hash
    }

    /// Adds a record whose address is known.
    pub(crate) fn push_hashed(&mut self, hash: Hash, kind: Kind, links: Vec<Hash>, bytes: Buffer) {
        debug_assert_eq!(hash, Hash::of(&bytes));
        self.add(NewRecord {
            hash,
            kind,
            links,
            bytes,
            decoded: None,
        });
    }

    /// Adds a record together with what decoding `bytes` would give. Once the record is stored, it
    /// is read from the cache.
    pub(crate) fn push_decoded<T: Decode>(
        &mut self,
        hash: Hash,
        links: Vec<Hash>,
        bytes: Buffer,
        record: Arc<T>,
    ) {
        debug_assert_eq!(hash, Hash::of(&bytes));
        self.add(NewRecord {
            hash,
            kind: T::KIND,
            links,
            bytes,
            decoded: Some(Decoded::new(record)),
        });
    }

    /// Adds a record of another batch.
    pub(crate) fn add(&mut self, record: NewRecord) {
        if self.hashes.insert(record.hash) {
            self.bytes += record.bytes.len();
            self.records.push(record);
        }
    }

    /// Returns the records in order.
    #[must_use]
    pub fn records(&self) -> &[NewRecord] {
        &self.records
    }

    /// Gives the records away, in order.
    pub(crate) fn into_records(self) -> Vec<NewRecord> {
        self.records
    }

    /// Returns the number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Returns whether there are no records.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Returns the sum of the records' sizes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Removes all records.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}
