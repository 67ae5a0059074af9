//! One line of a pack's index: where a record's body lies and what is known about it.

use prollytree_plugin_api::{Hash, Kind, Timestamp};

use crate::{u32_at, u64_at};

/// What a pack knows about a record. The record's *body* is its bytes followed by its links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The record's address.
    pub hash: Hash,
    /// Where the body begins in the pack.
    pub offset: u64,
    /// When the record was stored, or stored again.
    pub renewed: Timestamp,
    /// What the record is.
    pub kind: Kind,
    /// The number of links.
    pub links: u32,
    /// The number of the record's bytes.
    pub size: u32,
    /// The CRC-32 of the body.
    pub crc: u32,
}

impl Entry {
    pub(crate) const LEN: usize = 64;

    /// Returns the length of the body: the record's bytes, then 32 for each link.
    #[must_use]
    pub fn body_len(&self) -> u64 {
        u64::from(self.size) + u64::from(self.links) * Hash::LEN as u64
    }

    pub(crate) fn encode(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        out[..32].copy_from_slice(self.hash.as_bytes());
        out[32..40].copy_from_slice(&self.offset.to_le_bytes());
        out[40..48].copy_from_slice(&self.renewed.0.to_le_bytes());
        out[48..52].copy_from_slice(&self.kind.0.to_le_bytes());
        out[52..56].copy_from_slice(&self.links.to_le_bytes());
        out[56..60].copy_from_slice(&self.size.to_le_bytes());
        out[60..].copy_from_slice(&self.crc.to_le_bytes());
        out
    }

    pub(crate) fn decode(bytes: &[u8; Self::LEN]) -> Self {
        Self {
            hash: Self::hash_of(bytes),
            offset: u64_at(bytes, 32),
            renewed: Timestamp(u64_at(bytes, 40).cast_signed()),
            kind: Kind(u32_at(bytes, 48)),
            links: u32_at(bytes, 52),
            size: u32_at(bytes, 56),
            crc: u32_at(bytes, 60),
        }
    }

    /// Reads the hash alone, for searching.
    pub(crate) fn hash_of(bytes: &[u8; Self::LEN]) -> Hash {
        Hash::from_slice(&bytes[..32]).expect("32 bytes are a hash")
    }
}
