//! The one writer: every tree that is ever written comes from here.
//!
//! Sorted edits are merged with the old entries of the leaves, and what comes out is cut into
//! nodes; the nodes that come and go are edits of the level above, which is written in the same
//! way at the same time. On each level only the nodes are read that an edit falls into and those
//! after it, up to where a new boundary falls together with an old one: from there on everything
//! would be cut as it is.

use prollytree_plugin_api::Hash;

use super::append::{Appending, BLOCK_BYTES};
use super::chunker::{Chunker, Cut, cell_weight, child_weight};
use super::edit::{Edit, Order};
use super::key::{Key, KeyRef};
use super::level::{Level, Progress, Written};
use super::node::{Child, Node};
use super::output::{NewNode, Output};
use super::pipeline::Pipeline;
use super::value::{BlobRef, Cell, ValueReader, is_at, store_value};
use super::ways::Ways;
use super::{Tree, TreeError};

/// Applies edits to a tree.
pub(super) struct Writer<'a> {
    pub(super) tree: &'a Tree,
    pub(super) output: Output<'a>,
    pub(super) order: Order,
    /// The levels that have been reached by a change or a look, from the leaves up.
    pub(super) levels: Vec<Level>,
    pub(super) changed: bool,
    /// What the level above the leaves has not been told yet, where there are many.
    pub(super) pipeline: Option<Pipeline>,
    /// The leaves that were written before.
    pub(super) leaves: u64,
    /// What comes behind the last old entry, where it may be much.
    pub(super) appending: Option<Box<Appending>>,
    pub(super) block_bytes: usize,
    /// What leads to the keys that come next, where they are known.
    pub(super) ahead: Ways,
    /// How many other threads help where there is much to do; unless it is said, as many as there are
    /// processors for. To find that out takes as long as a small edit.
    pub(super) threads: Option<usize>,
}

/// A new entry.
#[derive(Clone, Copy)]
enum Entry<'a> {
    Value(Cell<'a>),
    Child(Child),
}

impl<'a> Writer<'a> {
    pub(super) fn new(tree: &'a Tree, output: Output<'a>) -> Self {
        Self {
            tree,
            output,
            order: Order::default(),
            levels: Vec::new(),
            changed: false,
            pipeline: None,
            leaves: 0,
            appending: None,
            block_bytes: BLOCK_BYTES,
            ahead: Ways::default(),
            threads: None,
        }
    }

    /// Applies an edit. Each must come after the one before. One that changes nothing costs a look
    /// at most.
    pub(super) fn apply(&mut self, key: &[u8], edit: &Edit) -> Result<(), TreeError> {
        match edit {
            Edit::Put(value) => self.put(key, value),
            Edit::PutBlob(blob) => {
                self.come_to(key)?;
                self.put_blob(key, blob)
            }
            Edit::Delete => {
                self.come_to(key)?;
                match self.old_cell(key) {
                    None => Ok(()),
                    Some(_) => self.replace(0, key, None),
                }
            }
        }
    }

