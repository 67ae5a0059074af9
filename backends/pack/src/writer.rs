//! Writing a pack, from its first byte to its last.

use std::io::Write;

use prollytree_plugin_api::{
    Error, ErrorKind, Hash, Kind, MAX_RECORD_SIZE, Record, Result, Timestamp,
};
use sha2::{Digest, Sha256};

use crate::entry::Entry;
use crate::footer::{Fence, Footer};
use crate::{BLOCK, header};

/// Writes records, which must come in ascending order of their hashes, into a new pack. Bodies are
/// passed on at once; 64 bytes for each record are kept until the end.
#[derive(Debug)]
pub struct PackWriter<W> {
    out: W,
    digest: Sha256,
    offset: u64,
    bytes: u64,
    index: Vec<u8>,
    last: Option<Hash>,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The SHA-256 of all of the pack's bytes: its name.
    pub id: Hash,
    /// The number of records.
    pub records: u64,
    /// The sum of the sizes of the records.
    pub bytes: u64,
    /// The length of the pack.
    pub size: u64,
}

impl<W: Write> PackWriter<W> {
    /// Begins a pack. Writes are as small as the records: give something that is buffered.
    pub fn new(out: W) -> Result<Self> {
        let mut this = Self {
            out,
            digest: Sha256::new(),
            offset: 0,
            bytes: 0,
            index: Vec::new(),
            last: None,
        };
        this.write(&header())?;
        Ok(this)
    }

    /// Adds a record.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` if the hash is not greater than the last one, or the record too large.
    pub fn push(&mut self, record: &Record<'_>, renewed: Timestamp) -> Result<()> {
        let mut body = Vec::with_capacity(record.bytes.len() + record.links.len() * Hash::LEN);
        body.extend_from_slice(record.bytes);
        for link in record.links {
            body.extend_from_slice(link.as_bytes());
        }
        self.push_body(
            &record.hash,
            record.kind,
            renewed,
            record.bytes.len(),
            &body,
        )
    }

    /// Adds a record whose body, `size` bytes and then the links, is at hand.
    ///
    /// # Errors
    /// As for [`push`](Self::push).
    pub fn push_body(
        &mut self,
        hash: &Hash,
        kind: Kind,
        renewed: Timestamp,
        size: usize,
        body: &[u8],
    ) -> Result<()> {
        let invalid = |message| Err(Error::new(ErrorKind::INVALID_ARGUMENT, message));
        if self.last.is_some_and(|last| last >= *hash) {
            return invalid("records of a pack come in ascending order of their hashes");
        }
        let links = body.len().checked_sub(size).unwrap_or(1);
        if size > MAX_RECORD_SIZE || !links.is_multiple_of(Hash::LEN) {
            return invalid("the body of a record is at most 64 MiB and then whole links");
        }
        let (Ok(size), Ok(links)) = (u32::try_from(size), u32::try_from(links / Hash::LEN)) else {
            return invalid("a record has too many links");
        };
        let entry = Entry {
            hash: *hash,
            offset: self.offset,
            renewed,
            kind,
            links,
            size,
            crc: crc32fast::hash(body),
        };
        self.write(body)?;
        self.index.extend_from_slice(&entry.encode());
        self.bytes += u64::from(size);
        self.last = Some(*hash);
        Ok(())
    }

    /// Writes index and footer, flushes, and gives back what was written to.
    pub fn finish(mut self) -> Result<(W, Written)> {
        let mut fences = Vec::with_capacity(self.index.len() / BLOCK);
        for block in self.index.chunks(BLOCK * Entry::LEN) {
            Fence::of(block).encode(&mut fences);
        }
        let footer = Footer {
            records: (self.index.len() / Entry::LEN) as u64,
            bytes: self.bytes,
            index: self.offset,
            fences_crc: crc32fast::hash(&fences),
        };
        let index = std::mem::take(&mut self.index);
        self.write(&index)?;
        self.write(&fences)?;
        self.write(&footer.encode())?;
        self.out
            .flush()
            .map_err(|error| Error::io("write a pack", &error))?;
        let written = Written {
            id: Hash::new(self.digest.finalize().into()),
            records: footer.records,
            bytes: footer.bytes,
            size: self.offset,
        };
        Ok((self.out, written))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.out
            .write_all(bytes)
            .map_err(|error| Error::io("write a pack", &error))?;
        self.digest.update(bytes);
        self.offset += bytes.len() as u64;
        Ok(())
    }
}
