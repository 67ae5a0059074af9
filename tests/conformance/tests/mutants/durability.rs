//! Faults that show when a process has ended.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use prollytree_plugin_api::{
    Buffer, Capabilities, Hash, Kind, NodeStorage, Record, RefName, RefUpdate, Result, Slot,
    StorageInfo, Swap,
};

use crate::fault::{CALL, Fault};

#[derive(Default)]
pub(crate) struct ClaimsToBeDurable;

impl Fault for ClaimsToBeDurable {
    fn info(&self, base: &dyn NodeStorage) -> StorageInfo {
        let mut info = base.info();
        info.capabilities |= Capabilities::DURABLE;
        info
    }
}

/// Keeps records in memory until there is a commit, whatever is synced.
#[derive(Default)]
pub(crate) struct IgnoresSync(Mutex<BTreeMap<Hash, (Kind, Buffer)>>);

impl Fault for IgnoresSync {
    fn put_many(&self, _: &dyn NodeStorage, records: &[Record<'_>]) -> Result<()> {
        let waiting = |record: &Record<'_>| (record.hash, (record.kind, record.bytes.into()));
        self.0.lock().unwrap().extend(records.iter().map(waiting));
        Ok(())
    }

    fn commit(
        &self,
        base: &dyn NodeStorage,
        records: &[Record<'_>],
        updates: &[RefUpdate],
    ) -> Result<Swap> {
        let waiting = std::mem::take(&mut *self.0.lock().unwrap());
        let mut all: Vec<Record<'_>> = waiting
            .iter()
            .map(|(hash, (kind, bytes))| Record {
                hash: *hash,
                kind: *kind,
                links: &[],
                bytes,
                shared: None,
            })
            .collect();
        all.extend(records);
        base.commit(&CALL, &all, updates)
    }

    fn get_many(&self, base: &dyn NodeStorage, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        base.get_many(&CALL, hashes, out)?;
        let waiting = self.0.lock().unwrap();
        for (hash, slot) in hashes.iter().zip(out) {
            if let Some((_, bytes)) = waiting.get(hash) {
                slot.fill(bytes.clone());
            }
        }
        Ok(())
    }
}

/// Keeps commits in memory until the store is closed.
#[derive(Default)]
pub(crate) struct AcknowledgesEarly(Mutex<BTreeMap<RefName, Option<Hash>>>);

impl Fault for AcknowledgesEarly {
    fn get_ref(&self, base: &dyn NodeStorage, name: &RefName) -> Result<Option<Hash>> {
        let waiting = self.0.lock().unwrap().get(name).copied();
        waiting.map_or_else(|| base.get_ref(&CALL, name), Ok)
    }

    fn commit(
        &self,
        base: &dyn NodeStorage,
        records: &[Record<'_>],
        updates: &[RefUpdate],
    ) -> Result<Swap> {
        base.put_many(&CALL, records)?;
        for update in updates {
            let current = self.get_ref(base, &update.name)?;
            if current != update.expected {
                return Ok(Swap::Lost {
                    name: update.name.clone(),
                    current,
                });
            }
            self.0
                .lock()
                .unwrap()
                .insert(update.name.clone(), update.new);
        }
        Ok(Swap::Done)
    }

    fn close(&self, base: &dyn NodeStorage) -> Result<()> {
        for (name, new) in std::mem::take(&mut *self.0.lock().unwrap()) {
            let expected = base.get_ref(&CALL, &name)?;
            let swap = base.compare_and_swap_ref(
                &CALL,
                &RefUpdate {
                    name,
                    expected,
                    new,
                },
            )?;
            assert_eq!(swap, Swap::Done);
        }
        base.close()
    }
}

/// Commits each ref in a transaction of its own.
#[derive(Default)]
pub(crate) struct TwoTransactions;

impl Fault for TwoTransactions {
    fn commit(
        &self,
        base: &dyn NodeStorage,
        records: &[Record<'_>],
        updates: &[RefUpdate],
    ) -> Result<Swap> {
        let [first, rest @ ..] = updates else {
            return base.commit(&CALL, records, updates);
        };
        let begun = Instant::now();
        let swap = base.commit(&CALL, records, std::slice::from_ref(first))?;
        if swap != Swap::Done {
            return Ok(swap);
        }
        // However slow the machine, a kill meets most commits between their halves.
        thread::sleep(Duration::from_millis(5).max(begun.elapsed() * 10));
        base.commit(&CALL, &[], rest)
    }
}

/// Hides deleted refs until it is opened again.
#[derive(Default)]
pub(crate) struct ForgetsDeletions(Mutex<BTreeMap<RefName, Hash>>);

impl Fault for ForgetsDeletions {
    fn get_ref(&self, base: &dyn NodeStorage, name: &RefName) -> Result<Option<Hash>> {
        let hidden = self.0.lock().unwrap().contains_key(name);
        if hidden {
            Ok(None)
        } else {
            base.get_ref(&CALL, name)
        }
    }

    fn swap(&self, base: &dyn NodeStorage, update: &RefUpdate) -> Result<Swap> {
        let mut hidden = self.0.lock().unwrap();
        match (update.expected, update.new) {
            (Some(old), None) => {
                hidden.insert(update.name.clone(), old);
                Ok(Swap::Done)
            }
            (None, Some(_)) => {
                let expected = hidden.remove(&update.name);
                base.compare_and_swap_ref(
                    &CALL,
                    &RefUpdate {
                        expected,
                        ..update.clone()
                    },
                )
            }
            _ => base.compare_and_swap_ref(&CALL, update),
        }
    }
}
