//! What two trees have in common: the nodes that both refer to, and those that only one has.

use std::collections::HashSet;

use super::node::{Child, Node};
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
}

/// The nodes of a tree that have not been looked at, of one level, in order.
struct Side<'a> {
    tree: &'a Tree,
    level: u8,
    nodes: Vec<Child>,
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
                sharing.take_shared(&mut first.nodes, &mut second.nodes);
            }
            let level = first.level.max(second.level);
            if first.level == level {
                first.descend(&mut sharing.first)?;
            }
            if second.level == level {
                second.descend(&mut sharing.second)?;
            }
            if level == 0 {
                return Ok(sharing);
            }
        }
    }
}

impl Sharing {
    /// Takes what is on both sides from them.
    fn take_shared(&mut self, first: &mut Vec<Child>, second: &mut Vec<Child>) {
        let ours: HashSet<_> = first.iter().map(|node| node.hash).collect();
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
        let root = Child {
            hash: tree.root(),
            totals: tree.totals(),
        };
        Self {
            tree,
            level: tree.level(),
            nodes: vec![root],
        }
    }

    /// Counts the nodes of this level, and goes on to those below them.
    fn descend(&mut self, unshared: &mut Unshared) -> Result<(), TreeError> {
        /// So many nodes are in memory at a time.
        const TOGETHER: usize = 256;
        let mut below = Vec::new();
        for some in self.nodes.chunks(TOGETHER) {
            let hashes: Vec<_> = some.iter().map(|node| node.hash).collect();
            let nodes = if hashes == [self.tree.root()] {
                // It may never have been stored.
                vec![self.tree.root_node().clone()]
            } else {
                self.tree.storage().load_many::<Node>(&hashes)?
            };
            for node in nodes {
                unshared.nodes += 1;
                unshared.bytes += node.record_len() as u64;
                if !node.is_leaf() {
                    below.extend((0..node.len()).map(|index| node.child(index)));
                }
            }
        }
        self.nodes = below;
        self.level = self.level.saturating_sub(1);
        Ok(())
    }
}
