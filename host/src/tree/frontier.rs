//! Fetching what a comparison of trees will read, a level at a time: over a slow backend, two trees
//! cost a round trip for each level and not for each node.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::sync::Arc;

use prollytree_plugin_api::Hash;

use super::TreeError;
use super::direction::Direction;
use super::iter::Bounds;
use super::key::{Key, KeyRef};
use super::node::Node;
use crate::storage::Storage;

/// What has been fetched ahead, and how much the next time: more and more, because who has compared
/// much is likely to go on.
#[derive(Debug)]
pub(super) struct Frontier {
    most: usize,
    /// Keeps the nodes in memory until they have been compared, whatever the cache does.
    held: Vec<Arc<Node>>,
}

/// So many nodes are fetched ahead at first, and at most: some 16 MiB.
const FIRST_NODES: usize = 64;
const MOST_NODES: usize = 4096;

/// A child, by its parent and its position there.
pub(super) type Place = (Arc<Node>, usize);

/// Children of a node that have not been passed.
pub(super) type Run = (Arc<Node>, Range<usize>);

impl Default for Frontier {
    fn default() -> Self {
        Self {
            most: FIRST_NODES,
            held: Vec::new(),
        }
    }
}

impl Frontier {
    /// Loads what `N` walks in one direction will compare: `stacks` are the nodes that they stand in,
    /// each with what is left there; only keys between `bounds` matter, and `differ` says whether the
    /// children that they have under a key will be looked at.
    pub(super) fn fetch<const N: usize>(
        &mut self,
        storage: &Storage,
        stacks: &[Vec<Run>; N],
        direction: Direction,
        bounds: &Bounds,
        differ: fn(&[Option<Hash>; N]) -> bool,
    ) -> Result<(), TreeError> {
        self.held.clear();
        let levels = stacks.iter().flatten().map(|(node, _)| node.level());
        let mut sides: [Vec<Run>; N] = [const { Vec::new() }; N];
        let mut left = self.most;
        for level in (1..=levels.max().unwrap_or(0)).rev() {
            for (side, stack) in sides.iter_mut().zip(stacks) {
                let own = stack.iter().filter(|(node, _)| node.level() == level);
                side.extend(own.cloned());
            }
            let places = children_to_compare(storage, &sides, direction, bounds, differ, &mut left);
            let all: Vec<&Place> = places.iter().flatten().collect();
            let children = Node::load_places(storage, &all)?;
            self.held.extend(children.iter().cloned());
            let mut children = children.into_iter();
            sides = places.map(|places| {
                let below = children.by_ref().take(places.len());
                let whole = |node: Arc<Node>| {
                    let all = 0..node.len();
                    (node, all)
                };
                below.map(whole).collect()
            });
        }
        self.most = (self.most * 4).min(MOST_NODES);
        Ok(())
    }
}

/// Returns the children that will be looked at, in the order in which they come; of those that are not
/// in memory not many more than are `left`.
fn children_to_compare<const N: usize>(
    storage: &Storage,
    sides: &[Vec<Run>; N],
    direction: Direction,
    bounds: &Bounds,
    differ: fn(&[Option<Hash>; N]) -> bool,
    left: &mut usize,
) -> [Vec<Place>; N] {
    let mut by_key: BTreeMap<Key, [Option<Place>; N]> = BTreeMap::new();
    for (side, nodes) in sides.iter().enumerate() {
        for (node, run) in nodes {
            for index in run.clone().filter(|&index| may_hold(node, index, bounds)) {
                let places = by_key
                    .entry(node.key(index).to_key())
                    .or_insert_with(|| [const { None }; N]);
                places[side] = Some((Arc::clone(node), index));
            }
        }
    }
    let mut wanted = [const { Vec::new() }; N];
    let mut by_key = by_key.into_values();
    while let Some(places) = match direction {
        Direction::Forwards => by_key.next(),
        Direction::Backwards => by_key.next_back(),
    } {
        let hashes = places
            .each_ref()
            .map(|place| place.as_ref().map(|(node, index)| node.child(*index).hash));
        if !differ(&hashes) {
            continue;
        }
        for (side, place) in places.into_iter().enumerate() {
            let Some((node, index)) = place else { continue };
            *left = left.saturating_sub(usize::from(!node.is_loaded(storage, index)));
            wanted[side].push((node, index));
        }
        if *left == 0 {
            break;
        }
    }
    wanted
}

/// Says whether keys between the bounds may lie below a child.
fn may_hold(node: &Node, index: usize, (start, end): &Bounds) -> bool {
    let begins_in_time = match end {
        Bound::Unbounded => true,
        Bound::Included(end) | Bound::Excluded(end) => {
            index == 0 || node.key(index - 1) < KeyRef::from(&end[..])
        }
    };
    let ends_late_enough = match start {
        Bound::Unbounded => true,
        Bound::Included(start) | Bound::Excluded(start) => {
            node.key(index) >= KeyRef::from(&start[..])
        }
    };
    begins_in_time && ends_late_enough
}
