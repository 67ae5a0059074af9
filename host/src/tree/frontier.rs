//! Fetching what a comparison of trees will read, a level at a time: over a slow backend, two trees
//! cost a round trip for each level and not for each node.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::sync::Arc;

use prollytree_plugin_api::Hash;

use super::Tree;
use super::direction::Direction;
use super::held::HeldNodes;
use super::iter::Bounds;
use super::key::{Key, KeyRef};
use super::node::Node;
use crate::storage::Storage;

/// What has been fetched ahead, and how much the next time: more and more, because who has compared
/// much is likely to go on.
#[derive(Debug)]
pub(super) struct Frontier {
    /// So many nodes are fetched the next time, and ever.
    next: usize,
    most: usize,
    /// Keeps the nodes in memory until they have been compared, whatever the cache does.
    held: HeldNodes,
}

/// So many nodes are fetched ahead at first, and at most.
const FIRST_NODES: usize = 64;
const MOST_NODES: usize = 4096;

/// Of each tree, so many children of a level are looked through at most.
const MOST_ROWS: usize = 16 << 10;

/// What may still be fetched at a time.
struct Left {
    /// Nodes that are not in memory.
    missing: usize,
    /// Nodes, in memory or not: all are held.
    all: usize,
}

/// A child, by its parent and its position there.
pub(super) type Place = (Arc<Node>, usize);

/// Children of a node that have not been passed.
pub(super) type Run = (Arc<Node>, Range<usize>);

/// Walks through `N` trees, all in one direction.
pub(super) struct Walks<'a, const N: usize> {
    /// The nodes that they stand in, the lowest one last, each with what is left there.
    pub(super) stacks: [Vec<Run>; N],
    /// Which of them go down into the child that comes next, whatever it is.
    pub(super) go_down: [bool; N],
    pub(super) direction: Direction,
    /// Only keys between them matter.
    pub(super) bounds: &'a Bounds,
    /// Says of the children that the trees have between two keys at which all of them cut, row by row,
    /// whether they will be looked at.
    pub(super) looked_at: fn(&[Row<Hash, N>]) -> Vec<bool>,
}

impl Frontier {
    /// Fetches nodes of some trees.
    pub(super) fn of(trees: &[&Tree]) -> Self {
        let most = trees.iter().map(|tree| tree.leaves_together(MOST_NODES));
        let most = most.min().unwrap_or(MOST_NODES);
        Self {
            next: FIRST_NODES.min(most),
            most,
            held: HeldNodes::default(),
        }
    }

    /// Loads what walks will look at, down to where a node cannot be loaded.
    pub(super) fn fetch<const N: usize>(&mut self, storage: &Storage, walks: &Walks<'_, N>) {
        let mut held = HeldNodes::default();
        let levels = walks.stacks.iter().flatten().map(|(node, _)| node.level());
        let mut sides: [Vec<Run>; N] = [const { Vec::new() }; N];
        let mut left = Left {
            missing: self.next,
            all: 2 * self.most,
        };
        for level in (1..=levels.max().unwrap_or(0)).rev() {
            for (side, stack) in sides.iter_mut().zip(&walks.stacks) {
                // What is open comes before what is below nodes that come next.
                let own = stack.iter().filter(|(node, _)| node.level() == level);
                side.splice(0..0, own.cloned());
            }
            let places = walks.children_to_load(storage, &sides, &mut left);
            let all: Vec<&Place> = places.iter().flatten().collect();
            let Some(children) = held.load(storage, &all) else {
                // Not so much, until what is in the way has been passed.
                self.next = 1;
                return;
            };
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
        // What was fetched before and is still wanted has been found there.
        self.held = held;
        self.next = (self.next * 4).min(self.most);
    }
}

/// What trees have under a key: children whose last key it is.
pub(super) type Row<T, const N: usize> = [Option<T>; N];

impl<const N: usize> Walks<'_, N> {
    /// Returns the children that will be looked at, in the order in which they come; not many more than
    /// are `left`.
    fn children_to_load(
        &self,
        storage: &Storage,
        sides: &[Vec<Run>; N],
        left: &mut Left,
    ) -> [Vec<Place>; N] {
        let rows = self.rows(sides);
        let looked_at = rows_to_look_at(&rows, self.looked_at);
        let mut rows = rows.into_iter().zip(looked_at);
        let mut wanted = [const { Vec::new() }; N];
        let mut is_full = false;
        while let Some((places, looked_at)) = match self.direction {
            Direction::Forwards => rows.next(),
            Direction::Backwards => rows.next_back(),
        } {
            let looked_at = looked_at && !is_full;
            for (side, place) in places.into_iter().enumerate() {
                let Some(place) = place.filter(|place| looked_at || self.comes_next(side, place))
                else {
                    continue;
                };
                let (node, index) = &place;
                let is_missing = usize::from(!node.is_loaded(storage, *index));
                left.missing = left.missing.saturating_sub(is_missing);
                left.all = left.all.saturating_sub(1);
                wanted[side].push(place);
            }
            is_full |= looked_at && (left.missing == 0 || left.all == 0);
        }
        wanted
    }

