//! Checking proofs: the root hash vouches for the first node, each node for those below it.

use std::ops::{Bound, RangeBounds};
use std::slice;

use prollytree_plugin_api::{Buffer, Hash};

use super::make::touched;
use super::{Proof, ProofError, ProvenValue, is_range};
use crate::storage::{Decode, Malformed, address_of};
use crate::tree::children::check_child;
use crate::tree::key::Key;
use crate::tree::node::Node;
use crate::tree::value::Cell;

/// The entries that have been read off so far.
type Entries = Vec<(Key, ProvenValue)>;

impl Proof {
    /// Returns what the tree with this root has for a key: its value, or that there is none.
    ///
    /// # Errors
    /// [`ProofError::NotCovered`] if the proof is about other keys; otherwise as for
    /// [`entries`](Self::entries).
    pub fn value(&self, root: &Hash, key: &[u8]) -> Result<Option<ProvenValue>, ProofError> {
        if !self.covers(key) {
            return Err(ProofError::NotCovered);
        }
        let mut entries = self.listed(root)?;
        let found = entries.binary_search_by(|(other, _)| other.as_slice().cmp(key));
        Ok(found.ok().map(|index| entries.swap_remove(index).1))
    }

    /// Returns all entries of the tree with this root, in the order of their keys. Costs a hash of each
    /// node.
    ///
    /// # Errors
    /// [`ProofError::NotCovered`] if the proof is about a range alone; [`ProofError::WrongRoot`] if it is
    /// about another tree; [`ProofError::OtherVersion`] if a node is of a later format;
    /// [`ProofError::Broken`] if its nodes are not exactly those that the range touches.
    pub fn entries(&self, root: &Hash) -> Result<Vec<(Key, ProvenValue)>, ProofError> {
        self.entries_in::<[u8], _>(.., root)
    }

    /// Returns the part of them whose keys lie in a range, which is the one that the proof was made for:
    /// whoever sent it cannot choose a smaller one. What was sent is [`bounds`](Self::bounds).
    ///
    /// # Errors
    /// [`ProofError::NotCovered`] if the proof is about another range; otherwise as for
    /// [`entries`](Self::entries).
    pub fn entries_in<K, R>(
        &self,
        range: R,
        root: &Hash,
    ) -> Result<Vec<(Key, ProvenValue)>, ProofError>
    where
        K: AsRef<[u8]> + ?Sized,
        R: RangeBounds<K>,
    {
        if !is_range(&self.bounds, &range) {
            return Err(ProofError::NotCovered);
        }
        self.listed(root)
    }

    /// Reads all entries of the proof's range.
    fn listed(&self, root: &Hash) -> Result<Entries, ProofError> {
        let mut nodes = self.nodes.iter();
        let node = root_of(&mut nodes, root)?;
        let mut entries = Vec::new();
        self.read(&node, None, &mut nodes, &mut entries)?;
        if nodes.next().is_some() {
            return Err(broken("it has nodes that the range does not touch"));
        }
        Ok(entries)
    }

    /// Reads the entries below a node. `before` is the last key before it in the tree.
    fn read(
        &self,
        node: &Node,
        before: Option<&[u8]>,
        nodes: &mut slice::Iter<'_, Buffer>,
        entries: &mut Entries,
    ) -> Result<(), ProofError> {
        if before.is_some_and(|before| node.key(0) <= before.into()) {
            return Err(broken("a node begins before the one before it ends"));
        }
        if node.is_leaf() {
            self.read_leaf(node, entries);
            return Ok(());
        }
        let (first, last) = touched(node, &self.bounds);
        for index in first..=last {
            let child = child_of(nodes, node, index)?;
            let previous = index.checked_sub(1).map(|index| node.key(index).to_key());
            let before = previous.as_deref().or(before);
            self.read(&child, before, nodes, entries)?;
        }
        Ok(())
    }

    fn read_leaf(&self, leaf: &Node, entries: &mut Entries) {
        let bound = |bound: &Bound<Key>, passes: bool| match bound {
            Bound::Unbounded => None,
            Bound::Included(key) => Some((leaf.search(key), passes)),
            Bound::Excluded(key) => Some((leaf.search(key), !passes)),
        };
        let position =
            |((index, found), passes): ((usize, bool), bool)| index + usize::from(found && passes);
        let start = bound(&self.bounds.0, false).map_or(0, position);
        let end = bound(&self.bounds.1, true).map_or(leaf.len(), position);
        for index in start..end.max(start) {
            let value = leaf.cell(index).into();
            entries.push((leaf.key(index).to_key(), value));
        }
    }
}

impl From<Cell<'_>> for ProvenValue {
    fn from(cell: Cell<'_>) -> Self {
        match cell {
            Cell::Inline(value) => Self::Whole(value.to_vec()),
            Cell::Blob(blob) => Self::Outside {
                hash: blob.hash,
                len: blob.len,
            },
        }
    }
}

/// Takes the root of a tree from the nodes of a proof.
pub(super) fn root_of(
    nodes: &mut slice::Iter<'_, Buffer>,
    expected: &Hash,
) -> Result<Node, ProofError> {
    let bytes = nodes.next().ok_or_else(|| broken("it has no nodes"))?;
    let found = address_of(bytes);
    if found != *expected {
        return Err(ProofError::WrongRoot {
            expected: *expected,
            found,
        });
    }
    let node = decode(bytes)?;
    if !node.is_leaf() && node.len() == 1 {
        return Err(broken("a root with one child is not the root of a tree"));
    }
    Ok(node)
}

/// Takes a child from the nodes of a proof.
pub(super) fn child_of(
    nodes: &mut slice::Iter<'_, Buffer>,
    parent: &Node,
    index: usize,
) -> Result<Node, ProofError> {
    let bytes = nodes.next().ok_or_else(|| broken("a node is missing"))?;
    if address_of(bytes) != parent.child(index).hash {
        return Err(broken("a node is not the one that its parent names"));
    }
    let child = decode(bytes)?;
    check_child(parent, index, &child)
        .map_err(|error| ProofError::Broken(Malformed::new(error.to_string())))?;
    Ok(child)
}

fn decode(bytes: &Buffer) -> Result<Node, ProofError> {
    Node::decode(bytes.clone()).map_err(ProofError::of_record)
}

pub(super) fn broken(reason: &'static str) -> ProofError {
    ProofError::Broken(Malformed::new(reason))
}
