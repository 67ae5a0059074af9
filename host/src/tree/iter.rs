//! Entries in the order of their keys, from either end.

use std::ops::{Bound, Range};
use std::sync::Arc;

use super::cursor::Cursor;
use super::direction::Direction;
use super::key::Key;
use super::node::Node;
use super::value::{Cell, Value, ValueHandle};
use super::value_run::ValueRun;
use super::{Tree, TreeError};

/// An iterator over a range of a [`Tree`]'s entries. Loads leaves, and values out of line, as it
/// reaches them, more and more at once. It ends after an error.
#[derive(Clone, Debug)]
pub struct Iter {
    tree: Tree,
    state: State,
}

/// The bounds of a range of keys.
pub(super) type Bounds = (Bound<Key>, Bound<Key>);

#[derive(Clone, Debug)]
enum State {
    /// Nothing has been read of the entries that lie both between these keys and between these ranks.
    New {
        bounds: Bounds,
        ranks: Range<u64>,
    },
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
    front_values: ValueRun,
    back_values: ValueRun,
}

/// An entry that has been stepped over.
struct Entry<'a> {
    leaf: Arc<Node>,
    /// The positions of the entry and of those that come next in the leaf.
    coming: Range<usize>,
    direction: Direction,
    /// Values that have been loaded with earlier ones.
    values: &'a mut ValueRun,
}

impl Iter {
    pub(super) fn new(tree: Tree, bounds: Bounds) -> Self {
        let ranks = 0..tree.len();
        let state = State::New { bounds, ranks };
        Self { tree, state }
    }

    /// Iterates over the entries between two ranks.
    pub(super) fn of_ranks(tree: Tree, ranks: Range<u64>) -> Self {
        let bounds = (Bound::Unbounded, Bound::Unbounded);
        let state = State::New { bounds, ranks };
        Self { tree, state }
    }

    /// Returns the number of entries that are left. Reads one node a level for each end of the
    /// range, the first time.
    pub fn remaining(&mut self) -> Result<u64, TreeError> {
        let ends = self.state.ends(&self.tree)?;
        Ok(ends.map_or(0, |ends| ends.back - ends.front))
    }

    /// Leaves only the first `limit` entries, at least one, of those whose keys come after `after`. Says whether
    /// others come behind them.
    pub(super) fn keep_first(
        &mut self,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<bool, TreeError> {
        check_limit(limit)?;
        if let Some(after) = after {
            self.state.begin_after(after);
        }
        let Some(ends) = self.state.ends(&self.tree)? else {
            return Ok(false);
        };
        let end = ends.front.saturating_add(limit as u64);
        let more = end < ends.back;
        ends.narrow(0..end);
        Ok(more)
    }

    /// Leaves only the last `limit` entries, at least one, of those whose keys come before `before`. Says whether
    /// others come ahead of them.
    pub(super) fn keep_last(
        &mut self,
        before: Option<&[u8]>,
        limit: usize,
    ) -> Result<bool, TreeError> {
        check_limit(limit)?;
        if let Some(before) = before {
            self.state.end_before(before);
        }
        let Some(ends) = self.state.ends(&self.tree)? else {
            return Ok(false);
        };
        let start = ends.back.saturating_sub(limit as u64);
        let more = start > ends.front;
        ends.narrow(start..ends.back);
        Ok(more)
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
        step: impl for<'a> FnOnce(&'a mut Ends, &Tree) -> Result<Entry<'a>, TreeError>,
        read: impl FnOnce(&Tree, Entry<'_>) -> Result<T, TreeError>,
    ) -> Option<Result<T, TreeError>> {
        let found = match self.state.ends(&self.tree) {
            Ok(None) => return None,
            Ok(Some(ends)) => step(ends, &self.tree),
            Err(error) => Err(error),
        };
        let found = found.and_then(|entry| read(&self.tree, entry));
        if found.is_err() {
            self.state = State::Done;
        }
        Some(found)
    }
}

/// An iterator over the keys of a range of a [`Tree`]'s entries. Loads leaves as it reaches them. It
/// ends after an error.
#[derive(Clone, Debug)]
pub struct Keys(pub(super) Iter);

/// An iterator over a range of a [`Tree`]'s entries that leaves values out of line where they are.
/// Loads leaves as it reaches them. It ends after an error.
#[derive(Clone, Debug)]
pub struct Handles(pub(super) Iter);

impl State {
    /// Returns both ends of the range, which are found the first time; `None` once nothing is left.
    fn ends(&mut self, tree: &Tree) -> Result<Option<&mut Ends>, TreeError> {
        if let Self::New { bounds, ranks } = self {
            let mut ends = Ends::find(tree, bounds)?;
            ends.narrow(ranks.clone());
            *self = Self::Ends(Box::new(ends));
        }
        Ok(match self {
            Self::Ends(ends) if ends.front < ends.back => Some(ends),
            _ => None,
        })
    }

