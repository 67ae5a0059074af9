//! Reading page by page: some entries of a range, from either of its ends, and where the next ones are.
//!
//! A page is taken from an iterator, so that every range has pages: `tree.iter()`, `tree.range(..)`,
//! `tree.prefix(..)` and `tree.ranks(..)`, whole, as keys alone or as handles.

use super::TreeError;
use super::iter::{Handles, Iter, Keys};
use super::key::Key;
use super::value::{Value, ValueHandle};

/// Some of the entries of a range, and where the next ones begin.
///
/// ```
/// # use prollytree::storage::{Storage, StorageOptions};
/// # use prollytree::tree::{Parameters, Tree};
/// # use prollytree_plugin_api::{OpenStorage, Options};
/// #
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = (prollytree_backend_memory::BACKEND.open)(&OpenStorage::or_create(Options::new()))?;
/// # let storage = Storage::new(backend, StorageOptions::default());
/// # let keys = ["log/1", "log/2", "log/3", "user"];
/// # let rows = keys.map(|key| (key.as_bytes().to_vec(), vec![]));
/// # let tree = Tree::build(storage, Parameters::default(), rows)?;
/// let newest = tree.prefix(b"log/").page_back(None, 2)?;
/// assert_eq!(newest.entries[0].0, b"log/3");
/// assert_eq!(newest.next.as_deref(), Some(&b"log/2"[..]));
///
/// let older = tree.prefix(b"log/").page_back(newest.next.as_deref(), 2)?;
/// assert_eq!(older.entries[0].0, b"log/1");
/// assert_eq!(older.next, None);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T = (Key, Value)> {
    /// The entries, in the direction of the page.
    pub entries: Vec<T>,
    /// The last key, if others of the range come behind it in that direction: the page that begins
    /// there is the next one. It stays right whatever is written meanwhile, also for another version
    /// of the tree. `None` means that the range ends with this page.
    pub next: Option<Key>,
}

impl<T> Page<T> {
    fn read(
        entries: impl Iterator<Item = Result<T, TreeError>>,
        key: impl Fn(&T) -> &Key,
        more: bool,
    ) -> Result<Self, TreeError> {
        let entries = entries.collect::<Result<Vec<T>, _>>()?;
        let last = entries.last().filter(|_| more);
        let next = last.map(|entry| key(entry).clone());
        Ok(Self { entries, next })
    }
}

impl Iter {
    /// Returns the first of the entries that are left, up to `limit`, of those whose keys come after
    /// `after` if that is given. Reads two nodes a level at most, and the leaves of the page.
    ///
    /// # Errors
    /// [`TreeError::EmptyPage`] if `limit` is 0, and those of reading.
    pub fn page(mut self, after: Option<&[u8]>, limit: usize) -> Result<Page, TreeError> {
        let more = self.keep_first(after, limit)?;
        Page::read(self, |(key, _)| key, more)
    }

    /// Returns the last of the entries that are left, the very last one first, up to `limit`, of those
    /// whose keys come before `before` if that is given. Costs as much as [`page`](Self::page).
    ///
    /// # Errors
    /// As for [`page`](Self::page).
    pub fn page_back(mut self, before: Option<&[u8]>, limit: usize) -> Result<Page, TreeError> {
        let more = self.keep_last(before, limit)?;
        Page::read(self.rev(), |(key, _)| key, more)
    }
}

impl Keys {
    /// Returns the first of the keys that are left, as [`Iter::page`] does.
    pub fn page(mut self, after: Option<&[u8]>, limit: usize) -> Result<Page<Key>, TreeError> {
        let more = self.0.keep_first(after, limit)?;
        Page::read(self, |key| key, more)
    }

    /// Returns the last of the keys that are left, as [`Iter::page_back`] does.
    pub fn page_back(
        mut self,
        before: Option<&[u8]>,
        limit: usize,
    ) -> Result<Page<Key>, TreeError> {
        let more = self.0.keep_last(before, limit)?;
        Page::read(self.rev(), |key| key, more)
    }
}

impl Handles {
    /// Returns the first of the entries that are left, as [`Iter::page`] does.
    pub fn page(
        mut self,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Page<(Key, ValueHandle)>, TreeError> {
        let more = self.0.keep_first(after, limit)?;
        Page::read(self, |(key, _)| key, more)
    }

    /// Returns the last of the entries that are left, as [`Iter::page_back`] does.
    pub fn page_back(
        mut self,
        before: Option<&[u8]>,
        limit: usize,
    ) -> Result<Page<(Key, ValueHandle)>, TreeError> {
        let more = self.0.keep_last(before, limit)?;
        Page::read(self.rev(), |(key, _)| key, more)
    }
}
