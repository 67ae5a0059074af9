//! Collects the entries of one node: runs of an old node, which are not touched one by one, and new
//! entries between them. Its buffers serve one node after another.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use prollytree_plugin_api::Hash;

use super::key::KeyRef;
use super::node::{Child, Node, Totals};
use super::value::Cell;
use crate::storage::Leading;

/// The entries of a node that is being made.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) pieces: Vec<Piece>,
    pub(super) keys: Pile,
    /// Leaf: the new cells.
    pub(super) cells: Pile,
    /// Leaf: which of the new cells are those of values out of line.
    pub(super) outside: Vec<bool>,
    /// Internal: the new children.
    pub(super) children: Vec<Child>,
    /// Internal: the greatest totals of a child.
    pub(super) greatest: Totals,
    /// Leaf: the blobs that the node refers to; the same one may be there several times.
    blobs: Vec<Hash>,
    len: usize,
    totals: Totals,
}

/// Entries that lie together.
#[derive(Debug)]
pub(super) enum Piece {
    /// Entries of an old node.
    Run(Arc<Node>, Range<usize>),
    /// New entries, by their positions in the lists.
    New(Range<usize>),
}

/// Byte strings, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Pile {
    pub(super) bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Entries {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    /// Returns the records that the node refers to, each once, in the order of their first mention.
    pub(super) fn links(&self) -> Vec<Hash> {
        let is_leaf = match self.pieces.first() {
            Some(Piece::Run(node, _)) => node.is_leaf(),
            _ => self.children.is_empty(),
        };
        if is_leaf {
            let mut seen = HashSet::with_capacity_and_hasher(self.blobs.len(), Leading);
            let blobs = self.blobs.iter().copied();
            return blobs.filter(|&blob| seen.insert(blob)).collect();
        }
        // No two children have the same last key, so none is the same as another.
        let mut links = Vec::with_capacity(self.len);
        for piece in &self.pieces {
            match piece {
                Piece::Run(node, run) => links.extend(node.child_hashes(run.clone())),
                Piece::New(new) => {
                    links.extend(self.children[new.clone()].iter().map(|child| child.hash));
                }
            }
        }
        links
    }

    pub(super) fn first_key(&self) -> Option<KeyRef<'_>> {
        self.pieces.first().map(|piece| match piece {
            Piece::Run(node, run) => node.key(run.start),
            Piece::New(new) => KeyRef::from(self.keys.at(new.start)),
        })
    }

    pub(super) fn last_key(&self) -> Option<KeyRef<'_>> {
        self.pieces.last().map(|piece| match piece {
            Piece::Run(node, run) => node.key(run.end - 1),
            Piece::New(new) => KeyRef::from(self.keys.at(new.end - 1)),
        })
    }

    pub(super) fn only_child(&self) -> Option<Child> {
        match self.pieces.as_slice() {
            [Piece::Run(node, run)] if run.len() == 1 => Some(node.child(run.start)),
            [Piece::New(new)] if new.len() == 1 => self.children.get(new.start).copied(),
            _ => None,
        }
    }

    /// Adds a new entry of a leaf. Keys must come in ascending order.
    pub(super) fn push_cell(&mut self, key: KeyRef<'_>, cell: &Cell<'_>) {
        self.push_key(key);
        self.cells.push_with(|bytes| cell.append_to(bytes));
        self.outside.push(matches!(cell, Cell::Blob(_)));
        if let Cell::Blob(blob) = cell {
            self.blobs.push(blob.hash);
        }
        self.add(Totals {
            entries: 1,
            bytes: (key.len() as u64).saturating_add(cell.value_len()),
        });
    }

    /// Adds a new entry of an internal node. Keys must come in ascending order.
    pub(super) fn push_child(&mut self, key: KeyRef<'_>, child: Child) {
        self.push_key(key);
        self.children.push(child);
        self.greatest.raise(child.totals);
        self.add(child.totals);
    }

    /// Adds a run of entries of an old node of the same level.
    pub(super) fn push_run(&mut self, node: &Arc<Node>, run: Range<usize>) {
        if run.is_empty() {
            return;
        }
        self.len += run.len();
        if node.is_leaf() {
            self.add(node.leaf_totals(run.clone()));
            if node.has_outside() {
                self.blobs.extend(node.blob_hashes(run.clone()));
            }
        } else {
            for child in run.clone() {
                let totals = node.child_totals(child);
                self.greatest.raise(totals);
                self.add(totals);
            }
        }
        match self.pieces.last_mut() {
            Some(Piece::Run(last, before))
                if Arc::ptr_eq(last, node) && before.end == run.start =>
            {
                before.end = run.end;
            }
            _ => self.pieces.push(Piece::Run(Arc::clone(node), run)),
        }
    }

    pub(super) fn clear(&mut self) {
        self.pieces.clear();
        self.keys.clear();
        self.cells.clear();
        self.outside.clear();
        self.children.clear();
        self.greatest = Totals::default();
        self.blobs.clear();
        self.len = 0;
        self.totals = Totals::default();
    }

    fn push_key(&mut self, key: KeyRef<'_>) {
        let at = self.keys.len();
        self.keys.push_with(|bytes| key.append_to(bytes));
        self.len += 1;
        match self.pieces.last_mut() {
            Some(Piece::New(new)) => new.end = at + 1,
            _ => self.pieces.push(Piece::New(at..at + 1)),
        }
    }

    fn add(&mut self, more: Totals) {
        // Only counts that were forged add up to so much; a reader finds that they are wrong.
        self.totals.entries = self.totals.entries.saturating_add(more.entries);
        self.totals.bytes = self.totals.bytes.saturating_add(more.bytes);
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
    pub(super) fn start(&self, index: usize) -> usize {
        if index == 0 { 0 } else { self.ends[index - 1] }
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
