//! How a good backend becomes a broken one: a fault stands before each of its methods.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use prollytree_conformance::{Suite, TemplateSubject};
use prollytree_plugin_api::{
    Call, Hash, NodeStorage, OpenStorage, Record, RecordEntry, RefName, RefUpdate, Report, Result,
    Slot, Stats, StorageInfo, Swap, Timestamp,
};
use serde_json::{Value, json};

use crate::{MEMORY, one_file};

/// What is wrong. Whatever is not said otherwise works as the backend behind it does.
pub(crate) trait Fault: Send + Sync + 'static {
    fn info(&self, base: &dyn NodeStorage) -> StorageInfo {
        base.info()
    }
    fn get_many(&self, base: &dyn NodeStorage, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        base.get_many(&CALL, hashes, out)
    }
    fn contains_many(
        &self,
        base: &dyn NodeStorage,
        hashes: &[Hash],
        out: &mut [bool],
    ) -> Result<()> {
        base.contains_many(&CALL, hashes, out)
    }
    fn put_many(&self, base: &dyn NodeStorage, records: &[Record<'_>]) -> Result<()> {
        base.put_many(&CALL, records)
    }
    fn delete_many(
        &self,
        base: &dyn NodeStorage,
        hashes: &[Hash],
        guard: Timestamp,
    ) -> Result<u64> {
        base.delete_many(&CALL, hashes, guard)
    }
    fn list(
        &self,
        base: &dyn NodeStorage,
        after: Option<&Hash>,
        limit: usize,
    ) -> Result<Vec<RecordEntry>> {
        base.list(&CALL, after, limit)
    }
    fn get_ref(&self, base: &dyn NodeStorage, name: &RefName) -> Result<Option<Hash>> {
        base.get_ref(&CALL, name)
    }
    fn list_refs(
        &self,
        base: &dyn NodeStorage,
        prefix: &str,
        after: Option<&RefName>,
        limit: usize,
    ) -> Result<Vec<(RefName, Hash)>> {
        base.list_refs(&CALL, prefix, after, limit)
    }
    fn swap(&self, base: &dyn NodeStorage, update: &RefUpdate) -> Result<Swap> {
        base.compare_and_swap_ref(&CALL, update)
    }
    fn commit(
        &self,
        base: &dyn NodeStorage,
        records: &[Record<'_>],
        updates: &[RefUpdate],
    ) -> Result<Swap> {
        base.commit(&CALL, records, updates)
    }
    fn sync(&self, base: &dyn NodeStorage) -> Result<()> {
        base.sync(&CALL)
    }
    fn close(&self, base: &dyn NodeStorage) -> Result<()> {
        base.close()
    }
}

pub(crate) const CALL: Call<'static> = Call::UNLIMITED;

/// Holds the gap between two steps open that should be one, long enough for another thread to step
/// in on any machine.
pub(crate) fn linger() {
    thread::sleep(Duration::from_millis(1));
}

/// A backend with a fault.
struct Broken<F> {
    base: Arc<dyn NodeStorage>,
    fault: F,
}

impl<F: Fault> NodeStorage for Broken<F> {
    fn info(&self) -> StorageInfo {
        self.fault.info(&*self.base)
    }
    fn get_many(&self, _: &Call<'_>, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        self.fault.get_many(&*self.base, hashes, out)
    }
    fn contains_many(&self, _: &Call<'_>, hashes: &[Hash], out: &mut [bool]) -> Result<()> {
        self.fault.contains_many(&*self.base, hashes, out)
    }
    fn put_many(&self, _: &Call<'_>, records: &[Record<'_>]) -> Result<()> {
        self.fault.put_many(&*self.base, records)
    }
    fn delete_many(&self, _: &Call<'_>, hashes: &[Hash], guard: Timestamp) -> Result<u64> {
        self.fault.delete_many(&*self.base, hashes, guard)
    }
    fn list(&self, _: &Call<'_>, after: Option<&Hash>, limit: usize) -> Result<Vec<RecordEntry>> {
        self.fault.list(&*self.base, after, limit)
    }
    fn get_ref(&self, _: &Call<'_>, name: &RefName) -> Result<Option<Hash>> {
        self.fault.get_ref(&*self.base, name)
    }
    fn list_refs(
        &self,
        _: &Call<'_>,
        prefix: &str,
        after: Option<&RefName>,
        limit: usize,
    ) -> Result<Vec<(RefName, Hash)>> {
        self.fault.list_refs(&*self.base, prefix, after, limit)
    }
    fn compare_and_swap_ref(&self, _: &Call<'_>, update: &RefUpdate) -> Result<Swap> {
        self.fault.swap(&*self.base, update)
    }
    fn commit(&self, _: &Call<'_>, records: &[Record<'_>], updates: &[RefUpdate]) -> Result<Swap> {
        self.fault.commit(&*self.base, records, updates)
    }
    fn sync(&self, _: &Call<'_>) -> Result<()> {
        self.fault.sync(&*self.base)
    }
    fn stats(&self, call: &Call<'_>) -> Result<Stats> {
        self.base.stats(call)
    }
    fn maintain(&self, call: &Call<'_>, operation: &str, args: &Report) -> Result<Report> {
        self.base.maintain(call, operation, args)
    }
    fn close(&self) -> Result<()> {
        self.fault.close(&*self.base)
    }
}

/// The memory backend with a fault.
pub(crate) fn in_memory<F: Fault + Default>() -> Suite {
    broken::<F>(MEMORY.name, json!({}), MEMORY.open)
}

/// The backend in one file, shared and durable, with a fault.
pub(crate) fn in_one_file<F: Fault + Default>() -> Suite {
    broken::<F>(
        "one-file",
        json!({"path": "{folder}/store"}),
        one_file::open,
    )
}

fn broken<F: Fault + Default>(
    name: &str,
    template: Value,
    open: fn(&OpenStorage) -> Result<Arc<dyn NodeStorage>>,
) -> Suite {
    let open = move |how: &OpenStorage| Ok(broken_instance(open(how)?, F::default()));
    Suite::storage(TemplateSubject::new(name, template, open))
}

/// One instance with a fault, which remembers what it does for itself.
pub(crate) fn broken_instance(
    base: Arc<dyn NodeStorage>,
    fault: impl Fault,
) -> Arc<dyn NodeStorage> {
    Arc::new(Broken { base, fault })
}
