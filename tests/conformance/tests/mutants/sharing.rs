//! Faults of instances that share a store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use prollytree_plugin_api::{
    Capabilities, Hash, NodeStorage, Record, RefName, RefUpdate, Result, Slot, StorageInfo, Swap,
};

use crate::fault::{CALL, Fault, linger};

/// No fault at all.
#[derive(Default)]
pub(crate) struct Nothing;

impl Fault for Nothing {}

/// Believes that what was absent once stays absent, unless it is put here.
#[derive(Default)]
pub(crate) struct RemembersAbsence(Mutex<BTreeSet<Hash>>);

impl Fault for RemembersAbsence {
    fn get_many(&self, base: &dyn NodeStorage, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        base.get_many(&CALL, hashes, out)?;
        let mut absent = self.0.lock().unwrap();
        for (hash, slot) in hashes.iter().zip(out) {
            if slot.is_empty() {
                absent.insert(*hash);
            } else if absent.contains(hash) {
                slot.clear();
            }
        }
        Ok(())
    }

    fn put_many(&self, base: &dyn NodeStorage, records: &[Record<'_>]) -> Result<()> {
        let mut absent = self.0.lock().unwrap();
        absent.retain(|hash| records.iter().all(|record| record.hash != *hash));
        base.put_many(&CALL, records)
    }
}

/// Believes that refs stay where they were seen, unless they are moved here.
#[derive(Default)]
pub(crate) struct RemembersRefs(Mutex<BTreeMap<RefName, Option<Hash>>>);

impl Fault for RemembersRefs {
    fn get_ref(&self, base: &dyn NodeStorage, name: &RefName) -> Result<Option<Hash>> {
        let mut seen = self.0.lock().unwrap();
        if let Some(value) = seen.get(name) {
            return Ok(*value);
        }
        let value = base.get_ref(&CALL, name)?;
        seen.insert(name.clone(), value);
        Ok(value)
    }

    fn swap(&self, base: &dyn NodeStorage, update: &RefUpdate) -> Result<Swap> {
        self.0.lock().unwrap().remove(&update.name);
        base.compare_and_swap_ref(&CALL, update)
    }
}

/// Keeps the swaps of one instance apart, but not those of several.
#[derive(Default)]
pub(crate) struct LocksWithinTheInstance(Mutex<()>);

impl Fault for LocksWithinTheInstance {
    fn commit(
        &self,
        base: &dyn NodeStorage,
        records: &[Record<'_>],
        updates: &[RefUpdate],
    ) -> Result<Swap> {
        let _lock = self.0.lock().unwrap();
        base.put_many(&CALL, records)?;
        for update in updates {
            let current = base.get_ref(&CALL, &update.name)?;
            if current != update.expected {
                return Ok(Swap::Lost {
                    name: update.name.clone(),
                    current,
                });
            }
            linger();
            crate::refs::force(base, update)?;
        }
        Ok(Swap::Done)
    }
}

/// Shares nothing with other processes.
#[derive(Default)]
pub(crate) struct ClaimsToShare;

impl Fault for ClaimsToShare {
    fn info(&self, base: &dyn NodeStorage) -> StorageInfo {
        let mut info = base.info();
        info.capabilities |= Capabilities::SHARED_READERS | Capabilities::SHARED_WRITERS;
        info
    }
}

/// Shares everything, and does not say so.
#[derive(Default)]
pub(crate) struct SharesInSecret;

impl Fault for SharesInSecret {
    fn info(&self, base: &dyn NodeStorage) -> StorageInfo {
        let mut info = base.info();
        info.capabilities -= Capabilities::SHARED_READERS | Capabilities::SHARED_WRITERS;
        info
    }
}
