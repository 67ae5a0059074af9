//! What has to happen to one tree to make it another, streaming, from either end of the keys.

use std::sync::Arc;

use prollytree_plugin_api::Hash;

use super::children::check_begin;
use super::compare::{Comparison, Difference, Left, NodeSource, Side};
use super::direction::Direction;
use super::frontier::{Frontier, Place, Row, Walks, sides_of};
use super::iter::Bounds;
use super::key::{Key, KeyRef};
use super::node::Node;
use super::value::ValueHandle;
use super::{Tree, TreeError};

/// One key that two trees do not agree about. Values out of line have not been loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: Key,
    /// Its value in the tree that is left; `None` if it is added.
    pub before: Option<ValueHandle>,
    /// Its value in the tree that is reached; `None` if it is removed.
    pub after: Option<ValueHandle>,
}

/// An iterator over the changes from one tree to another, from either end. Loads nodes as it reaches
/// them. It ends after an error.
#[derive(Debug)]
pub struct Diff {
    before: Tree,
    after: Tree,
    bounds: Bounds,
    front: End,
    back: End,
    /// Whether the ends have met, or one of them has failed.
    is_done: bool,
}

/// How far one end has come; nothing has been read at first.
#[derive(Debug, Default)]
struct End {
    comparison: Option<Box<Comparison<Loading>>>,
    /// An entry with the key of the last change.
    last: Option<Place>,
}

/// Loads nodes from the storages of the trees, those that will be compared together.
#[derive(Debug)]
pub(super) struct Loading {
    before: Tree,
    after: Tree,
    frontier: Frontier,
}

impl Diff {
    pub(super) fn new(before: &Tree, after: &Tree, bounds: Bounds) -> Self {
        Self {
            before: before.clone(),
            after: after.clone(),
            bounds,
            front: End::default(),
            back: End::default(),
            is_done: before == after,
        }
    }

    /// Returns the change that comes next from one end.
    fn step(&mut self, direction: Direction) -> Option<Result<Change, TreeError>> {
        if self.is_done {
            return None;
        }
        let found = self.next_difference(direction).transpose();
        if !matches!(found, Some(Ok(_))) {
            self.is_done = true;
            (self.front, self.back) = (End::default(), End::default());
        }
        found.map(|found| found.map(|difference| self.change(&difference)))
    }

    fn next_difference(&mut self, direction: Direction) -> Result<Option<Difference>, TreeError> {
        let (end, other) = match direction {
            Direction::Forwards => (&mut self.front, &self.back),
            Direction::Backwards => (&mut self.back, &self.front),
        };
        let comparison = end.comparison.get_or_insert_with(|| {
            let trees = [&self.before, &self.after];
            let roots = trees.map(|tree| Arc::clone(tree.root_node()));
            let loading = Loading::new(trees);
            let comparison = Comparison::new(loading, direction, self.bounds.clone(), roots);
            Box::new(comparison)
        });
        let Some(difference) = comparison.next()? else {
            return Ok(None);
        };
        let (leaf, index) = difference.place();
        // The other end has given this change already, and so all behind it.
        if (other.last.as_ref()).is_some_and(|(last, at)| {
            direction
                .order(leaf.compare_keys(*index, last, *at))
                .is_ge()
        }) {
            return Ok(None);
        }
        end.last = Some((Arc::clone(leaf), *index));
        Ok(Some(difference))
    }

    fn change(&self, difference: &Difference) -> Change {
        let [before, after] = difference.sides();
        let value = |tree: &Tree, place: Option<&Place>| {
            place.map(|(leaf, index)| tree.handle_in(leaf, *index))
        };
        Change {
            key: difference.key(),
            before: value(&self.before, before),
            after: value(&self.after, after),
        }
    }
}

impl Iterator for Diff {
    type Item = Result<Change, TreeError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(Direction::Forwards)
    }
}

impl DoubleEndedIterator for Diff {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(Direction::Backwards)
    }
}

impl Loading {
    pub(super) fn new([before, after]: [&Tree; 2]) -> Self {
        Self {
            before: before.clone(),
            after: after.clone(),
            frontier: Frontier::of(&[before, after]),
        }
    }
}

impl NodeSource for Loading {
    type Error = TreeError;

    fn child(
        &mut self,
        side: Side,
        parent: &Arc<Node>,
        index: usize,
        before: Option<KeyRef<'_>>,
    ) -> Result<Arc<Node>, TreeError> {
        let tree = match side {
            Side::Before => &self.before,
            Side::After => &self.after,
        };
        let child = parent.load_child(tree.storage(), index)?.into_arc();
        // Within its parent it was checked when it was loaded.
        if index == 0
            && let Some(before) = before
        {
            check_begin(parent, index, &child, before)?;
        }
        Ok(child)
    }

    fn prepare(&mut self, left: [&Left; 2], steps: [bool; 2], bounds: &Bounds) {
        let storage = self.before.storage();
        let next = left.iter().zip(steps).filter(|(_, steps)| *steps);
        let mut next = next.filter_map(|(left, _)| left.next());
        if next.all(|(node, index)| node.is_loaded(storage, index))
            || !storage.is_same(self.after.storage())
        {
            return;
        }
        let walks = Walks {
            stacks: left.map(Left::runs),
            go_down: steps,
            direction: left[0].direction(),
            bounds,
            looked_at: rows_to_compare,
        };
        self.frontier.fetch(storage, &walks);
    }
}

/// Says of children between two keys at which both trees cut, row by row, whether they will be compared.
fn rows_to_compare(rows: &[Row<Hash, 2>]) -> Vec<bool> {
    let [before, after] = sides_of(rows);
    let differ = before != after;
    rows.iter()
        .map(|[before, after]| differ && before != after)
        .collect()
}
