//! A node: encoded bytes that have been checked, read in place. Nothing is parsed or copied per
//! entry.

use std::cmp::Ordering;
use std::hint::select_unpredictable;

use prollytree_plugin_api::{Buffer, Hash};

use super::children::Children;
use super::key::KeyRef;
use super::layout::{BLOB_CELL_LEN, Fields, HEAD_LEN, Layout, end};
use super::value::Cell;

/// A leaf, which holds keys and values, or an internal node, which holds the last key, the hash and
/// the totals of each child.
#[derive(Debug)]
pub struct Node {
    pub(super) bytes: Buffer,
    /// The first bytes of the prefix, padded with zeros: a search seldom needs more of it.
    prefix_head: u64,
    pub(super) layout: Layout,
    pub(super) fields: Fields,
    pub(super) children: Children,
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

impl Node {
    /// Says whether two internal nodes say the same of a child, all of it: what only one of them makes up
    /// must not pass unseen, and is found when the child is opened.
    pub(super) fn has_same_child(&self, index: usize, other: &Self, at: usize) -> bool {
        self.child(index) == other.child(at) && self.compare_keys(index, other, at).is_eq()
    }
}

impl Totals {
    /// Adds those of others.
    pub(super) fn add(&mut self, more: Self) {
        // Only counts that were forged add up to so much; a reader finds that they are wrong.
        self.entries = self.entries.saturating_add(more.entries);
        self.bytes = self.bytes.saturating_add(more.bytes);
    }

    /// Raises each number to that of `other`.
    pub(super) fn raise(&mut self, other: Self) {
        self.entries = self.entries.max(other.entries);
        self.bytes = self.bytes.max(other.bytes);
    }
}

/// One entry of an internal node, without its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Child {
    pub(super) hash: Hash,
    pub(super) totals: Totals,
}

impl Node {
    /// Makes a node of bytes that have this layout.
    pub(super) fn new(bytes: Buffer, fields: Fields, layout: Layout) -> Self {
        let mut node = Self {
            bytes,
            prefix_head: 0,
            layout,
            fields,
            children: Children::of(fields.level),
            totals: Totals::default(),
        };
        node.prefix_head = head_of(node.prefix());
        node
    }

    /// Returns the first bytes of the prefix, followed by zeros, as a number that is ordered as they are.
    pub(super) fn prefix_head(&self) -> u64 {
        self.prefix_head
    }

    pub(super) fn is_leaf(&self) -> bool {
        self.fields.level == 0
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

    /// Appends what a key has behind the prefix.
    #[inline]
    pub(super) fn append_rest(&self, index: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(self.head(index));
        out.extend_from_slice(self.tail(index));
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
    #[inline]
    pub(super) fn child(&self, index: usize) -> Child {
        let at = self.layout.hashes as usize + index * Hash::LEN;
        let hash = self.bytes[at..]
            .first_chunk()
            .expect("the layout has been checked");
        Child {
            hash: Hash::new(*hash),
            totals: self.child_totals(index),
        }
    }

    /// Compares two keys of two nodes.
    #[inline]
    pub(super) fn compare_keys(&self, index: usize, other: &Self, at: usize) -> Ordering {
        let same_prefix = self.prefix_head == other.prefix_head
            && self.fields.prefix_len == other.fields.prefix_len
            && (usize::from(self.fields.prefix_len) <= HEAD_LEN || self.prefix() == other.prefix());
        if !same_prefix {
            return self.key(index).cmp(&other.key(at));
        }
        self.head_word(index)
            .cmp(&other.head_word(at))
            .then_with(|| {
                let (mine, theirs) = (self.head_len(index), other.head_len(at));
                mine.cmp(&theirs)
                    .then_with(|| self.tail(index).cmp(other.tail(at)))
            })
    }

    /// Returns the position of the first entry whose key is not smaller than `key`; the number of
    /// entries if all are smaller.
    #[inline]
    pub(super) fn lower_bound(&self, key: &[u8]) -> usize {
        self.search(key).0
    }

    /// Returns the position of a key that is there.
    #[inline]
    pub(super) fn find(&self, key: &[u8]) -> Option<usize> {
        let (index, found) = self.search(key);
        found.then_some(index)
    }

    /// Returns the position of the first entry whose key is not smaller than `key`, and whether it
    /// is that key.
    #[inline]
    pub(super) fn search(&self, key: &[u8]) -> (usize, bool) {
        let Some(rest) = self.without_prefix(key) else {
            return (if key < self.prefix() { 0 } else { self.len() }, false);
        };
        let head = head_of(rest);
        let first = self.first_head(head);
        if first == self.len() || self.head_word(first) != head {
            return (first, false);
        }
        let head_len = rest.len().min(HEAD_LEN);
        let wanted = (head_len, &rest[head_len..]);
        match (self.head_len(first), self.tail(first)).cmp(&wanted) {
            Ordering::Equal => (first, true),
            Ordering::Greater => (first, false),
            Ordering::Less => self.search_same_head(first + 1, head, wanted),
        }
    }

    /// Returns what a key has behind the prefix, if it begins with it.
    #[inline]
    fn without_prefix<'k>(&self, key: &'k [u8]) -> Option<&'k [u8]> {
        let len = usize::from(self.fields.prefix_len);
        let rest = key.get(len..)?;
        let head = &key[..len.min(HEAD_LEN)];
        if head_of(head) != self.prefix_head {
            return None;
        }
        (len <= HEAD_LEN || key[HEAD_LEN..len] == self.prefix()[HEAD_LEN..]).then_some(rest)
    }

