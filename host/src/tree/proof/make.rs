//! Making proofs: collecting the nodes that a range of keys touches.

use std::ops::{Bound, RangeBounds};
use std::sync::Arc;
use std::vec::IntoIter;

use prollytree_plugin_api::Buffer;

use super::Proof;
use crate::tree::frontier::Place;
use crate::tree::iter::Bounds;
use crate::tree::key::MAX_KEY_LEN;
use crate::tree::node::Node;
use crate::tree::{Tree, TreeError};

impl Tree {
    /// Returns a proof of what the tree has for a key: its value, or that there is none. Holds one
    /// node a level, and reads as many.
    pub fn generate_proof(&self, key: &[u8]) -> Result<Proof, TreeError> {
        self.generate_range_proof(key..=key)
    }

    /// Returns a proof of all entries whose keys lie in a range, and that there are no others. Holds
    /// the nodes that the range touches, which are fetched a level at a time.
    ///
    /// # Errors
    /// [`TreeError::KeyTooLong`] for a bound that is longer than any key, and those of reading.
    pub fn generate_range_proof<K, R>(&self, range: R) -> Result<Proof, TreeError>
    where
        K: AsRef<[u8]> + ?Sized,
        R: RangeBounds<K>,
    {
        let bounds = owned_bounds(range)?;
        let levels = self.touched_levels(&bounds)?;
        let mut nodes = Vec::with_capacity(levels.iter().map(Vec::len).sum());
        let mut levels: Vec<_> = levels.into_iter().map(Vec::into_iter).collect();
        append(&mut levels, &bounds, &mut nodes);
        Ok(Proof { bounds, nodes })
    }

    /// Loads the nodes that a range touches, a level at a time: those of each level in the order of
    /// their keys, the root first. A proof holds all of them anyway.
    fn touched_levels(&self, bounds: &Bounds) -> Result<Vec<Vec<Arc<Node>>>, TreeError> {
        let mut levels = Vec::with_capacity(self.depth());
        let mut nodes = vec![Arc::clone(self.root_node())];
        while nodes.iter().any(|node| !node.is_leaf()) {
            let children = nodes.iter().flat_map(|node| {
                let (first, last) = touched(node, bounds);
                (first..=last).map(|index| (Arc::clone(node), index))
            });
            let places: Vec<Place> = children.collect();
            let below = Node::load_places(self.storage(), &places.iter().collect::<Vec<_>>())?;
            levels.push(std::mem::replace(&mut nodes, below));
        }
        levels.push(nodes);
        Ok(levels)
    }
}

/// Appends the node that comes next on the first of some levels, and those that are touched below it.
fn append(levels: &mut [IntoIter<Arc<Node>>], bounds: &Bounds, nodes: &mut Vec<Buffer>) {
    let Some((level, below)) = levels.split_first_mut() else {
        return;
    };
    let Some(node) = level.next() else {
        return;
    };
    nodes.push(node.bytes.clone());
    if !node.is_leaf() {
        let (first, last) = touched(&node, bounds);
        (first..=last).for_each(|_| append(below, bounds, nodes));
    }
}

/// Returns the bounds of a range, which a proof names.
pub(super) fn owned_bounds<K>(range: impl RangeBounds<K>) -> Result<Bounds, TreeError>
where
    K: AsRef<[u8]> + ?Sized,
{
    let owned = |bound: Bound<&K>| match bound.map(AsRef::as_ref) {
        Bound::Included(key) | Bound::Excluded(key) if key.len() > MAX_KEY_LEN => {
            Err(TreeError::KeyTooLong { len: key.len() })
        }
        bound => Ok(bound.map(<[u8]>::to_vec)),
    };
    Ok((owned(range.start_bound())?, owned(range.end_bound())?))
}

/// Returns the first and the last child of an internal node that a range touches. A range behind
/// the last key touches the last child, which shows that nothing comes behind; one that ends before
/// it starts touches one child.
pub(super) fn touched(node: &Node, (start, end): &Bounds) -> (usize, usize) {
    let last = node.len() - 1;
    let first = match start {
        Bound::Unbounded => 0,
        Bound::Included(key) | Bound::Excluded(key) => node.lower_bound(key).min(last),
    };
    let end = match end {
        Bound::Unbounded => last,
        Bound::Included(key) | Bound::Excluded(key) => node.lower_bound(key).min(last),
    };
    (first, end.max(first))
}
