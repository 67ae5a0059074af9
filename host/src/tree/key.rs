//! Keys as they lie in a node: a common prefix, a head and a tail.

use std::cmp::Ordering;

/// The longest key, in bytes. The shortest is empty.
pub const MAX_KEY_LEN: usize = 65_535;

/// An owned key. Keys are ordered as bytes.
pub type Key = Vec<u8>;

/// A key in three pieces, borrowed from a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyRef<'a>([&'a [u8]; 3]);

impl<'a> KeyRef<'a> {
    pub(super) fn new(prefix: &'a [u8], head: &'a [u8], tail: &'a [u8]) -> Self {
        Self([prefix, head, tail])
    }

    pub(super) fn len(self) -> usize {
        self.0.iter().map(|piece| piece.len()).sum()
    }

    pub(super) fn append_to(self, out: &mut Vec<u8>) {
        self.0.iter().for_each(|piece| out.extend_from_slice(piece));
    }

    /// Returns the length of the longest prefix that both keys have.
    pub(super) fn common_prefix(self, other: Self) -> usize {
        let (mut ours, mut theirs) = (self.0.into_iter(), other.0.into_iter());
        let (mut mine, mut other): (&[u8], &[u8]) = (&[], &[]);
        let mut len = 0;
        loop {
            if mine.is_empty() {
                let Some(piece) = ours.next() else { return len };
                mine = piece;
            } else if other.is_empty() {
                let Some(piece) = theirs.next() else {
                    return len;
                };
                other = piece;
            } else {
                let shared = mine.len().min(other.len());
                let equal = common_prefix(&mine[..shared], &other[..shared]);
                len += equal;
                if equal < shared {
                    return len;
                }
                (mine, other) = (&mine[shared..], &other[shared..]);
            }
        }
    }

    pub(super) fn to_key(self) -> Key {
        let mut key = Vec::with_capacity(self.len());
        self.append_to(&mut key);
        key
    }
}

impl<'a> From<&'a [u8]> for KeyRef<'a> {
    fn from(key: &'a [u8]) -> Self {
        Self([key, &[], &[]])
    }
}

impl PartialEq for KeyRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for KeyRef<'_> {}

impl PartialOrd for KeyRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for KeyRef<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut ours, mut theirs) = (self.0, other.0);
        let (mut i, mut j) = (0, 0);
        loop {
            while i < 3 && ours[i].is_empty() {
                i += 1;
            }
            while j < 3 && theirs[j].is_empty() {
                j += 1;
            }
            if i == 3 || j == 3 {
                // Who has bytes left is the greater one.
                return (i < 3).cmp(&(j < 3));
            }
            let shared = ours[i].len().min(theirs[j].len());
            let (mine, my_rest) = ours[i].split_at(shared);
            let (other, other_rest) = theirs[j].split_at(shared);
            match mine.cmp(other) {
                Ordering::Equal => (ours[i], theirs[j]) = (my_rest, other_rest),
                different => return different,
            }
        }
    }
}

/// Returns the smallest key that is greater than every key with this prefix, or `None` if there is
/// none.
#[must_use]
pub fn after_prefix(prefix: &[u8]) -> Option<Key> {
    let last = prefix.iter().rposition(|&byte| byte != u8::MAX)?;
    let mut key = prefix[..=last].to_vec();
    key[last] += 1;
    Some(key)
}

/// Returns the length of the longest common prefix of two keys.
pub(super) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    const TOGETHER: usize = 32;
    let (chunks, others) = (a.as_chunks::<TOGETHER>().0, b.as_chunks().0);
    let whole = chunks.iter().zip(others).take_while(|(a, b)| a == b);
    let start = whole.count() * TOGETHER;
    let rest = a[start..].iter().zip(&b[start..]);
    start + rest.take_while(|(a, b)| a == b).count()
}

/// Returns the length of the longest common suffix of two runs of bytes.
pub(super) fn common_suffix(a: &[u8], b: &[u8]) -> usize {
    const TOGETHER: usize = 32;
    let (chunks, others) = (a.as_rchunks::<TOGETHER>().1, b.as_rchunks().1);
    let pairs = chunks.iter().rev().zip(others.iter().rev());
    let end = pairs.take_while(|(a, b)| a == b).count() * TOGETHER;
    let (a, b) = (&a[..a.len() - end], &b[..b.len() - end]);
    let rest = a.iter().rev().zip(b.iter().rev());
    end + rest.take_while(|(a, b)| a == b).count()
}
