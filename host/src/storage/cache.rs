//! Decoded records, bounded by the memory that they take.

use std::any::Any;
use std::sync::Arc;

use prollytree_plugin_api::Hash;
use quick_cache::sync::{Cache as Concurrent, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};

use super::Decode;
use super::leading::Leading;

/// A concurrent cache of verified and decoded records. Absence is never cached.
pub(super) struct Cache(Concurrent<Hash, Decoded, Weight, Leading>);

/// A decoded record of any kind, and the memory that it takes.
#[derive(Clone, Debug)]
pub(super) struct Decoded {
    record: Arc<dyn Any + Send + Sync>,
    weight: u64,
}

impl Cache {
    pub(super) fn new(bytes: u64) -> Self {
        const TYPICAL_RECORD: u64 = 4096;
        /// The rest is for what has been asked for once: enough that what a large edit has written is
        /// still there for the merge or the diff that comes next.
        const ASKED_FOR_AGAIN: f64 = 0.75;
        let options = OptionsBuilder::new()
            .estimated_items_capacity(usize::try_from(bytes / TYPICAL_RECORD).unwrap_or(usize::MAX))
            .weight_capacity(bytes)
            .hot_allocation(ASKED_FOR_AGAIN)
            .build()
            .expect("both capacities are set");
        Self(Concurrent::with_options(
            options,
            Weight,
            Leading,
            DefaultLifecycle::default(),
        ))
    }

    pub(super) fn lookup<T: Decode>(&self, hash: &Hash) -> Option<Arc<T>> {
        #[cfg(test)]
        super::work::add(|work| work.lookups += 1);
        self.0.get(hash)?.record.downcast().ok()
    }

    pub(super) fn contains(&self, hash: &Hash) -> bool {
        #[cfg(test)]
        super::work::add(|work| work.lookups += 1);
        self.0.contains_key(hash)
    }

    pub(super) fn keep(&self, hash: Hash, record: Decoded) {
        self.0.insert(hash, record);
    }
}

impl Decoded {
    /// Wraps a record that has been verified, or made here.
    pub(super) fn new<T: Decode>(record: Arc<T>) -> Self {
        const ENTRY_OVERHEAD: usize = 128;
        let weight = u64::try_from(record.weight() + ENTRY_OVERHEAD).unwrap_or(u64::MAX);
        Self { record, weight }
    }
}

#[derive(Clone)]
struct Weight;

impl Weighter<Hash, Decoded> for Weight {
    fn weight(&self, _: &Hash, entry: &Decoded) -> u64 {
        entry.weight
    }
}
