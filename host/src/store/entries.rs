//! Entries in order: those of the tree with the staged edits laid over them.

use std::cmp::Ordering;
use std::collections::btree_map::Range;
use std::ops::{Bound, RangeBounds};

use super::staging::Staging;
use super::versioned::staged_value;
use super::{StoreError, VersionedStore};
use crate::tree::{Edit, Key, Tree, TreeError, Value};

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
        Entries::new(&self.work.tree, &self.staged, from, to)
    }

    /// Returns the entries whose keys begin with `prefix`, in order, from either end.
    #[must_use]
    pub fn prefix(&self, prefix: &[u8]) -> Entries<'_> {
        let end = after_prefix(prefix);
        let to = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        Entries::new(&self.work.tree, &self.staged, Bound::Included(prefix), to)
    }

    /// Returns all keys in order, from either end. Values out of line are not loaded.
    #[must_use]
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = Result<Key, StoreError>> + '_ {
        let all = (Bound::Unbounded, Bound::Unbounded);
        let keys = self.work.tree.keys().map(|key| Ok((key?, ())));
        Overlay::new(keys, self.staged.range(all.0, all.1), |edit| {
            (*edit != Edit::Delete).then_some(Ok(()))
        })
        .map(|entry| entry.map(|(key, ())| key))
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

impl<'a> Entries<'a> {
    fn new(tree: &Tree, staged: &'a Staging, from: Bound<&[u8]>, to: Bound<&[u8]>) -> Self {
        let storage = tree.storage().clone();
        Self(Box::new(Overlay::new(
            tree.range::<[u8], _>((from, to)),
            staged.range(from, to),
            move |edit| staged_value(&storage, edit).transpose(),
        )))
    }
}

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

/// What a tree has under its keys, with staged edits laid over it.
struct Overlay<'a, I: Iterator, F> {
    tree: Ends<I>,
    staged: Ends<Range<'a, Vec<u8>, Edit>>,
    /// Reads a staged edit; `None` if it removes its key.
    read: F,
    failed: bool,
}

impl<'a, I, F, T> Overlay<'a, I, F>
where
    I: DoubleEndedIterator<Item = Result<(Key, T), TreeError>>,
    F: Fn(&Edit) -> Option<Result<T, TreeError>>,
{
    fn new(tree: I, staged: Range<'a, Vec<u8>, Edit>, read: F) -> Self {
        Self {
            tree: Ends::new(tree),
            staged: Ends::new(staged),
            read,
            failed: false,
        }
    }

    /// Takes the next entry from the end that `side` stands for.
    fn take(&mut self, side: Side) -> Option<Result<(Key, T), StoreError>> {
        while !self.failed {
            let order = match (self.tree.peek(side), self.staged.peek(side)) {
                (None, None) => return None,
                (Some(_), None) | (Some(Err(_)), _) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(Ok((ours, _))), Some((staged, _))) => match side {
                    Side::Front => ours.cmp(staged),
                    Side::Back => staged.cmp(&ours),
                },
            };
            let mut entry = None;
            if order.is_le() {
                entry = self.tree.take(side);
            }
            if order.is_ge() {
                let (key, edit) = self.staged.take(side)?;
                entry = (self.read)(edit).map(|value| Ok((key.clone(), value?)));
            }
            if let Some(entry) = entry {
                self.failed = entry.is_err();
                return Some(entry.map_err(StoreError::from));
            }
        }
        None
    }
}

impl<I, F, T> Iterator for Overlay<'_, I, F>
where
    I: DoubleEndedIterator<Item = Result<(Key, T), TreeError>>,
    F: Fn(&Edit) -> Option<Result<T, TreeError>>,
{
    type Item = Result<(Key, T), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.take(Side::Front)
    }
}

impl<I, F, T> DoubleEndedIterator for Overlay<'_, I, F>
where
    I: DoubleEndedIterator<Item = Result<(Key, T), TreeError>>,
    F: Fn(&Edit) -> Option<Result<T, TreeError>>,
{
    fn next_back(&mut self) -> Option<Self::Item> {
        self.take(Side::Back)
    }
}

#[derive(Clone, Copy, Debug)]
enum Side {
    Front,
    Back,
}

/// An iterator whose next item can be looked at from either end.
struct Ends<I: Iterator> {
    iter: I,
    front: Option<I::Item>,
    back: Option<I::Item>,
}

impl<I: DoubleEndedIterator> Ends<I> {
    fn new(iter: I) -> Self {
        Self {
            iter,
            front: None,
            back: None,
        }
    }

    fn peek(&mut self, side: Side) -> Option<&I::Item> {
        let item = self.take(side);
        let slot = match side {
            Side::Front => &mut self.front,
            Side::Back => &mut self.back,
        };
        *slot = item;
        slot.as_ref()
    }

    /// Takes an item. What was looked at from the other end is the last one to be left.
    fn take(&mut self, side: Side) -> Option<I::Item> {
        match side {
            Side::Front => self
                .front
                .take()
                .or_else(|| self.iter.next())
                .or_else(|| self.back.take()),
            Side::Back => self
                .back
                .take()
                .or_else(|| self.iter.next_back())
                .or_else(|| self.front.take()),
        }
    }
}

/// Returns the smallest key that is greater than every key with this prefix, if there is one.
fn after_prefix(prefix: &[u8]) -> Option<Key> {
    let last = prefix.iter().rposition(|&byte| byte != u8::MAX)?;
    let mut key = prefix[..=last].to_vec();
    key[last] += 1;
    Some(key)
}
