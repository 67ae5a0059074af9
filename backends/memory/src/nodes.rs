//! Records in memory: shards by the first byte of the hash, each an ordered map.
//!
//! Shards follow each other in the order of hashes, so a listing is one shard after the other.

use std::collections::BTreeMap;
use std::ops::Bound;

use parking_lot::RwLock;
use prollytree_plugin_api::{Buffer, Hash, Kind, Record, RecordEntry, Slot, Timestamp};

type Shard = RwLock<BTreeMap<Hash, Stored>>;

/// All records of a store.
pub(crate) struct Nodes {
    shards: Box<[Shard]>,
}

struct Stored {
    kind: Kind,
    bytes: Buffer,
    /// When the record was stored, or stored again.
    renewed: Timestamp,
}

impl Default for Nodes {
    fn default() -> Self {
        Self {
            shards: (0..=u8::MAX).map(|_| Shard::default()).collect(),
        }
    }
}

impl Nodes {
    /// Fills the slot of each hash, or clears it. Copies nothing.
    pub(crate) fn read(&self, hashes: &[Hash], out: &mut [Slot]) {
        for (hash, slot) in hashes.iter().zip(out) {
            match self.shard(hash).read().get(hash) {
                Some(stored) => slot.fill(stored.bytes.clone()),
                None => slot.clear(),
            }
        }
    }

    /// Says for each hash whether it is there.
    pub(crate) fn contains(&self, hashes: &[Hash], out: &mut [bool]) {
        for (hash, answer) in hashes.iter().zip(out) {
            *answer = self.shard(hash).read().contains_key(hash);
        }
    }

    /// Stores records in the order given, so that nobody meets one before its links.
    pub(crate) fn put(&self, records: &[Record<'_>]) {
        for record in records {
            let mut shard = self.shard(&record.hash).write();
            // Read under the lock: a sweep that began before this put must find it young.
            let renewed = Timestamp::now();
            shard
                .entry(record.hash)
                .and_modify(|stored| stored.renewed = stored.renewed.max(renewed))
                .or_insert_with(|| Stored {
                    kind: record.kind,
                    bytes: record.to_buffer(),
                    renewed,
                });
        }
    }

    /// Deletes, in the order given, what is older than `not_younger_than`; returns how many.
    pub(crate) fn delete(&self, hashes: &[Hash], not_younger_than: Timestamp) -> u64 {
        let mut deleted = 0;
        for hash in hashes {
            let mut shard = self.shard(hash).write();
            if shard
                .get(hash)
                .is_some_and(|stored| stored.renewed < not_younger_than)
            {
                shard.remove(hash);
                deleted += 1;
            }
        }
        deleted
    }

    /// Lists up to `limit` records after `after`, in the order of their hashes.
    pub(crate) fn list(&self, after: Option<&Hash>, limit: usize) -> Vec<RecordEntry> {
        let first = after.map_or(0, |hash| usize::from(hash.as_bytes()[0]));
        let from = (
            after.map_or(Bound::Unbounded, Bound::Excluded),
            Bound::Unbounded,
        );
        let mut entries = Vec::new();
        for shard in &self.shards[first..] {
            let room = limit - entries.len();
            if room == 0 {
                break;
            }
            let shard = shard.read();
            let page = shard.range::<Hash, _>(from).take(room);
            entries.extend(page.map(|(&hash, stored)| RecordEntry {
                hash,
                kind: stored.kind,
                size: stored.bytes.len() as u64,
            }));
        }
        entries
    }

    /// Returns the number of records and the sum of their sizes. Walks all of them.
    pub(crate) fn measure(&self) -> (u64, u64) {
        let (mut records, mut bytes) = (0, 0);
        for shard in &self.shards {
            for stored in shard.read().values() {
                records += 1;
                bytes += stored.bytes.len() as u64;
            }
        }
        (records, bytes)
    }

    fn shard(&self, hash: &Hash) -> &Shard {
        &self.shards[usize::from(hash.as_bytes()[0])]
    }
}
