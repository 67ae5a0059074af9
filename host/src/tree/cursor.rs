//! A path from the root down to one node of a level, and the ways to move it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::children::check_begin;
use super::frontier::Place;
use super::held::HeldNodes;
use super::key::KeyRef;
use super::node::Node;
use super::{Tree, TreeError};
use crate::storage::Storage;

/// A position between entries of one level of a tree.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    storage: Storage,
    /// From the root to the cursor's node; never empty.
    path: Vec<Step>,
    level: u8,
    /// How many nodes are loaded together when the next one is not in memory: more and more, because
    /// who has gone on for long is likely to go on.
    ahead: usize,
    most_ahead: usize,
    /// Those that were loaded last, by the level that they are on.
    held: Vec<(u8, Arc<HeldNodes>)>,
}

/// The most nodes that are loaded together, however small.
const MOST_AHEAD: usize = 64;

/// A node of the path, and which child the path takes; in the last node, the entry that the cursor
/// stands before.
#[derive(Clone, Debug)]
struct Step {
    node: Arc<Node>,
    index: usize,
}

impl Cursor {
    /// Stands nowhere yet: [`seek`](Self::seek) comes first.
    pub(super) fn unplaced(tree: &Tree, level: u8) -> Self {
        Self::at_root(tree, level)
    }

    /// Stands before the first entry of a level, which the tree must have.
    pub(super) fn first(tree: &Tree, level: u8) -> Result<Self, TreeError> {
        let mut cursor = Self::at_root(tree, level);
        cursor.descend(|_| 0)?;
        Ok(cursor)
    }

    /// Stands behind the last entry of a level, which the tree must have.
    pub(super) fn last(tree: &Tree, level: u8) -> Result<Self, TreeError> {
        let mut cursor = Self::at_root(tree, level);
        cursor.descend(|node| node.len() - 1)?;
        cursor.set_index(cursor.node().len());
        Ok(cursor)
    }

    /// Stands where `key` is or would be, as [`seek`](Self::seek) does.
    pub(super) fn at(tree: &Tree, level: u8, key: &[u8]) -> Result<Self, TreeError> {
        let mut cursor = Self::at_root(tree, level);
        cursor.seek(key)?;
        Ok(cursor)
    }

    /// Stands before the entry that so many others come before, which the tree must have.
    pub(super) fn at_rank(tree: &Tree, rank: u64) -> Result<Self, TreeError> {
        let mut cursor = Self::at_root(tree, 0);
        let mut left = rank;
        while !cursor.node().is_leaf() {
            let node = Arc::clone(cursor.node());
            let mut index = 0;
            while index + 1 < node.len() && node.child_totals(index).entries <= left {
                left -= node.child_totals(index).entries;
                index += 1;
            }
            cursor.set_index(index);
            cursor.push_child()?;
        }
        cursor.set_index(usize::try_from(left).unwrap_or(usize::MAX));
        Ok(cursor)
    }

    /// Stands behind the entry that so many others, itself included, are; the tree must have it.
    pub(super) fn behind_rank(tree: &Tree, count: u64) -> Result<Self, TreeError> {
        if count == tree.len() {
            return Self::last(tree, 0);
        }
        Self::at_rank(tree, count)
    }

    /// Moves on to the first entry whose key is not smaller than `key`, which itself must not be
    /// smaller than that of any entry passed so far. If all keys are smaller, stands behind the
    /// last one.
    pub(super) fn seek(&mut self, key: &[u8]) -> Result<(), TreeError> {
        while self.path.len() > 1
            && self
                .node()
                .last_key()
                .is_none_or(|last| last < KeyRef::from(key))
        {
            self.path.pop();
            // What comes next is elsewhere.
            self.ahead = 1;
            self.held.clear();
        }
        self.descend(|node| node.lower_bound(key).min(node.len() - 1))?;
        let index = self.node().lower_bound(key);
        self.set_index(index);
        Ok(())
    }

    /// Returns the node that the cursor is in.
    pub(super) fn node(&self) -> &Arc<Node> {
        &self.step().node
    }

    /// Returns the entry of the node that the cursor stands before; the number of entries behind
    /// the last one.
    pub(super) fn index(&self) -> usize {
        self.step().index
    }

    /// Says whether the cursor stands before the entry with this key.
    pub(super) fn is_at(&self, key: &[u8]) -> bool {
        let Step { node, index } = self.step();
        *index < node.len() && node.key(*index) == KeyRef::from(key)
    }

    pub(super) fn set_index(&mut self, index: usize) {
        let last = self.path.len() - 1;
        self.path[last].index = index;
    }

    /// Says whether the cursor's node is the last one of its level.
    pub(super) fn is_in_last_node(&self) -> bool {
        let above = &self.path[..self.path.len() - 1];
        above.iter().all(|step| step.index + 1 == step.node.len())
    }

    /// Says whether the next node of the level is in memory, or there is none.
    pub(super) fn is_next_loaded(&self) -> bool {
        let turn = self.turn(|step| step.index + 1 < step.node.len());
        turn.is_none_or(|turn| {
            let Step { node, index } = &self.path[turn];
            node.is_loaded(&self.storage, index + 1)
        })
    }

