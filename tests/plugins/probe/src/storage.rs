//! The probe's storage: two maps and a method that panics.

use std::collections::{BTreeMap, HashMap};
use std::sync::{PoisonError, RwLock};
use std::thread;

use prollytree_plugin_api::{
    BatchSize, Buffer, Call, Capabilities, Error, ErrorKind, Hash, NodeStorage, Record, RefName,
    RefUpdate, Report, Result, Slot, Stats, StorageInfo, Swap, Unit,
};

use crate::{ALLOCATIONS, ProbeOptions};

/// An instance.
pub(crate) struct ProbeStorage {
    options: ProbeOptions,
    records: RwLock<HashMap<Hash, Buffer>>,
    refs: RwLock<BTreeMap<RefName, Hash>>,
}

impl ProbeStorage {
    pub(crate) fn new(options: ProbeOptions) -> Self {
        Self {
            options,
            records: RwLock::default(),
            refs: RwLock::default(),
        }
    }

    fn trip(&self, method: &str) {
        assert!(
            self.options.panic_in != method,
            "the probe was told to panic in {method}"
        );
    }
}

impl NodeStorage for ProbeStorage {
    fn info(&self) -> StorageInfo {
        self.trip("info");
        StorageInfo {
            name: "probe".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: Capabilities::empty(),
            batch: BatchSize::default(),
            location: self.options.label.clone().unwrap_or_default(),
            operations: vec!["shout".to_owned(), "thread".to_owned()],
        }
    }

    fn get_many(&self, _call: &Call<'_>, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        self.trip("get_many");
        if hashes.len() != out.len() {
            return Err(Error::new(
                ErrorKind::INVALID_ARGUMENT,
                "one slot for each hash",
            ));
        }
        let records = self.records.read().unwrap_or_else(PoisonError::into_inner);
        for (hash, slot) in hashes.iter().zip(out) {
            match records.get(hash) {
                Some(buffer) => slot.fill(buffer.clone()),
                None => slot.clear(),
            }
        }
        Ok(())
    }

    fn contains_many(&self, _call: &Call<'_>, hashes: &[Hash], out: &mut [bool]) -> Result<()> {
        let records = self.records.read().unwrap_or_else(PoisonError::into_inner);
        for (hash, flag) in hashes.iter().zip(out) {
            *flag = records.contains_key(hash);
        }
        Ok(())
    }

    fn put_many(&self, _call: &Call<'_>, records: &[Record<'_>]) -> Result<()> {
        let mut stored = self.records.write().unwrap_or_else(PoisonError::into_inner);
        for record in records {
            stored
                .entry(record.hash)
                .or_insert_with(|| Buffer::from(record.bytes));
        }
        Ok(())
    }

    fn get_ref(&self, _call: &Call<'_>, name: &RefName) -> Result<Option<Hash>> {
        Ok(self
            .refs
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .copied())
    }

    fn list_refs(
        &self,
        _call: &Call<'_>,
        prefix: &str,
        after: Option<&RefName>,
        limit: usize,
    ) -> Result<Vec<(RefName, Hash)>> {
        let refs = self.refs.read().unwrap_or_else(PoisonError::into_inner);
        let wanted = refs.iter().filter(|(name, _)| {
            name.as_str().starts_with(prefix) && after.is_none_or(|after| *name > after)
        });
        Ok(wanted
            .take(limit)
            .map(|(name, hash)| (name.clone(), *hash))
            .collect())
    }

    fn compare_and_swap_ref(&self, _call: &Call<'_>, update: &RefUpdate) -> Result<Swap> {
        let mut refs = self.refs.write().unwrap_or_else(PoisonError::into_inner);
        let current = refs.get(&update.name).copied();
        if current != update.expected {
            return Ok(Swap::Lost {
                name: update.name.clone(),
                current,
            });
        }
        match update.new {
            Some(hash) => refs.insert(update.name.clone(), hash),
            None => refs.remove(&update.name),
        };
        Ok(Swap::Done)
    }

    fn sync(&self, _call: &Call<'_>) -> Result<()> {
        Ok(())
    }

    fn stats(&self, _call: &Call<'_>) -> Result<Stats> {
        let allocations = ALLOCATIONS.stats();
        let count = allocations.allocations + allocations.reallocations;
        Ok(Stats::default().with("allocations", Unit::COUNT, count as u64))
    }

    fn maintain(&self, _call: &Call<'_>, operation: &str, args: &Report) -> Result<Report> {
        match operation {
            "shout" => Ok(args.clone()),
            "thread" => {
                let thread = thread::spawn(|| panic!("a thread of the probe panics"));
                match thread.join() {
                    Ok(()) => Err(Error::new(ErrorKind::INTERNAL, "the thread did not panic")),
                    Err(_) => Ok(Report::new()),
                }
            }
            _ => Err(Error::unsupported(operation)),
        }
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

impl Drop for ProbeStorage {
    fn drop(&mut self) {
        self.trip("drop");
    }
}
