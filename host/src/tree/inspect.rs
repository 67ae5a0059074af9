//! A node as it can be looked at: what is in it, entry by entry.

use super::key::Key;
use super::node::Node;
use super::value::{BlobRef, Cell};
use prollytree_plugin_api::Hash;

/// An entry of a node, without its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeEntry<'a> {
    /// A value that lies in the leaf.
    Value(&'a [u8]),
    /// A value out of line.
    Outside(BlobRef),
    /// A child of an internal node, under its last key.
    Child {
        /// Its address.
        hash: Hash,
        /// The number of entries below it.
        entries: u64,
        /// The sum of the lengths of their keys and values.
        bytes: u64,
    },
}

impl Node {
    /// Returns the level: 0 for a leaf.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.fields.level
    }

    /// Returns the number of entries in the node itself.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.count as usize
    }

    /// Says whether the node is that of an empty tree.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the size as a record, in bytes.
    #[must_use]
    pub fn record_len(&self) -> usize {
        self.bytes.len()
    }

    /// Returns the first bytes of the hash of the tree's parameters.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 8] {
        self.fields.fingerprint
    }

    /// Returns what all keys begin with.
    #[must_use]
    pub fn common_prefix(&self) -> &[u8] {
        self.prefix()
    }

    /// Returns the number of the tree's entries in or below the node.
    #[must_use]
    pub fn entries_below(&self) -> u64 {
        self.totals.entries
    }

    /// Returns the sum of the lengths of their keys and values, in bytes.
    #[must_use]
    pub fn bytes_below(&self) -> u64 {
        self.totals.bytes
    }

    /// Returns the entries in order. Each key is put together, which allocates.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = (Key, NodeEntry<'_>)> {
        (0..self.len()).map(|index| (self.key(index).to_key(), self.entry(index)))
    }

    fn entry(&self, index: usize) -> NodeEntry<'_> {
        if !self.is_leaf() {
            let child = self.child(index);
            return NodeEntry::Child {
                hash: child.hash,
                entries: child.totals.entries,
                bytes: child.totals.bytes,
            };
        }
        match self.cell(index) {
            Cell::Inline(value) => NodeEntry::Value(value),
            Cell::Blob(blob) => NodeEntry::Outside(blob),
        }
    }
}
