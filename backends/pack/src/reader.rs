//! Reading a pack: find a record, list all, check everything.

use prollytree_plugin_api::{Error, Hash, Result};
use sha2::{Digest, Sha256};

use crate::entry::Entry;
use crate::footer::{Fence, Footer};
use crate::source::ReadAt;
use crate::{BLOCK, HEADER_LEN, VERSION, corrupt, header, u32_at, unknown_version};

/// An opened pack. In memory are 36 bytes for each 64 records; a record is found by reading one
/// block of 4 KiB of the index.
#[derive(Debug)]
pub struct Pack<S> {
    source: S,
    size: u64,
    footer: Footer,
    fences: Vec<Fence>,
}

impl<S: ReadAt> Pack<S> {
    /// Opens a pack: reads its header, footer and fences.
    ///
    /// # Errors
    /// `CORRUPT` for what is no pack or a damaged one, `UNSUPPORTED` for one of a newer version.
    pub fn open(source: S) -> Result<Self> {
        let size = source
            .size()
            .map_err(|error| Error::io("measure a pack", &error))?;
        if size < (HEADER_LEN + Footer::LEN) as u64 {
            return Err(corrupt("the pack is shorter than an empty one"));
        }
        let mut head = [0; HEADER_LEN];
        read(&source, &mut head, 0)?;
        check_header(&head)?;
        let mut end = [0; Footer::LEN];
        read(&source, &mut end, size - Footer::LEN as u64)?;
        let footer = Footer::decode(&end, size)?;
        let mut bytes = buffer(footer.blocks() * Fence::LEN as u64)?;
        read(&source, &mut bytes, footer.fences())?;
        if crc32fast::hash(&bytes) != footer.fences_crc {
            return Err(corrupt("the checksum of the pack's fences is wrong"));
        }
        let (fences, _) = bytes.as_chunks();
        let fences: Vec<_> = fences.iter().map(Fence::decode).collect();
        if !fences.is_sorted_by(|a, b| a.first < b.first) {
            return Err(corrupt("the pack's fences are out of order"));
        }
        Ok(Self {
            source,
            size,
            footer,
            fences,
        })
    }

