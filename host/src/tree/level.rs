//! One level of a tree that is being written: what is old in it, and what is new.

use std::sync::Arc;

use super::chunker::Chunker;
use super::cursor::Cursor;
use super::key::Key;
use super::node::{Child, Node};
use super::output::{NewNode, Output};
use super::{Tree, TreeError};

/// A level, its old entries and its new ones.
pub(super) struct Level {
    /// The new entries since the last boundary.
    pub(super) chunker: Chunker,
    /// The old entries; `None` above the old root.
    pub(super) old: Option<Cursor>,
    /// Whether the level above knows the old nodes.
    has_parent: bool,
    pub(super) progress: Progress,
    /// The last key of old nodes that were removed behind the cursor's node.
    pub(super) removed: Option<Key>,
    /// How many of the tree's entries are below the old nodes that are written anew.
    pub(super) replaced: u64,
    /// The last keys of old nodes that are gone, as far as the level above has not been told.
    pub(super) gone: Vec<Key>,
    /// The number of new nodes, and the last of them.
    pub(super) written: u64,
    pub(super) last_written: Option<Written>,
    /// Whether some of the level's nodes came as parts of adopted ones.
    pub(super) has_adopted: bool,
}

/// A node of the new tree, and where it is in memory if it was written here.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) child: Child,
    pub(super) node: Option<Arc<Node>>,
}

/// Where a level stands among its old entries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Between old nodes: those before the cursor are done, one way or the other.
    Outside,
    /// In an old node that is written anew: its entries before the cursor are done.
    Inside,
    /// Behind the last old node.
    Exhausted,
}

impl Level {
    pub(super) fn new(tree: &Tree, at: usize) -> Self {
        let number =
            u8::try_from(at).expect("each level has at most half the nodes of the one below");
        let old = (number <= tree.level()).then(|| Cursor::unplaced(tree, number));
        Self {
            chunker: Chunker::new(tree.parameters(), number),
            progress: if old.is_some() {
                Progress::Outside
            } else {
                Progress::Exhausted
            },
            has_parent: number < tree.level(),
            replaced: if old.is_some() {
                0
            } else {
                tree.totals().entries
            },
            old,
            removed: None,
            gone: Vec::new(),
            written: 0,
            last_written: None,
            has_adopted: false,
        }
    }

    /// Begins to write the cursor's node anew.
    pub(super) fn enter(&mut self) {
        if let Some(old) = &mut self.old {
            old.set_index(0);
            self.progress = Progress::Inside;
            self.chunker.enter();
            self.replaced = (self.replaced).saturating_add(old.node().totals().entries);
            if let Some(last_key) = old.node().last_key().filter(|_| self.has_parent) {
                self.gone.push(last_key.to_key());
            }
        }
    }

    /// Says whether the new entries go on into the next old node, and that is not in memory.
    pub(super) fn waits_for_next(&self) -> bool {
        let old = self
            .old
            .as_ref()
            .filter(|_| !self.chunker.entries().is_empty());
        self.removed.is_none() && old.is_some_and(|old| !old.is_next_loaded())
    }

    /// Leaves the cursor's node, of which everything is done.
    pub(super) fn leave(&mut self) -> Result<(), TreeError> {
        let Some(old) = &mut self.old else {
            return Ok(());
        };
        let removed = self.removed.take();
        if old.is_in_last_node() {
            self.progress = Progress::Exhausted;
        } else if self.chunker.entries().is_empty() {
            self.progress = Progress::Outside;
        } else {
            match removed {
                Some(last) => old.seek(&just_behind(Some(&last)))?,
                None => drop(old.next_node(u64::MAX)?),
            }
            self.enter();
        }
        Ok(())
    }

    /// Says whether no new entry waits, and the level above knows of all old nodes before a key that are
    /// gone.
    pub(super) fn is_between(&self, next: &[u8]) -> bool {
        self.chunker.entries().is_empty() && self.gone.first().is_none_or(|gone| &gone[..] >= next)
    }

    /// Writes the node that the new entries make.
    pub(super) fn take(&mut self, output: &mut Output<'_>) -> Result<NewNode, TreeError> {
        let new = output.push_node(self.chunker.cut())?;
        self.wrote(&new);
        Ok(new)
    }

    pub(super) fn wrote(&mut self, new: &NewNode) {
        self.written += 1;
        self.last_written = Some(Written {
            child: new.child,
            node: Some(Arc::clone(&new.node)),
        });
    }
}

/// Returns the least key that is greater than another one, or the least of all.
pub(super) fn just_behind(key: Option<&[u8]>) -> Key {
    key.map_or(Key::new(), |key| [key, &[0]].concat())
}
