//! Entries in order: those of the tree with the staged edits laid over them.

use std::ops::{Bound, RangeBounds};

use super::{StoreError, VersionedStore};
use crate::tree::{Key, Value, after_prefix};

impl VersionedStore {
    /// Returns all entries in the order of their keys, from either end.
    #[must_use]
    pub fn iter(&self) -> Entries<'_> {
        self.range::<[u8], _>(..)
    }

    /// Returns the entries whose keys lie in a range, in order, from either end. A range that ends
    /// before it starts is empty.
    #[must_use]
    pub fn range<K, R>(&self, range: R) -> Entries<'_>
    where
        K: AsRef<[u8]> + ?Sized,
        R: RangeBounds<K>,
    {
        let from = range.start_bound().map(AsRef::as_ref);
        let to = range.end_bound().map(AsRef::as_ref);
        self.entries(from, to)
    }

    /// Returns the entries whose keys begin with `prefix`, in order, from either end.
    #[must_use]
    pub fn prefix(&self, prefix: &[u8]) -> Entries<'_> {
        let end = after_prefix(prefix);
        let to = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        self.entries(Bound::Included(prefix), to)
    }

    /// Returns all keys in order, from either end. Values out of line are not loaded.
    #[must_use]
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = Result<Key, StoreError>> + '_ {
        self.range_keys::<[u8], _>(..)
    }

    /// Returns the keys that lie in a range, in order, from either end. Values out of line are not
    /// loaded. A range that ends before it starts is empty.
    #[must_use]
    pub fn range_keys<K, R>(
        &self,
        range: R,
    ) -> impl DoubleEndedIterator<Item = Result<Key, StoreError>> + use<'_, K, R>
    where
        K: AsRef<[u8]> + ?Sized,
        R: RangeBounds<K>,
    {
        let from = range.start_bound().map(AsRef::as_ref);
        let to = range.end_bound().map(AsRef::as_ref);
        let keys = self.staged.keys(&self.work.tree, from, to);
        keys.map(|key| Ok(key?))
    }

    fn entries(&self, from: Bound<&[u8]>, to: Bound<&[u8]>) -> Entries<'_> {
        let entries = self.staged.entries(&self.work.tree, from, to);
        Entries(Box::new(entries.map(|entry| Ok(entry?))))
    }
}

impl<'a> IntoIterator for &'a VersionedStore {
    type Item = Result<(Key, Value), StoreError>;
    type IntoIter = Entries<'a>;

    fn into_iter(self) -> Entries<'a> {
        self.iter()
    }
}

/// An iterator over entries, staged and committed. It ends after an error.
pub struct Entries<'a>(Box<dyn DoubleEndedIterator<Item = Result<(Key, Value), StoreError>> + 'a>);

impl Iterator for Entries<'_> {
    type Item = Result<(Key, Value), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

impl DoubleEndedIterator for Entries<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back()
    }
}
