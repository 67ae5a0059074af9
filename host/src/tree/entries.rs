//! Collects the entries of one node: runs of old nodes, and new entries between them. Its buffers
//! serve one node after another.

use std::ops::Range;
use std::sync::Arc;

use super::content::{Content, Piece};
use super::key::KeyRef;
use super::new_entries::NewEntries;
use super::node::{Child, Node, Totals};
use super::value::Cell;

/// The entries of a node that is being made.
#[derive(Debug)]
pub(super) struct Entries {
    level: u8,
    pieces: Vec<Piece>,
    new: NewEntries,
    len: usize,
    /// The totals of all but the new entries of a leaf.
    totals: Totals,
    /// Internal: the greatest totals of a child.
    greatest: Totals,
}

impl Entries {
    pub(super) fn new(level: u8) -> Self {
        Self {
            level,
            pieces: Vec::new(),
            new: NewEntries::default(),
            len: 0,
            totals: Totals::default(),
            greatest: Totals::default(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Returns what the node will be made of.
    pub(super) fn content(&self) -> Content<'_> {
        let mut totals = self.totals;
        if self.level == 0 {
            totals.add(self.new.leaf_totals(0..self.new.len()));
        }
        Content {
            level: self.level,
            pieces: &self.pieces,
            new: &self.new,
            len: self.len,
            totals,
            greatest: self.greatest,
        }
    }

    pub(super) fn last_key(&self) -> Option<KeyRef<'_>> {
        self.pieces.last().map(|piece| piece.last_key(&self.new))
    }

    pub(super) fn only_child(&self) -> Option<Child> {
        match self.pieces.as_slice() {
            [Piece::Run(node, run)] if run.len() == 1 => Some(node.child(run.start)),
            [Piece::New(new)] if new.len() == 1 => self.new.children.get(new.start).copied(),
            _ => None,
        }
    }

    /// Adds a new entry of a leaf. Keys must come in ascending order.
    pub(super) fn push_cell(&mut self, key: &[u8], cell: &Cell<'_>) {
        self.new.push_cell(key, cell);
        self.count_new();
    }

    /// Adds a new entry of an internal node. Keys must come in ascending order.
    pub(super) fn push_child(&mut self, key: &[u8], child: Child) {
        self.new.push_child(key, child);
        self.count_new();
        self.greatest.raise(child.totals);
        self.totals.add(child.totals);
    }

    /// Adds a run of entries of an old node of the same level.
    pub(super) fn push_run(&mut self, node: &Arc<Node>, run: Range<usize>) {
        if run.is_empty() {
            return;
        }
        self.len += run.len();
        if node.is_leaf() {
            self.totals.add(node.leaf_totals(run.clone()));
        } else {
            for child in run.clone() {
                let totals = node.child_totals(child);
                self.greatest.raise(totals);
                self.totals.add(totals);
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
        self.new.clear();
        self.len = 0;
        self.totals = Totals::default();
        self.greatest = Totals::default();
    }

    /// Makes the new entry a part of the node.
    fn count_new(&mut self) {
        self.len += 1;
        let end = self.new.len();
        match self.pieces.last_mut() {
            Some(Piece::New(new)) => new.end = end,
            _ => self.pieces.push(Piece::New(end - 1..end)),
        }
    }
}
