//! Disks that fail, for tests: one that is full, and a recording from which every state can be
//! made that a power failure could leave.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a test wants of the disk.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Unless 0, writes that end after this many bytes fail as on a full disk.
    pub(crate) room: AtomicU64,
    /// How many syncs from now on fail.
    pub(crate) failing_syncs: AtomicU64,
    /// What was done, if a test records it.
    pub(crate) recording: Mutex<Option<Vec<Step>>>,
}

/// One thing that was done to the file, or said by the test.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
    /// The test was told that this commit is durable.
    Acknowledged(u32),
}

impl Faults {
    pub(super) fn admit_write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let room = self.room.load(Ordering::Relaxed);
        if room != 0 && offset + data.len() as u64 > room {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.note(|| Step::Write(offset, data.to_vec()));
        Ok(())
    }

    pub(super) fn admit_sync(&self) -> io::Result<()> {
        let one_less = |failing: u64| failing.checked_sub(1);
        match self
            .failing_syncs
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
        {
            Ok(_) => Err(io::Error::other("the disk failed to sync")),
            Err(_) => Ok(()),
        }
    }

    /// Adds a step if a test records.
    pub(crate) fn note(&self, step: impl FnOnce() -> Step) {
        let mut recording = self
            .recording
            .lock()
            .expect("no test panics while it holds this");
        if let Some(steps) = recording.as_mut() {
            steps.push(step());
        }
    }
}
