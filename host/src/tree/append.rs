//! Entries behind the last old one, in bulk. They are collected in blocks, of which other threads make
//! leaves.
//!
//! Where a leaf ends depends on where it begins. Who makes the leaves of a block before those of the one
//! before it are made takes it that one begins with the block; which is seldom so, but after a leaf or
//! two a boundary falls where it would have fallen anyway, and behind it all leaves are the right ones.

use std::mem;
use std::sync::Arc;

use super::TreeError;
use super::aside::Aside;
use super::block::{Block, BlockLeaf};
use super::level::Progress;
use super::value::Cell;
use super::writer::Writer;

/// Blocks of entries that come behind all old ones.
pub(super) struct Appending {
    /// What is being collected.
    block: Block,
    /// The blocks before it, whose leaves are being made.
    aside: Aside<Block, Vec<BlockLeaf>>,
    /// One that is done and can be filled again.
    spare: Option<Block>,
    /// How many of the leaves that were made elsewhere are in the tree.
    pub(super) used: u64,
    /// How many blocks have come since the last one of which any leaf is.
    unused_blocks: u32,
}

/// How many bytes a block has: some sixty leaves, and less than what a processor keeps for itself.
pub(super) const BLOCK_BYTES: usize = 256 << 10;

/// After so many blocks in a row of which no leaf is in the tree, threads are of no use: there are no
/// boundaries that depend on keys alone.
const MOST_UNUSED: u32 = 4;

impl Writer<'_> {
    /// Says whether what comes next comes behind all old entries.
    pub(super) fn is_behind(&self) -> bool {
        let leaves = self.levels.first();
        leaves.is_some_and(|leaves| leaves.progress == Progress::Exhausted)
    }

    /// Adds an entry behind all old ones and all that have been added.
    pub(super) fn push_behind(&mut self, key: &[u8], cell: &Cell<'_>) -> Result<(), TreeError> {
        self.changed = true;
        if self.pipeline.is_some() {
            self.begin_to_append()?;
        }
        if let Some(appending) = &mut self.appending {
            appending.block.push(key, cell);
            if appending.block.size() >= self.block_bytes {
                self.end_block()?;
            }
            return Ok(());
        }
        let chunker = &mut self.levels[0].chunker;
        chunker.step_out();
        if chunker.push_cell(key, cell) {
            self.emit(0)?;
        }
        Ok(())
    }

    /// Has leaves made on other threads from now on, where there are processors for them.
    pub(super) fn begin_to_append(&mut self) -> Result<(), TreeError> {
        self.hear_news(true)?;
        self.end_pipeline();
        if let Some(aside) = Aside::start(Block::leaves, self.other_threads()) {
            self.appending = Some(Box::new(Appending {
                block: Block::new(self.tree.parameters()),
                aside,
                spare: None,
                used: 0,
                unused_blocks: 0,
            }));
        }
        Ok(())
    }

    /// Adds to the tree what has been collected.
    pub(super) fn end_appending(&mut self) -> Result<(), TreeError> {
        let Some(mut appending) = self.appending.take() else {
            return Ok(());
        };
        while let Some((block, leaves)) = appending.aside.take(true) {
            self.add_leaves(&block, leaves)?;
        }
        self.add_leaves(&appending.block, appending.block.leaves())?;
        Ok(())
    }

    /// Has leaves made of the block that is full, and adds those that have been made.
    fn end_block(&mut self) -> Result<(), TreeError> {
        let Some(mut appending) = self.appending.take() else {
            return Ok(());
        };
        let next = appending.spare.take();
        let next = next.unwrap_or_else(|| Block::new(self.tree.parameters()));
        let block = mem::replace(&mut appending.block, next);
        appending.aside.give(block);
        while let Some((block, leaves)) = appending.aside.take(false) {
            let used = self.add_leaves(&block, leaves)?;
            appending.used += used;
            appending.unused_blocks = if used > 0 {
                0
            } else {
                appending.unused_blocks + 1
            };
            appending.spare = Arc::into_inner(block);
        }
        appending.spare.iter_mut().for_each(Block::clear);
        let is_useful = appending.unused_blocks < MOST_UNUSED;
        self.appending = Some(appending);
        if is_useful {
            Ok(())
        } else {
            self.end_appending()
        }
    }

    /// Adds the entries of a block behind all that is there: as the leaves that have been made of them,
    /// where boundaries fall as it was thought. Returns how many.
    fn add_leaves(&mut self, block: &Block, mut leaves: Vec<BlockLeaf>) -> Result<u64, TreeError> {
        let mut at = 0;
        if !self.levels[0].chunker.entries().is_empty() {
            at = self.add_until_boundary(block, at)?;
        }
        while at > 0 {
            match leaves.binary_search_by_key(&at, |leaf| leaf.end) {
                Ok(last) => {
                    leaves.drain(..=last);
                    break;
                }
                Err(_) if at == block.len() => return Ok(0),
                Err(_) => at = self.add_until_boundary(block, at)?,
            }
        }
        let used = leaves.len() as u64;
        for BlockLeaf { end, cut, hash } in leaves {
            self.wrote_leaf(block.key(end - 1), cut, hash)?;
            at = end;
        }
        while at < block.len() {
            at = self.add_until_boundary(block, at)?;
        }
        Ok(used)
    }

    /// Adds entries of a block one by one up to a boundary or the last one. Returns the position behind
    /// them.
    fn add_until_boundary(&mut self, block: &Block, start: usize) -> Result<usize, TreeError> {
        for index in start..block.len() {
            let (key, cell) = (block.key(index), block.cell(index));
            if self.levels[0].chunker.push_cell(key, &cell) {
                self.emit(0)?;
                return Ok(index + 1);
            }
        }
        Ok(block.len())
    }
}
