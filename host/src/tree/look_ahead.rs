//! Fetching what keys that are known beforehand lead to, a level at a time: over a slow backend, many
//! keys cost a round trip for each level and not for each node.

use std::borrow::Borrow;
use std::mem;
use std::ops::Range;
use std::sync::Arc;

use super::frontier::Place;
use super::key::KeyRef;
use super::node::Node;
use super::output::{NewNode, Output};
use super::value::Value;
use super::writer::Writer;
use super::{Edit, Key, Tree, TreeError};
use crate::storage::Storage;

/// So many keys are looked at together, and edits that hold so many bytes.
const KEYS: usize = 1024;
const BYTES: usize = 1 << 20;

/// A writer that sees edits before they are applied.
pub(super) struct LookAhead<'a, K, E> {
    writer: Writer<'a>,
    waiting: Vec<(K, E)>,
    /// How many bytes they hold.
    held: usize,
}

/// Nodes that lead to keys, and are in memory for as long as this is.
#[derive(Default)]
pub(super) struct Ways {
    held: Vec<Arc<Node>>,
    /// The places of the leaves.
    leaves: Vec<Place>,
}

impl Tree {
    /// Returns the values of keys, in the order in which the keys are given; `None` for each that has
    /// none.
    ///
    /// Of what is not in memory, the nodes for up to 1,024 keys are read with one call to the backend a
    /// level, and values out of line one by one.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn get_many<K: AsRef<[u8]>>(&self, keys: &[K]) -> Result<Vec<Option<Value>>, TreeError> {
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_unstable_by(|&one, &other| keys[one].as_ref().cmp(keys[other].as_ref()));
        let mut values = vec![None; keys.len()];
        for some in order.chunks(KEYS) {
            let ascending: Vec<&[u8]> = some.iter().map(|&index| keys[index].as_ref()).collect();
            let held = self.ways_to(&ascending)?;
            for &index in some {
                values[index] = self.get(keys[index].as_ref())?;
            }
            drop(held);
        }
        Ok(values)
    }

    /// Loads the leaves that have or would have keys, which ascend, and the nodes above them, with one
    /// call a level at most.
    fn ways_to(&self, keys: &[&[u8]]) -> Result<Ways, TreeError> {
        let mut all = Ways::default();
        if keys.len() < 2 {
            // The nodes on one way can only be read one after the other.
            return Ok(all);
        }
        let mut ways = vec![(Arc::clone(self.root_node()), 0..keys.len())];
        for _ in 0..self.level() {
            let (places, keys_of): (Vec<_>, Vec<_>) = ways
                .iter()
                .flat_map(|(node, range)| children_for(node, keys, range.clone()))
                .unzip();
            let children = Node::load_places(self.storage(), &places.iter().collect::<Vec<_>>())?;
            all.held.extend(children.iter().cloned());
            all.leaves = places;
            ways = children.into_iter().zip(keys_of).collect();
        }
        Ok(all)
    }
}

impl Ways {
    /// Loads the leaves next to those that the ways lead to, with one call at most, and once.
    pub(super) fn widen(&mut self, storage: &Storage) -> Result<(), TreeError> {
        for (parent, index) in &mut self.leaves {
            *index = parent.len().min(*index + 1);
        }
        let leaves = mem::take(&mut self.leaves);
        let next: Vec<_> = leaves
            .iter()
            .filter(|(parent, index)| *index < parent.len())
            .collect();
        self.held.extend(Node::load_places(storage, &next)?);
        Ok(())
    }
}

impl<'a, K: AsRef<[u8]>, E: Borrow<Edit>> LookAhead<'a, K, E> {
    pub(super) fn new(tree: &'a Tree, output: Output<'a>) -> Self {
        Self {
            writer: Writer::new(tree, output),
            waiting: Vec::new(),
            held: 0,
        }
    }

    /// Says whether a key comes behind that of the last edit.
    pub(super) fn follows(&self, key: &[u8]) -> bool {
        match self.waiting.last() {
            Some((last, _)) => key > last.as_ref(),
            None => self.writer.order.follows(key),
        }
    }

    /// Takes an edit. Each must come after the one before.
    pub(super) fn push(&mut self, key: K, edit: E) -> Result<(), TreeError> {
        if !self.waits() {
            return self.writer.apply(key.as_ref(), edit.borrow());
        }
        self.held += edit.borrow().held_bytes();
        self.waiting.push((key, edit));
        if self.waiting.len() >= KEYS || self.held >= BYTES {
            self.apply()?;
        }
        Ok(())
    }

    /// Applies what waits, and returns the new root, or `None` if nothing has changed.
    pub(super) fn finish(mut self) -> Result<Option<NewNode>, TreeError> {
        self.apply()?;
        self.writer.finish()
    }

    /// Says whether edits lead to old leaves: not where there are none, or only before them.
    fn waits(&self) -> bool {
        self.writer.tree.level() > 0 && !self.writer.is_behind()
    }

    fn apply(&mut self) -> Result<(), TreeError> {
        let waiting = mem::take(&mut self.waiting);
        self.held = 0;
        let keys: Vec<&[u8]> = waiting.iter().map(|(key, _)| key.as_ref()).collect();
        self.writer.ahead = self.writer.tree.ways_to(&keys)?;
        for (key, edit) in waiting {
            self.writer.apply(key.as_ref(), edit.borrow())?;
        }
        self.writer.ahead = Ways::default();
        Ok(())
    }
}

impl LookAhead<'_, Key, Edit> {
    /// Like [`push`](Self::push), for edits that stay where they are; copies what has to wait.
    pub(super) fn push_ref(&mut self, key: &[u8], edit: &Edit) -> Result<(), TreeError> {
        if self.waits() {
            self.push(key.to_vec(), edit.clone())
        } else {
            self.writer.apply(key, edit)
        }
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
