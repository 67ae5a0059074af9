//! A backend that watches: it counts what is asked of it, checks the closure of what it is given,
//! and gives out damaged records on demand.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::Mutex;
use prollytree_plugin_api::{
    Buffer, Call, Capabilities, Error, ErrorKind, Hash, Kind, NodeStorage, Record, RecordEntry,
    RefName, RefUpdate, Report, Result, Slot, Stats, StorageInfo, Swap, Timestamp,
};

/// What a backend was asked for since the last look.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Records read, as often as they were asked for.
    pub(crate) reads: usize,
    /// Records written, by kind.
    pub(crate) written: Vec<Kind>,
    /// The refs that each `commit` moved.
    pub(crate) commits: Vec<Vec<String>>,
    /// Refs moved outside a commit.
    pub(crate) swaps: Vec<String>,
}

/// How a record is given out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Damage {
    /// Not at all.
    Missing,
    /// With one bit flipped.
    Flipped,
    /// As the bytes of nothing.
    Empty,
}

pub(crate) struct Witness {
    inner: Arc<dyn NodeStorage>,
    seen: Mutex<Seen>,
    damage: Mutex<HashMap<Hash, Damage>>,
    hidden: Capabilities,
    failing: AtomicBool,
    writes_left: AtomicUsize,
    meanwhile: Mutex<Option<(Moment, Interjection)>>,
}

/// What happens meanwhile.
type Interjection = Box<dyn FnOnce() + Send>;

/// When something else happens during a commit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before the commit.
    Before,
    /// After the commit, whose answer is then lost: it fails in a way that may pass.
    AfterAndLost,
}

impl Witness {
    /// Watches a backend, and hides some of what it offers.
    pub(crate) fn new(inner: Arc<dyn NodeStorage>, hidden: Capabilities) -> Arc<Self> {
        let (seen, damage) = (Mutex::default(), Mutex::default());
        Arc::new(Self {
            inner,
            seen,
            damage,
            hidden,
            failing: AtomicBool::new(false),
            writes_left: AtomicUsize::new(usize::MAX),
            meanwhile: Mutex::new(None),
        })
    }

    /// Returns what was seen, and forgets it.
    pub(crate) fn take(&self) -> Seen {
        std::mem::take(&mut self.seen.lock())
    }

    /// Damages one record, or none again.
    pub(crate) fn damage(&self, record: Option<(Hash, Damage)>) {
        *self.damage.lock() = record.into_iter().collect();
    }

    /// Makes every call fail, or work again.
    pub(crate) fn fail(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }

    /// Lets so many calls that write succeed, and none after them.
    pub(crate) fn fail_after(&self, writes: usize) {
        self.writes_left.store(writes, Ordering::SeqCst);
    }

    /// Lets something else happen during the next commit.
    pub(crate) fn meanwhile(&self, moment: Moment, work: impl FnOnce() + Send + 'static) {
        *self.meanwhile.lock() = Some((moment, Box::new(work)));
    }

    /// Does what is to happen at this moment; says whether there was anything.
    fn interject(&self, now: Moment) -> bool {
        let mut meanwhile = self.meanwhile.lock();
        let due = meanwhile.take_if(|(moment, _)| *moment == now);
        drop(meanwhile);
        due.map(|(_, work)| work()).is_some()
    }

    fn writable(&self) -> Result<()> {
        let take = |left: usize| left.checked_sub(1);
        match self
            .writes_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, take)
        {
            Ok(_) => self.available(),
            Err(_) => Err(Error::new(ErrorKind::IO, "the disk is full")),
        }
    }

    fn available(&self) -> Result<()> {
        if self.failing.load(Ordering::SeqCst) {
            return Err(Error::new(
                ErrorKind::UNAVAILABLE,
                "the disk was pulled out",
            ));
        }
        Ok(())
    }

    fn check(&self, call: &Call<'_>, records: &[Record<'_>]) -> Result<()> {
        for (index, record) in records.iter().enumerate() {
            assert_eq!(record.hash, Hash::of(record.bytes));
            for link in record.links {
                let mut present = [records[..index].iter().any(|earlier| earlier.hash == *link)];
                if !present[0] {
                    self.inner.contains_many(call, &[*link], &mut present)?;
                }
                assert!(
                    present[0],
                    "{:?} links to {link}, which is not stored",
                    record.kind
                );
            }
            self.seen.lock().written.push(record.kind);
        }
        Ok(())
    }
}

