//! Reading without copies: one entry, or many.

use std::ops::{Bound, ControlFlow, Range, RangeBounds};

use super::cursor::Cursor;
use super::direction::Direction;
use super::layout::HEAD_LEN;
use super::leaf_run::LeafRun;
use super::node::Node;
use super::short_keys::ShortKeys;
use super::value::{Cell, load};
use super::value_run::ValueRun;
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
    /// Neither is copied for more than the call.
    pub fn scan<K, R, B>(
        &self,
        range: R,
        mut visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B>, TreeError>
    where
        K: AsRef<[u8]> + ?Sized,
        R: RangeBounds<K>,
    {
        self.try_fold(range, (), |(), key, value| visit(key, value))
    }

    /// Makes one thing of the entries of a range: calls `step` with what has become of `start` so far,
    /// and with the key and the value of each entry, in order, until it breaks. The fastest way to read
    /// many: nothing is copied for more than the call, and what is handed on stays in the processor's
    /// registers, which it does not where a closure keeps it.
    pub fn try_fold<K, R, A, B>(
        &self,
        range: R,
        start: A,
        mut step: impl FnMut(A, &[u8], &[u8]) -> ControlFlow<B, A>,
    ) -> Result<ControlFlow<B, A>, TreeError>
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
        let (mut folded, mut key) = (start, Vec::new());
        let (mut leaves, mut values) = (LeafRun::new(), ValueRun::new());
        loop {
            let leaf = cursor.node();
            let until = end_in(leaf, end);
            let entries = cursor.index()..until.max(cursor.index());
            let flow = match (leaf.uniform(), ShortKeys::of(leaf, &entries)) {
                (Some((_, cell_len)), Some(keys)) => {
                    let cells = leaf.cells(entries);
                    fold_short(&keys, (cells, cell_len), folded, &mut step)
                }
                (Some(lengths), None) => {
                    fold_uniform(leaf, entries, lengths, &mut key, folded, &mut step)
                }
                (None, _) => {
                    let values = (&mut values, &mut key);
                    self.fold_leaf((leaf, entries), values, folded, &mut step)?
                }
            };
            match flow {
                ControlFlow::Continue(next) => folded = next,
                broken @ ControlFlow::Break(_) => return Ok(broken),
            }
            if until < leaf.len() || !leaves.advance(&mut cursor)? {
                return Ok(ControlFlow::Continue(folded));
            }
        }
    }

    fn fold_leaf<A, B>(
        &self,
        (leaf, entries): (&Node, Range<usize>),
        (values, key): (&mut ValueRun, &mut Vec<u8>),
        mut folded: A,
        step: &mut impl FnMut(A, &[u8], &[u8]) -> ControlFlow<B, A>,
    ) -> Result<ControlFlow<B, A>, TreeError> {
        key.clear();
        key.extend_from_slice(leaf.prefix());
        let end = entries.end;
        for index in entries {
            key.truncate(leaf.prefix().len());
            leaf.append_rest(index, key);
            let flow = match leaf.cell(index) {
                Cell::Inline(value) => step(folded, key, value),
                Cell::Blob(blob) => {
                    let coming = (leaf, index..end);
                    let value = values.value(self.storage(), &blob, coming, Direction::Forwards)?;
                    step(folded, key, &value)
                }
            };
            match flow {
                ControlFlow::Continue(next) => folded = next,
                broken @ ControlFlow::Break(_) => return Ok(broken),
            }
        }
        Ok(ControlFlow::Continue(folded))
    }
}

/// Goes through entries of a leaf that have short keys of one length, and values of one length, all of
/// them inline.
fn fold_short<A, B>(
    keys: &ShortKeys<'_>,
    (mut cells, cell_len): (&[u8], usize),
    mut folded: A,
    step: &mut impl FnMut(A, &[u8], &[u8]) -> ControlFlow<B, A>,
) -> ControlFlow<B, A> {
    for key in keys.iter() {
        let (value, rest) = cells.split_at(cell_len);
        cells = rest;
        folded = step(folded, &key[..keys.key_len()], value)?;
    }
    ControlFlow::Continue(folded)
}

/// Goes through entries of a leaf whose keys have one length and whose values have one, all of them
/// inline: columns of equal cells need no looking up.
fn fold_uniform<A, B>(
    leaf: &Node,
    entries: Range<usize>,
    (rest_len, cell_len): (usize, usize),
    key: &mut Vec<u8>,
    mut folded: A,
    step: &mut impl FnMut(A, &[u8], &[u8]) -> ControlFlow<B, A>,
) -> ControlFlow<B, A> {
    let prefix_len = leaf.prefix().len();
    let head_len = rest_len.min(HEAD_LEN);
    let tail_len = rest_len - head_len;
    key.clear();
    key.extend_from_slice(leaf.prefix());
    key.resize(prefix_len + rest_len, 0);
    let (heads, tails, cells) = (
        leaf.heads(entries.clone()),
        leaf.tails(entries.clone()),
        leaf.cells(entries),
    );
    let (heads, _) = heads.as_chunks::<HEAD_LEN>();
    for (index, head) in heads.iter().enumerate() {
        let (key_head, key_tail) = key[prefix_len..].split_at_mut(head_len);
        copy_short(key_head, &head[..head_len]);
        copy_short(key_tail, &tails[index * tail_len..(index + 1) * tail_len]);
        let value = &cells[index * cell_len..(index + 1) * cell_len];
        folded = step(folded, key, value)?;
    }
    ControlFlow::Continue(folded)
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
