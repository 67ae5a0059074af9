//! Proofs of what differs between two trees, checked against their root hashes and nothing else.
//!
//! The proof holds the nodes that a comparison opens, in its order. Making one and checking it are the
//! same comparison: the one loads the nodes, the other takes them from the proof and hashes them.

use std::ops::{Bound, RangeBounds};
use std::slice;
use std::sync::Arc;

use prollytree_plugin_api::{Buffer, Hash};

use super::make::owned_bounds;
use super::verify::{broken, child_of, root_of};
use super::{ProofError, ProvenValue, borrowed, is_range};
use crate::tree::compare::{Comparison, Left, NodeSource, Side};
use crate::tree::diff::Loading;
use crate::tree::direction::Direction;
use crate::tree::iter::Bounds;
use crate::tree::key::{Key, KeyRef};
use crate::tree::node::Node;
use crate::tree::{Tree, TreeError};

/// What differs between two trees in a range of keys, and that nothing else does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffProof {
    pub(super) bounds: Bounds,
    /// None if the trees are the same; otherwise both roots, and the other nodes that a comparison
    /// opens, as it opens them.
    pub(super) nodes: Vec<Buffer>,
}

/// One key that two trees do not agree about, as a proof shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenChange {
    /// The key.
    pub key: Key,
    /// Its value in the first tree; `None` if it has none.
    pub before: Option<ProvenValue>,
    /// Its value in the second tree; `None` if it has none.
    pub after: Option<ProvenValue>,
}

/// Loads nodes and keeps their bytes.
struct Recording {
    loading: Loading,
    nodes: Vec<Buffer>,
}

/// Takes nodes from a proof.
struct Listed<'a> {
    nodes: slice::Iter<'a, Buffer>,
}

impl Tree {
    /// Returns a proof of what must happen to this tree to make it `other`. Holds the nodes that the
    /// two do not share, from the roots down.
    pub fn generate_diff_proof(&self, other: &Self) -> Result<DiffProof, TreeError> {
        self.generate_diff_range_proof::<[u8], _>(other, ..)
    }

    /// Returns a proof of the part of it whose keys lie in a range.
    ///
    /// # Errors
    /// [`TreeError::KeyTooLong`] for a bound that is longer than any key, and those of reading.
    pub fn generate_diff_range_proof<K, R>(
        &self,
        other: &Self,
        range: R,
    ) -> Result<DiffProof, TreeError>
    where
        K: AsRef<[u8]> + ?Sized,
        R: RangeBounds<K>,
    {
        let bounds = owned_bounds(range)?;
        if self == other {
            let nodes = Vec::new();
            return Ok(DiffProof { bounds, nodes });
        }
        let [before, after] = [self, other].map(|tree| Arc::clone(tree.root_node()));
        let recording = Recording {
            loading: Loading::new([self, other]),
            nodes: vec![before.bytes.clone(), after.bytes.clone()],
        };
        let mut comparison = Comparison::new(
            recording,
            Direction::Forwards,
            bounds.clone(),
            [before, after],
        );
        while comparison.next()?.is_some() {}
        let nodes = comparison.source.nodes;
        Ok(DiffProof { bounds, nodes })
    }
}

impl DiffProof {
    /// Returns the range of keys that the proof is about. Nothing is said about others.
    #[must_use]
    pub fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        borrowed(&self.bounds)
    }

    /// Returns what must happen to the tree with the root `before` to make it the one with the root
    /// `after`, all of it, in the order of the keys. Costs a hash of each node.
    ///
    /// # Errors
    /// [`ProofError::NotCovered`] if the proof is about a range alone; [`ProofError::WrongRoot`] if it
    /// is about other trees; [`ProofError::OtherVersion`] if a node is of a later format;
    /// [`ProofError::Broken`] if its nodes are not exactly those that a comparison opens.
    pub fn changes(&self, before: &Hash, after: &Hash) -> Result<Vec<ProvenChange>, ProofError> {
        self.changes_in::<[u8], _>(.., before, after)
    }

    /// Returns the part of it whose keys lie in a range, which is the one that the proof was made for.
    ///
    /// # Errors
    /// [`ProofError::NotCovered`] if the proof is about another range; otherwise as for
    /// [`changes`](Self::changes).
    pub fn changes_in<K, R>(
        &self,
        range: R,
        before: &Hash,
        after: &Hash,
    ) -> Result<Vec<ProvenChange>, ProofError>
    where
        K: AsRef<[u8]> + ?Sized,
        R: RangeBounds<K>,
    {
        if !is_range(&self.bounds, &range) {
            return Err(ProofError::NotCovered);
        }
        let mut nodes = self.nodes.iter();
        let mut changes = Vec::new();
        if before != after {
            let before = Arc::new(root_of(&mut nodes, before)?);
            let after = Arc::new(root_of(&mut nodes, after)?);
            let listed = Listed { nodes };
            let (direction, bounds) = (Direction::Forwards, self.bounds.clone());
            let mut comparison = Comparison::new(listed, direction, bounds, [before, after]);
            while let Some(difference) = comparison.next()? {
                let [before, after] = difference
                    .sides()
                    .map(|place| place.map(|(leaf, index)| ProvenValue::from(leaf.cell(*index))));
                changes.push(ProvenChange {
                    key: difference.key(),
                    before,
                    after,
                });
            }
            nodes = comparison.source.nodes;
        }
        if nodes.next().is_some() {
            return Err(broken("it has nodes that the comparison does not open"));
        }
        Ok(changes)
    }
}

impl NodeSource for Recording {
    type Error = TreeError;

    fn child(
        &mut self,
        side: Side,
        parent: &Arc<Node>,
        index: usize,
        before: Option<KeyRef<'_>>,
    ) -> Result<Arc<Node>, TreeError> {
        let child = self.loading.child(side, parent, index, before)?;
        self.nodes.push(child.bytes.clone());
        Ok(child)
    }

    fn prepare(&mut self, left: [&Left; 2], steps: [bool; 2], bounds: &Bounds) {
        self.loading.prepare(left, steps, bounds);
    }
}

impl NodeSource for Listed<'_> {
    type Error = ProofError;

    fn child(
        &mut self,
        _: Side,
        parent: &Arc<Node>,
        index: usize,
        before: Option<KeyRef<'_>>,
    ) -> Result<Arc<Node>, ProofError> {
        let child = child_of(&mut self.nodes, parent, index)?;
        if before.is_some_and(|before| child.key(0) <= before) {
            return Err(broken("a node begins before the one before it ends"));
        }
        Ok(Arc::new(child))
    }
}

#[cfg(test)]
impl DiffProof {
    pub(in crate::tree) fn nodes(&mut self) -> &mut Vec<Buffer> {
        &mut self.nodes
    }
}
