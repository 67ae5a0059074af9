//! One opened store: a view that follows the journal, appending under the lock, and forcing to disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock, RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard};
use prollytree_plugin_api::{
    Call, Error, ErrorKind, Hash, Record, RefUpdate, Result, Swap, Timestamp,
};

use crate::disk::{Folder, warn};
use crate::frame::{Entry, FrameWriter, Place};
use crate::journal::{Frame, Journal};
use crate::lock::{Held, LockFile};
use crate::nodes::Location;
use crate::view::View;

/// What an instance shares between its calls.
pub(crate) struct Store {
    pub(crate) folder: Folder,
    pub(crate) view: RwLock<View>,
    pub(crate) locks: Option<Locks>,
    pub(crate) lock_wait: Duration,
    pub(crate) journal_size: u64,
    /// How far this instance has forced which journal to disk.
    synced: Mutex<Synced>,
    /// Held while forcing, so that others who wait for it are served by the same one.
    forcing: Mutex<()>,
    /// A journal could not be forced to disk: nothing that follows can be promised.
    broken: AtomicBool,
}

/// What only those who write have.
pub(crate) struct Locks {
    /// Held while appending, sealing, and replacing the manifest.
    pub(crate) append: LockFile,
    /// Held while merging packs.
    pub(crate) repack: LockFile,
}

#[derive(Default)]
struct Synced {
    journal: u64,
    offset: u64,
}

/// A place in a journal up to which something has to be durable.
pub(crate) struct Mark {
    pub(crate) journal: Arc<Journal>,
    pub(crate) end: u64,
}

impl Store {
    pub(crate) fn new(
        folder: Folder,
        view: View,
        locks: Option<Locks>,
        lock_wait: Duration,
        journal_size: u64,
    ) -> Self {
        Self {
            folder,
            view: RwLock::new(view),
            locks,
            lock_wait,
            journal_size,
            synced: Mutex::default(),
            forcing: Mutex::default(),
            broken: AtomicBool::new(false),
        }
    }

