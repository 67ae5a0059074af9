//! Fetching what keys that are known beforehand lead to, a level at a time: over a slow backend, many
//! keys cost a round trip for each level and not for each node.

use std::mem;
use std::ops::Range;
use std::sync::Arc;

use super::Tree;
use super::frontier::Place;
use super::held::HeldNodes;
use super::key::KeyRef;
use super::node::Node;
use crate::storage::Storage;

/// Nodes that lead to keys, and are in memory for as long as this is.
#[derive(Default)]
pub(super) struct Ways {
    held: HeldNodes,
    /// The places of the leaves.
    leaves: Vec<Place>,
}

impl Ways {
    /// So many keys are looked at together, or fewer if the leaves are large.
    pub(super) const KEYS: usize = 1024;

    /// Loads the leaves next to those that the ways lead to, with one call at most, and once.
    pub(super) fn widen(&mut self, storage: &Storage) {
        for (parent, index) in &mut self.leaves {
            *index = parent.len().min(*index + 1);
        }
        let leaves = mem::take(&mut self.leaves);
        let next: Vec<_> = leaves
            .iter()
            .filter(|(parent, index)| *index < parent.len())
            .collect();
        self.held.load(storage, &next);
    }
}

impl Tree {
    /// Loads the leaves that have or would have keys, which ascend, and the nodes above them, with one
    /// call a level at most; down to where a node cannot be loaded.
    pub(super) fn ways_to(&self, keys: &[&[u8]]) -> Ways {
        let mut all = Ways::default();
        if keys.len() < 2 {
            // The nodes on one way can only be read one after the other.
            return all;
        }
        let mut ways = vec![(Arc::clone(self.root_node()), 0..keys.len())];
        for _ in 0..self.level() {
            let (places, keys_of): (Vec<_>, Vec<_>) = ways
                .iter()
                .flat_map(|(node, range)| children_for(node, keys, range.clone()))
                .unzip();
            let wanted: Vec<&Place> = places.iter().collect();
            let Some(children) = all.held.load(self.storage(), &wanted) else {
                all.leaves.clear();
                break;
            };
            all.leaves = places;
            ways = children.into_iter().zip(keys_of).collect();
        }
        all
    }
}

/// Returns the children of an internal node that some keys lead to, each with its part of them.
fn children_for<'a>(
    node: &'a Arc<Node>,
    keys: &'a [&[u8]],
    mut left: Range<usize>,
) -> impl Iterator<Item = (Place, Range<usize>)> {
    std::iter::from_fn(move || {
        let first = keys[left.clone()].first()?;
        let last_child = node.len() - 1;
        let child = node.lower_bound(first).min(last_child);
        let is_there = |key: &&[u8]| child == last_child || KeyRef::from(*key) <= node.key(child);
        let behind = keys[left.clone()]
            .iter()
            .skip(1)
            .take_while(|key| is_there(key));
        let some = left.start..left.start + 1 + behind.count();
        left.start = some.end;
        Some(((Arc::clone(node), child), some))
    })
}
