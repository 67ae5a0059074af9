//! A node: encoded bytes that have been checked, read in place. Nothing is parsed or copied per
//! entry.

use std::cmp::Ordering;

use prollytree_plugin_api::{Buffer, Hash};

use super::key::KeyRef;
use super::layout::{BLOB_CELL_LEN, Fields, HEAD_LEN, Layout, end, number};
use super::parameters::Fingerprint;
use super::value::Cell;

/// A leaf, which holds keys and values, or an internal node, which holds the last key, the hash and
/// the totals of each child.
#[derive(Debug)]
pub struct Node {
    pub(super) bytes: Buffer,
    pub(super) fields: Fields,
    pub(super) layout: Layout,
    pub(super) totals: Totals,
}

/// What lies below a node, itself included if it is a leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    /// The number of entries.
    pub(super) entries: u64,
    /// The sum of the lengths of their keys and values.
    pub(super) bytes: u64,
}

/// One entry of an internal node, without its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Child {
    pub(super) hash: Hash,
    pub(super) totals: Totals,
}

impl Node {
    /// Returns the height above the leaves, which are at level 0.
    pub(super) fn level(&self) -> u8 {
        self.fields.level
    }

    pub(super) fn is_leaf(&self) -> bool {
        self.fields.level == 0
    }

    /// Returns the number of entries.
    pub(super) fn len(&self) -> usize {
        self.fields.count as usize
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.fields.fingerprint
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    pub(super) fn encoded(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn key(&self, index: usize) -> KeyRef<'_> {
        KeyRef::new(self.prefix(), self.head(index), self.tail(index))
    }

    /// Returns the last key, or `None` in the node of an empty tree.
    pub(super) fn last_key(&self) -> Option<KeyRef<'_>> {
        self.len().checked_sub(1).map(|last| self.key(last))
    }

