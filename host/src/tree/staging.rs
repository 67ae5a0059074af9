//! Edits that are not in any node yet: sorted, in memory, counted in bytes; and what a tree is with
//! them laid over it.

use std::collections::BTreeMap;
use std::collections::btree_map::{Entry, Range};
use std::ops::Bound;

use super::key::Key;
use super::overlay::Overlay;
use super::until_error::UntilError;
use super::value::{Value, ValueReader};
use super::{Edit, Tree, TreeError};

/// Staged edits, at most one per key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Staging {
    edits: BTreeMap<Key, Edit>,
    bytes: usize,
}

/// What an edit takes in memory besides its key and value, roughly.
pub(super) const OVERHEAD: usize = 96;

impl Staging {
    pub(crate) fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// Returns the memory that the edits take, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the edit of a key, if one is staged.
    pub(crate) fn edit(&self, key: &[u8]) -> Option<&Edit> {
        self.edits.get(key)
    }

    /// Stages an edit, and returns the one of the same key that it replaces.
    pub(crate) fn stage(&mut self, key: Key, edit: Edit) -> Option<Edit> {
        self.bytes += edit.held_bytes();
        match self.edits.entry(key) {
            Entry::Occupied(mut entry) => {
                let replaced = entry.insert(edit);
                self.bytes -= replaced.held_bytes();
                Some(replaced)
            }
            Entry::Vacant(entry) => {
                self.bytes += entry.key().len() + OVERHEAD;
                entry.insert(edit);
                None
            }
        }
    }

    /// Takes the edit of a key back.
    pub(crate) fn unstage(&mut self, key: &[u8]) {
        if let Some(edit) = self.edits.remove(key) {
            self.bytes -= edit.held_bytes() + key.len() + OVERHEAD;
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns the edits in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &Edit)> {
        self.edits.iter().map(|(key, edit)| (key.as_slice(), edit))
    }

    /// Returns the edits whose keys lie between the bounds.
    pub(crate) fn range(&self, from: Bound<&[u8]>, to: Bound<&[u8]>) -> Range<'_, Key, Edit> {
        if is_empty_range(from, to) {
            // `BTreeMap::range` panics where bounds cross.
            return self
                .edits
                .range::<[u8], _>((Bound::Excluded(&[][..]), Bound::Included(&[][..])));
        }
        self.edits.range::<[u8], _>((from, to))
    }
}

/// A tree with the edits laid over it.
impl Staging {
    pub(crate) fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Value>, TreeError> {
        match self.edit(key) {
            Some(edit) => edit.value(tree.storage()),
            None => tree.get(key),
        }
    }

    pub(crate) fn value_reader(
        &self,
        tree: &Tree,
        key: &[u8],
    ) -> Result<Option<ValueReader>, TreeError> {
        match self.edit(key) {
            Some(edit) => edit.value_reader(tree.storage()),
            None => tree.value_reader(key),
        }
    }

    pub(crate) fn contains_key(&self, tree: &Tree, key: &[u8]) -> Result<bool, TreeError> {
        match self.edit(key) {
            Some(edit) => Ok(*edit != Edit::Delete),
            None => tree.contains_key(key),
        }
    }

    /// Returns the number of entries. Costs a lookup for each edit.
    pub(crate) fn len(&self, tree: &Tree) -> Result<u64, TreeError> {
        let mut len = tree.len();
        for (key, edit) in self.iter() {
            match (*edit != Edit::Delete, tree.contains_key(key)?) {
                (true, false) => len += 1,
                (false, true) => len -= 1,
                _ => {}
            }
        }
        Ok(len)
    }

    /// Returns the entries between the bounds, in order, from either end.
    pub(crate) fn entries<'a>(
        &'a self,
        tree: &Tree,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
    ) -> impl DoubleEndedIterator<Item = Result<(Key, Value), TreeError>> + use<'a> {
        let storage = tree.storage().clone();
        let entries = tree.range::<[u8], _>((from, to)).handles();
        let entries = Overlay::new(entries, self.range(from, to), move |edit| {
            edit.handle(&storage)
        });
        UntilError::new(entries.map(|entry| {
            let (key, value) = entry?;
            Ok((key, value.load()?))
        }))
    }

    /// Returns the keys between the bounds, in order, from either end. Loads no values out of line.
    pub(crate) fn keys<'a>(
        &'a self,
        tree: &Tree,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
    ) -> impl DoubleEndedIterator<Item = Result<Key, TreeError>> + use<'a> {
        let keys = tree.range::<[u8], _>((from, to)).keys();
        let keys = keys.map(|key| Ok((key?, ())));
        let puts = |edit: &Edit| (*edit != Edit::Delete).then_some(());
        let keys = Overlay::new(keys, self.range(from, to), puts);
        UntilError::new(keys.map(|entry| entry.map(|(key, ())| key)))
    }
}

fn is_empty_range(from: Bound<&[u8]>, to: Bound<&[u8]>) -> bool {
    match (from, to) {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
        (Bound::Excluded(from), Bound::Excluded(to)) => from >= to,
        (
            Bound::Included(from) | Bound::Excluded(from),
            Bound::Included(to) | Bound::Excluded(to),
        ) => from > to,
    }
}
