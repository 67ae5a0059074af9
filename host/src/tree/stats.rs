//! The size of a tree, level by level.

use std::collections::HashSet;
use std::sync::Arc;

use prollytree_plugin_api::Hash;

use super::children::check_child;
use super::node::Node;
use super::value::Cell;
use super::{Tree, TreeError};

/// What a walk over a tree has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeStats {
    /// One element a level, the leaves first.
    pub levels: Vec<LevelStats>,
    /// The number of different values out of line.
    pub blobs: u64,
    /// The sum of their lengths, in bytes.
    pub blob_bytes: u64,
}

/// The nodes of one level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LevelStats {
    /// The number of nodes.
    pub nodes: u64,
    /// The number of their entries.
    pub entries: u64,
    /// The sum of their sizes as records, in bytes.
    pub bytes: u64,
    /// The size of the largest, in bytes.
    pub largest: u64,
}

impl TreeStats {
    pub(super) fn of(tree: &Tree) -> Result<Self, TreeError> {
        let mut stats = Self {
            levels: vec![LevelStats::default(); tree.depth()],
            ..Self::default()
        };
        let mut blobs = HashSet::new();
        let root = Arc::clone(tree.root_node());
        stats.add(&root, &mut blobs);
        let mut open = vec![root];
        while let Some(node) = open.pop() {
            if node.is_leaf() {
                continue;
            }
            let hashes: Vec<Hash> = (0..node.len())
                .map(|index| node.child(index).hash)
                .collect();
            let children = tree.storage().load_many::<Node>(&hashes)?;
            for (index, child) in children.into_iter().enumerate() {
                check_child(&node, index, &child)?;
                stats.add(&child, &mut blobs);
                open.push(child);
            }
        }
        Ok(stats)
    }

    fn add(&mut self, node: &Node, blobs: &mut HashSet<Hash>) {
        let level = &mut self.levels[usize::from(node.level())];
        let bytes = node.encoded().len() as u64;
        level.nodes += 1;
        level.entries += node.len() as u64;
        level.bytes += bytes;
        level.largest = level.largest.max(bytes);
        if !node.is_leaf() {
            return;
        }
        for index in 0..node.len() {
            if let Cell::Blob(blob) = node.cell(index)
                && blobs.insert(blob.hash)
            {
                self.blobs += 1;
                self.blob_bytes += blob.len;
            }
        }
    }
}
