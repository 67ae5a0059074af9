//! What two trees have in common: the nodes that both refer to, and those that only one has.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use prollytree_plugin_api::Hash;

use super::frontier::Place;
use super::node::{Child, Node};
use super::value::Cell;
use super::{Tree, TreeError};

/// What two trees share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sharing {
    /// The number of entries in and below nodes that both trees have.
    pub shared_entries: u64,
    /// The sum of the lengths of their keys and values, in bytes.
    pub shared_bytes: u64,
    /// What only the first tree has.
    pub first: Unshared,
    /// What only the second tree has.
    pub second: Unshared,
}

/// Nodes that only one of two trees has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unshared {
    /// Their number.
    pub nodes: u64,
    /// The sum of their sizes as records, in bytes.
    pub bytes: u64,
    /// The number of values out of line that its leaves among them refer to, and such leaves of the
    /// other tree do not. One that lies in a shared leaf too is counted.
    pub values: u64,
    /// The sum of their lengths, in bytes.
    pub value_bytes: u64,
}

/// What of a tree has not been looked at: nodes of one level, in order.
struct Side<'a> {
    tree: &'a Tree,
    level: u8,
    /// Whether it is the root.
    root: bool,
    /// Where it is not: the nodes, as children of those above them.
    places: Vec<Place>,
    alone: Unshared,
    /// The values out of line of the leaves that have been counted, and their lengths.
    values: HashMap<Hash, u64>,
}

impl Tree {
    /// Compares the nodes of two trees. Reads only those that one of them has alone, a level at a
    /// time; how much lies below the others is known from their parents.
    ///
    /// # Errors
    /// If a node cannot be read.
    pub fn sharing(&self, other: &Self) -> Result<Sharing, TreeError> {
        let mut sharing = Sharing::default();
        let (mut first, mut second) = (Side::new(self), Side::new(other));
        loop {
            if first.level == second.level {
                sharing.take_shared(&mut first, &mut second);
            }
            let level = first.level.max(second.level);
            for side in [&mut first, &mut second] {
                if side.level == level {
                    side.descend()?;
                }
            }
            if level == 0 {
                sharing.first = first.alone_beside(&second);
                sharing.second = second.alone_beside(&first);
                return Ok(sharing);
            }
        }
    }
}

impl Sharing {
    /// Takes what is on both sides from them.
    fn take_shared(&mut self, first: &mut Side<'_>, second: &mut Side<'_>) {
        let ours: HashSet<_> = first.nodes().map(|node| node.hash).collect();
        let mut shared = HashSet::new();
        second.retain(|node| {
            let both = ours.contains(&node.hash);
            if both {
                shared.insert(node.hash);
                self.shared_entries = self.shared_entries.saturating_add(node.totals.entries);
                self.shared_bytes = self.shared_bytes.saturating_add(node.totals.bytes);
            }
            !both
        });
        first.retain(|node| !shared.contains(&node.hash));
    }
}

impl<'a> Side<'a> {
    fn new(tree: &'a Tree) -> Self {
        Self {
            tree,
            level: tree.level(),
            root: true,
            places: Vec::new(),
            alone: Unshared::default(),
            values: HashMap::new(),
        }
    }

    fn nodes(&self) -> impl Iterator<Item = Child> {
        let children = self.places.iter().map(|(node, index)| node.child(*index));
        self.root.then(|| self.top()).into_iter().chain(children)
    }

    fn retain(&mut self, mut keep: impl FnMut(&Child) -> bool) {
        self.root = self.root && keep(&self.top());
        self.places
            .retain(|(node, index)| keep(&node.child(*index)));
    }

    fn top(&self) -> Child {
        Child {
            hash: self.tree.root(),
            totals: self.tree.totals(),
        }
    }

    /// Counts the nodes of this level, and goes on to those below them.
    fn descend(&mut self) -> Result<(), TreeError> {
        /// So many nodes are loaded at a time, if they are small.
        const TOGETHER: usize = 256;
        let places = std::mem::take(&mut self.places);
        if self.root {
            // It may never have been stored.
            self.count(self.tree.root_node());
            self.root = false;
        }
        for some in places.chunks(self.tree.leaves_together(TOGETHER)) {
            let some: Vec<_> = some.iter().collect();
            for node in Node::load_places(self.tree.storage(), &some)? {
                self.count(&node);
            }
        }
        self.level = self.level.saturating_sub(1);
        Ok(())
    }

    fn count(&mut self, node: &Arc<Node>) {
        self.alone.nodes += 1;
        self.alone.bytes += node.record_len() as u64;
        for index in 0..node.len() {
            if !node.is_leaf() {
                self.places.push((Arc::clone(node), index));
            } else if let Cell::Blob(blob) = node.cell(index) {
                self.values.insert(blob.hash, blob.len);
            }
        }
    }

    /// Returns what only this side has.
    fn alone_beside(&self, other: &Self) -> Unshared {
        let mut alone = self.alone;
        for (hash, len) in &self.values {
            if !other.values.contains_key(hash) {
                alone.values += 1;
                alone.value_bytes = alone.value_bytes.saturating_add(*len);
            }
        }
        alone
    }
}
