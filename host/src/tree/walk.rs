//! A walk over a tree from its first entry to its last that goes down only where it is told to: what
//! stands before it is an entry of a leaf, or a whole child of an internal node.

use std::cmp::Ordering;
use std::sync::Arc;

use super::children::check_begin;
use super::direction::Direction;
use super::frontier::Run;
use super::key::KeyRef;
use super::node::Node;
use super::value::{Cell, ValueHandle};
use super::{Tree, TreeError};

/// A position in a tree.
#[derive(Debug)]
pub(super) struct Walk {
    tree: Tree,
    /// From the root down, which child the path takes; of the last node, the entry that comes next.
    /// Empty behind the last entry.
    path: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    node: Arc<Node>,
    index: usize,
}

impl Walk {
    /// Stands before the first entry of the root.
    pub(super) fn new(tree: &Tree) -> Self {
        let node = Arc::clone(tree.root_node());
        let path = if tree.is_empty() {
            Vec::new()
        } else {
            vec![Step { node, index: 0 }]
        };
        Self {
            tree: tree.clone(),
            path,
        }
    }

    /// Returns the node and the position of what comes next; `None` behind the last entry.
    pub(super) fn next(&self) -> Option<(&Arc<Node>, usize)> {
        self.path.last().map(|step| (&step.node, step.index))
    }

    /// Returns the nodes that the walk stands in, each with what is left there.
    pub(super) fn stack(&self) -> Vec<Run> {
        let last = self.path.len().saturating_sub(1);
        let steps = self.path.iter().enumerate();
        steps
            .map(|(depth, step)| {
                let next = step.index + usize::from(depth < last);
                (Arc::clone(&step.node), next..step.node.len())
            })
            .collect()
    }

    /// Returns the level of the node; `None` behind the last entry.
    pub(super) fn level(&self) -> Option<u8> {
        self.path.last().map(|step| step.node.level())
    }

    /// Returns the key of what comes next: of a child, its last one.
    pub(super) fn key(&self) -> Option<KeyRef<'_>> {
        self.next().map(|(node, index)| node.key(index))
    }

    /// Says whether nothing is left up to a key, which is known without a look at nodes that are not
    /// open.
    pub(super) fn has_nothing_up_to(&self, key: KeyRef<'_>) -> bool {
        self.next()
            .is_none_or(|(node, index)| node.is_leaf() && node.key(index) > key)
    }

    /// Compares the keys of what comes next; nothing comes behind all keys.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self.next(), other.next()) {
            (Some((node, index)), Some((other, at))) => node.compare_keys(index, other, at),
            (mine, theirs) => mine.is_none().cmp(&theirs.is_none()),
        }
    }

    /// Returns what the entry of a leaf that comes next holds.
    pub(super) fn cell(&self) -> Option<Cell<'_>> {
        self.next().map(|(node, index)| node.cell(index))
    }

    /// Returns the value of the entry of a leaf that comes next.
    pub(super) fn handle(&self) -> Option<ValueHandle> {
        (self.next()).map(|(node, index)| self.tree.handle_in(node, index))
    }

    /// Returns how many entries come next in a leaf here and in one of another tree that are the same,
    /// keys and values; no more than `most` are compared.
    pub(super) fn same_run(&self, other: &Self, most: usize) -> usize {
        match (self.next(), other.next()) {
            (Some((mine, index)), Some((theirs, at))) => {
                let run = index..mine.len().min(index.saturating_add(most));
                let other = at..theirs.len();
                mine.same_run(&run, theirs, &other, Direction::Forwards)
            }
            _ => 0,
        }
    }

    /// Returns the last key that has been passed.
    pub(super) fn key_before(&self) -> Option<KeyRef<'_>> {
        if self.path.is_empty() {
            return self.tree.root_node().last_key();
        }
        let mut steps = self.path.iter().rev();
        steps
            .find(|step| step.index > 0)
            .map(|step| step.node.key(step.index - 1))
    }

    /// Says whether the entry at `index` of the node is the last one on its level.
    pub(super) fn is_last(&self, index: usize) -> bool {
        let Some((last, above)) = self.path.split_last() else {
            return true;
        };
        index + 1 == last.node.len() && above.iter().all(|step| step.index + 1 == step.node.len())
    }

    /// Passes so many entries of the node, or children with all that is below them.
    pub(super) fn pass(&mut self, count: usize) {
        let Some(step) = self.path.last_mut() else {
            return;
        };
        step.index += count;
        while let Some(step) = self.path.last()
            && step.index >= step.node.len()
        {
            self.path.pop();
            if let Some(above) = self.path.last_mut() {
                above.index += 1;
            }
        }
    }

    /// Passes everything up to a key and the key itself, as far as nodes are open. Says whether more of
    /// it lies below the child that comes next.
    pub(super) fn pass_through(&mut self, key: KeyRef<'_>) -> bool {
        while let Some((node, index)) = self.next() {
            let passed = (index..node.len()).take_while(|&index| node.key(index) <= key);
            let passed = passed.count();
            if passed == 0 {
                return !node.is_leaf() && self.key_before().is_none_or(|before| before < key);
            }
            self.pass(passed);
        }
        false
    }

    /// Goes down into the child that comes next.
    pub(super) fn open(&mut self) -> Result<(), TreeError> {
        let Some((node, index)) = self.next() else {
            return Ok(());
        };
        let child = node.load_child(self.tree.storage(), index)?.into_arc();
        // The child was compared with the ones before it in its parent; with those before its
        // parent it is compared here.
        if index == 0
            && let Some(before) = self.key_before()
        {
            check_begin(node, index, &child, before)?;
        }
        self.path.push(Step {
            node: child,
            index: 0,
        });
        Ok(())
    }
}
