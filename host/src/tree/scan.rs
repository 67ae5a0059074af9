//! Reading many entries, or counting them: without copies, and by position.

use std::ops::{Bound, ControlFlow, Range, RangeBounds};

use super::cursor::Cursor;
use super::iter::Iter;
use super::key::Key;
use super::layout::HEAD_LEN;
use super::node::Node;
use super::value::{Cell, Value, load};
use super::{Tree, TreeError};

impl Tree {
    /// Finds a key and calls `read` with its value, which is not copied: the fastest way to read.
    pub fn get_with<T>(
        &self,
        key: &[u8],
        read: impl FnOnce(&[u8]) -> T,
    ) -> Result<Option<T>, TreeError> {
        self.locate(self.root_node(), key, |leaf, index| {
            match leaf.cell(index) {
                Cell::Inline(value) => Ok(read(value)),
                Cell::Blob(blob) => Ok(read(&load(self.storage(), &blob)?)),
            }
        })
    }

    /// Calls `visit` with the key and the value of each entry of a range, in order, until it breaks.
    /// Neither is copied for more than the call: the fastest way to read many.
    pub fn scan<K, R, B>(
        &self,
        range: R,
        mut visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B>, TreeError>
    where
        K: AsRef<[u8]> + ?Sized,
        R: RangeBounds<K>,
    {
        let end = range.end_bound().map(AsRef::as_ref);
        let mut cursor = match range.start_bound().map(AsRef::as_ref) {
            Bound::Unbounded => Cursor::first(self, 0)?,
            Bound::Included(key) => Cursor::at(self, 0, key)?,
            Bound::Excluded(key) => {
                let mut cursor = Cursor::at(self, 0, key)?;
                cursor.set_index(cursor.index() + usize::from(cursor.is_at(key)));
                cursor
            }
        };
        let mut key = Vec::new();
        loop {
            let leaf = cursor.node();
            let until = end_in(leaf, end);
            let entries = cursor.index()..until.max(cursor.index());
            let step = if leaf.is_uniform() {
                scan_uniform(leaf, entries, &mut key, &mut visit)
            } else {
                self.scan_leaf(leaf, entries, &mut key, &mut visit)?
            };
            if step.is_break() {
                return Ok(step);
            }
            if until < leaf.len() || !cursor.next_node(u64::MAX)? {
                return Ok(ControlFlow::Continue(()));
            }
        }
    }

    fn scan_leaf<B>(
        &self,
        leaf: &Node,
        entries: Range<usize>,
        key: &mut Vec<u8>,
        visit: &mut impl FnMut(&[u8], &[u8]) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B>, TreeError> {
        key.clear();
        key.extend_from_slice(leaf.prefix());
        for index in entries {
            key.truncate(leaf.prefix().len());
            leaf.append_rest(index, key);
            let step = match leaf.cell(index) {
                Cell::Inline(value) => visit(key, value),
                Cell::Blob(blob) => visit(key, &load(self.storage(), &blob)?),
            };
            if step.is_break() {
                return Ok(step);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

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

/// Scans entries of a leaf whose keys have one length and whose values have one, all of them inline:
/// columns of equal cells need no looking up.
fn scan_uniform<B>(
    leaf: &Node,
    entries: Range<usize>,
    key: &mut Vec<u8>,
    visit: &mut impl FnMut(&[u8], &[u8]) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let (Some(rest_len), Some(cell_len)) = (leaf.uniform_rest(), leaf.uniform_cell()) else {
        return ControlFlow::Continue(());
    };
    let prefix_len = leaf.prefix().len();
    let head_len = rest_len.min(HEAD_LEN);
    let tail_len = rest_len - head_len;
    key.clear();
    key.extend_from_slice(leaf.prefix());
    key.resize(prefix_len + rest_len, 0);
    let (heads, tails, cells) = (
        leaf.heads(entries.clone()),
        leaf.tails(entries.clone()),
        leaf.cells(entries.clone()),
    );
    let (heads, _) = heads.as_chunks::<HEAD_LEN>();
    for (index, head) in heads.iter().enumerate() {
        let (key_head, key_tail) = key[prefix_len..].split_at_mut(head_len);
        copy_short(key_head, &head[..head_len]);
        copy_short(key_tail, &tails[index * tail_len..(index + 1) * tail_len]);
        visit(key, &cells[index * cell_len..(index + 1) * cell_len])?;
    }
    ControlFlow::Continue(())
}

/// Copies a slice to one of the same length: if it has 8 to 16 bytes, as two words that may overlap,
/// which takes no call.
#[inline]
fn copy_short(to: &mut [u8], from: &[u8]) {
    const WORD: usize = 8;
    if (WORD..=2 * WORD).contains(&from.len())
        && let (Some(first), Some(last)) = (from.first_chunk::<WORD>(), from.last_chunk::<WORD>())
    {
        if let Some(to) = to.first_chunk_mut() {
            *to = *first;
        }
        if let Some(to) = to.last_chunk_mut() {
            *to = *last;
        }
    } else {
        to.copy_from_slice(from);
    }
}

/// Returns how many of a leaf's entries come before the end of a range.
fn end_in(leaf: &Node, end: Bound<&[u8]>) -> usize {
    match end {
        Bound::Unbounded => leaf.len(),
        Bound::Excluded(key) => leaf.lower_bound(key),
        Bound::Included(key) => {
            let (index, found) = leaf.search(key);
            index + usize::from(found)
        }
    }
}
