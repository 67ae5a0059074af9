//! Edits that are not in any node yet: sorted, in memory, counted in bytes.

use std::collections::BTreeMap;
use std::collections::btree_map::{Entry, Range};
use std::ops::Bound;

use crate::tree::Edit;

/// Staged edits, at most one per key.
#[derive(Clone, Debug, Default)]
pub(super) struct Staging {
    edits: BTreeMap<Vec<u8>, Edit>,
    bytes: usize,
}

/// What an edit takes in memory besides its key and value, roughly.
const OVERHEAD: usize = 96;

impl Staging {
    pub(super) fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// Returns the memory that the edits take, roughly.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the edit of a key, if one is staged.
    pub(super) fn edit(&self, key: &[u8]) -> Option<&Edit> {
        self.edits.get(key)
    }

    /// Stages an edit in place of an earlier one of the same key.
    pub(super) fn stage(&mut self, key: Vec<u8>, edit: Edit) {
        self.bytes += value_len(&edit);
        match self.edits.entry(key) {
            Entry::Occupied(mut entry) => {
                self.bytes -= value_len(entry.get());
                entry.insert(edit);
            }
            Entry::Vacant(entry) => {
                self.bytes += entry.key().len() + OVERHEAD;
                entry.insert(edit);
            }
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns the edits in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &Edit)> {
        self.edits.iter().map(|(key, edit)| (key.as_slice(), edit))
    }

    /// Returns the edits whose keys lie between the bounds.
    pub(super) fn range(&self, from: Bound<&[u8]>, to: Bound<&[u8]>) -> Range<'_, Vec<u8>, Edit> {
        if is_empty_range(from, to) {
            // `BTreeMap::range` panics where bounds cross.
            return self
                .edits
                .range::<[u8], _>((Bound::Excluded(&[][..]), Bound::Included(&[][..])));
        }
        self.edits.range::<[u8], _>((from, to))
    }
}

fn value_len(edit: &Edit) -> usize {
    match edit {
        Edit::Put(value) => value.len(),
        Edit::PutBlob(_) | Edit::Delete => 0,
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
