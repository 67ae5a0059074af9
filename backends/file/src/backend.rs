//! The face of an opened store: admits calls and hands them on.

use std::sync::Arc;

use parking_lot::{MappedRwLockReadGuard, RwLock, RwLockReadGuard};
use prollytree_plugin_api::{
    BatchSize, Call, Capabilities, Error, ErrorKind, Hash, NodeStorage, OpenStorage, Record,
    RecordEntry, RefName, RefUpdate, Report, Result, Slot, Stats, StorageInfo, Swap, Timestamp,
};

use crate::config::FileOptions;
use crate::maintain::OPERATIONS;
use crate::store::Store;

/// One opened instance. The lock is held for reading by every running call, so that closing waits
/// for them.
struct FileStorage {
    store: RwLock<Option<Store>>,
    location: String,
    read_only: bool,
}

/// Opens a store as the options say.
pub(crate) fn open(request: &OpenStorage) -> Result<Arc<dyn NodeStorage>> {
    let options: FileOptions = request.parse()?;
    let location = options.path.display().to_string();
    let store = crate::open::open(request, options)?;
    Ok(Arc::new(FileStorage {
        store: RwLock::new(Some(store)),
        location,
        read_only: request.read_only,
    }))
}

impl FileStorage {
    /// Admits a call that reads.
    fn reading(&self, call: &Call<'_>) -> Result<MappedRwLockReadGuard<'_, Store>> {
        let open = RwLockReadGuard::try_map(self.store.read(), Option::as_ref);
        let open = open.map_err(|_| Error::closed())?;
        call.check()?;
        Ok(open)
    }

    /// Admits a call that writes.
    fn writing(&self, call: &Call<'_>) -> Result<MappedRwLockReadGuard<'_, Store>> {
        let open = self.reading(call)?;
        open.locks()?;
        Ok(open)
    }
}

impl NodeStorage for FileStorage {
    fn info(&self) -> StorageInfo {
        let mut capabilities = Capabilities::DURABLE
            | Capabilities::ATOMIC_COMMIT
            | Capabilities::SHARED_READERS
            | Capabilities::SHARED_WRITERS
            | Capabilities::LIST
            | Capabilities::DELETE;
        capabilities.set(Capabilities::READ_ONLY, self.read_only);
        StorageInfo {
            name: crate::BACKEND.name.to_owned(),
            version: crate::BACKEND.version.to_owned(),
            capabilities,
            batch: BatchSize::default(),
            location: self.location.clone(),
            operations: OPERATIONS.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    fn get_many(&self, call: &Call<'_>, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        let store = self.reading(call)?;
        same_length(hashes.len(), out.len())?;
        store.fresh()?.read(hashes, out)
    }

    fn contains_many(&self, call: &Call<'_>, hashes: &[Hash], out: &mut [bool]) -> Result<()> {
        let store = self.reading(call)?;
        same_length(hashes.len(), out.len())?;
        store.fresh()?.contains(hashes, out)
    }

    fn put_many(&self, call: &Call<'_>, records: &[Record<'_>]) -> Result<()> {
        self.writing(call)?.put(call, records)
    }

    fn delete_many(
        &self,
        call: &Call<'_>,
        hashes: &[Hash],
        not_younger_than: Timestamp,
    ) -> Result<u64> {
        self.writing(call)?.delete(call, hashes, not_younger_than)
    }

    fn list(
        &self,
        call: &Call<'_>,
        after: Option<&Hash>,
        limit: usize,
    ) -> Result<Vec<RecordEntry>> {
        self.reading(call)?.fresh()?.list(after, limit)
    }

    fn get_ref(&self, call: &Call<'_>, name: &RefName) -> Result<Option<Hash>> {
        Ok(self.reading(call)?.fresh()?.refs.value(name))
    }

    fn list_refs(
        &self,
        call: &Call<'_>,
        prefix: &str,
        after: Option<&RefName>,
        limit: usize,
    ) -> Result<Vec<(RefName, Hash)>> {
        let store = self.reading(call)?;
        Ok(store.fresh()?.refs.list(prefix, after, limit))
    }

    fn compare_and_swap_ref(&self, call: &Call<'_>, update: &RefUpdate) -> Result<Swap> {
        self.commit(call, &[], std::slice::from_ref(update))
    }

    fn commit(
        &self,
        call: &Call<'_>,
        records: &[Record<'_>],
        updates: &[RefUpdate],
    ) -> Result<Swap> {
        self.writing(call)?.commit(call, records, updates)
    }

    fn sync(&self, call: &Call<'_>) -> Result<()> {
        let store = self.reading(call)?;
        if self.read_only {
            return Ok(());
        }
        store.sync(call)
    }

    fn stats(&self, call: &Call<'_>) -> Result<Stats> {
        self.reading(call)?.stats(call)
    }

    fn maintain(&self, call: &Call<'_>, operation: &str, args: &Report) -> Result<Report> {
        self.reading(call)?.maintain(call, operation, args)
    }

    fn close(&self) -> Result<()> {
        drop(self.store.write().take());
        Ok(())
    }
}

fn same_length(hashes: usize, out: usize) -> Result<()> {
    if hashes == out {
        return Ok(());
    }
    let message = format!("{hashes} hashes were given with {out} places for the answers");
    Err(Error::new(ErrorKind::INVALID_ARGUMENT, message))
}
