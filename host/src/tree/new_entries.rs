//! New entries, one behind the other in a few buffers.

use std::ops::Range;

use prollytree_plugin_api::Hash;

use super::layout::BLOB_CELL_LEN;
use super::node::{Child, Totals};
use super::value::{BlobRef, Cell};

/// New entries of one level, in ascending order of their keys.
#[derive(Debug, Default)]
pub(super) struct NewEntries {
    pub(super) keys: Pile,
    /// Leaf: what is in it for each key.
    pub(super) cells: Pile,
    /// Leaf: which of the cells stand for values out of line, in ascending order.
    outside: Vec<usize>,
    /// Internal.
    pub(super) children: Vec<Child>,
}

/// Byte strings, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Pile {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl NewEntries {
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn push_cell(&mut self, key: &[u8], cell: &Cell<'_>) {
        self.keys.push(key);
        match cell {
            Cell::Inline(value) => self.cells.push(value),
            Cell::Blob(blob) => {
                self.outside.push(self.cells.len());
                self.cells.push(&blob.to_bytes());
            }
        }
    }

    pub(super) fn push_child(&mut self, key: &[u8], child: Child) {
        self.keys.push(key);
        self.children.push(child);
    }

    /// Returns what a leaf has for a key.
    pub(super) fn cell(&self, index: usize) -> Cell<'_> {
        let bytes = self.cells.at(index);
        if self.outside.binary_search(&index).is_ok() {
            Cell::of_blob(bytes)
        } else {
            Cell::Inline(bytes)
        }
    }

    /// Returns which of some cells stand for values out of line.
    pub(super) fn outside(&self, range: Range<usize>) -> &[usize] {
        let start = self.outside.partition_point(|&index| index < range.start);
        let end = self.outside.partition_point(|&index| index < range.end);
        &self.outside[start..end]
    }

    /// Returns the blobs that some cells stand for.
    pub(super) fn blobs(&self, range: Range<usize>) -> impl Iterator<Item = Hash> {
        self.outside_refs(range).map(|blob| blob.hash)
    }

    /// Returns how many entries of a leaf these are, and how long their keys and values.
    pub(super) fn leaf_totals(&self, range: Range<usize>) -> Totals {
        let cells =
            self.cells.size(range.clone()) - self.outside(range.clone()).len() * BLOB_CELL_LEN;
        let here = (self.keys.size(range.clone()) + cells) as u64;
        let outside = self.outside_refs(range.clone());
        Totals {
            entries: range.len() as u64,
            // Only lengths that were forged add up to so much; a reader finds that they are wrong.
            bytes: outside.fold(here, |sum, blob| sum.saturating_add(blob.len)),
        }
    }

    pub(super) fn clear(&mut self) {
        self.keys.clear();
        self.cells.clear();
        self.outside.clear();
        self.children.clear();
    }

    fn outside_refs(&self, range: Range<usize>) -> impl Iterator<Item = BlobRef> {
        let outside = self.outside(range).iter();
        outside.map(|&index| BlobRef::of_cell(self.cells.at(index)))
    }
}

impl Pile {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns a byte string. The index must be below their number.
    #[inline]
    pub(super) fn at(&self, index: usize) -> &[u8] {
        &self.bytes[self.start(index)..self.ends[index]]
    }

    /// Returns where a byte string begins, or where the last one ends.
    #[inline]
    fn start(&self, index: usize) -> usize {
        if index == 0 { 0 } else { self.ends[index - 1] }
    }

    /// Returns the length of some of the byte strings.
    pub(super) fn size(&self, range: Range<usize>) -> usize {
        self.start(range.end) - self.start(range.start)
    }

    /// Returns some of the byte strings as they lie there.
    pub(super) fn run(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[self.start(range.start)..self.start(range.end)]
    }

    /// Returns some of the byte strings.
    pub(super) fn range(&self, range: Range<usize>) -> impl Iterator<Item = &[u8]> {
        let mut start = self.start(range.start);
        self.ends[range].iter().map(move |&end| {
            let part = &self.bytes[start..end];
            start = end;
            part
        })
    }

    #[inline]
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.push_with(|all| all.extend_from_slice(bytes));
    }

    /// Adds the byte string that `append` appends.
    #[inline]
    pub(super) fn push_with(&mut self, append: impl FnOnce(&mut Vec<u8>)) {
        append(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}