    /// Returns the view, as fresh as the journal at this moment. Costs one `fstat` where nothing
    /// has come.
    pub(crate) fn fresh(&self) -> Result<RwLockReadGuard<'_, View>> {
        let view = self.view.read();
        if view.is_fresh()? {
            return Ok(view);
        }
        drop(view);
        let mut view = self.view.write();
        view.catch_up(&self.folder, self.locks.is_some())?;
        Ok(RwLockWriteGuard::downgrade(view))
    }

    /// Stores records without forcing them to disk.
    pub(crate) fn put(&self, call: &Call<'_>, records: &[Record<'_>]) -> Result<()> {
        self.append(call, |view, frame| stage(view, records, frame))?;
        self.seal_if_long(call);
        Ok(())
    }

    /// Deletes, in the order given, what is older than `not_younger_than`; returns how many.
    pub(crate) fn delete(
        &self,
        call: &Call<'_>,
        hashes: &[Hash],
        not_younger_than: Timestamp,
    ) -> Result<u64> {
        let (deleted, _) = self.append(call, |view, frame| {
            let mut seen = std::collections::HashSet::new();
            let mut deleted = 0;
            for hash in hashes {
                let old = view.age(hash)?.is_some_and(|age| age < not_younger_than);
                if old && seen.insert(*hash) {
                    frame.push(Entry::Deletion(*hash));
                    deleted += 1;
                }
            }
            Ok(deleted)
        })?;
        self.seal_if_long(call);
        Ok(deleted)
    }

    /// Stores records and moves refs by one frame, and forces it to disk.
    pub(crate) fn commit(
        &self,
        call: &Call<'_>,
        records: &[Record<'_>],
        updates: &[RefUpdate],
    ) -> Result<Swap> {
        let (swap, mark) = self.append(call, |view, frame| {
            let swap = view.refs.judge(updates)?;
            if swap == Swap::Done {
                stage(view, records, frame)?;
                for update in updates {
                    frame.push(Entry::Ref(update.name.clone(), update.new));
                }
            }
            Ok(swap)
        })?;
        if swap == Swap::Done {
            self.force(&mark)?;
        }
        self.seal_if_long(call);
        Ok(swap)
    }

    /// Forces everything that the journal says to disk.
    pub(crate) fn sync(&self, call: &Call<'_>) -> Result<()> {
        let view = self.fresh()?;
        let mark = view.mark();
        drop(view);
        self.force_found(call, &mark)
    }

    /// Forces the journal to disk up to the mark at least, also what others have written.
    pub(crate) fn force_found(&self, call: &Call<'_>, mark: &Mark) -> Result<()> {
        if self.synced.lock().journal != mark.journal.number {
            self.folder.settle()?;
            let held = self.lock(call)?;
            self.adopt(&*self.catch_up_locked(&held)?)?;
        }
        self.force(mark)
    }

    /// Forces the journal to disk up to the mark at least: once for all who wait for it.
    pub(crate) fn force(&self, mark: &Mark) -> Result<()> {
        self.folder.settle()?;
        let number = mark.journal.number;
        let _forcing = self.forcing.lock();
        if self.synced_up_to(number) >= mark.end {
            return Ok(());
        }
        self.refuse_if_broken()?;
        let end = match &*self.view.read() {
            view if view.journal.number == number => view.end.max(mark.end),
            _ => mark.end,
        };
        self.force_now(&mark.journal, end)
    }

    /// Forces the journal to disk, of which `end` bytes are written, and notes that they are
    /// durable.
    fn force_now(&self, journal: &Journal, end: u64) -> Result<()> {
        if let Err(error) = self.folder.sync_data(&journal.file) {
            self.broken.store(true, Ordering::SeqCst);
            return Err(journal.failed("force to disk", &error));
        }
        journal.note_durable(end);
        self.remember(journal.number, end);
        Ok(())
    }

    fn remember(&self, journal: u64, offset: u64) {
        let mut synced = self.synced.lock();
        if (journal, offset) > (synced.journal, synced.offset) {
            *synced = Synced { journal, offset };
        }
    }

    /// Waits for the lock of appending.
    pub(crate) fn lock(&self, call: &Call<'_>) -> Result<Held<'_>> {
        self.locks()?.append.acquire(call, self.lock_wait)
    }

    pub(crate) fn locks(&self) -> Result<&Locks> {
        self.locks.as_ref().ok_or_else(|| {
            let message = "cannot write: the store was opened read-only";
            Error::new(ErrorKind::PERMISSION_DENIED, message)
        })
    }

    /// Brings the view up to date under the lock of appending, and cuts off what a writer that was
    /// killed has left behind it.
    pub(crate) fn catch_up_locked<'a>(
        &'a self,
        _held: &Held<'_>,
    ) -> Result<RwLockUpgradableReadGuard<'a, View>> {
        let mut view = self.view.write();
        if !view.is_fresh()? {
            view.catch_up(&self.folder, true)?;
            if !view.is_fresh()? {
                view.journal.cut(view.end)?;
            }
        }
        Ok(RwLockWriteGuard::downgrade_to_upgradable(view))
    }

    /// Appends what `say` puts into a frame, judged by the newest state of the store. Returns also
    /// the place up to which the journal must be durable for it.
    fn append<'r, T>(
        &self,
        call: &Call<'_>,
        say: impl FnOnce(&View, &mut FrameWriter<'r>) -> Result<T>,
    ) -> Result<(T, Mark)> {
        self.refuse_if_broken()?;
        let held = self.lock(call)?;
        let view = self.catch_up_locked(&held)?;
        let mut frame = FrameWriter::default();
        let said = say(&view, &mut frame)?;
        if frame.is_empty() {
            return Ok((said, view.mark()));
        }
        self.folder.settle()?;
        let place = Place {
            journal: view.journal.number,
            offset: view.end,
        };
        let synced = self.synced_before(&view)?;
        let (bytes, entries) = frame.finish(place, synced)?;
        view.journal.append(&bytes, place.offset)?;
        let mut view = RwLockUpgradableReadGuard::upgrade(view);
        view.apply(written(place, &bytes, synced, entries));
        Ok((said, view.mark()))
    }

    /// Seals the journal if it has become long. What was acknowledged does not depend on it: if it
    /// fails, the journal stays and the next call tries again.
    fn seal_if_long(&self, call: &Call<'_>) {
        if !self.view.read().is_long(self.journal_size) {
            return;
        }
        let sealed = self.seal(call, false).and_then(|()| self.repack_some());
        if let Err(error) = sealed {
            warn(&format!("cannot seal the journal now: {error}"));
        }
    }

    /// Returns the offset that the next frame claims to be durable.
    fn synced_before(&self, view: &View) -> Result<u64> {
        self.adopt(view)?;
        let number = view.journal.number;
        let synced = self.synced_up_to(number).max(view.synced);
        self.remember(number, synced);
        Ok(synced)
    }

    /// Before this instance writes to a journal, or forces it to disk, for the first time: what
    /// others have left there without saying that it is durable is written again and forced to
    /// disk, under the lock of appending.
    ///
    /// Forcing alone is not enough: a system that could not write it has said so to whoever forced
    /// it then, and takes it for written since. And if nobody did this, writers that are killed
    /// after a commit each would never claim anything to be durable.
    fn adopt(&self, view: &View) -> Result<()> {
        let journal = &view.journal;
        if self.synced.lock().journal == journal.number {
            return Ok(());
        }
        self.refuse_if_broken()?;
        if view.synced < view.end {
            journal
                .write_again(view.synced, view.end)
                .inspect_err(|_| {
                    self.broken.store(true, Ordering::SeqCst);
                })?;
            self.force_now(journal, view.end)?;
        }
        self.remember(journal.number, view.synced);
        Ok(())
    }

    fn synced_up_to(&self, journal: u64) -> u64 {
        let synced = self.synced.lock();
        if synced.journal == journal {
            synced.offset
        } else {
            0
        }
    }

    fn refuse_if_broken(&self) -> Result<()> {
        if self.broken.load(Ordering::SeqCst) {
            let message = "the journal could not be forced to disk earlier: open the store again";
            return Err(Error::new(ErrorKind::IO, message));
        }
        Ok(())
    }
}

