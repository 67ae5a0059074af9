//! Edits that wait until there are many, so that what they lead to is fetched together.

use std::borrow::Borrow;
use std::mem;

use super::output::{NewNode, Output};
use super::ways::Ways;
use super::writer::Writer;
use super::{Edit, Key, Tree, TreeError};

/// Edits that hold so many bytes are enough, however few.
const BYTES: usize = 1 << 20;

/// A writer that sees edits before they are applied.
pub(super) struct LookAhead<'a, K, E> {
    writer: Writer<'a>,
    waiting: Vec<(K, E)>,
    /// How many bytes they hold.
    held: usize,
    /// So many are enough.
    most: usize,
}

impl<'a, K: AsRef<[u8]>, E: Borrow<Edit>> LookAhead<'a, K, E> {
    pub(super) fn new(tree: &'a Tree, output: Output<'a>) -> Self {
        Self {
            writer: Writer::new(tree, output),
            waiting: Vec::new(),
            held: 0,
            most: tree.leaves_together(Ways::KEYS),
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
        if self.waiting.len() >= self.most || self.held >= BYTES {
            self.apply()?;
        }
        Ok(())
    }

    /// Applies what waits, and returns the new root, or `None` if nothing has changed.
    pub(super) fn finish(mut self) -> Result<Option<NewNode>, TreeError> {
        self.apply()?;
        self.writer.finish()
    }

    /// Says whether edits lead to leaves that may have to be fetched: not in a tree of one leaf, which is
    /// in memory, nor behind the last old entry.
    fn waits(&self) -> bool {
        self.writer.tree.level() > 0 && !self.writer.is_behind()
    }

    fn apply(&mut self) -> Result<(), TreeError> {
        let waiting = mem::take(&mut self.waiting);
        self.held = 0;
        let keys: Vec<&[u8]> = waiting.iter().map(|(key, _)| key.as_ref()).collect();
        self.writer.ahead = self.writer.tree.ways_to(&keys);
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
