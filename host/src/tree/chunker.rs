//! Cuts a sequence of entries of one level into nodes.

use std::sync::Arc;

use prollytree_plugin_api::{Buffer, Hash};

use super::boundary::Boundary;
use super::content::Content;
use super::entries::Entries;
use super::node::{Child, Node};
use super::parameters::{Fingerprint, Parameters};
use super::value::Cell;

/// The entries since the last boundary, and the rule that finds the next one.
#[derive(Debug)]
pub(super) struct Chunker {
    fingerprint: Fingerprint,
    boundary: Boundary,
    entries: Entries,
    /// Whether what has been added since the last boundary weighs, entry by entry, what an old node
    /// held from its start: then no boundary falls where that node had none.
    in_step: bool,
    /// The key that the rule looks at.
    key: Vec<u8>,
}

/// A node that is not hashed yet.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) node: Node,
    pub(super) links: Vec<Hash>,
}

impl Cut {
    pub(super) fn of(content: &Content<'_>, fingerprint: Fingerprint) -> Self {
        Self {
            node: content.node(fingerprint),
            links: content.links(),
        }
    }

    pub(super) fn bytes(&self) -> &Buffer {
        &self.node.bytes
    }
}

/// No key is shorter than its head, where the rule is concerned.
pub(super) const LEAST_KEY_WEIGHT: usize = 8;

/// What a child weighs besides its key: its hash, and its counts in about 8 bytes.
pub(super) const CHILD_WEIGHT: usize = Hash::LEN + 8;

impl Chunker {
    pub(super) fn new(parameters: &Parameters, level: u8) -> Self {
        Self {
            fingerprint: parameters.fingerprint(),
            boundary: Boundary::new(parameters, level),
            entries: Entries::new(level),
            in_step: false,
            key: Vec::new(),
        }
    }

    /// Returns the entries since the last boundary.
    pub(super) fn entries(&self) -> &Entries {
        &self.entries
    }

    /// Begins with the entries of an old node, of which the first comes next.
    pub(super) fn enter(&mut self) {
        self.in_step = self.entries.is_empty();
    }

    /// Passes over an old entry, in place of which another one of `weight` may be added next.
    pub(super) fn skip_from(&mut self, node: &Node, index: usize, weight: Option<u64>) {
        self.in_step &= weight == Some(node.weight_of(index));
    }

    /// Adds an entry of a leaf; if the node ends with it, it can be [taken](Self::take).
    pub(super) fn push_cell(&mut self, key: &[u8], cell: &Cell<'_>) -> bool {
        self.entries.push_cell(key, cell);
        let ends = self
            .boundary
            .ends_with(cell_weight(key, cell.len()), || key);
        self.keep_step(ends)
    }

    /// Adds an entry of an internal node, in the same way.
    pub(super) fn push_child(&mut self, key: &[u8], child: Child) -> bool {
        self.entries.push_child(key, child);
        let ends = self.boundary.ends_with(child_weight(key), || key);
        self.keep_step(ends)
    }

    /// Says that an entry is added in a place where the old node had none.
    pub(super) fn step_out(&mut self) {
        self.in_step = false;
    }

    /// Adds entries of an old node of the same level, from `start` up to `until` or up to one with
    /// which the node ends, in the same way. Returns the position behind the last one added.
    pub(super) fn push_run(
        &mut self,
        node: &Arc<Node>,
        start: usize,
        until: usize,
    ) -> (usize, bool) {
        let mut index = start;
        if self.in_step {
            // The old node's last entry ended it, or its level.
            let known = until.min(node.len() - 1).max(start);
            self.boundary
                .pass(known - start, node.weight_of_run(start..known));
            index = known;
        }
        let mut ends = false;
        while index < until && !ends {
            let key = &mut self.key;
            ends = self.boundary.ends_with(node.weight_of(index), || {
                key.clear();
                node.key(index).append_to(key);
                key
            });
            index += 1;
        }
        self.entries.push_run(node, start..index);
        (index, self.keep_step(ends))
    }

    /// Returns the node that the entries make (without any, that of an empty tree) and begins the
    /// next one.
    pub(super) fn cut(&mut self) -> Cut {
        let cut = Cut::of(&self.entries.content(), self.fingerprint);
        self.entries.clear();
        cut
    }

    /// Behind a boundary the step is lost, until another old node is entered.
    fn keep_step(&mut self, ends: bool) -> bool {
        self.in_step &= !ends;
        ends
    }
}

/// Returns what an entry of a leaf weighs, where the rule is concerned.
pub(super) fn cell_weight(key: &[u8], cell_len: usize) -> u64 {
    (key.len().max(LEAST_KEY_WEIGHT) + cell_len) as u64
}

/// Returns what an entry of an internal node weighs, where the rule is concerned.
pub(super) fn child_weight(key: &[u8]) -> u64 {
    (key.len().max(LEAST_KEY_WEIGHT) + CHILD_WEIGHT) as u64
}
