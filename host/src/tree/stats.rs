//! The size of a tree, level by level.

use std::collections::HashSet;
use std::sync::Arc;

use prollytree_plugin_api::Hash;

use super::children::check_child;
use super::node::Node;
use super::parameters::{Measure, Parameters};
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
    /// How full they are.
    pub fill: Fill,
}

/// How full nodes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fill {
    /// The size of the smallest as a record, in bytes.
    pub smallest: u64,
    /// The size of the largest.
    pub largest: u64,
    /// The number of nodes by their size in quarters of the target, as the boundary rule measures
    /// both: first those of less than one quarter, at last those of at least fifteen.
    pub quarters: [u64; 16],
}

impl TreeStats {
    pub(super) fn of(tree: &Tree) -> Result<Self, TreeError> {
        let mut stats = Self {
            levels: vec![LevelStats::default(); tree.depth()],
            ..Self::default()
        };
        let mut blobs = HashSet::new();
        let root = Arc::clone(tree.root_node());
        stats.add(&root, tree.parameters(), &mut blobs);
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
                stats.add(&child, tree.parameters(), &mut blobs);
                open.push(child);
            }
        }
        Ok(stats)
    }

    fn add(&mut self, node: &Node, parameters: &Parameters, blobs: &mut HashSet<Hash>) {
        let level = &mut self.levels[usize::from(node.level())];
        let bytes = node.record_len() as u64;
        level.nodes += 1;
        level.entries += node.len() as u64;
        level.bytes += bytes;
        level.fill.add(bytes, quarters_of_target(node, parameters));
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

impl Fill {
    fn add(&mut self, bytes: u64, quarters: u64) {
        let first = self.quarters.iter().all(|&count| count == 0);
        self.smallest = if first {
            bytes
        } else {
            self.smallest.min(bytes)
        };
        self.largest = self.largest.max(bytes);
        let last = self.quarters.len() - 1;
        let place = usize::try_from(quarters).map_or(last, |quarters| quarters.min(last));
        self.quarters[place] += 1;
    }
}

/// Returns the size of a node as the boundary rule measures it, in whole quarters of the target.
fn quarters_of_target(node: &Node, parameters: &Parameters) -> u64 {
    let shape = parameters.shape();
    let target = if node.is_leaf() {
        shape.leaf.target
    } else {
        shape.internal.target
    };
    let size = match shape.measure {
        Measure::Bytes => node.weight_of_run(0..node.len()),
        Measure::Entries => node.len() as u64,
    };
    size.saturating_mul(4) / u64::from(target)
}
