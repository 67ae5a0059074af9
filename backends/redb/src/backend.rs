//! Opening, and the face of an opened store.

use std::sync::Arc;

use prollytree_plugin_api::{
    BatchSize, ByteSize, Call, Capabilities, Error, ErrorKind, Hash, NodeStorage, OpenStorage,
    Record, RecordEntry, RefName, RefUpdate, Report, Result, Slot, Stats, StorageInfo, Swap,
    Timestamp, Unit, check_places,
};

use crate::config::RedbOptions;
use crate::disk::Meter;
use crate::fault::guarded;
use crate::open::{Engine, Place};
use crate::session::RedbStorage;
use crate::{maintain, nodes, refs};

/// How many bytes may wait before a put makes them durable.
const PENDING_LIMIT: usize = 32 << 20;

/// Opens a store as the options say.
pub(crate) fn open(request: &OpenStorage) -> Result<Arc<dyn NodeStorage>> {
    let options: RedbOptions = request.parse()?;
    let place = Place {
        path: options.path,
        lock_wait: options.lock_wait,
        cache: cache_size(options.cache)?,
        read_only: request.read_only,
        meter: Arc::new(Meter::default()),
    };
    let engine = place.open(request.may_create())?;
    Ok(Arc::new(RedbStorage::new(place, engine)))
}

fn cache_size(cache: ByteSize) -> Result<usize> {
    usize::try_from(cache.0).map_err(|_| {
        Error::new(
            ErrorKind::INVALID_CONFIG,
            "option `cache`: larger than the memory that can be addressed",
        )
        .with("option", "cache")
    })
}

impl NodeStorage for RedbStorage {
    fn info(&self) -> StorageInfo {
        let mut capabilities = Capabilities::DURABLE
            | Capabilities::ATOMIC_COMMIT
            | Capabilities::LIST
            | Capabilities::DELETE;
        capabilities.set(Capabilities::READ_ONLY, self.place.read_only);
        let operations: &[_] = if self.place.read_only {
            &["verify", "backup"]
        } else {
            &["compact", "verify", "backup"]
        };
        StorageInfo {
            name: crate::BACKEND.name.to_owned(),
            version: crate::BACKEND.version.to_owned(),
            capabilities,
            batch: BatchSize::default(),
            location: self.place.path.display().to_string(),
            operations: operations.iter().map(ToString::to_string).collect(),
        }
    }

    fn get_many(&self, call: &Call<'_>, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        let engine = self.reading(call)?;
        check_places(hashes.len(), out.len())?;
        // First what waits: what is on its way into the database is in one of the two.
        let elsewhere = self.pending.read(hashes, out);
        if elsewhere.is_empty() {
            return Ok(());
        }
        self.watch(|| nodes::read(&engine.begin_read()?, hashes, out, &elsewhere))
    }

    fn contains_many(&self, call: &Call<'_>, hashes: &[Hash], out: &mut [bool]) -> Result<()> {
        let engine = self.reading(call)?;
        check_places(hashes.len(), out.len())?;
        let elsewhere = self.pending.contains(hashes, out);
        if elsewhere.is_empty() {
            return Ok(());
        }
        self.watch(|| nodes::contains(&engine.begin_read()?, hashes, out, &elsewhere))
    }

