//! The end of a pack: how to find and check everything else.

use prollytree_plugin_api::{Hash, Result};

use crate::entry::Entry;
use crate::{BLOCK, END_MAGIC, HEADER_LEN, VERSION, corrupt, u32_at, u64_at, unknown_version};

/// The fixed part at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Footer {
    /// The number of records.
    pub(crate) records: u64,
    /// The sum of the sizes of the records, without links.
    pub(crate) bytes: u64,
    /// Where the index begins and the bodies end.
    pub(crate) index: u64,
    /// The CRC-32 of all fences.
    pub(crate) fences_crc: u32,
}

/// What is kept in memory of one block of the index: its first hash, and the CRC-32 of the block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fence {
    pub(crate) first: Hash,
    pub(crate) crc: u32,
}

impl Fence {
    pub(crate) const LEN: usize = 36;

    pub(crate) fn of(block: &[u8]) -> Self {
        Self {
            first: Hash::from_slice(&block[..Hash::LEN]).expect("a block begins with a hash"),
            crc: crc32fast::hash(block),
        }
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.first.as_bytes());
        out.extend_from_slice(&self.crc.to_le_bytes());
    }

    pub(crate) fn decode(bytes: &[u8; Self::LEN]) -> Self {
        Self {
            first: Hash::from_slice(&bytes[..32]).expect("32 bytes are a hash"),
            crc: u32_at(bytes, 32),
        }
    }
}

impl Footer {
    pub(crate) const LEN: usize = 48;

    pub(crate) fn encode(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        out[..8].copy_from_slice(&self.records.to_le_bytes());
        out[8..16].copy_from_slice(&self.bytes.to_le_bytes());
        out[16..24].copy_from_slice(&self.index.to_le_bytes());
        out[24..28].copy_from_slice(&self.fences_crc.to_le_bytes());
        out[28..32].copy_from_slice(&VERSION.to_le_bytes());
        let crc = crc32fast::hash(&out[..36]);
        out[36..40].copy_from_slice(&crc.to_le_bytes());
        out[40..].copy_from_slice(END_MAGIC);
        out
    }

    /// Reads the footer of a pack of `size` bytes, and checks that its parts fill the pack exactly.
    pub(crate) fn decode(bytes: &[u8; Self::LEN], size: u64) -> Result<Self> {
        if bytes[40..] != *END_MAGIC {
            return Err(corrupt("the pack does not end as a pack does"));
        }
        if crc32fast::hash(&bytes[..36]) != u32_at(bytes, 36) {
            return Err(corrupt("the checksum of the pack's footer is wrong"));
        }
        let version = u32_at(bytes, 28);
        if version != VERSION {
            return Err(unknown_version(version));
        }
        if u32_at(bytes, 32) != 0 {
            return Err(corrupt("a reserved field of the pack's footer is not zero"));
        }
        let footer = Self {
            records: u64_at(bytes, 0),
            bytes: u64_at(bytes, 8),
            index: u64_at(bytes, 16),
            fences_crc: u32_at(bytes, 24),
        };
        let fits = footer.index >= HEADER_LEN as u64 && footer.total() == Some(size);
        if fits {
            Ok(footer)
        } else {
            Err(corrupt("the pack is not as long as its footer says"))
        }
    }

    pub(crate) fn blocks(&self) -> u64 {
        self.records.div_ceil(BLOCK as u64)
    }

    /// Where the fences begin. Does not overflow for a footer that was decoded.
    pub(crate) fn fences(&self) -> u64 {
        self.index + self.records * Entry::LEN as u64
    }

    fn total(&self) -> Option<u64> {
        let entries = self.records.checked_mul(Entry::LEN as u64)?;
        let fences = self.blocks().checked_mul(Fence::LEN as u64)?;
        let parts = [entries, fences, Self::LEN as u64];
        parts
            .iter()
            .try_fold(self.index, |sum, &part| sum.checked_add(part))
    }
}