    /// Moves before the first entry of the next node of the level. Returns false, and does not
    /// move, if there is none. What is loaded ahead are nodes that hold the next `wanted` entries of
    /// the tree.
    pub(super) fn next_node(&mut self, wanted: u64) -> Result<bool, TreeError> {
        let Some(turn) = self.turn(|step| step.index + 1 < step.node.len()) else {
            return Ok(false);
        };
        self.path.truncate(turn + 1);
        self.path[turn].index += 1;
        let Step { node, index } = self.step();
        let places = *index..node.len();
        self.load_ahead(places, wanted);
        self.descend_from_child(|_| 0)?;
        Ok(true)
    }

    /// Appends up to `most` of the nodes that come next below the same parent, those that are in memory
    /// before the first that is not.
    pub(super) fn siblings_in_memory(&self, most: usize, nodes: &mut VecDeque<Arc<Node>>) {
        if let [.., parent, _] = &self.path[..] {
            let start = parent.index + 1;
            let end = parent.node.len().min(start + most);
            parent.node.leaves_in_memory(start..end, nodes);
        }
    }

    /// Moves before the first entry of the next node below the same parent, and returns the one that
    /// it stood in.
    pub(super) fn step_to_sibling(&mut self, sibling: Arc<Node>) -> Option<Arc<Node>> {
        let [.., parent, last] = &mut self.path[..] else {
            return None;
        };
        parent.index += 1;
        last.index = 0;
        Some(std::mem::replace(&mut last.node, sibling))
    }

    /// Moves behind the last entry of the previous node of the level, in the same way.
    pub(super) fn previous_node(&mut self, wanted: u64) -> Result<bool, TreeError> {
        let Some(turn) = self.turn(|step| step.index > 0) else {
            return Ok(false);
        };
        self.path.truncate(turn + 1);
        self.path[turn].index -= 1;
        let places = 0..=self.step().index;
        self.load_ahead(places.rev(), wanted);
        self.descend_from_child(|node| node.len() - 1)?;
        self.set_index(self.node().len());
        Ok(true)
    }

    /// Loads the child that comes next together with some that follow it, if it is not in memory.
    fn load_ahead(&mut self, following: impl Iterator<Item = usize>, mut wanted: u64) {
        let Step { node, index } = self.step();
        if node.is_loaded(&self.storage, *index) {
            return;
        }
        let mut places = Vec::new();
        for at in following.take(self.ahead) {
            places.push((Arc::clone(node), at));
            wanted = wanted.saturating_sub(node.child_totals(at).entries);
            if wanted == 0 {
                break;
            }
        }
        let mut held = HeldNodes::default();
        let wanted: Vec<&Place> = places.iter().collect();
        if held.load(&self.storage, &wanted).is_some() {
            let level = node.level() - 1;
            self.held.retain(|(other, _)| *other > level);
            self.held.push((level, Arc::new(held)));
            self.ahead = (self.ahead * 2).min(self.most_ahead);
        } else {
            self.ahead = 1;
        }
    }

    /// Returns the number of the tree's entries that lie before the cursor.
    pub(super) fn rank(&self) -> u64 {
        self.path
            .iter()
            .map(|step| step.node.entries_before(step.index))
            .sum()
    }

    fn at_root(tree: &Tree, level: u8) -> Self {
        let mut path = Vec::with_capacity(tree.depth());
        path.push(Step {
            node: Arc::clone(tree.root_node()),
            index: 0,
        });
        Self {
            storage: tree.storage().clone(),
            path,
            level,
            ahead: 1,
            most_ahead: tree.leaves_together(MOST_AHEAD),
            held: Vec::new(),
        }
    }

    fn step(&self) -> &Step {
        self.path.last().expect("the path is never empty")
    }

    /// Returns the lowest node above the cursor's own in which the path can turn.
    fn turn(&self, can: impl Fn(&Step) -> bool) -> Option<usize> {
        self.path[..self.path.len() - 1].iter().rposition(can)
    }

    /// Goes down from the last node of the path to the cursor's level, by the child that `choose`
    /// picks in each internal node; stands before the first entry.
    fn descend(&mut self, choose: impl Fn(&Node) -> usize) -> Result<(), TreeError> {
        while self.node().level() > self.level {
            let index = choose(self.node());
            self.set_index(index);
            self.push_child()?;
        }
        Ok(())
    }

    /// Like `descend`, but the child of the first node has been chosen.
    fn descend_from_child(&mut self, choose: impl Fn(&Node) -> usize) -> Result<(), TreeError> {
        self.push_child()?;
        self.descend(choose)
    }

    fn push_child(&mut self) -> Result<(), TreeError> {
        let Step { node, index } = self.step();
        let child = node.load_child(&self.storage, *index)?.into_arc();
        // The child was compared with the ones before it in its parent; with those before its
        // parent it is compared here.
        if *index == 0
            && let Some(before) = self.path.iter().rev().find(|step| step.index > 0)
        {
            check_begin(node, *index, &child, before.node.key(before.index - 1))?;
        }
        self.path.push(Step {
            node: child,
            index: 0,
        });
        Ok(())
    }
}
