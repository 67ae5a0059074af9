//! Records that are in use together: each is found by its address as long as it is, even where the
//! cache is too small for all of them.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use prollytree_plugin_api::Hash;

use super::leading::Leading;
use super::{Decode, Storage};

/// The records of all holds.
#[derive(Default)]
pub(super) struct HeldRecords {
    records: Mutex<HashMap<Hash, Counted, Leading>>,
    /// How many there are. Mostly none, and nobody takes the lock.
    count: AtomicUsize,
}

/// A record, and the number of holds that it is in.
struct Counted {
    record: Arc<dyn Any + Send + Sync>,
    holds: usize,
}

/// Some records that are in use. They are let go when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Hold(Vec<(Storage, Hash)>);

impl HeldRecords {
    pub(super) fn lookup<T: Decode>(&self, hash: &Hash) -> Option<Arc<T>> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let records = self.records.lock();
        let record = Arc::clone(&records.get(hash)?.record);
        record.downcast().ok()
    }

    pub(super) fn contains(&self, hash: &Hash) -> bool {
        self.count.load(Ordering::Relaxed) > 0 && self.records.lock().contains_key(hash)
    }

    fn add(&self, hash: Hash, record: Arc<dyn Any + Send + Sync>) {
        let mut records = self.records.lock();
        let held = records.entry(hash).or_insert(Counted { record, holds: 0 });
        held.holds += 1;
        self.count.store(records.len(), Ordering::Relaxed);
    }

    fn remove(&self, hash: &Hash) {
        let mut records = self.records.lock();
        let mut last = None;
        if let Some(held) = records.get_mut(hash) {
            held.holds -= 1;
            if held.holds == 0 {
                last = records.remove(hash);
            }
        }
        self.count.store(records.len(), Ordering::Relaxed);
        drop(records);
        // With a node, much may go that is below it: not while others wait.
        drop(last);
    }
}

impl Hold {
    /// Holds one more record.
    pub(crate) fn add<T: Decode>(&mut self, storage: &Storage, hash: Hash, record: &Arc<T>) {
        storage.0.held.add(hash, Arc::clone(record) as _);
        self.0.push((storage.clone(), hash));
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        for (storage, hash) in &self.0 {
            storage.0.held.remove(hash);
        }
    }
}
