//! What a node is made of, before it is written as bytes.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use prollytree_plugin_api::Hash;

use super::key::KeyRef;
use super::new_entries::NewEntries;
use super::node::{Node, Totals};
use crate::storage::Leading;

/// The entries of one node: runs of old nodes, which are not touched one by one, and new ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content<'a> {
    pub(super) level: u8,
    pub(super) pieces: &'a [Piece],
    /// What the pieces take new entries from.
    pub(super) new: &'a NewEntries,
    pub(super) len: usize,
    pub(super) totals: Totals,
    /// Internal: the greatest totals of a child.
    pub(super) greatest: Totals,
}

/// Entries that lie together.
#[derive(Debug)]
pub(super) enum Piece {
    /// Entries of an old node.
    Run(Arc<Node>, Range<usize>),
    /// New entries, by their positions.
    New(Range<usize>),
}

impl Piece {
    fn first_key<'a>(&'a self, all_new: &'a NewEntries) -> KeyRef<'a> {
        match self {
            Self::Run(node, run) => node.key(run.start),
            Self::New(new) => KeyRef::from(all_new.keys.at(new.start)),
        }
    }

    pub(super) fn last_key<'a>(&'a self, all_new: &'a NewEntries) -> KeyRef<'a> {
        match self {
            Self::Run(node, run) => node.key(run.end - 1),
            Self::New(new) => KeyRef::from(all_new.keys.at(new.end - 1)),
        }
    }
}

impl<'a> Content<'a> {
    pub(super) fn first_key(&self) -> Option<KeyRef<'a>> {
        self.pieces.first().map(|piece| piece.first_key(self.new))
    }

    pub(super) fn last_key(&self) -> Option<KeyRef<'a>> {
        self.pieces.last().map(|piece| piece.last_key(self.new))
    }

    /// Returns the records that the node refers to, each once, in the order of their first mention.
    pub(super) fn links(&self) -> Vec<Hash> {
        if self.level == 0 {
            return self.blobs();
        }
        // No two children have the same last key, so none is the same as another.
        let mut links = Vec::with_capacity(self.len);
        for piece in self.pieces {
            match piece {
                Piece::Run(node, run) => links.extend(node.child_hashes(run.clone())),
                Piece::New(new) => {
                    let children = self.new.children[new.clone()].iter();
                    links.extend(children.map(|child| child.hash));
                }
            }
        }
        links
    }

    fn blobs(&self) -> Vec<Hash> {
        let (mut seen, mut blobs) = (HashSet::with_hasher(Leading), Vec::new());
        let mut add = |blob| {
            if seen.insert(blob) {
                blobs.push(blob);
            }
        };
        for piece in self.pieces {
            match piece {
                Piece::Run(node, run) if node.has_outside() => {
                    node.blob_hashes(run.clone()).for_each(&mut add);
                }
                Piece::Run(..) => {}
                Piece::New(new) => self.new.blobs(new.clone()).for_each(&mut add),
            }
        }
        blobs
    }
}
