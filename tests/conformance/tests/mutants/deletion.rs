//! Faults of deletion.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use prollytree_plugin_api::{
    Buffer, Hash, NodeStorage, Record, RefUpdate, Result, Slot, Swap, Timestamp,
};

use crate::fault::{CALL, Fault};

/// A cache that is never told of deletions.
#[derive(Default)]
pub(crate) struct ReadsWhatIsDeleted(Mutex<BTreeMap<Hash, Buffer>>);

impl Fault for ReadsWhatIsDeleted {
    fn get_many(&self, base: &dyn NodeStorage, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        base.get_many(&CALL, hashes, out)?;
        let mut cache = self.0.lock().unwrap();
        for (hash, slot) in hashes.iter().zip(out) {
            match (slot.take(), cache.get(hash)) {
                (Some(buffer), _) => {
                    cache.insert(*hash, buffer.clone());
                    slot.fill(buffer);
                }
                (None, Some(old)) => slot.fill(old.clone()),
                (None, None) => {}
            }
        }
        Ok(())
    }
}

#[derive(Default)]
pub(crate) struct DeletesTheYoung;

impl Fault for DeletesTheYoung {
    fn delete_many(&self, base: &dyn NodeStorage, hashes: &[Hash], _: Timestamp) -> Result<u64> {
        base.delete_many(&CALL, hashes, Timestamp(i64::MAX))
    }
}

#[derive(Default)]
pub(crate) struct DoesNotRenew;

impl DoesNotRenew {
    fn new_ones<'a>(base: &dyn NodeStorage, records: &[Record<'a>]) -> Result<Vec<Record<'a>>> {
        let hashes: Vec<Hash> = records.iter().map(|record| record.hash).collect();
        let mut there = vec![false; hashes.len()];
        base.contains_many(&CALL, &hashes, &mut there)?;
        let new = records.iter().zip(there).filter(|(_, there)| !there);
        Ok(new.map(|(record, _)| *record).collect())
    }
}

impl Fault for DoesNotRenew {
    fn put_many(&self, base: &dyn NodeStorage, records: &[Record<'_>]) -> Result<()> {
        base.put_many(&CALL, &Self::new_ones(base, records)?)
    }

    fn commit(
        &self,
        base: &dyn NodeStorage,
        records: &[Record<'_>],
        updates: &[RefUpdate],
    ) -> Result<Swap> {
        base.commit(&CALL, &Self::new_ones(base, records)?, updates)
    }
}

#[derive(Default)]
pub(crate) struct CountsWhatWasAsked;

impl Fault for CountsWhatWasAsked {
    fn delete_many(
        &self,
        base: &dyn NodeStorage,
        hashes: &[Hash],
        guard: Timestamp,
    ) -> Result<u64> {
        base.delete_many(&CALL, hashes, guard)?;
        Ok(hashes.len() as u64)
    }
}

/// Remembers what it has renewed, and writes it nowhere.
#[derive(Default)]
pub(crate) struct RenewsInMemory(Mutex<BTreeMap<Hash, Timestamp>>);

impl Fault for RenewsInMemory {
    fn put_many(&self, base: &dyn NodeStorage, records: &[Record<'_>]) -> Result<()> {
        let now = Timestamp::now();
        self.0
            .lock()
            .unwrap()
            .extend(records.iter().map(|record| (record.hash, now)));
        DoesNotRenew.put_many(base, records)
    }

    fn delete_many(
        &self,
        base: &dyn NodeStorage,
        hashes: &[Hash],
        guard: Timestamp,
    ) -> Result<u64> {
        let renewed = self.0.lock().unwrap();
        let old = |hash: &&Hash| renewed.get(hash).is_none_or(|age| *age < guard);
        let old: Vec<Hash> = hashes.iter().filter(old).copied().collect();
        base.delete_many(&CALL, &old, guard)
    }
}

/// Hides what is deleted until the store is opened again.
#[derive(Default)]
pub(crate) struct DeletesInMemory(Mutex<BTreeSet<Hash>>);

impl Fault for DeletesInMemory {
    fn delete_many(&self, _: &dyn NodeStorage, hashes: &[Hash], _: Timestamp) -> Result<u64> {
        self.0.lock().unwrap().extend(hashes);
        Ok(hashes.len() as u64)
    }

    fn get_many(&self, base: &dyn NodeStorage, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        base.get_many(&CALL, hashes, out)?;
        let hidden = self.0.lock().unwrap();
        for (_, slot) in hashes
            .iter()
            .zip(out)
            .filter(|(hash, _)| hidden.contains(hash))
        {
            slot.clear();
        }
        Ok(())
    }
}
