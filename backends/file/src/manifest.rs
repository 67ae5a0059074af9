//! The manifest: the small file that says which journal and which packs are the store.

use std::fs;
use std::io;

use prollytree_plugin_api::{Error, ErrorKind, Hash, Result};

use crate::disk::{Folder, corrupt, failed};

/// The name of the manifest in the folder.
pub(crate) const NAME: &str = "MANIFEST";
/// The newest version of the format of manifest and journal.
pub(crate) const VERSION: u32 = 1;

const MAGIC: &[u8; 8] = b"PROLFILE";
const FIXED: usize = 52;

/// What the store consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// Sixteen bytes that no other store has, but its copies.
    pub(crate) store: [u8; 16],
    /// Grows by one with each manifest.
    pub(crate) generation: u64,
    /// The number of the journal.
    pub(crate) journal: u64,
    /// The names of the packs, in the order in which they came.
    pub(crate) packs: Vec<Hash>,
}

impl Manifest {
    /// Reads the manifest; `None` where there is none.
    pub(crate) fn read(folder: &Folder) -> Result<Option<Self>> {
        let path = folder.file(NAME);
        match fs::read(&path) {
            Ok(bytes) => Self::decode(&bytes)
                .map(Some)
                .map_err(|error| error.with("path", path.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read the manifest", &path, &error)),
        }
    }

    /// Reads the manifest of a store that was there before.
    ///
    /// # Errors
    /// `UNAVAILABLE` if it is not there any more.
    pub(crate) fn existing(folder: &Folder) -> Result<Self> {
        Self::read(folder)?.ok_or_else(|| {
            let message = "the store's manifest has been removed";
            Error::new(ErrorKind::UNAVAILABLE, message).with("path", folder.path().display())
        })
    }

    /// Puts this manifest in the place of the last one; durable on return.
    pub(crate) fn publish(&self, folder: &Folder) -> Result<()> {
        folder.write(NAME, &self.encode())?;
        folder.sync()
    }

    /// Says whether a file of this name is a part of the store.
    pub(crate) fn names(&self, name: &str) -> bool {
        name == journal_name(self.journal) || self.packs.iter().any(|id| name == pack_name(id))
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let count = u32::try_from(self.packs.len()).expect("packs are far fewer than 2^32");
        let mut out = Vec::with_capacity(FIXED + 32 * self.packs.len() + 4);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&self.store);
        out.extend_from_slice(&self.generation.to_le_bytes());
        out.extend_from_slice(&self.journal.to_le_bytes());
        out.extend_from_slice(&0_u32.to_le_bytes());
        out.extend_from_slice(&count.to_le_bytes());
        for id in &self.packs {
            out.extend_from_slice(id.as_bytes());
        }
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        if !bytes.starts_with(MAGIC) {
            let message = "the folder's MANIFEST is not that of a prollytree store";
            return Err(Error::new(ErrorKind::INVALID_CONFIG, message));
        }
        let damaged = || corrupt("the manifest is damaged");
        let mut rest = Fields(&bytes[MAGIC.len()..]);
        let version = rest.u32().ok_or_else(damaged)?;
        if version != VERSION {
            return Err(unknown("store", version));
        }
        let mut read = || {
            let store = rest.array()?;
            let (generation, journal) = (rest.u64()?, rest.u64()?);
            let (reserved, count) = (rest.u32()?, rest.u32()?);
            let packs = (0..count).map(|_| rest.hash()).collect::<Option<_>>()?;
            let body = bytes.len().checked_sub(4)?;
            let whole = rest.0.len() == 4 && rest.u32()? == crc32fast::hash(&bytes[..body]);
            (whole && reserved == 0).then_some(Self {
                store,
                generation,
                journal,
                packs,
            })
        };
        read().ok_or_else(damaged)
    }
}

/// The number of what comes after, a generation or a journal.
///
/// # Errors
/// `CORRUPT` for the last number there is: nobody counts that far.
pub(crate) fn following(number: u64) -> Result<u64> {
    let next = number.checked_add(1);
    next.ok_or_else(|| corrupt("a number in the manifest is the last one there is"))
}

/// The name of a journal in the folder.
pub(crate) fn journal_name(number: u64) -> String {
    format!("journal-{number:016x}")
}

/// The name of a pack in the folder.
pub(crate) fn pack_name(id: &Hash) -> String {
    format!("{id}.pack")
}

/// The error for a format that this version does not know.
pub(crate) fn unknown(what: &str, version: u32) -> Error {
    let remedy = if version > VERSION {
        "use a newer one"
    } else {
        "it was made before the format was final; export it with the program that made it"
    };
    let message = format!(
        "the {what} has format version {version}, and this program knows {VERSION}: {remedy}"
    );
    Error::new(ErrorKind::UNSUPPORTED, message)
}

/// Reads fields of fixed width, one after the other; `None` where the bytes end early.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(first)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn hash(&mut self) -> Option<Hash> {
        self.array().map(Hash::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_read_back_and_one_with_a_reserved_field_in_use_is_damaged() {
        let manifest = Manifest {
            store: [7; 16],
            generation: 3,
            journal: 2,
            packs: vec![Hash::of(b"pack")],
        };
        let mut bytes = manifest.encode();
        let read = Manifest::decode(&bytes).expect("it is as it was written");
        assert_eq!(read.encode(), bytes);
        let (reserved, body) = (44, bytes.len() - 4);
        bytes[reserved] = 1;
        let crc = crc32fast::hash(&bytes[..body]);
        bytes[body..].copy_from_slice(&crc.to_le_bytes());
        let kind = Manifest::decode(&bytes).map_err(|error| error.kind());
        assert!(matches!(kind, Err(ErrorKind::CORRUPT)));
    }
}
