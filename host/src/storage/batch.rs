//! New records on their way to a backend.

use std::collections::HashSet;

use prollytree_plugin_api::{Hash, Kind, Record};

/// Records in the order in which they must be stored: each after those that it links to.
#[derive(Debug, Default)]
pub struct RecordBatch {
    records: Vec<NewRecord>,
    hashes: HashSet<Hash>,
    bytes: usize,
}

/// One record of a [`RecordBatch`].
#[derive(Debug, PartialEq, Eq)]
pub struct NewRecord {
    /// The address.
    pub hash: Hash,
    /// What it is.
    pub kind: Kind,
    /// The records that it refers to.
    pub links: Vec<Hash>,
    /// The content.
    pub bytes: Vec<u8>,
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
    pub fn push(&mut self, kind: Kind, links: Vec<Hash>, bytes: Vec<u8>) -> Hash {
        let hash = Hash::of(&bytes);
        if self.hashes.insert(hash) {
            self.bytes += bytes.len();
            self.records.push(NewRecord {
                hash,
                kind,
                links,
                bytes,
            });
        }
        hash
    }

    /// Returns the records in order.
    #[must_use]
    pub fn records(&self) -> &[NewRecord] {
        &self.records
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