    fn put_many(&self, call: &Call<'_>, records: &[Record<'_>]) -> Result<()> {
        let database = self.writing(call)?;
        let bytes: usize = records.iter().map(|record| record.bytes.len()).sum();
        if self.pending.bytes() + bytes > PENDING_LIMIT {
            self.watch(|| self.store_pending(call, &database))?;
        }
        self.pending.put(records);
        Ok(())
    }

    fn delete_many(
        &self,
        call: &Call<'_>,
        hashes: &[Hash],
        not_younger_than: Timestamp,
    ) -> Result<u64> {
        let database = self.writing(call)?;
        self.watch(|| self.delete(call, &database, hashes, not_younger_than))
    }

    fn list(
        &self,
        call: &Call<'_>,
        after: Option<&Hash>,
        limit: usize,
    ) -> Result<Vec<RecordEntry>> {
        let engine = self.reading(call)?;
        let waiting = self.pending.list(after, limit);
        let stored = self.watch(|| nodes::list(&engine.begin_read()?, after, limit))?;
        Ok(merge(waiting, stored, limit))
    }

    fn get_ref(&self, call: &Call<'_>, name: &RefName) -> Result<Option<Hash>> {
        let engine = self.reading(call)?;
        self.watch(|| refs::value(&engine.begin_read()?, name))
    }

    fn list_refs(
        &self,
        call: &Call<'_>,
        prefix: &str,
        after: Option<&RefName>,
        limit: usize,
    ) -> Result<Vec<(RefName, Hash)>> {
        let engine = self.reading(call)?;
        self.watch(|| refs::list(&engine.begin_read()?, prefix, after, limit))
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
        let database = self.writing(call)?;
        self.watch(|| self.write(call, &database, records, updates))
    }

    fn sync(&self, call: &Call<'_>) -> Result<()> {
        let engine = self.reading(call)?;
        self.flush(call, &engine)
    }

    fn stats(&self, call: &Call<'_>) -> Result<Stats> {
        let engine = self.reading(call)?;
        self.watch(|| self.measure(&engine))
    }

    fn maintain(&self, call: &Call<'_>, operation: &str, args: &Report) -> Result<Report> {
        match operation {
            "compact" => {
                let mut database = self.alone(call)?;
                self.watch(|| maintain::compact(&mut database, &self.place.path))
            }
            "verify" => self.verify(call),
            "backup" => {
                let engine = self.reading(call)?;
                self.flush(call, &engine)?;
                guarded(|| maintain::backup(call, &engine.begin_read()?, args))
            }
            other => {
                let _open = self.reading(call)?;
                Err(Error::unsupported(other))
            }
        }
    }

    fn close(&self) -> Result<()> {
        self.end()
    }
}

impl RedbStorage {
    /// Makes durable what waits.
    fn flush(&self, call: &Call<'_>, engine: &Engine) -> Result<()> {
        if let Engine::Writing(database) = engine {
            self.watch(|| self.store_pending(call, database))?;
        }
        Ok(())
    }

    fn measure(&self, engine: &Engine) -> Result<Stats> {
        let waiting: Vec<_> = self.pending.all().iter().map(|(hash, _)| *hash).collect();
        let transaction = engine.begin_read()?;
        let mut stored = vec![false; waiting.len()];
        let positions: Vec<_> = (0..waiting.len()).collect();
        nodes::contains(&transaction, &waiting, &mut stored, &positions)?;
        let new = stored.iter().filter(|stored| !**stored).count() as u64;
        let file = std::fs::metadata(&self.place.path)
            .map_err(|error| Error::io("measure the file", &error))?;
        Ok(Stats::default()
            .with("records", Unit::COUNT, nodes::count(&transaction)? + new)
            .with("refs", Unit::COUNT, refs::count(&transaction)?)
            .with("bytes_on_disk", Unit::BYTES, file.len())
            .with("bytes_pending", Unit::BYTES, self.pending.bytes() as u64)
            .with("syncs", Unit::COUNT, self.place.meter.syncs()))
    }

    fn verify(&self, call: &Call<'_>) -> Result<Report> {
        let mut intact = true;
        if !self.place.read_only {
            let mut database = self.alone(call)?;
            self.watch(|| self.store_pending(call, &database))?;
            intact = self.watch(|| maintain::check_structure(&mut database))?;
        }
        let engine = self.reading(call)?;
        self.watch(|| refs::check(&engine.begin_read()?))?;
        let mut report = self.watch(|| maintain::check_records(call, &engine.begin_read()?))?;
        report.insert("repaired".into(), (!intact).into());
        Ok(report)
    }
}

/// Joins two ascending listings. A record may be in both while it moves from one to the other.
fn merge(left: Vec<RecordEntry>, right: Vec<RecordEntry>, limit: usize) -> Vec<RecordEntry> {
    if left.is_empty() {
        return right;
    }
    let mut both = left;
    both.extend(right);
    both.sort_by_key(|entry| entry.hash);
    both.dedup_by_key(|entry| entry.hash);
    both.truncate(limit);
    both
}
