//! Opening, closing, and the face of an opened store.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use prollytree_plugin_api::{
    BatchSize, Call, Capabilities, Error, ErrorKind, Hash, NodeStorage, OpenStorage, Record,
    RecordEntry, RefName, RefUpdate, Report, Result, Slot, Stats, StorageInfo, Swap, Timestamp,
    Unit, check_places,
};

use crate::config::MemoryOptions;
use crate::nodes::Nodes;
use crate::refs::Refs;

/// What a store holds; shared by the instances that were opened under one name.
#[derive(Default)]
struct Content {
    nodes: Nodes,
    refs: RwLock<Refs>,
}

/// The stores that have a name. They stay until the process ends.
static NAMED: Mutex<BTreeMap<String, Arc<Content>>> = Mutex::new(BTreeMap::new());

/// One opened instance. The lock is held for reading by every running call, so that closing waits
/// for them.
struct MemoryStorage {
    content: RwLock<Option<Arc<Content>>>,
    location: String,
    read_only: bool,
}

/// Opens a store as the options say.
pub(crate) fn open(request: &OpenStorage) -> Result<Arc<dyn NodeStorage>> {
    let options: MemoryOptions = request.parse()?;
    let (content, location) = match options.name {
        None if request.may_create() => (Arc::default(), "memory:".to_owned()),
        None => {
            return Err(no_store(
                "a memory store without a name is always a new one",
            ));
        }
        Some(name) if name.is_empty() => {
            let message = "option `name`: expected a name that is not empty";
            return Err(Error::new(ErrorKind::INVALID_CONFIG, message).with("option", "name"));
        }
        Some(name) => (
            named(&name, request.may_create())?,
            format!("memory:{name}"),
        ),
    };
    Ok(Arc::new(MemoryStorage {
        content: RwLock::new(Some(content)),
        location,
        read_only: request.read_only,
    }))
}

fn named(name: &str, may_create: bool) -> Result<Arc<Content>> {
    let mut stores = NAMED.lock();
    match stores.get(name) {
        Some(content) => Ok(Arc::clone(content)),
        None if may_create => Ok(Arc::clone(stores.entry(name.to_owned()).or_default())),
        None => Err(no_store(&format!(
            "no store named `{name}` in the memory of this process"
        ))),
    }
}

fn no_store(message: &str) -> Error {
    Error::new(ErrorKind::UNAVAILABLE, message)
}

impl MemoryStorage {
    /// Admits a call that reads.
    fn reading(&self, call: &Call<'_>) -> Result<Admitted<'_>> {
        let open = RwLockReadGuard::try_map(self.content.read(), Option::as_deref)
            .map_err(|_| Error::closed())?;
        call.check()?;
        Ok(open)
    }

    /// Admits a call that writes.
    fn writing(&self, call: &Call<'_>) -> Result<Admitted<'_>> {
        let open = self.reading(call)?;
        if self.read_only {
            return Err(Error::new(
                ErrorKind::PERMISSION_DENIED,
                "cannot write: the store was opened read-only",
            ));
        }
        Ok(open)
    }
}

/// The content, for the duration of one call.
type Admitted<'a> = parking_lot::MappedRwLockReadGuard<'a, Content>;

impl NodeStorage for MemoryStorage {
    fn info(&self) -> StorageInfo {
        let mut capabilities =
            Capabilities::ATOMIC_COMMIT | Capabilities::LIST | Capabilities::DELETE;
        capabilities.set(Capabilities::READ_ONLY, self.read_only);
        StorageInfo {
            name: crate::BACKEND.name.to_owned(),
            version: crate::BACKEND.version.to_owned(),
            capabilities,
            batch: BatchSize::default(),
            location: self.location.clone(),
            operations: Vec::new(),
        }
    }

    fn get_many(&self, call: &Call<'_>, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        let content = self.reading(call)?;
        check_places(hashes.len(), out.len())?;
        content.nodes.read(hashes, out);
        Ok(())
    }

    fn contains_many(&self, call: &Call<'_>, hashes: &[Hash], out: &mut [bool]) -> Result<()> {
        let content = self.reading(call)?;
        check_places(hashes.len(), out.len())?;
        content.nodes.contains(hashes, out);
        Ok(())
    }

    fn put_many(&self, call: &Call<'_>, records: &[Record<'_>]) -> Result<()> {
        self.writing(call)?.nodes.put(records);
        Ok(())
    }

    fn delete_many(
        &self,
        call: &Call<'_>,
        hashes: &[Hash],
        not_younger_than: Timestamp,
    ) -> Result<u64> {
        Ok(self.writing(call)?.nodes.delete(hashes, not_younger_than))
    }

    fn list(
        &self,
        call: &Call<'_>,
        after: Option<&Hash>,
        limit: usize,
    ) -> Result<Vec<RecordEntry>> {
        Ok(self.reading(call)?.nodes.list(after, limit))
    }

    fn get_ref(&self, call: &Call<'_>, name: &RefName) -> Result<Option<Hash>> {
        Ok(self.reading(call)?.refs.read().value(name))
    }

    fn list_refs(
        &self,
        call: &Call<'_>,
        prefix: &str,
        after: Option<&RefName>,
        limit: usize,
    ) -> Result<Vec<(RefName, Hash)>> {
        Ok(self.reading(call)?.refs.read().list(prefix, after, limit))
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
        let content = self.writing(call)?;
        // Whoever sees a ref moved must find its records: they arrive while refs are locked.
        let mut refs = content.refs.write();
        let swap = refs.apply(updates)?;
        if swap == Swap::Done {
            content.nodes.put(records);
        }
        Ok(swap)
    }

    fn sync(&self, call: &Call<'_>) -> Result<()> {
        self.reading(call).map(drop)
    }

    fn stats(&self, call: &Call<'_>) -> Result<Stats> {
        let content = self.reading(call)?;
        let (records, bytes) = content.nodes.measure();
        let refs = content.refs.read().count();
        Ok(Stats::default()
            .with("records", Unit::COUNT, records)
            .with("bytes", Unit::BYTES, bytes)
            .with("refs", Unit::COUNT, refs))
    }

    fn maintain(&self, call: &Call<'_>, operation: &str, _args: &Report) -> Result<Report> {
        let _open = self.reading(call)?;
        Err(Error::unsupported(operation))
    }

    fn close(&self) -> Result<()> {
        self.content.write().take();
        Ok(())
    }
}
