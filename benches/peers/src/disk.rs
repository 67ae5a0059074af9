//! What a store on disk is to the rows.

use std::cell::RefCell;
use std::path::Path;

use tempfile::TempDir;

use crate::Result;
use crate::data::{Answer, Entry};

/// A store on disk. It is closed when it is dropped.
pub(crate) trait Disk: Sized {
    /// Makes a store with these entries in a folder, in one commit that survives a loss of power.
    fn create(folder: &Path, entries: Vec<Entry>) -> Result<Self>;

    /// Opens the store that is in a folder, with nothing cached.
    fn open(folder: &Path) -> Result<Self>;

    /// Gives keys values; they come in order. On return the changes survive a loss of power.
    fn commit(&mut self, entries: &[Entry]) -> Result<()>;

    /// Looks up keys one by one; answers for the values.
    fn get(&self, keys: &[&[u8]]) -> Result<Answer>;

    /// Visits all entries in order.
    fn scan(&self) -> Result<Answer>;
}

/// A store with the entries in it, and its folder, which goes when it goes.
pub(crate) struct Opened<D> {
    store: RefCell<Option<D>>,
    folder: TempDir,
}

impl<D: Disk> Opened<D> {
    pub(crate) fn create(entries: Vec<Entry>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let store = RefCell::new(Some(D::create(folder.path(), entries)?));
        Ok(Self { store, folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut D) -> Result<T>) -> Result<T> {
        work(self.store.borrow_mut().as_mut().ok_or("not reopened")?)
    }

    pub(crate) fn reopen(&self) -> Result<()> {
        let mut store = self.store.borrow_mut();
        // Closed first: not all let a file be opened twice.
        *store = None;
        *store = Some(D::open(self.folder.path())?);
        Ok(())
    }
}