impl View {
    /// The place up to which the journal was read.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            journal: Arc::clone(&self.journal),
            end: self.end,
        }
    }

    /// Says whether the journal has grown beyond `limit` since it was begun.
    pub(crate) fn is_long(&self, limit: u64) -> bool {
        self.end - self.base > limit
    }
}

/// Puts records that are not there into the frame, and renews the others.
fn stage<'r>(view: &View, records: &'r [Record<'r>], frame: &mut FrameWriter<'r>) -> Result<()> {
    // Read under the lock: a deletion that comes later must find them young.
    let now = Timestamp::now();
    let mut seen = std::collections::HashSet::with_capacity(records.len());
    for record in records {
        if !seen.insert(record.hash) {
            continue;
        }
        match view.locate(&record.hash)? {
            None => frame.record(record, now)?,
            Some(location) => {
                let renewed = match location {
                    Location::Journal(..) => now.max(location.renewed()),
                    Location::Pack(..) => now,
                };
                frame.push(Entry::Renewal(record.hash, renewed));
            }
        }
    }
    Ok(())
}

/// The frame as a reader would read it.
fn written(place: Place, bytes: &[u8], synced: u64, entries: Vec<Entry>) -> Frame {
    let bodies: u64 = entries
        .iter()
        .map(|entry| match entry {
            Entry::Record(_, meta) => meta.body_len(),
            _ => 0,
        })
        .sum();
    let end = place.offset + bytes.len() as u64;
    Frame {
        offset: place.offset,
        bodies: end - bodies,
        end,
        synced,
        entries,
    }
}
