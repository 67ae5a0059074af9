//! A hasher for hashes: they are uniform already, so their first eight bytes serve as they are.

use std::hash::{BuildHasher, Hasher};

/// Makes [`LeadingBytes`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Leading;

/// The first eight bytes that were written.
#[derive(Debug)]
pub(crate) struct LeadingBytes(u64);

impl BuildHasher for Leading {
    type Hasher = LeadingBytes;

    #[inline]
    fn build_hasher(&self) -> LeadingBytes {
        LeadingBytes(0)
    }
}

impl Hasher for LeadingBytes {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    #[inline]
    fn write_usize(&mut self, _: usize) {
        // The length that precedes a slice says nothing: every hash has the same.
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}