impl NodeStorage for Witness {
    fn info(&self) -> StorageInfo {
        let mut info = self.inner.info();
        info.capabilities -= self.hidden;
        info
    }

    fn get_many(&self, call: &Call<'_>, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        self.available()?;
        self.seen.lock().reads += hashes.len();
        self.inner.get_many(call, hashes, out)?;
        for (hash, slot) in hashes.iter().zip(out) {
            match self.damage.lock().get(hash) {
                None => {}
                Some(Damage::Missing) => slot.clear(),
                Some(Damage::Empty) => slot.fill(Buffer::from(Vec::new())),
                Some(Damage::Flipped) => {
                    let mut bytes = slot.take().unwrap().to_vec();
                    let middle = bytes.len() / 2;
                    bytes[middle] ^= 1;
                    slot.fill(Buffer::from(bytes));
                }
            }
        }
        Ok(())
    }

    fn contains_many(&self, call: &Call<'_>, hashes: &[Hash], out: &mut [bool]) -> Result<()> {
        self.inner.contains_many(call, hashes, out)
    }

    fn put_many(&self, call: &Call<'_>, records: &[Record<'_>]) -> Result<()> {
        self.writable()?;
        self.check(call, records)?;
        self.inner.put_many(call, records)
    }

    fn delete_many(&self, call: &Call<'_>, hashes: &[Hash], age: Timestamp) -> Result<u64> {
        self.inner.delete_many(call, hashes, age)
    }

    fn list(
        &self,
        call: &Call<'_>,
        after: Option<&Hash>,
        limit: usize,
    ) -> Result<Vec<RecordEntry>> {
        assert!(self.info().capabilities.contains(Capabilities::LIST));
        self.inner.list(call, after, limit)
    }

    fn get_ref(&self, call: &Call<'_>, name: &RefName) -> Result<Option<Hash>> {
        self.available()?;
        self.inner.get_ref(call, name)
    }

    fn list_refs(
        &self,
        call: &Call<'_>,
        prefix: &str,
        after: Option<&RefName>,
        limit: usize,
    ) -> Result<Vec<(RefName, Hash)>> {
        self.available()?;
        self.inner.list_refs(call, prefix, after, limit)
    }

    fn compare_and_swap_ref(&self, call: &Call<'_>, update: &RefUpdate) -> Result<Swap> {
        self.writable()?;
        self.seen.lock().swaps.push(update.name.to_string());
        self.inner.compare_and_swap_ref(call, update)
    }

    fn commit(
        &self,
        call: &Call<'_>,
        records: &[Record<'_>],
        updates: &[RefUpdate],
    ) -> Result<Swap> {
        self.writable()?;
        self.check(call, records)?;
        for update in updates {
            let Some(new) = update.new else { continue };
            let mut present = [records.iter().any(|record| record.hash == new)];
            if !present[0] {
                self.inner.contains_many(call, &[new], &mut present)?;
            }
            assert!(
                present[0],
                "{} would point to a missing record",
                update.name
            );
        }
        let refs = updates
            .iter()
            .map(|update| update.name.to_string())
            .collect();
        self.seen.lock().commits.push(refs);
        self.interject(Moment::Before);
        let swap = self.inner.commit(call, records, updates)?;
        if self.interject(Moment::AfterAndLost) {
            return Err(Error::new(ErrorKind::UNAVAILABLE, "the answer was lost").retryable());
        }
        Ok(swap)
    }

    fn sync(&self, call: &Call<'_>) -> Result<()> {
        self.inner.sync(call)
    }

    fn stats(&self, call: &Call<'_>) -> Result<Stats> {
        self.inner.stats(call)
    }

    fn maintain(&self, call: &Call<'_>, operation: &str, args: &Report) -> Result<Report> {
        self.inner.maintain(call, operation, args)
    }

    fn close(&self) -> Result<()> {
        self.inner.close()
    }
}
