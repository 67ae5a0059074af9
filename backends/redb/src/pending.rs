//! Records that were put and are not yet in the database.
//!
//! They wait in memory for the next commit, sync or full house. redb's own non-durable commits
//! would lose them when a failed write forces the database to be opened again; from here they go
//! into the transaction that succeeds.

use std::collections::BTreeMap;
use std::ops::Bound;

use parking_lot::RwLock;
use prollytree_plugin_api::{Buffer, Hash, Kind, Record, RecordEntry, Slot, Timestamp};

/// The waiting records.
#[derive(Default)]
pub(crate) struct Pending {
    waiting: RwLock<Waiting>,
}

#[derive(Default)]
struct Waiting {
    records: BTreeMap<Hash, Held>,
    bytes: usize,
}

/// One waiting record.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) kind: Kind,
    /// When the record was put, or put again.
    pub(crate) renewed: Timestamp,
    pub(crate) bytes: Buffer,
}

/// What a deletion finds here.
pub(crate) enum Expiry {
    /// The record was put too recently; it stays, wherever else it is.
    Spared,
    /// The record waited here and is gone.
    Removed,
    /// The record does not wait here.
    Absent,
}

impl Pending {
    /// Returns how many bytes wait.
    pub(crate) fn bytes(&self) -> usize {
        self.waiting.read().bytes
    }

    /// Adds records, or renews them.
    pub(crate) fn put(&self, records: &[Record<'_>]) {
        let mut waiting = self.waiting.write();
        // Read under the lock: a sweep that began before this put must find it young.
        let renewed = Timestamp::now();
        for record in records {
            let Waiting { records, bytes } = &mut *waiting;
            records
                .entry(record.hash)
                .and_modify(|held| held.renewed = held.renewed.max(renewed))
                .or_insert_with(|| {
                    *bytes += record.bytes.len();
                    Held {
                        kind: record.kind,
                        renewed,
                        bytes: Buffer::from(record.bytes),
                    }
                });
        }
    }

    /// Fills the slots of what waits, clears the others and returns their positions.
    pub(crate) fn read(&self, hashes: &[Hash], out: &mut [Slot]) -> Vec<usize> {
        let waiting = self.waiting.read();
        let mut elsewhere = Vec::new();
        for (position, (hash, slot)) in hashes.iter().zip(out).enumerate() {
            if let Some(held) = waiting.records.get(hash) {
                slot.fill(held.bytes.clone());
            } else {
                slot.clear();
                elsewhere.push(position);
            }
        }
        elsewhere
    }

    /// Says what waits, and returns the positions of the others.
    pub(crate) fn contains(&self, hashes: &[Hash], out: &mut [bool]) -> Vec<usize> {
        let waiting = self.waiting.read();
        let mut elsewhere = Vec::new();
        for (position, (hash, answer)) in hashes.iter().zip(out).enumerate() {
            *answer = waiting.records.contains_key(hash);
            if !*answer {
                elsewhere.push(position);
            }
        }
        elsewhere
    }

    /// Lists up to `limit` waiting records after `after`, in the order of their hashes.
    pub(crate) fn list(&self, after: Option<&Hash>, limit: usize) -> Vec<RecordEntry> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let waiting = self.waiting.read();
        let page = waiting.records.range::<Hash, _>((from, Bound::Unbounded));
        page.take(limit)
            .map(|(&hash, held)| RecordEntry {
                hash,
                kind: held.kind,
                size: held.bytes.len() as u64,
            })
            .collect()
    }

    /// Returns all that waits, in the order of hashes. Shares the bytes.
    pub(crate) fn all(&self) -> Vec<(Hash, Held)> {
        let waiting = self.waiting.read();
        let all = waiting.records.iter();
        all.map(|(&hash, held)| (hash, held.clone())).collect()
    }

    /// Takes out what has arrived in the database, except what was renewed since.
    pub(crate) fn settle(&self, arrived: &[(Hash, Held)]) {
        let mut waiting = self.waiting.write();
        for (hash, held) in arrived {
            let current = waiting.records.get(hash);
            if current.is_some_and(|current| current.renewed == held.renewed) {
                waiting.remove(hash);
            }
        }
    }

    /// Deletes a record unless it was put at or after `not_younger_than`.
    pub(crate) fn expire(&self, hash: &Hash, not_younger_than: Timestamp) -> Expiry {
        let mut waiting = self.waiting.write();
        match waiting.records.get(hash) {
            None => Expiry::Absent,
            Some(held) if held.renewed >= not_younger_than => Expiry::Spared,
            Some(_) => {
                waiting.remove(hash);
                Expiry::Removed
            }
        }
    }
}

impl Waiting {
    fn remove(&mut self, hash: &Hash) {
        if let Some(held) = self.records.remove(hash) {
            self.bytes -= held.bytes.len();
        }
    }
}
