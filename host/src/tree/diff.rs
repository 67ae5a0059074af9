//! What two trees do not have in common, streaming, in the order of the keys.

use std::cmp::Ordering;
use std::ops::Bound;
use std::sync::Arc;

use super::frontier::Frontier;
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
    before: Side,
    after: Side,
    state: State,
    frontier: Frontier,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing has been read.
    New,
    Running,
    Done,
}

/// What is left of one tree.
#[derive(Debug)]
struct Side {
    tree: Tree,
    bounds: Bounds,
    /// Nodes that are partly done, the lowest one last. None is without entries.
    open: Vec<Open>,
}

/// A node, and which of its entries are left.
#[derive(Debug)]
struct Open {
    node: Arc<Node>,
    index: usize,
    end: usize,
}

impl Diff {
    pub(super) fn new(before: &Tree, after: &Tree, bounds: Bounds) -> Self {
        let side = |tree: &Tree| Side {
            tree: tree.clone(),
            bounds: bounds.clone(),
            open: vec![],
        };
        Self {
            before: side(before),
            after: side(after),
            state: State::New,
            frontier: Frontier::default(),
        }
    }

    fn next_change(&mut self) -> Result<Option<Change>, TreeError> {
        if self.state == State::New {
            self.state = State::Running;
            if self.before.tree != self.after.tree {
                self.before.open_root();
                self.after.open_root();
            }
        }
        loop {
            let order = match (self.before.open.last(), self.after.open.last()) {
                (None, None) => return Ok(None),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(before), Some(after)) => match before.level().cmp(&after.level()) {
                    // The higher one is opened, so that equal parts meet at the same level.
                    Ordering::Greater => Ordering::Less,
                    Ordering::Less => Ordering::Greater,
                    Ordering::Equal if before.is_leaf() => {
                        before
                            .node
                            .compare_keys(before.index, &after.node, after.index)
                    }
                    Ordering::Equal => Ordering::Equal,
                },
            };
            let change = match order {
                Ordering::Less => self.before.step()?.map(|(key, value)| Change {
                    key,
                    before: Some(value),
                    after: None,
                }),
                Ordering::Greater => self.after.step()?.map(|(key, value)| Change {
                    key,
                    before: None,
                    after: Some(value),
                }),
                Ordering::Equal => self.step_both()?,
            };
            if change.is_some() {
                return Ok(change);
            }
        }
    }

    /// Steps over an entry on both sides: one key of two leaves, or a child each of two internal
    /// nodes, which is skipped if it is the same and opened otherwise.
    fn step_both(&mut self) -> Result<Option<Change>, TreeError> {
        let (Some(before), Some(after)) = (self.before.open.last(), self.after.open.last()) else {
            return Ok(None);
        };
        if before.is_leaf() {
            let (old, new) = (before.node.cell(before.index), after.node.cell(after.index));
            if old.is_same_value(&new) {
                self.before.skip();
                self.after.skip();
                return Ok(None);
            }
            let (before, after) = (self.before.step()?, self.after.step()?);
            return Ok(before.zip(after).map(|((key, before), (_, after))| Change {
                key,
                before: Some(before),
                after: Some(after),
            }));
        }
        if before.node.child(before.index).hash == after.node.child(after.index).hash {
            self.before.skip();
            self.after.skip();
        } else {
            self.fetch_ahead()?;
            self.before.step()?;
            self.after.step()?;
        }
        Ok(None)
    }

    /// Loads what will be compared below the two nodes, if that is not in memory.
    fn fetch_ahead(&mut self) -> Result<(), TreeError> {
        let storage = self.before.tree.storage();
        let next = self.before.open.last();
        if next.is_none_or(|open| open.node.is_loaded(storage, open.index))
            || !storage.is_same(self.after.tree.storage())
        {
            return Ok(());
        }
        let stacks = [&self.before, &self.after].map(|side| {
            let open = side.open.iter();
            open.map(|open| (Arc::clone(&open.node), open.index))
                .collect()
        });
        self.frontier
            .fetch(storage, &stacks, &self.before.bounds, |[before, after]| {
                before != after
            })
    }
}

impl Iterator for Diff {
    type Item = Result<Change, TreeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::Done {
            return None;
        }
        let change = self.next_change().transpose();
        if !matches!(change, Some(Ok(_))) {
            self.state = State::Done;
        }
        change
    }
}

impl Side {
    fn open_root(&mut self) {
        let root = Arc::clone(self.tree.root_node());
        self.open(root);
    }

    /// Opens a node: what of it lies within the bounds comes next.
    fn open(&mut self, node: Arc<Node>) {
        let position = |key: &[u8], behind| {
            let index = node.lower_bound(key);
            let passes = behind && index < node.len() && node.key(index) == KeyRef::from(key);
            index + usize::from(passes)
        };
        let (start, end) = &self.bounds;
        let index = match start {
            Bound::Unbounded => 0,
            Bound::Included(key) => position(key, false),
            Bound::Excluded(key) => position(key, true),
        };
        let end = match end {
            Bound::Unbounded => node.len(),
            // The child with the first greater last key may begin below the bound.
            Bound::Included(key) | Bound::Excluded(key) if !node.is_leaf() => {
                (position(key, false) + 1).min(node.len())
            }
            Bound::Included(key) => position(key, true),
            Bound::Excluded(key) => position(key, false),
        };
        if index < end {
            self.open.push(Open { node, index, end });
        }
    }

    /// Steps over the next entry: returns that of a leaf, opens a child.
    fn step(&mut self) -> Result<Option<(Key, ValueHandle)>, TreeError> {
        let Some(open) = self.open.last() else {
            return Ok(None);
        };
        let (node, index) = (Arc::clone(&open.node), open.index);
        if node.is_leaf() {
            let entry = (node.key(index).to_key(), self.tree.handle_in(&node, index));
            self.skip();
            return Ok(Some(entry));
        }
        let child = node.load_child(self.tree.storage(), index)?.into_arc();
        self.skip();
        self.open(child);
        Ok(None)
    }

    /// Steps over the next entry without looking at it.
    fn skip(&mut self) {
        if let Some(open) = self.open.last_mut() {
            open.index += 1;
            if open.index == open.end {
                self.open.pop();
            }
        }
    }
}

impl Open {
    fn level(&self) -> u8 {
        self.node.level()
    }

    fn is_leaf(&self) -> bool {
        self.node.is_leaf()
    }
}
