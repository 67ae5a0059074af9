//! The tree against a `BTreeMap`, over a backend that counts.

mod append;
mod at_hand;
mod bare;
mod boundary;
mod bulk;
mod bytes;
mod counted;
mod damaged;
mod diff;
mod diff_proof;
mod forged_merges;
mod forged_values;
mod limits;
mod look_ahead;
mod measure;
mod merge;
mod merge_all;
mod merge_cost;
mod merge_json;
mod merge_places;
mod model;
mod model_all;
mod model_large;
mod page;
mod peer_faults;
mod proof;
mod scale;
mod scan;
mod session;
mod sight;
mod value;
mod value_run;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::Mutex;
use prollytree_plugin_api::{
    BatchSize, Buffer, Call, Capabilities, Error, ErrorKind, Hash, NodeStorage, Record, RefName,
    RefUpdate, Result, Slot, StorageInfo, Swap,
};

use super::*;
use crate::storage::{RecordBatch, Storage, StorageOptions};

/// Records in memory, the closure of each checked, reads and writes counted.
#[derive(Default)]
struct Counting {
    records: Mutex<HashMap<Hash, Vec<u8>>>,
    reads: AtomicUsize,
    writes: AtomicUsize,
    /// Calls that read records.
    calls: AtomicUsize,
    /// While set, every call that reads or writes records fails.
    broken: AtomicBool,
    /// While set, every call that reads more than one record fails.
    one_by_one: AtomicBool,
    /// The most bytes that a call has read.
    largest: AtomicUsize,
}

impl Counting {
    /// Returns the records read and written since the last call.
    fn take(&self) -> (usize, usize) {
        (
            self.reads.swap(0, Ordering::Relaxed),
            self.writes.swap(0, Ordering::Relaxed),
        )
    }
}

impl Counting {
    /// Returns the calls that have read records since the last call of this.
    fn take_calls(&self) -> usize {
        self.calls.swap(0, Ordering::Relaxed)
    }

    fn check(&self) -> Result<()> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::IO, "the disk is gone"));
        }
        Ok(())
    }
}

impl NodeStorage for Counting {
    fn info(&self) -> StorageInfo {
        StorageInfo {
            name: "counting".into(),
            version: "1".into(),
            capabilities: Capabilities::empty(),
            batch: BatchSize::default(),
            location: "memory".into(),
            operations: vec![],
        }
    }

    fn get_many(&self, _: &Call<'_>, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        self.check()?;
        if hashes.len() > 1 && self.one_by_one.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::IO, "one at a time"));
        }
        let records = self.records.lock();
        self.calls.fetch_add(1, Ordering::Relaxed);
        let lengths = hashes
            .iter()
            .filter_map(|hash| records.get(hash))
            .map(Vec::len);
        self.largest.fetch_max(lengths.sum(), Ordering::Relaxed);
        for (hash, slot) in hashes.iter().zip(out) {
            self.reads.fetch_add(1, Ordering::Relaxed);
            match records.get(hash) {
                Some(bytes) => slot.fill(Buffer::from(bytes.as_slice())),
                None => slot.clear(),
            }
        }
        Ok(())
    }

    fn contains_many(&self, _: &Call<'_>, hashes: &[Hash], out: &mut [bool]) -> Result<()> {
        let records = self.records.lock();
        hashes
            .iter()
            .zip(out)
            .for_each(|(hash, out)| *out = records.contains_key(hash));
        Ok(())
    }

    fn put_many(&self, _: &Call<'_>, records: &[Record<'_>]) -> Result<()> {
        self.check()?;
        let mut stored = self.records.lock();
        for record in records {
            self.writes.fetch_add(1, Ordering::Relaxed);
            assert!(
                record.links.iter().all(|link| stored.contains_key(link)),
                "closure"
            );
            stored.insert(record.hash, record.bytes.to_vec());
        }
        Ok(())
    }

    fn get_ref(&self, _: &Call<'_>, _: &RefName) -> Result<Option<Hash>> {
        Ok(None)
    }

    fn list_refs(
        &self,
        _: &Call<'_>,
        _: &str,
        _: Option<&RefName>,
        _: usize,
    ) -> Result<Vec<(RefName, Hash)>> {
        Ok(vec![])
    }

    fn compare_and_swap_ref(&self, _: &Call<'_>, _: &RefUpdate) -> Result<Swap> {
        Ok(Swap::Done)
    }

    fn sync(&self, _: &Call<'_>) -> Result<()> {
        Ok(())
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

fn new_storage() -> (Arc<Counting>, Storage) {
    let backend = Arc::new(Counting::default());
    let storage = cold(&backend);
    (backend, storage)
}

/// Opens a backend with nothing in the cache.
fn cold(backend: &Arc<Counting>) -> Storage {
    Storage::new(Arc::clone(backend) as _, StorageOptions::default())
}

fn build(storage: &Storage, parameters: Parameters, map: &Map) -> Tree {
    let entries = map.iter().map(|(key, value)| (key.clone(), value.clone()));
    Tree::build(storage.clone(), parameters, entries).unwrap()
}

/// Applies edits and stores the outcome, of which every record must be of use.
fn apply(tree: &Tree, edits: impl IntoIterator<Item = (Key, Edit)>) -> Tree {
    let mut batch = RecordBatch::new();
    let next = tree.apply(edits, &mut batch).unwrap();
    let linked: HashSet<Hash> = batch
        .records()
        .iter()
        .flat_map(|record| record.links.iter().copied())
        .collect();
    for record in batch.records() {
        assert!(
            record.hash == next.root() || linked.contains(&record.hash),
            "{:?}",
            record.kind
        );
    }
    tree.storage().put(&batch).unwrap();
    next
}

fn contents(tree: &Tree) -> Map {
    tree.iter()
        .map(|entry| entry.map(|(key, value)| (key, value.to_vec())).unwrap())
        .collect()
}

/// Parameters under which a few dozen entries make several levels.
fn tiny() -> Parameters {
    Parameters::entries(EntryRule {
        modulus: 3,
        base: 2,
        ..EntryRule::default()
    })
    .unwrap()
}

/// Byte-measured parameters under which a few kilobytes make several levels.
fn small() -> Parameters {
    let size = NodeSize {
        target: 128,
        min: 32,
        max: 512,
    };
    of_size(size)
}

/// Parameters with nodes of this size on all levels, in bytes.
fn of_size(size: NodeSize) -> Parameters {
    Parameters::new(Shape {
        leaf: size,
        internal: size,
        inline_limit: 48,
        ..Shape::default()
    })
    .unwrap()
}

/// Returns numbers in no order, the same for a seed each time.
fn random(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }
}
