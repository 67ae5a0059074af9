//! Short keys of a leaf, put together in registers.
//!
//! A key lies in three places: the prefix of the node, its head, its tail. Copied one behind the other,
//! they are three stores, and a processor that loads eight bytes across two of them waits until both
//! have left its pipeline, and with them all loads before them: a scan then waits for memory entry by
//! entry. A key of sixteen bytes is two words, each stored at once.

use std::ops::Range;

use super::layout::HEAD_LEN;
use super::node::Node;

/// The longest key that is put together so.
const LONGEST: usize = 2 * WORD;
const WORD: usize = size_of::<u64>();

/// The keys of a run of entries of a leaf, all of one length. Words begin with their lowest byte.
pub(super) struct ShortKeys<'a> {
    key_len: usize,
    /// The bytes of the prefix, the only ones of the first word that are not a head's.
    prefix: u64,
    /// The lengths of the prefix and of each tail, in bits.
    prefix_bits: u32,
    tail_bits: u32,
    heads: &'a [[u8; HEAD_LEN]],
    /// Begins a word before the end of the first tail.
    tails: &'a [u8],
    tail_len: usize,
}

impl<'a> ShortKeys<'a> {
    /// Returns the keys of entries of a leaf in which all keys have one length and all values have one
    /// and are inline, if the keys are short.
    pub(super) fn of(leaf: &'a Node, entries: &Range<usize>) -> Option<Self> {
        let rest = leaf.uniform_rest().filter(|_| leaf.is_uniform())?;
        let prefix = leaf.prefix().len();
        if prefix > WORD || prefix + rest > LONGEST {
            return None;
        }
        let tail_len = rest.saturating_sub(HEAD_LEN);
        let (heads, _) = leaf.heads(entries.clone()).as_chunks();
        // The fields of the node and its heads come before any tail.
        let tails = &leaf.encoded()[leaf.tail_start(entries.start) + tail_len - WORD..];
        Some(Self {
            key_len: prefix + rest,
            prefix: leaf.prefix_head().swap_bytes(),
            prefix_bits: bits(prefix),
            tail_bits: bits(tail_len),
            heads,
            tails,
            tail_len,
        })
    }

    /// Returns the length of each key.
    pub(super) fn key_len(&self) -> usize {
        self.key_len
    }

    /// Returns the keys, each followed by zeros.
    pub(super) fn iter(&self) -> impl Iterator<Item = [u8; LONGEST]> + '_ {
        let (moved, kept) = (low(self.prefix_bits), low(self.tail_bits));
        let mut tails = self.tails;
        self.heads.iter().map(move |head| {
            // As many bytes of the head as the prefix has go into the second word.
            let head = u64::from_le_bytes(*head).rotate_left(self.prefix_bits);
            let tail = tails.first_chunk().copied().map_or(0, u64::from_le_bytes);
            tails = tails.get(self.tail_len..).unwrap_or_default();
            // What lies before a tail is left out.
            let tail = tail.rotate_left(self.tail_bits) & kept;
            let first = self.prefix | head & !moved;
            // Behind a prefix of a whole word there is no tail.
            let second = head & moved | tail.wrapping_shl(self.prefix_bits);
            (u128::from(second) << u64::BITS | u128::from(first)).to_le_bytes()
        })
    }
}

/// Returns how many bits so many bytes of a word have.
fn bits(bytes: usize) -> u32 {
    (0..bytes).map(|_| u8::BITS).sum()
}

/// Returns a word in which so many of the lowest bits are set.
fn low(bits: u32) -> u64 {
    !u64::MAX.unbounded_shl(bits)
}