    /// Returns the value of an entry of a leaf.
    pub(super) fn cell(&self, index: usize) -> Cell<'_> {
        let (start, end) = self.cell_range(index);
        let bytes = &self.bytes[start..end];
        if self.is_outside(index) {
            Cell::of_blob(bytes)
        } else {
            Cell::Inline(bytes)
        }
    }

    /// Returns the bytes of an inline value, without copying them.
    pub(super) fn inline_value(&self, index: usize) -> Buffer {
        let (start, end) = self.cell_range(index);
        self.bytes.slice(start..end)
    }

    /// Returns the values that a leaf holds itself, without copying them; none of an internal node.
    pub(crate) fn inline_values(&self) -> impl Iterator<Item = Buffer> {
        let leaf = 0..if self.is_leaf() { self.len() } else { 0 };
        leaf.filter(|&index| !self.is_outside(index))
            .map(|index| self.inline_value(index))
    }

    /// Returns a child of an internal node.
    pub(super) fn child(&self, index: usize) -> Child {
        let at = self.layout.hashes + index * Hash::LEN;
        let hash = self.bytes[at..]
            .first_chunk()
            .expect("the layout has been checked");
        let entries = number(
            &self.bytes,
            self.layout.counts,
            self.fields.cell_width,
            index,
        );
        let bytes = number(&self.bytes, self.layout.sizes, self.fields.extra, index);
        Child {
            hash: Hash::new(*hash),
            totals: Totals { entries, bytes },
        }
    }

    /// Returns the position of the first entry whose key is not smaller than `key`; the number of
    /// entries if all are smaller.
    pub(super) fn lower_bound(&self, key: &[u8]) -> usize {
        let prefix = self.prefix();
        let shared = key.len().min(prefix.len());
        match key[..shared].cmp(&prefix[..shared]) {
            Ordering::Less => return 0,
            Ordering::Greater => return self.len(),
            Ordering::Equal if key.len() < prefix.len() => return 0,
            Ordering::Equal => {}
        }
        let rest = &key[prefix.len()..];
        let head = head_of(rest);
        let first = partition(0, self.len(), |index| self.head_word(index) < head);
        let end = partition(first, self.len(), |index| self.head_word(index) == head);
        let head_len = rest.len().min(HEAD_LEN);
        let tail = &rest[head_len..];
        partition(first, end, |index| {
            (self.head_len(index), self.tail(index)) < (head_len, tail)
        })
    }

    /// Returns the position of a key that is there.
    pub(super) fn find(&self, key: &[u8]) -> Option<usize> {
        let index = self.lower_bound(key);
        (index < self.len() && self.key(index) == KeyRef::from(key)).then_some(index)
    }

    /// Returns how much lies in the entries before `index`.
    pub(super) fn entries_before(&self, index: usize) -> u64 {
        if self.is_leaf() {
            return index as u64;
        }
        let count = |child| {
            number(
                &self.bytes,
                self.layout.counts,
                self.fields.cell_width,
                child,
            )
        };
        (0..index).map(count).sum()
    }

    pub(super) fn prefix(&self) -> &[u8] {
        &self.bytes[self.layout.prefix..self.layout.tails]
    }

    /// Returns the padded head of a key as a number that is ordered as the head is.
    #[inline]
    pub(super) fn head_word(&self, index: usize) -> u64 {
        let at = Layout::HEADS + index * HEAD_LEN;
        u64::from_be_bytes(
            *self.bytes[at..]
                .first_chunk()
                .expect("the layout has been checked"),
        )
    }

    #[inline]
    pub(super) fn head_len(&self, index: usize) -> usize {
        match self.fields.key_width {
            0 => self.fields.uniform_head(),
            _ => usize::from(self.bytes[self.layout.head_lens + index]),
        }
    }

    pub(super) fn tail(&self, index: usize) -> &[u8] {
        let width = self.fields.key_width;
        let (start, end) = match width {
            0 => {
                let len = self.fields.uniform_tail();
                (index * len, (index + 1) * len)
            }
            _ => self.between(self.layout.tail_ends, width, index),
        };
        &self.bytes[self.layout.tails + start..self.layout.tails + end]
    }

    pub(super) fn is_outside(&self, index: usize) -> bool {
        self.fields.extra != 0
            && self.bytes[self.layout.outside + index / 8] >> (index % 8) & 1 != 0
    }

    pub(super) fn head_padding(&self, index: usize) -> &[u8] {
        let at = Layout::HEADS + index * HEAD_LEN;
        &self.bytes[at + self.head_len(index)..at + HEAD_LEN]
    }

    fn head(&self, index: usize) -> &[u8] {
        let at = Layout::HEADS + index * HEAD_LEN;
        &self.bytes[at..at + self.head_len(index)]
    }

    /// Returns where the cell of a leaf's entry begins and ends.
    pub(super) fn cell_range(&self, index: usize) -> (usize, usize) {
        let width = self.fields.cell_width;
        let (start, end) = match width {
            0 => {
                let len = self.fields.cell_size as usize;
                (index * len, (index + 1) * len)
            }
            _ => self.between(self.layout.cell_ends, width, index),
        };
        (self.layout.cells + start, self.layout.cells + end)
    }

    fn between(&self, ends: usize, width: u8, index: usize) -> (usize, usize) {
        let end = |index| end(&self.bytes, ends, width, index);
        (if index == 0 { 0 } else { end(index - 1) }, end(index))
    }
}

/// Returns the first bytes of a key without its prefix, as a number that is ordered as they are.
pub(super) fn head_of(rest: &[u8]) -> u64 {
    let mut head = [0; HEAD_LEN];
    let len = rest.len().min(HEAD_LEN);
    head[..len].copy_from_slice(&rest[..len]);
    u64::from_be_bytes(head)
}

/// Returns the first position from `start` on for which `before` does not hold.
fn partition(start: usize, end: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut start, mut len) = (start, end - start);
    while len > 0 {
        let half = len / 2;
        if before(start + half) {
            start += half + 1;
            len -= half + 1;
        } else {
            len = half;
        }
    }
    start
}

const _: () = assert!(BLOB_CELL_LEN == Hash::LEN + 8);
