//! What has to happen to one tree to make it another, streaming, in the order of the keys.

use std::sync::Arc;

use super::children::check_begin;
use super::compare::{Comparison, Difference, Left, NodeSource, Side};
use super::frontier::{Frontier, Place};
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

/// An iterator over the changes from one tree to another. Loads nodes as it reaches them. It ends
/// after an error.
#[derive(Debug)]
pub struct Diff {
    before: Tree,
    after: Tree,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nothing has been read.
    New(Bounds),
    Running(Box<Comparison<Loading>>),
    Done,
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
            state: State::New(bounds),
        }
    }

    fn next_change(&mut self) -> Result<Option<Change>, TreeError> {
        if let State::New(bounds) = &self.state {
            self.state = if self.before == self.after {
                State::Done
            } else {
                let loading = Loading::new(&self.before, &self.after);
                let roots = [&self.before, &self.after].map(|tree| Arc::clone(tree.root_node()));
                let [before, after] = roots;
                let comparison = Comparison::new(loading, bounds.clone(), before, after);
                State::Running(Box::new(comparison))
            };
        }
        let State::Running(comparison) = &mut self.state else {
            return Ok(None);
        };
        let difference = comparison.next()?;
        Ok(difference.map(|difference| self.change(&difference)))
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
        let change = self.next_change().transpose();
        if !matches!(change, Some(Ok(_))) {
            self.state = State::Done;
        }
        change
    }
}

impl Loading {
    pub(super) fn new(before: &Tree, after: &Tree) -> Self {
        Self {
            before: before.clone(),
            after: after.clone(),
            frontier: Frontier::default(),
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

    fn prepare(&mut self, left: [&Left; 2], bounds: &Bounds) -> Result<(), TreeError> {
        let storage = self.before.storage();
        let next = left[0].next();
        if next.is_none_or(|(node, index)| node.is_loaded(storage, index))
            || !storage.is_same(self.after.storage())
        {
            return Ok(());
        }
        let stacks = left.map(Left::places);
        self.frontier
            .fetch(storage, &stacks, bounds, |[before, after]| before != after)
    }
}
