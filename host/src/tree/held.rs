//! Nodes that have been loaded together because all of them will be needed, and stay in memory until
//! they have been.

use std::sync::Arc;

use super::TreeError;
use super::frontier::Place;
use super::node::Node;
use crate::storage::{Hold, Storage};

#[derive(Debug, Default)]
pub(super) struct HeldNodes {
    nodes: Vec<Arc<Node>>,
    /// Those that their parents do not lead to.
    by_address: Hold,
}

impl HeldNodes {
    /// Loads children of nodes of one level, those that are not in memory with one call to the
    /// backend, and holds them.
    pub(super) fn load(
        &mut self,
        storage: &Storage,
        places: &[&Place],
    ) -> Result<Vec<Arc<Node>>, TreeError> {
        let children = Node::load_places(storage, places)?;
        for ((parent, index), child) in places.iter().zip(&children) {
            if !parent.is_linked(*index) {
                let hash = parent.child(*index).hash;
                self.by_address.add(storage, hash, child);
            }
        }
        self.nodes.extend(children.iter().cloned());
        Ok(children)
    }
}
