//! Nodes that are loaded together before they are needed, and stay in memory until they have been.

use std::sync::Arc;

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
    /// backend, and holds them. Returns `None` if one of them cannot be loaded: perhaps nobody needs
    /// it, and who does asks for it and is told.
    pub(super) fn load(&mut self, storage: &Storage, places: &[&Place]) -> Option<Vec<Arc<Node>>> {
        let children = Node::load_places(storage, places).ok()?;
        for ((parent, index), child) in places.iter().zip(&children) {
            if !parent.is_linked(*index) {
                let hash = parent.child(*index).hash;
                self.by_address.add(storage, hash, child);
            }
        }
        self.nodes.extend(children.iter().cloned());
        Some(children)
    }
}