    /// Returns the children that come next, in the order of their keys, as far as they are looked through.
    fn rows(&self, sides: &[Vec<Run>; N]) -> Vec<Row<Place, N>> {
        let ends = sides.iter().filter_map(|nodes| {
            let end = self.children(nodes).nth(MOST_ROWS);
            end.map(|(node, index)| node.key(index))
        });
        let end = ends.min_by(|one, other| self.direction.order(one.cmp(other)));
        let mut by_key: BTreeMap<Key, Row<Place, N>> = BTreeMap::new();
        for (side, nodes) in sides.iter().enumerate() {
            let comes_before = |(node, index): &(&Arc<Node>, usize)| {
                end.is_none_or(|end| self.direction.order(node.key(*index).cmp(&end)).is_lt())
            };
            for (node, index) in self.children(nodes).take_while(comes_before) {
                let places = by_key
                    .entry(node.key(index).to_key())
                    .or_insert_with(|| [const { None }; N]);
                places[side] = Some((Arc::clone(node), index));
            }
        }
        by_key.into_values().collect()
    }

    /// Returns children within the bounds in the order in which they come.
    fn children<'a>(&'a self, nodes: &'a [Run]) -> impl Iterator<Item = (&'a Arc<Node>, usize)> {
        let children = nodes.iter().flat_map(|(node, run)| {
            let nth = |n| self.direction.first(&self.direction.skip(run, n));
            (0..run.len()).map(move |n| (node, nth(n)))
        });
        children.filter(|(node, index)| may_hold(node, *index, self.bounds))
    }

    /// Says whether a walk goes down there now.
    fn comes_next(&self, side: usize, (node, index): &Place) -> bool {
        self.go_down[side]
            && self.stacks[side].last().is_some_and(|(own, run)| {
                Arc::ptr_eq(own, node) && self.direction.first(run) == *index
            })
    }
}

/// Says of each row whether its children will be looked at. Where trees cut the same entries in
/// different places, only what lies between keys at which all of them cut can be compared.
fn rows_to_look_at<const N: usize>(
    rows: &[Row<Place, N>],
    looked_at: fn(&[Row<Hash, N>]) -> Vec<bool>,
) -> Vec<bool> {
    let hash = |(node, index): &Place| node.child(*index).hash;
    let parts = rows.chunk_by(|row, _| row.iter().any(Option::is_none));
    let parts = parts.map(|part| {
        let rows = part.iter();
        let rows = rows.map(|row| row.each_ref().map(|place| place.as_ref().map(hash)));
        looked_at(&rows.collect::<Vec<_>>())
    });
    parts.flatten().collect()
}

/// Returns what each of the trees has.
pub(super) fn sides_of<T: Copy, const N: usize>(rows: &[Row<T, N>]) -> [Vec<T>; N] {
    std::array::from_fn(|side| rows.iter().filter_map(|row| row[side]).collect())
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
