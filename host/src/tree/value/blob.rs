//! The record of a value out of line: the bytes of it or of a piece, or a list of such records.

use prollytree_plugin_api::{Buffer, Hash, Kind};

use super::BlobRef;
use super::cut::{MAX_LIST, ends_list, longest, shortest};
use crate::storage::{Decode, HEADER_LEN, Malformed, PutFields, header, read_header};

/// The longest value in one record, in bytes. A longer one is cut into pieces.
pub(in crate::tree) const MAX_WHOLE: usize = 1 << 20;

/// No list is further above the pieces of its value.
const MAX_LEVEL: u8 = 16;

/// A record that holds the bytes of a value or of a piece of one, or that lists such records.
#[derive(Debug)]
pub struct Blob {
    /// 0 where there are bytes; otherwise the number of lists from here down to the pieces.
    level: u8,
    content: Buffer,
}

impl Blob {
    const VERSION: u8 = 1;
    pub(in crate::tree) const ENTRY_LEN: usize = Hash::LEN + size_of::<u64>();

    /// Returns the bytes of the record that holds a value or a piece.
    pub(super) fn encode_bytes(value: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_LEN + 1 + value.len());
        bytes.extend_from_slice(&header(Kind::BLOB, Self::VERSION));
        bytes.put_u8(0);
        bytes.extend_from_slice(value);
        bytes
    }

    /// Returns the bytes of the record that lists others.
    pub(super) fn encode_list(level: u8, entries: &[BlobRef]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_LEN + 1 + entries.len() * Self::ENTRY_LEN);
        bytes.extend_from_slice(&header(Kind::BLOB, Self::VERSION));
        bytes.put_u8(level);
        for entry in entries {
            bytes.extend_from_slice(&entry.to_bytes());
        }
        bytes
    }

    pub(super) fn level(&self) -> u8 {
        self.level
    }

    /// Returns the bytes, unless this is a list.
    pub(super) fn whole(&self) -> Option<&Buffer> {
        (self.level == 0).then_some(&self.content)
    }

    /// Returns what the list refers to; nothing if it is none.
    pub(super) fn entries(&self) -> impl Iterator<Item = BlobRef> + '_ {
        let listed = if self.level == 0 {
            &[]
        } else {
            &self.content[..]
        };
        let (entries, _) = listed.as_chunks::<{ Self::ENTRY_LEN }>();
        entries.iter().map(BlobRef::read)
    }
}

impl Blob {
    /// Says whether something may follow on the same level: the rule ends the list where it ends, and
    /// not because the value does.
    pub(super) fn may_be_followed(&self) -> bool {
        let entries = self.entries();
        let (count, last) = entries.fold((0, None), |(count, _), entry| (count + 1, Some(entry)));
        last.is_some_and(|last| {
            ends_list(count, &last.hash) && last.len >= shortest(self.level - 1)
        })
    }
}

impl BlobRef {
    /// Returns the reference as it stands in a leaf or a list.
    pub(in crate::tree) fn to_bytes(self) -> [u8; Blob::ENTRY_LEN] {
        let mut bytes = [0; Blob::ENTRY_LEN];
        let (hash, len) = bytes.split_at_mut(Hash::LEN);
        hash.copy_from_slice(self.hash.as_bytes());
        len.copy_from_slice(&self.len.to_le_bytes());
        bytes
    }

    /// Reads a reference as it stands in a leaf or a list.
    pub(in crate::tree) fn read(bytes: &[u8; Blob::ENTRY_LEN]) -> Self {
        let (mut hash, mut len) = ([0; Hash::LEN], [0; size_of::<u64>()]);
        hash.copy_from_slice(&bytes[..Hash::LEN]);
        len.copy_from_slice(&bytes[Hash::LEN..]);
        Self {
            hash: Hash::new(hash),
            len: u64::from_le_bytes(len),
        }
    }
}

impl Decode for Blob {
    const KIND: Kind = Kind::BLOB;

    fn decode(bytes: Buffer) -> Result<Self, Malformed> {
        let rest = read_header(&bytes, Kind::BLOB, Self::VERSION)?;
        let Some((&level, content)) = rest.split_first() else {
            return Err(Malformed::new("it ends before its level"));
        };
        if level == 0 {
            if content.len() > MAX_WHOLE {
                return Err(Malformed::new("it is longer than a value in one record"));
            }
        } else {
            check_list(level, content)?;
        }
        Ok(Self {
            level,
            content: bytes.slice(HEADER_LEN + 1..),
        })
    }

    fn weight(&self) -> usize {
        size_of::<Self>() + self.content.len()
    }
}

fn check_list(level: u8, content: &[u8]) -> Result<(), Malformed> {
    if level > MAX_LEVEL {
        return Err(Malformed::new("its level is too high"));
    }
    let (entries, rest) = content.as_chunks::<{ Blob::ENTRY_LEN }>();
    if !rest.is_empty() || entries.is_empty() || entries.len() > MAX_LIST {
        return Err(Malformed::new("it is no list of 1 to 1024 entries"));
    }
    let mut sum = 0_u64;
    for (index, entry) in entries.iter().enumerate() {
        let BlobRef { hash, len } = BlobRef::read(entry);
        let is_last = index + 1 == entries.len();
        let least = if is_last { 1 } else { shortest(level - 1) };
        sum = sum
            .checked_add(len)
            .filter(|_| (least..=longest(level - 1)).contains(&len))
            .ok_or_else(|| Malformed::new("its lengths are those of no value"))?;
        if !is_last && ends_list(index + 1, &hash) {
            return Err(Malformed::new("it goes on where the rule ends it"));
        }
    }
    Ok(())
}
