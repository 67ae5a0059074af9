//! Cuts a sequence of entries of one level into nodes.

use prollytree_plugin_api::{Hash, Kind};

use super::TreeError;
use super::boundary::Boundary;
use super::encode::Entries;
use super::key::KeyRef;
use super::node::{Child, Node};
use super::output::Output;
use super::parameters::{Fingerprint, Parameters};
use super::value::Cell;

/// The entries since the last boundary, and the rule that finds the next one.
#[derive(Debug)]
pub(super) struct Chunker {
    level: u8,
    fingerprint: Fingerprint,
    boundary: Boundary,
    entries: Entries,
}

/// No key is shorter than its head, where the rule is concerned.
const LEAST_KEY_WEIGHT: usize = 8;

/// What a child weighs besides its key: its hash, and its counts in about 8 bytes.
const CHILD_WEIGHT: usize = Hash::LEN + 8;

impl Chunker {
    pub(super) fn new(parameters: &Parameters, level: u8) -> Self {
        Self {
            level,
            fingerprint: parameters.fingerprint(),
            boundary: Boundary::new(parameters, level),
            entries: Entries::default(),
        }
    }

    /// Returns the entries since the last boundary.
    pub(super) fn entries(&self) -> &Entries {
        &self.entries
    }

    /// Adds an entry of a leaf; if the node ends with it, it can be [taken](Self::take).
    pub(super) fn push_cell(&mut self, key: KeyRef<'_>, cell: &Cell<'_>) -> bool {
        self.entries.push_cell(key, cell);
        self.ends_with_last(cell.len())
    }

    /// Adds an entry of an internal node, in the same way.
    pub(super) fn push_child(&mut self, key: KeyRef<'_>, child: Child) -> bool {
        self.entries.push_child(key, child);
        self.ends_with_last(CHILD_WEIGHT)
    }

    /// Adds an entry of an old node of the same level, in the same way.
    pub(super) fn push_from(&mut self, node: &Node, index: usize) -> bool {
        if node.is_leaf() {
            self.push_cell(node.key(index), &node.cell(index))
        } else {
            self.push_child(node.key(index), node.child(index))
        }
    }

    /// Writes the node that the entries make (without any, that of an empty tree) and begins the
    /// next one.
    pub(super) fn take(&mut self, output: &mut Output<'_>) -> Result<Child, TreeError> {
        let bytes = self.entries.encode(self.level, self.fingerprint);
        let hash = output.push(Kind::NODE, self.entries.links(), bytes)?;
        let child = Child {
            hash,
            totals: self.entries.totals(),
        };
        self.entries.clear();
        Ok(child)
    }

    fn ends_with_last(&mut self, cell_weight: usize) -> bool {
        let key = self.entries.last_key().unwrap_or_default();
        self.boundary
            .ends_with(key, (key.len().max(LEAST_KEY_WEIGHT) + cell_weight) as u64)
    }
}
