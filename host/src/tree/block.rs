//! Entries of leaves, collected to be cut, written and hashed many leaves at a time.

use prollytree_plugin_api::Hash;

use super::boundary::Boundary;
use super::chunker::{Cut, cell_weight};
use super::content::{Content, Piece};
use super::new_entries::NewEntries;
use super::node::Totals;
use super::parameters::{Fingerprint, Parameters};
use super::value::Cell;
use crate::storage::address_of;

/// Entries that follow each other.
#[derive(Debug)]
pub(super) struct Block {
    entries: NewEntries,
    fingerprint: Fingerprint,
    /// The rule, at the start of a leaf.
    boundary: Boundary,
}

/// A leaf that has been made of a block.
#[derive(Debug)]
pub(super) struct BlockLeaf {
    /// The entry of the block that comes behind it.
    pub(super) end: usize,
    pub(super) cut: Cut,
    pub(super) hash: Hash,
}

impl Block {
    pub(super) fn new(parameters: &Parameters) -> Self {
        Self {
            entries: NewEntries::default(),
            fingerprint: parameters.fingerprint(),
            boundary: Boundary::new(parameters, 0),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns how many bytes the keys and cells take.
    pub(super) fn size(&self) -> usize {
        self.entries.keys.size(0..self.len()) + self.entries.cells.size(0..self.len())
    }

    pub(super) fn key(&self, index: usize) -> &[u8] {
        self.entries.keys.at(index)
    }

    pub(super) fn cell(&self, index: usize) -> Cell<'_> {
        self.entries.cell(index)
    }

    /// Adds an entry. Keys must come in ascending order.
    pub(super) fn push(&mut self, key: &[u8], cell: &Cell<'_>) {
        self.entries.push_cell(key, cell);
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }

    /// Makes the leaves up to the last boundary, if one begins with the block.
    pub(super) fn leaves(&self) -> Vec<BlockLeaf> {
        let mut boundary = self.boundary.clone();
        let mut begin = 0;
        let mut leaves = Vec::new();
        for index in 0..self.len() {
            let key = self.key(index);
            let weight = cell_weight(key, self.entries.cells.at(index).len());
            if boundary.ends_with(weight, || key) {
                leaves.push(self.leaf(begin, index + 1));
                begin = index + 1;
            }
        }
        leaves
    }

    fn leaf(&self, begin: usize, end: usize) -> BlockLeaf {
        let content = Content {
            level: 0,
            pieces: &[Piece::New(begin..end)],
            new: &self.entries,
            len: end - begin,
            totals: self.entries.leaf_totals(begin..end),
            greatest: Totals::default(),
        };
        let cut = Cut::of(&content, self.fingerprint);
        let hash = address_of(cut.bytes());
        BlockLeaf { end, cut, hash }
    }
}