    /// Returns the number of records.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.footer.records
    }

    /// Returns the sum of the sizes of the records, without their links.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.footer.bytes
    }

    /// Returns the length of the pack.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns what the pack is read from.
    #[must_use]
    pub fn source(&self) -> &S {
        &self.source
    }

    /// Looks a record up. Reads one block of the index, or nothing.
    ///
    /// # Errors
    /// `CORRUPT` if the block is damaged.
    pub fn find(&self, hash: &Hash) -> Result<Option<Entry>> {
        let Some(block) = self.block_of(hash) else {
            return Ok(None);
        };
        let bytes = self.block(block)?;
        let (entries, _) = bytes.as_chunks::<{ Entry::LEN }>();
        match entries.binary_search_by_key(hash, Entry::hash_of) {
            Ok(index) => self.checked(Entry::decode(&entries[index])).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Lists the records after `after` in ascending order of their hashes.
    pub fn entries(&self, after: Option<&Hash>) -> Entries<'_, S> {
        Entries {
            pack: self,
            after: after.copied(),
            next: after.and_then(|hash| self.block_of(hash)).unwrap_or(0),
            block: Vec::new(),
            index: 0,
        }
    }

    /// Reads the body of a record: its bytes, then its links.
    ///
    /// # Errors
    /// `CORRUPT` if its checksum is wrong, or if the entry is not of this pack.
    pub fn body(&self, entry: &Entry) -> Result<Vec<u8>> {
        let mut body = buffer(self.checked(*entry)?.body_len())?;
        read(&self.source, &mut body, entry.offset)?;
        if crc32fast::hash(&body) != entry.crc {
            return Err(corrupt("the checksum of a record is wrong").with("hash", entry.hash));
        }
        Ok(body)
    }

    /// Returns the SHA-256 of all of the pack's bytes, which is the name that it should have.
    /// Reads everything.
    pub fn id(&self) -> Result<Hash> {
        const STEP: u64 = 1 << 20;
        let mut digest = Sha256::new();
        let mut offset = 0;
        while offset < self.size {
            let mut bytes = buffer(STEP.min(self.size - offset))?;
            read(&self.source, &mut bytes, offset)?;
            digest.update(&bytes);
            offset += bytes.len() as u64;
        }
        Ok(Hash::new(digest.finalize().into()))
    }

    /// The block that holds `hash` if any does.
    fn block_of(&self, hash: &Hash) -> Option<usize> {
        let after = self.fences.partition_point(|fence| fence.first <= *hash);
        after.checked_sub(1)
    }

    fn block(&self, number: usize) -> Result<Vec<u8>> {
        let first = (number * BLOCK) as u64;
        let count = (BLOCK as u64).min(self.footer.records - first);
        let mut bytes = buffer(count * Entry::LEN as u64)?;
        let offset = self.footer.index + first * Entry::LEN as u64;
        read(&self.source, &mut bytes, offset)?;
        let fence = &self.fences[number];
        let (entries, _) = bytes.as_chunks::<{ Entry::LEN }>();
        let ordered = entries.is_sorted_by(|a, b| a[..Hash::LEN] < b[..Hash::LEN]);
        // A fence that names another hash would make records of its block absent.
        let begins = entries.first().map(Entry::hash_of) == Some(fence.first);
        let next = self.fences.get(number + 1).map(|next| next.first);
        let ends = next.is_none_or(|next| entries.last().map(Entry::hash_of) < Some(next));
        if crc32fast::hash(&bytes) != fence.crc || !(ordered && begins && ends) {
            return Err(corrupt("a block of the pack's index is damaged").with("block", number));
        }
        Ok(bytes)
    }

    /// Passes an entry on if its body lies where bodies do.
    fn checked(&self, entry: Entry) -> Result<Entry> {
        let end = entry.offset.checked_add(entry.body_len());
        if entry.offset < HEADER_LEN as u64 || end.is_none_or(|end| end > self.footer.index) {
            let message = "an entry of the pack's index points outside of the records";
            return Err(corrupt(message).with("hash", entry.hash));
        }
        Ok(entry)
    }
}

/// The records of a pack in ascending order of their hashes.
#[derive(Debug)]
pub struct Entries<'a, S> {
    pack: &'a Pack<S>,
    after: Option<Hash>,
    /// The block to read when this one is used up.
    next: usize,
    block: Vec<u8>,
    index: usize,
}

impl<S: ReadAt> Iterator for Entries<'_, S> {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (entries, _) = self.block.as_chunks();
            let Some(bytes) = entries.get(self.index) else {
                if self.next == self.pack.fences.len() {
                    return None;
                }
                match self.pack.block(self.next) {
                    Ok(block) => self.block = block,
                    Err(error) => {
                        self.next = self.pack.fences.len();
                        self.block.clear();
                        return Some(Err(error));
                    }
                }
                self.next += 1;
                self.index = 0;
                continue;
            };
            self.index += 1;
            let entry = Entry::decode(bytes);
            if self.after.is_none_or(|after| entry.hash > after) {
                return Some(self.pack.checked(entry));
            }
        }
    }
}

fn check_header(head: &[u8; HEADER_LEN]) -> Result<()> {
    let version = u32_at(head, 8);
    if head[..8] != header()[..8] {
        return Err(corrupt("the file does not begin as a pack does"));
    }
    if version != VERSION {
        return Err(unknown_version(version));
    }
    if *head == header() {
        Ok(())
    } else {
        Err(corrupt("the header of the pack is damaged"))
    }
}

/// Makes room for `len` bytes, which were checked to be there.
fn buffer(len: u64) -> Result<Vec<u8>> {
    let len = usize::try_from(len)
        .map_err(|_| corrupt("a part of the pack is larger than this machine's memory"))?;
    Ok(vec![0; len])
}

fn read(source: &impl ReadAt, out: &mut [u8], offset: u64) -> Result<()> {
    source.read_exact_at(out, offset).map_err(|error| {
        if error.kind() == std::io::ErrorKind::UnexpectedEof {
            corrupt("the pack ends early").with("offset", offset)
        } else {
            Error::io("read a pack", &error)
        }
    })
}