    /// Returns the position of the first entry whose head is not smaller.
    #[inline]
    fn first_head(&self, head: u64) -> usize {
        /// So many heads are counted rather than halved: a processor loads them all at once, while
        /// it must wait for each head that decides which one is the next.
        const COUNTED: usize = 48;
        let (heads, _) = self.heads(0..self.len()).as_chunks::<HEAD_LEN>();
        let before = |other: &[u8; HEAD_LEN]| u64::from_be_bytes(*other) < head;
        let (mut start, mut len) = (0, heads.len());
        while len > COUNTED {
            let half = len / 2;
            // No branch depends on the keys: a processor cannot guess how they compare.
            start = select_unpredictable(before(&heads[start + half]), start + half, start);
            len -= half;
        }
        let counted = heads[start..start + len].iter();
        start
            + counted
                .map(|other| usize::from(before(other)))
                .sum::<usize>()
    }

    /// Goes on with a search among the entries from `start` on that have the same head.
    fn search_same_head(&self, start: usize, head: u64, wanted: (usize, &[u8])) -> (usize, bool) {
        let end = partition(start, self.len(), |index| self.head_word(index) == head);
        let rest = |index| (self.head_len(index), self.tail(index));
        let index = partition(start, end, |index| rest(index) < wanted);
        (index, index < end && rest(index) == wanted)
    }

    /// Returns how much lies in the entries before `index`.
    pub(super) fn entries_before(&self, index: usize) -> u64 {
        if self.is_leaf() {
            return index as u64;
        }
        (0..index)
            .map(|child| self.child_totals(child).entries)
            .sum()
    }

    #[inline]
    pub(super) fn prefix(&self) -> &[u8] {
        &self.bytes[self.layout.prefix as usize..self.layout.tails as usize]
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
            _ => usize::from(self.bytes[self.layout.head_lens as usize + index]),
        }
    }

    #[inline]
    pub(super) fn tail(&self, index: usize) -> &[u8] {
        &self.bytes[self.tail_start(index)..self.tail_start(index + 1)]
    }

    /// Returns where the tail of an entry begins, or where the last one ends.
    #[inline]
    pub(super) fn tail_start(&self, index: usize) -> usize {
        self.layout.tails as usize
            + match self.fields.key_width {
                0 => index * self.fields.uniform_tail(),
                width => self.end_before(self.layout.tail_ends, width, index),
            }
    }

    pub(super) fn is_outside(&self, index: usize) -> bool {
        self.fields.extra != 0
            && self.bytes[self.layout.outside as usize + index / 8] >> (index % 8) & 1 != 0
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
    #[inline]
    pub(super) fn cell_range(&self, index: usize) -> (usize, usize) {
        (self.cell_start(index), self.cell_start(index + 1))
    }

    /// Returns where the cell of an entry begins, or where the last one ends.
    #[inline]
    pub(super) fn cell_start(&self, index: usize) -> usize {
        self.layout.cells as usize
            + match self.fields.cell_width {
                0 => index * self.fields.cell_size as usize,
                width => self.end_before(self.layout.cell_ends, width, index),
            }
    }

    /// Returns the end of the part before that of `index`.
    #[inline]
    fn end_before(&self, ends: u32, width: u8, index: usize) -> usize {
        match index {
            0 => 0,
            _ => end(&self.bytes, ends, width, index - 1),
        }
    }
}

/// Returns the first bytes of a key without its prefix, as a number that is ordered as they are.
#[inline]
pub(super) fn head_of(rest: &[u8]) -> u64 {
    if let Some(head) = rest.first_chunk() {
        return u64::from_be_bytes(*head);
    }
    let mut head = [0; HEAD_LEN];
    head[..rest.len()].copy_from_slice(rest);
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
