//! Entries by their position, and how many there are.

use std::ops::{Range, RangeBounds};

use super::cursor::Cursor;
use super::iter::Iter;
use super::key::Key;
use super::value::Value;
use super::{Tree, TreeError};

impl Tree {
    /// Returns the number of entries whose keys are smaller. Reads one node a level.
    pub fn rank(&self, key: &[u8]) -> Result<u64, TreeError> {
        Ok(Cursor::at(self, 0, key)?.rank())
    }

    /// Returns the entry that so many others come before; `None` if there are not as many. Reads one
    /// node a level.
    pub fn select(&self, rank: u64) -> Result<Option<(Key, Value)>, TreeError> {
        if rank >= self.len() {
            return Ok(None);
        }
        let cursor = Cursor::at_rank(self, rank)?;
        let (leaf, index) = (cursor.node(), cursor.index());
        Ok(Some((leaf.key(index).to_key(), self.value(leaf, index)?)))
    }

    /// Returns the entries from one rank to another, in order, from either end. Costs one node a level
    /// to begin, wherever that is. A range that ends behind the last entry ends with it.
    #[must_use]
    pub fn ranks(&self, ranks: Range<u64>) -> Iter {
        Iter::of_ranks(self.clone(), ranks)
    }

    /// Returns the number of entries whose keys lie in a range. Reads two nodes a level at most,
    /// however many there are.
    pub fn count<K, R>(&self, range: R) -> Result<u64, TreeError>
    where
        K: AsRef<[u8]> + ?Sized,
        R: RangeBounds<K>,
    {
        self.range(range).remaining()
    }
}
