//! Entries in the order of their keys, from either end.

use std::ops::{Bound, Range};
use std::sync::Arc;

use super::cursor::Cursor;
use super::key::Key;
use super::node::Node;
use super::value::{Value, ValueHandle};
use super::{Tree, TreeError};

/// An iterator over a range of a [`Tree`]'s entries. Loads leaves, and values out of line, as it
/// reaches them. It ends after an error.
#[derive(Clone, Debug)]
pub struct Iter {
    tree: Tree,
    state: State,
}

/// The bounds of a range of keys.
pub(super) type Bounds = (Bound<Key>, Bound<Key>);

#[derive(Clone, Debug)]
enum State {
    /// Nothing has been read.
    Bounds(Bounds),
    Ends(Box<Ends>),
    Done,
}

/// What is left: the entries from one position to another, counted from the first of the tree.
#[derive(Clone, Debug)]
struct Ends {
    front: u64,
    back: u64,
    /// Stands at `front`, once it is needed.
    front_cursor: Option<Cursor>,
    /// Stands at `back`, once it is needed.
    back_cursor: Option<Cursor>,
}

impl Iter {
    pub(super) fn new(tree: Tree, bounds: Bounds) -> Self {
        Self {
            tree,
            state: State::Bounds(bounds),
        }
    }

    /// Iterates over the entries between two ranks.
    pub(super) fn of_ranks(tree: Tree, ranks: Range<u64>) -> Self {
        let back = ranks.end.min(tree.len());
        let ends = Ends {
            front: ranks.start.min(back),
            back,
            front_cursor: None,
            back_cursor: None,
        };
        Self {
            tree,
            state: State::Ends(Box::new(ends)),
        }
    }

    /// Returns the number of entries that are left. Reads one node a level for each end of the
    /// range, the first time.
    pub fn remaining(&mut self) -> Result<u64, TreeError> {
        let ends = self.state.ends(&self.tree)?;
        Ok(ends.map_or(0, |ends| ends.back - ends.front))
    }

    /// Returns the entries without loading values out of line.
    #[must_use]
    pub fn handles(self) -> Handles {
        Handles(self)
    }

    /// Returns the keys alone: values out of line are not loaded.
    #[must_use]
    pub fn keys(self) -> Keys {
        Keys(self)
    }

    /// Steps over an entry, and reads of it what is wanted.
    fn step<T>(
        &mut self,
        step: impl FnOnce(&mut Ends, &Tree) -> Result<Place, TreeError>,
        read: impl FnOnce(&Tree, &Node, usize) -> Result<T, TreeError>,
    ) -> Option<Result<T, TreeError>> {
        let found = match self.state.ends(&self.tree) {
            Ok(None) => return None,
            Ok(Some(ends)) => step(ends, &self.tree),
            Err(error) => Err(error),
        };
        let found = found.and_then(|(leaf, index)| read(&self.tree, &leaf, index));
        if found.is_err() {
            self.state = State::Done;
        }
        Some(found)
    }
}

/// An entry: a leaf, and a position in it.
type Place = (Arc<Node>, usize);

/// An iterator over the keys of a range of a [`Tree`]'s entries. Loads leaves as it reaches them. It
/// ends after an error.
#[derive(Clone, Debug)]
pub struct Keys(Iter);

/// An iterator over a range of a [`Tree`]'s entries that leaves values out of line where they are.
/// Loads leaves as it reaches them. It ends after an error.
#[derive(Clone, Debug)]
pub struct Handles(Iter);

impl State {
    /// Returns both ends of the range, which are found the first time; `None` once nothing is left.
    fn ends(&mut self, tree: &Tree) -> Result<Option<&mut Ends>, TreeError> {
        if let Self::Bounds(bounds) = self {
            *self = Self::Ends(Box::new(Ends::find(tree, bounds)?));
        }
        Ok(match self {
            Self::Ends(ends) if ends.front < ends.back => Some(ends),
            _ => None,
        })
    }
}

impl Iterator for Iter {
    type Item = Result<(Key, Value), TreeError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(Ends::next, entry)
    }
}

impl DoubleEndedIterator for Iter {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(Ends::next_back, entry)
    }
}

impl Iterator for Keys {
    type Item = Result<Key, TreeError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.step(Ends::next, key)
    }
}

impl DoubleEndedIterator for Keys {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.step(Ends::next_back, key)
    }
}

impl Iterator for Handles {
    type Item = Result<(Key, ValueHandle), TreeError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.step(Ends::next, handle)
    }
}

impl DoubleEndedIterator for Handles {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.step(Ends::next_back, handle)
    }
}

impl Ends {
    fn find(tree: &Tree, (start, end): &Bounds) -> Result<Self, TreeError> {
        let (front_cursor, back_cursor) =
            (position(tree, start, false)?, position(tree, end, true)?);
        let rank = |cursor: &Option<Cursor>, open| cursor.as_ref().map_or(open, Cursor::rank);
        let front = rank(&front_cursor, 0);
        let back = rank(&back_cursor, tree.len()).max(front);
        Ok(Self {
            front,
            back,
            front_cursor,
            back_cursor,
        })
    }

    fn next(&mut self, tree: &Tree) -> Result<Place, TreeError> {
        let cursor = match &mut self.front_cursor {
            Some(cursor) => cursor,
            none => none.insert(Cursor::at_rank(tree, self.front)?),
        };
        if cursor.index() == cursor.node().len() {
            cursor.next_node()?;
        }
        let index = cursor.index();
        cursor.set_index(index + 1);
        self.front += 1;
        Ok((Arc::clone(cursor.node()), index))
    }

    fn next_back(&mut self, tree: &Tree) -> Result<Place, TreeError> {
        let cursor = match &mut self.back_cursor {
            Some(cursor) => cursor,
            none => none.insert(Cursor::behind_rank(tree, self.back)?),
        };
        if cursor.index() == 0 {
            cursor.previous_node()?;
        }
        let index = cursor.index() - 1;
        cursor.set_index(index);
        self.back -= 1;
        Ok((Arc::clone(cursor.node()), index))
    }
}

fn entry(tree: &Tree, leaf: &Node, index: usize) -> Result<(Key, Value), TreeError> {
    Ok((leaf.key(index).to_key(), tree.value(leaf, index)?))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the same shape as that of reading an entry"
)]
fn handle(tree: &Tree, leaf: &Node, index: usize) -> Result<(Key, ValueHandle), TreeError> {
    Ok((leaf.key(index).to_key(), tree.handle_in(leaf, index)))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the same shape as that of reading an entry"
)]
fn key(_: &Tree, leaf: &Node, index: usize) -> Result<Key, TreeError> {
    Ok(leaf.key(index).to_key())
}

/// Returns a cursor at one end of a range; `None` where that is the end of the tree.
fn position(tree: &Tree, bound: &Bound<Key>, is_end: bool) -> Result<Option<Cursor>, TreeError> {
    let (key, behind) = match bound {
        Bound::Unbounded => return Ok(None),
        Bound::Included(key) => (key, is_end),
        Bound::Excluded(key) => (key, !is_end),
    };
    let mut cursor = Cursor::at(tree, 0, key)?;
    if behind && cursor.is_at(key) {
        cursor.set_index(cursor.index() + 1);
    }
    Ok(Some(cursor))
}
