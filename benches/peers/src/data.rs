//! What is stored and what is changed: pseudo-random, and the same in every run.

use std::iter::Sum;
use std::ops::Add;

/// A key and its value.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

pub(crate) const KEY_LEN: usize = 16;
pub(crate) const VALUE_LEN: usize = 100;

/// The entries of a run at one size.
pub(crate) struct Data {
    /// In the order of their keys.
    pub(crate) entries: Vec<Entry>,
    /// A random order of the entries, as positions.
    pub(crate) order: Vec<usize>,
}

/// What work has found, in short: how many things, and the sum of their digests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) count: u64,
    pub(crate) sum: u64,
}

/// A sequence of numbers that looks random (splitmix64).
struct Random(u64);

impl Data {
    pub(crate) fn new(count: usize) -> Self {
        let mut random = Random(count as u64);
        let mut entries: Vec<Entry> = (0..count)
            .map(|_| (random.bytes(KEY_LEN), random.bytes(VALUE_LEN)))
            .collect();
        entries.sort();
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, random.below(last + 1));
        }
        Self { entries, order }
    }

    /// The bytes of all keys and values.
    pub(crate) fn raw_bytes(&self) -> usize {
        self.entries.len() * (KEY_LEN + VALUE_LEN)
    }

    /// The entries in random order.
    pub(crate) fn shuffled(&self) -> Vec<Entry> {
        self.order
            .iter()
            .map(|&at| self.entries[at].clone())
            .collect()
    }

    /// The keys of some entries; another `round`, other keys.
    pub(crate) fn some_keys(&self, round: usize, count: usize) -> Vec<&[u8]> {
        self.some(round, count)
            .map(|at| self.entries[at].0.as_slice())
            .collect()
    }

    /// What looking up these keys must find.
    pub(crate) fn values_of(&self, keys: &[&[u8]]) -> Answer {
        let value = |key: &&[u8]| {
            let found = self
                .entries
                .binary_search_by(|(other, _)| other.as_slice().cmp(key));
            found.map_or(Answer::default(), |at| Answer::value(&self.entries[at].1))
        };
        keys.iter().map(value).sum()
    }

    /// New values for scattered keys that are there, in the order of the keys.
    pub(crate) fn overwrites(&self, round: usize, count: usize) -> Vec<Entry> {
        let positions = self.some(round, count).collect();
        self.overwrite(positions, round)
    }

    /// New values for neighbouring keys that are there, in order.
    pub(crate) fn overwrites_from(&self, start: usize, round: usize, count: usize) -> Vec<Entry> {
        self.overwrite((start..start + count).collect(), round)
    }

    /// Entries with keys that are not there, in the order of the keys.
    pub(crate) fn new_entries(&self, round: usize, count: usize) -> Vec<Entry> {
        let mut random = Random(self.entries.len() as u64 ^ (round as u64 + 1) << 32);
        let mut entries: Vec<Entry> = (0..count)
            .map(|_| (random.bytes(KEY_LEN), random.bytes(VALUE_LEN)))
            .collect();
        entries.sort();
        entries
    }

    /// The value of the entry that comes after the one with this key.
    pub(crate) fn value_of_next(&self, key: &[u8]) -> &[u8] {
        let at = self
            .entries
            .partition_point(|(other, _)| other.as_slice() <= key);
        &self.entries[at % self.entries.len()].1
    }

    fn some(&self, round: usize, count: usize) -> impl Iterator<Item = usize> {
        let start = round * count;
        (start..start + count).map(|at| self.order[at % self.order.len()])
    }

    fn overwrite(&self, mut positions: Vec<usize>, round: usize) -> Vec<Entry> {
        positions.sort_unstable();
        let mut random = Random(!(round as u64) << 20);
        positions
            .into_iter()
            .map(|at| (self.entries[at].0.clone(), random.bytes(VALUE_LEN)))
            .collect()
    }
}

impl Answer {
    /// A number of things without content.
    pub(crate) fn count(count: u64) -> Self {
        Self { count, sum: 0 }
    }

    /// A value that was found.
    pub(crate) fn value(value: &[u8]) -> Self {
        Self {
            count: 1,
            sum: value
                .last_chunk()
                .map_or(0, |tail| u64::from_le_bytes(*tail)),
        }
    }

    /// A key with its value.
    pub(crate) fn entry(key: &[u8], value: &[u8]) -> Self {
        let head = key
            .first_chunk()
            .map_or(0, |head| u64::from_le_bytes(*head));
        let value = Self::value(value);
        Self {
            count: 1,
            sum: head.rotate_left(17) ^ value.sum,
        }
    }

    /// What looking up all these keys must find.
    pub(crate) fn values(entries: &[Entry]) -> Self {
        entries.iter().map(|(_, value)| Self::value(value)).sum()
    }

    /// What a scan of these entries, or a diff that finds them, must see.
    pub(crate) fn entries(entries: &[Entry]) -> Self {
        entries
            .iter()
            .map(|(key, value)| Self::entry(key, value))
            .sum()
    }
}

impl Add for Answer {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            sum: self.sum.wrapping_add(other.sum),
        }
    }
}

impl Sum for Answer {
    fn sum<I: Iterator<Item = Self>>(answers: I) -> Self {
        answers.fold(Self::default(), Add::add)
    }
}

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(count);
        bytes.shrink_to_fit();
        bytes
    }
}