    /// Leaves out the entries whose keys do not come after `key`.
    fn begin_after(&mut self, key: &[u8]) {
        self.forget_ends();
        if let Self::New {
            bounds: (start, _), ..
        } = self
            && !matches!(start, Bound::Included(start) | Bound::Excluded(start) if &start[..] > key)
        {
            *start = Bound::Excluded(key.to_vec());
        }
    }

    /// Leaves out the entries whose keys do not come before `key`.
    fn end_before(&mut self, key: &[u8]) {
        self.forget_ends();
        if let Self::New {
            bounds: (_, end), ..
        } = self
            && !matches!(end, Bound::Included(end) | Bound::Excluded(end) if &end[..] < key)
        {
            *end = Bound::Excluded(key.to_vec());
        }
    }

    /// Keeps of both ends their ranks alone, so that they are found once more.
    fn forget_ends(&mut self) {
        if let Self::Ends(ends) = self {
            let ranks = ends.front..ends.back;
            let bounds = (Bound::Unbounded, Bound::Unbounded);
            *self = Self::New { bounds, ranks };
        }
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
            front_values: ValueRun::new(),
            back_values: ValueRun::new(),
        })
    }

    /// Leaves only the entries between two ranks.
    fn narrow(&mut self, ranks: Range<u64>) {
        let back = self.back.min(ranks.end);
        let front = self.front.max(ranks.start).min(back);
        if front != self.front {
            (self.front, self.front_cursor) = (front, None);
        }
        if back != self.back {
            (self.back, self.back_cursor) = (back, None);
        }
    }

    fn next(&mut self, tree: &Tree) -> Result<Entry<'_>, TreeError> {
        let cursor = match &mut self.front_cursor {
            Some(cursor) => cursor,
            none => none.insert(Cursor::at_rank(tree, self.front)?),
        };
        let left = self.back - self.front;
        if cursor.index() == cursor.node().len() {
            cursor.next_node(left)?;
        }
        let index = cursor.index();
        cursor.set_index(index + 1);
        self.front += 1;
        let here = cursor.node().len() - index;
        Ok(Entry {
            leaf: Arc::clone(cursor.node()),
            coming: index..index + usize::try_from(left).unwrap_or(here).min(here),
            direction: Direction::Forwards,
            values: &mut self.front_values,
        })
    }

    fn next_back(&mut self, tree: &Tree) -> Result<Entry<'_>, TreeError> {
        let cursor = match &mut self.back_cursor {
            Some(cursor) => cursor,
            none => none.insert(Cursor::behind_rank(tree, self.back)?),
        };
        let left = self.back - self.front;
        if cursor.index() == 0 {
            cursor.previous_node(left)?;
        }
        let end = cursor.index();
        cursor.set_index(end - 1);
        self.back -= 1;
        Ok(Entry {
            leaf: Arc::clone(cursor.node()),
            coming: end - usize::try_from(left).unwrap_or(end).min(end)..end,
            direction: Direction::Backwards,
            values: &mut self.back_values,
        })
    }
}

impl Entry<'_> {
    fn index(&self) -> usize {
        self.direction.first(&self.coming)
    }

    fn key(&self) -> Key {
        self.leaf.key(self.index()).to_key()
    }
}

fn entry(tree: &Tree, entry: Entry<'_>) -> Result<(Key, Value), TreeError> {
    let key = entry.key();
    let value = match entry.leaf.cell(entry.index()) {
        Cell::Inline(_) => Value::from(entry.leaf.inline_value(entry.index())),
        Cell::Blob(blob) => {
            let coming = (&*entry.leaf, entry.coming);
            (entry.values).value(tree.storage(), &blob, coming, entry.direction)?
        }
    };
    Ok((key, value))
}

#[expect(
    clippy::unnecessary_wraps,
    clippy::needless_pass_by_value,
    reason = "the same shape as that of reading an entry"
)]
fn handle(tree: &Tree, entry: Entry<'_>) -> Result<(Key, ValueHandle), TreeError> {
    Ok((entry.key(), tree.handle_in(&entry.leaf, entry.index())))
}

#[expect(
    clippy::unnecessary_wraps,
    clippy::needless_pass_by_value,
    reason = "the same shape as that of reading an entry"
)]
fn key(_: &Tree, entry: Entry<'_>) -> Result<Key, TreeError> {
    Ok(entry.key())
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

/// Refuses a page that could not say where it ends.
fn check_limit(limit: usize) -> Result<(), TreeError> {
    if limit == 0 {
        return Err(TreeError::EmptyPage);
    }
    Ok(())
}