    /// Puts a value, in the same way.
    pub(super) fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), TreeError> {
        let is_short = value.len() <= self.tree.parameters().inline_limit();
        let cell = Cell::Inline(value);
        if is_short && self.is_behind() {
            self.order.check(key)?;
            return self.push_behind(key, &cell);
        }
        self.come_to(key)?;
        if !is_short {
            return self.put_long(key, value);
        }
        if self.old_cell(key) == Some(cell) {
            return Ok(());
        }
        self.replace(0, key, Some(Entry::Value(cell)))
    }

    /// Passes the old entries before a key, which must come after the one before.
    fn come_to(&mut self, key: &[u8]) -> Result<(), TreeError> {
        self.order.check(key)?;
        self.advance(0, key)
    }

    /// Puts what a leaf of another tree with the same parameters holds for a key. Like
    /// [`apply`](Self::apply).
    pub(super) fn put_cell(&mut self, key: &[u8], cell: Cell<'_>) -> Result<(), TreeError> {
        self.come_to(key)?;
        if self.old_cell(key) == Some(cell) {
            return Ok(());
        }
        self.replace(0, key, Some(Entry::Value(cell)))
    }

    /// Writes what is left and returns the new root, or `None` if nothing has changed.
    pub(super) fn finish(mut self) -> Result<Option<NewNode>, TreeError> {
        if !self.changed {
            if self.tree.is_empty() {
                // It may never have been stored.
                let empty = Chunker::new(self.tree.parameters(), 0).cut();
                self.output.push_node(empty)?;
            }
            self.output.finish()?;
            return Ok(None);
        }
        self.expect_little();
        let mut at = 0;
        let root = loop {
            if let Some(root) = self.finish_level(at)? {
                break root;
            }
            at += 1;
        };
        self.output.finish()?;
        Ok(Some(root))
    }

    fn put_long(&mut self, key: &[u8], value: &[u8]) -> Result<(), TreeError> {
        if let Some(Cell::Blob(old)) = self.old_cell(key)
            && is_at(value, &old)
        {
            return Ok(());
        }
        let blob = store_value(value, &mut self.output)?;
        self.replace(0, key, Some(Entry::Value(Cell::Blob(blob))))
    }

    /// Puts a value that has been stored. Reads the record that stands for it: a tree must not refer
    /// to what is not there.
    fn put_blob(&mut self, key: &[u8], blob: &BlobRef) -> Result<(), TreeError> {
        let cell = Cell::Blob(*blob);
        if self.old_cell(key) == Some(cell) {
            return Ok(());
        }
        let stored = ValueReader::of_blob(self.tree.storage(), *blob)?;
        if blob.len() > self.tree.parameters().inline_limit() as u64 {
            return self.replace(0, key, Some(Entry::Value(cell)));
        }
        // It comes from a tree with other parameters, which keeps less in its leaves.
        let value = stored.read_all()?;
        let cell = Cell::Inline(&value);
        if self.old_cell(key) == Some(cell) {
            return Ok(());
        }
        self.replace(0, key, Some(Entry::Value(cell)))
    }

    /// Returns what the old tree has under a key to which the leaves have advanced.
    fn old_cell(&self, key: &[u8]) -> Option<Cell<'_>> {
        let leaves = &self.levels[0];
        let cursor = leaves
            .old
            .as_ref()
            .filter(|_| leaves.progress != Progress::Exhausted)?;
        cursor
            .is_at(key)
            .then(|| cursor.node().cell(cursor.index()))
    }

    /// Passes the old entries before `key`: those of a node that is being written anew are copied,
    /// others are skipped.
    pub(super) fn advance(&mut self, at: usize, key: &[u8]) -> Result<(), TreeError> {
        self.copy_before(at, key)?;
        let level = &mut self.levels[at];
        match &mut level.old {
            Some(old) if level.progress == Progress::Outside => old.seek(key),
            _ => Ok(()),
        }
    }

    /// Copies the old entries before `key` as far as nodes are being written anew.
    pub(super) fn copy_before(&mut self, at: usize, key: &[u8]) -> Result<(), TreeError> {
        self.reach(at);
        loop {
            let level = &mut self.levels[at];
            let Some(old) = &mut level.old else {
                return Ok(());
            };
            if level.progress != Progress::Inside {
                return Ok(());
            }
            let until = old.node().lower_bound(key);
            if until < old.node().len() {
                return self.copy(at, until);
            }
            self.copy_rest(at)?;
        }
    }

    /// Makes a level known that the one below it has reached.
    pub(super) fn reach(&mut self, at: usize) {
        if at == self.levels.len() {
            self.levels.push(Level::new(self.tree, at));
        }
    }

    /// Puts a new entry under a key to which the level has advanced, or none.
    fn replace(
        &mut self,
        at: usize,
        key: &[u8],
        entry: Option<Entry<'_>>,
    ) -> Result<(), TreeError> {
        self.changed = true;
        let level = &mut self.levels[at];
        if level.progress == Progress::Outside {
            level.enter();
            self.advance(at, key)?;
        }
        let level = &mut self.levels[at];
        if let Some(Entry::Value(cell)) = &entry
            && level.progress == Progress::Exhausted
        {
            return self.push_behind(key, cell);
        }
        let weight = entry.as_ref().map(|entry| entry.weight(key));
        match &mut level.old {
            Some(old) if level.progress == Progress::Inside && old.is_at(key) => {
                level.chunker.skip_from(old.node(), old.index(), weight);
                old.set_index(old.index() + 1);
            }
            _ if entry.is_some() => level.chunker.step_out(),
            _ => {}
        }
        let ends = match entry {
            None => false,
            Some(Entry::Value(cell)) => level.chunker.push_cell(key, &cell),
            Some(Entry::Child(child)) => level.chunker.push_child(key, child),
        };
        if ends { self.emit(at) } else { Ok(()) }
    }

    /// Tells the level above of a node that came, or went.
    pub(super) fn change_above(
        &mut self,
        at: usize,
        last_key: &[u8],
        child: Option<Child>,
    ) -> Result<(), TreeError> {
        self.advance(at + 1, last_key)?;
        self.replace(at + 1, last_key, child.map(Entry::Child))
    }

    /// Copies the entries of the old node from the cursor up to `until`.
    pub(super) fn copy(&mut self, at: usize, until: usize) -> Result<(), TreeError> {
        loop {
            let level = &mut self.levels[at];
            let Some(old) = &mut level.old else {
                return Ok(());
            };
            let (start, until) = (old.index(), until.min(old.node().len()));
            if start >= until {
                return Ok(());
            }
            let (index, ends) = level.chunker.push_run(old.node(), start, until);
            old.set_index(index);
            if ends {
                self.emit(at)?;
            }
        }
    }

    /// Copies what is left of the old node and goes on to where it ends: into the next one, or out
    /// if a new boundary falls there.
    pub(super) fn copy_rest(&mut self, at: usize) -> Result<(), TreeError> {
        self.copy(at, usize::MAX)?;
        let level = &mut self.levels[at];
        if at == 0 && level.waits_for_next() {
            // Where the entries of one leaf go on into the next, those of others will.
            self.ahead.widen(self.tree.storage());
        }
        level.leave()?;
        if level.chunker.entries().is_empty() {
            self.report_gone(at, None)
        } else {
            Ok(())
        }
    }

    /// Writes the node that the new entries make, and tells the level above.
    pub(super) fn emit(&mut self, at: usize) -> Result<(), TreeError> {
        let level = &mut self.levels[at];
        let last_key = level.chunker.entries().last_key();
        let last_key = last_key.map(KeyRef::to_key).unwrap_or_default();
        if at == 0 && self.pipeline.is_some() {
            let cut = level.chunker.cut();
            self.report_gone(at, Some(&last_key))?;
            if let Some(pipeline) = &mut self.pipeline {
                pipeline.push_cut(last_key, cut);
            }
            return self.hear_news(false);
        }
        let new = level.take(&mut self.output)?;
        self.report_gone(at, Some(&last_key))?;
        self.change_above(at, &last_key, Some(new.child))?;
        if at == 0 { self.count_leaf() } else { Ok(()) }
    }

    /// Takes a leaf whose hash is known, and tells the level above.
    pub(super) fn wrote_leaf(
        &mut self,
        last_key: &[u8],
        cut: Cut,
        hash: Hash,
    ) -> Result<(), TreeError> {
        let new = self.output.push_hashed(cut, hash)?;
        self.levels[0].wrote(&new);
        self.change_above(0, last_key, Some(new.child))
    }

    /// Tells the level above of old nodes that are gone: those whose last keys are smaller than
    /// that of a new node, or all. One with the same last key is replaced by the new one.
    pub(super) fn report_gone(&mut self, at: usize, new: Option<&Key>) -> Result<(), TreeError> {
        let gone = &mut self.levels[at].gone;
        let (smaller, reached) = match new {
            None => (gone.len(), gone.len()),
            Some(new) => (
                gone.partition_point(|key| key < new),
                gone.partition_point(|key| key <= new),
            ),
        };
        let mut reported: Vec<Key> = gone.drain(..reached).collect();
        reported.truncate(smaller);
        if let Some(pipeline) = self.pipeline.as_mut().filter(|_| at == 0) {
            pipeline.push_gone(reported);
            return self.hear_news(false);
        }
        reported
            .iter()
            .try_for_each(|key| self.change_above(at, key, None))
    }

    /// Writes what is left of a level. Returns the root if nothing needs to be above it.
    fn finish_level(&mut self, at: usize) -> Result<Option<NewNode>, TreeError> {
        while self.levels[at].progress == Progress::Inside {
            self.copy_rest(at)?;
        }
        if at == 0 {
            self.hear_news(true)?;
            self.end_pipeline();
            self.end_appending()?;
        }
        let level = &mut self.levels[at];
        let entries = level.chunker.entries();
        if level.replaced == self.tree.totals().entries && !level.has_adopted {
            // No old node stays: the new ones are all there are.
            match (&level.last_written, entries.len()) {
                (None, 1) if at > 0 => {
                    let child = entries.only_child();
                    return child.map(|child| self.below(child)).transpose();
                }
                (None, _) => {
                    return level.take(&mut self.output).map(Some);
                }
                (Some(written), 0) if level.written == 1 => {
                    let Written { child, node } = written.clone();
                    let Some(node) = node else {
                        return self.below(child).map(Some);
                    };
                    return Ok(Some(NewNode { child, node }));
                }
                _ => {}
            }
        }
        if !entries.is_empty() {
            self.emit(at)?;
        }
        self.report_gone(at, None)?;
        Ok(None)
    }

    /// Returns the root of a tree of which nothing is left but what is below a node that is stored.
    fn below(&self, mut child: Child) -> Result<NewNode, TreeError> {
        loop {
            let node = self.tree.storage().load::<Node>(&child.hash)?;
            if node.is_leaf() || node.len() > 1 {
                return Ok(NewNode { child, node });
            }
            child = node.child(0);
        }
    }
}

impl Entry<'_> {
    /// Returns what the entry weighs, where the boundary rule is concerned.
    fn weight(&self, key: &[u8]) -> u64 {
        match self {
            Self::Value(cell) => cell_weight(key, cell.len()),
            Self::Child(_) => child_weight(key),
        }
    }
}
