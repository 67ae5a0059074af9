//! Nodes that are loaded together before they are needed, and stay in memory until they have been.

use std::sync::Arc;

use super::frontier::Place;
use super::node::Node;
use super::{Measure, Tree};
use crate::storage::{Hold, Storage};

/// Nodes that are found as long as this is there, whatever the cache does.
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

impl Tree {
    /// Returns how many leaves may be loaded together: `most`, unless they are so large that they would
    /// take more than some 16 MiB.
    pub(super) fn leaves_together(&self, most: usize) -> usize {
        const BYTES: u64 = 16 << 20;
        let shape = self.parameters().shape();
        let entry = match shape.measure {
            Measure::Bytes => 1,
            Measure::Entries => {
                // Long values are not in the leaves.
                let average = self.totals().bytes / self.len().max(1);
                average.min(u64::from(shape.inline_limit) + 256)
            }
        };
        let leaf = u64::from(shape.leaf.target).saturating_mul(entry);
        let fitting = BYTES / leaf.max(1);
        usize::try_from(fitting).unwrap_or(most).clamp(1, most)
    }
}
