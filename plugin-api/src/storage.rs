//! The contract of a storage engine.

use crate::{
    Call, Capabilities, Error, ErrorKind, Hash, Record, RecordEntry, RefName, RefUpdate, Report,
    Result, Slot, Stats, Swap, Timestamp,
};

/// A storage engine that has been opened: records under their hash, and refs that move by
/// compare-and-swap. It sees bytes and names, never a node or a key.
///
/// Every method may be called from any thread, at any time, by many threads at once. Calls are
/// synchronous; an engine that is asynchronous inside owns a runtime of its own. On an error, any
/// prefix of a batch may have been stored. After [`close`](Self::close) every method but `info` and
/// `close` returns `CLOSED`.
///
/// What is promised for each method is what the conformance suite checks.
pub trait NodeStorage: Send + Sync {
    /// Describes this instance. Constant for as long as it is open; answers without I/O.
    fn info(&self) -> StorageInfo;

    /// Looks records up by hash: `out[i]` is filled with the bytes of `hashes[i]`, or cleared where
    /// there is no such record. Absent is a value, not an error.
    ///
    /// The same hash may be asked for several times. A buffer that is given out stays valid and
    /// unchanged for as long as it is held, also after the record is deleted and the store is
    /// closed and dropped; it may be dropped on any thread.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` unless `hashes` and `out` have the same length; `CORRUPT` where the
    /// engine's own checks fail. A record that cannot be read is an error and never absent.
    fn get_many(&self, call: &Call<'_>, hashes: &[Hash], out: &mut [Slot]) -> Result<()>;

    /// Says for each hash whether its record is stored, with the same truth as `get_many`.
    ///
    /// # Errors
    /// As for `get_many`.
    fn contains_many(&self, call: &Call<'_>, hashes: &[Hash], out: &mut [bool]) -> Result<()>;

    /// Stores records. They are visible to this instance on return, but not yet durable, and not
    /// yet sure to be seen by other instances: see [`sync`](Self::sync).
    ///
    /// Links come before what refers to them, here or in an earlier call. Storing a record that is
    /// there already succeeds, changes none of its bytes, and makes it as young as a new one for
    /// [`delete_many`](Self::delete_many). The engine may trust `hash` to belong to `bytes`.
    fn put_many(&self, call: &Call<'_>, records: &[Record<'_>]) -> Result<()>;

    /// Deletes records, except those stored or stored again at or after `not_younger_than`, and
    /// returns how many it deleted. Deleting what is not there is no error.
    ///
    /// # Errors
    /// `UNSUPPORTED` unless `DELETE` is declared.
    fn delete_many(
        &self,
        call: &Call<'_>,
        hashes: &[Hash],
        not_younger_than: Timestamp,
    ) -> Result<u64> {
        let _ = (call, hashes, not_younger_than);
        Err(Error::unsupported("delete_many"))
    }

    /// Lists up to `limit` records in ascending order of their hashes, strictly after `after`.
    ///
    /// A record that exists throughout a walk is listed exactly once; one that comes or goes
    /// meanwhile, at most once. Only an empty page ends the walk (a `limit` of 0 is answered by an
    /// empty page).
    ///
    /// # Errors
    /// `UNSUPPORTED` unless `LIST` is declared.
    fn list(
        &self,
        call: &Call<'_>,
        after: Option<&Hash>,
        limit: usize,
    ) -> Result<Vec<RecordEntry>> {
        let _ = (call, after, limit);
        Err(Error::unsupported("list"))
    }

    /// Reads a ref. `None` is authoritative: the answer reflects every compare-and-swap that
    /// returned before this call began, in this instance or, where sharing is declared, in any.
    ///
    /// It may reflect one that has not returned yet, and that power loss can still take back. A
    /// commit on top of it makes it durable too; who acts on it elsewhere calls
    /// [`sync`](Self::sync) first.
    fn get_ref(&self, call: &Call<'_>, name: &RefName) -> Result<Option<Hash>>;

    /// Lists up to `limit` refs whose names begin with `prefix`, in ascending order of their names
    /// as bytes, strictly after `after`. The prefix is plain text and need not end at a slash. Only
    /// an empty page ends the walk.
    fn list_refs(
        &self,
        call: &Call<'_>,
        prefix: &str,
        after: Option<&RefName>,
        limit: usize,
    ) -> Result<Vec<(RefName, Hash)>>;

    /// Moves one ref if it is where it is expected. Linearizable; durable on return where
    /// `DURABLE` is declared. Moving a ref to where it already is succeeds.
    ///
    /// # Errors
    /// `CONFLICT` where the ref would lie below another one or the other way round. That the ref
    /// was elsewhere is no error but [`Swap::Lost`].
    fn compare_and_swap_ref(&self, call: &Call<'_>, update: &RefUpdate) -> Result<Swap>;

    /// Stores records and then moves refs; durable on return where `DURABLE` is declared, and found
    /// by every instance.
    ///
    /// With `ATOMIC_COMMIT` either everything happens or nothing visible does, over any number of
    /// refs, and a crash leaves no half. Without it there is at most one ref, the records come
    /// first, and a crash leaves at most records that nothing refers to. With [`Swap::Lost`] no ref
    /// has moved. Updates are judged in the order given; two of one name are an
    /// `INVALID_ARGUMENT`.
    ///
    /// The default puts, syncs and swaps.
    ///
    /// # Errors
    /// `UNSUPPORTED` for several refs without `ATOMIC_COMMIT`; `CONFLICT` as for
    /// `compare_and_swap_ref`.
    fn commit(
        &self,
        call: &Call<'_>,
        records: &[Record<'_>],
        updates: &[RefUpdate],
    ) -> Result<Swap> {
        if updates.len() > 1 {
            return Err(Error::unsupported("commit of several refs"));
        }
        if !records.is_empty() {
            self.put_many(call, records)?;
        }
        self.sync(call)?;
        match updates {
            [update] => self.compare_and_swap_ref(call, update),
            _ => Ok(Swap::Done),
        }
    }

    /// Makes everything that was acknowledged before durable (where `DURABLE` is declared) and
    /// visible to every instance; also what this instance has seen others do, unless it was opened
    /// read-only.
    fn sync(&self, call: &Call<'_>) -> Result<()>;

    /// Measures the store. Meant for people and tests; may cost a walk of the engine's own files.
    fn stats(&self, call: &Call<'_>) -> Result<Stats> {
        let _ = call;
        Ok(Stats::default())
    }

    /// Runs one of the operations that `info` names, such as `compact`, `verify` or `backup`, and
    /// reports what it did. `args` is a JSON object.
    ///
    /// # Errors
    /// `UNSUPPORTED` for an operation that `info` does not name.
    fn maintain(&self, call: &Call<'_>, operation: &str, args: &Report) -> Result<Report> {
        let _ = (call, args);
        Err(Error::unsupported(operation))
    }

    /// Ends the instance: waits for running calls, releases locks and files. What was not synced
    /// may be lost. Closing again succeeds. Dropping an instance closes it.
    fn close(&self) -> Result<()>;
}

/// Checks that there is one place for the answer about each hash, as `get_many` and `contains_many`
/// demand.
///
/// # Errors
/// `INVALID_ARGUMENT` with both numbers.
pub fn check_places(hashes: usize, places: usize) -> Result<()> {
    if hashes == places {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::INVALID_ARGUMENT,
        format!("{hashes} hashes were given with {places} places for the answers"),
    ))
}

/// What an opened backend says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageInfo {
    /// The name under which the backend is registered.
    pub name: String,
    /// The version of the backend's crate.
    pub version: String,
    /// What it promises.
    pub capabilities: Capabilities,
    /// The batch size that suits it best.
    pub batch: BatchSize,
    /// Where the data is, for people; never with a secret.
    pub location: String,
    /// The operations that `maintain` offers.
    pub operations: Vec<String>,
}

/// How much to hand over at once. A hint: any batch is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchSize {
    /// The number of records.
    pub records: usize,
    /// The sum of their sizes.
    pub bytes: usize,
}

impl Default for BatchSize {
    fn default() -> Self {
        Self {
            records: 4096,
            bytes: 16 << 20,
        }
    }
}
