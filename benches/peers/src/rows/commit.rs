//! One durable change at a time, on disk.

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::Result;
use crate::bench::{Bench, Check};
use crate::data::{Answer, Data, Entry};
use crate::engines::Loaded;
use crate::row::{COMMIT, DISK_BYTES};

/// A store on disk.
pub(crate) trait Disk: Sized {
    /// Makes a store with these entries in a folder.
    fn create(folder: &Path, entries: &[Entry]) -> Result<Self>;

    /// Gives one key a value. On return the change survives a loss of power.
    fn commit(&mut self, entry: &Entry) -> Result<()>;

    /// Reads the value of a key.
    fn get(&self, key: &[u8]) -> Result<Answer>;
}

/// A store on disk with the entries in it, and its folder, which goes when it goes.
pub(crate) struct OnDisk<D> {
    store: RefCell<D>,
    folder: TempDir,
}

impl<D: Disk> OnDisk<D> {
    pub(crate) fn create(data: &Data) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let store = RefCell::new(D::create(folder.path(), &data.entries)?);
        Ok(Self { store, folder })
    }
}

impl<D: Disk> Loaded for OnDisk<D> {
    fn run(&self, bench: &mut Bench<'_>) -> Result<()> {
        let data = bench.data;
        if bench.wants(&DISK_BYTES) {
            let bytes = bytes_in(self.folder.path())?;
            bench.figure(&DISK_BYTES, bytes as f64 / data.raw_bytes() as f64);
        }
        bench.time(
            &COMMIT,
            1,
            |round| Ok(data.overwrites(round, 1)),
            |entries| Some(self.store.borrow_mut().commit(&entries[0])),
            |entries, ()| {
                let found = self.store.borrow().get(&entries[0].0)?;
                Ok(Check {
                    found,
                    expected: Answer::value(&entries[0].1),
                })
            },
        )
    }
}

fn bytes_in(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() {
            bytes_in(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(bytes)
}
