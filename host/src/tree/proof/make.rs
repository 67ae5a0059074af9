//! Making proofs: collecting the nodes that a range of keys touches.

use std::ops::{Bound, RangeBounds};

use prollytree_plugin_api::Buffer;

use super::Proof;
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
    /// the nodes that the range touches.
    ///
    /// # Errors
    /// [`TreeError::KeyTooLong`] for a bound that is longer than any key, and those of reading.
    pub fn generate_range_proof<K, R>(&self, range: R) -> Result<Proof, TreeError>
    where
        K: AsRef<[u8]> + ?Sized,
        R: RangeBounds<K>,
    {
        let bounds = owned_bounds(range)?;
        let mut nodes = Vec::new();
        self.collect(self.root_node(), &bounds, &mut nodes)?;
        Ok(Proof { bounds, nodes })
    }

    fn collect(
        &self,
        node: &Node,
        bounds: &Bounds,
        nodes: &mut Vec<Buffer>,
    ) -> Result<(), TreeError> {
        nodes.push(node.bytes.clone());
        if node.is_leaf() {
            return Ok(());
        }
        let (first, last) = touched(node, bounds);
        for index in first..=last {
            let child = node.load_child(self.storage(), index)?;
            self.collect(&child, bounds, nodes)?;
        }
        Ok(())
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
