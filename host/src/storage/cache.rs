//! Decoded records, bounded by the memory that they take.

use std::any::Any;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use prollytree_plugin_api::Hash;
use quick_cache::Weighter;
use quick_cache::sync::{Cache as Concurrent, DefaultLifecycle};

use super::Decode;

/// A concurrent cache of verified and decoded records. Absence is never cached.
pub(super) struct Cache(Concurrent<Hash, Entry, Weight, Leading>);

#[derive(Clone)]
struct Entry {
    record: Arc<dyn Any + Send + Sync>,
    weight: u64,
}

impl Cache {
    pub(super) fn new(bytes: u64) -> Self {
        const TYPICAL_RECORD: u64 = 4096;
        let estimated = usize::try_from(bytes / TYPICAL_RECORD).unwrap_or(usize::MAX);
        Self(Concurrent::with(
            estimated,
            bytes,
            Weight,
            Leading,
            DefaultLifecycle::default(),
        ))
    }

    pub(super) fn lookup<T: Decode>(&self, hash: &Hash) -> Option<Arc<T>> {
        self.0.get(hash)?.record.downcast().ok()
    }

    pub(super) fn keep<T: Decode>(&self, hash: Hash, record: &Arc<T>) {
        const ENTRY_OVERHEAD: usize = 128;
        let weight = u64::try_from(record.weight() + ENTRY_OVERHEAD).unwrap_or(u64::MAX);
        self.0.insert(
            hash,
            Entry {
                record: Arc::clone(record) as _,
                weight,
            },
        );
    }
}

#[derive(Clone)]
struct Weight;

impl Weighter<Hash, Entry> for Weight {
    fn weight(&self, _: &Hash, entry: &Entry) -> u64 {
        entry.weight
    }
}

/// Hashes are uniform already: their first eight bytes serve as they are.
#[derive(Clone, Copy)]
struct Leading;

struct LeadingBytes(u64);

impl BuildHasher for Leading {
    type Hasher = LeadingBytes;

    fn build_hasher(&self) -> LeadingBytes {
        LeadingBytes(0)
    }
}

impl Hasher for LeadingBytes {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    fn write_usize(&mut self, _: usize) {
        // The length that precedes a slice says nothing: every hash has the same.
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
