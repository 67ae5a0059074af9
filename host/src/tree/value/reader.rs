//! Reading a value piece by piece.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use prollytree_plugin_api::Buffer;

use super::blob::{Blob, MAX_WHOLE};
use super::{BlobRef, Value, load};
use crate::storage::Storage;
use crate::tree::TreeError;

/// The bytes of a value, from any position on. Holds about a megabyte of a large value, however
/// long that is, and fetches so much of it in one call to the backend.
///
/// It is a snapshot: what is edited later does not change it.
#[derive(Debug)]
pub struct ValueReader {
    len: u64,
    position: u64,
    /// Where the rest of the value is fetched from; `None` if all of it is at hand.
    source: Option<Source>,
    /// What has been fetched last, and where it begins.
    parts: Vec<Buffer>,
    start: u64,
}

/// A value in pieces.
#[derive(Debug)]
struct Source {
    storage: Storage,
    root: BlobRef,
}

/// Pieces are fetched until they are this long together.
const AHEAD: u64 = MAX_WHOLE as u64;

impl ValueReader {
    /// Reads a value that is at hand.
    pub(in crate::tree) fn of_value(value: Value) -> Self {
        Self {
            len: value.len() as u64,
            position: 0,
            source: None,
            parts: vec![value.into_buffer()],
            start: 0,
        }
    }

    /// Reads a value that has been stored but need not be in a tree, as
    /// [`ValueWriter::finish`](super::ValueWriter::finish) leaves it. Reads one record.
    ///
    /// # Errors
    /// If the value is not there, or not what was written.
    pub fn of_blob(storage: &Storage, blob: BlobRef) -> Result<Self, TreeError> {
        if blob.len <= MAX_WHOLE as u64 {
            return Ok(Self::of_value(load(storage, &blob)?));
        }
        let source = Source {
            storage: storage.clone(),
            root: blob,
        };
        source.root()?;
        Ok(Self {
            len: blob.len,
            position: 0,
            source: Some(source),
            parts: Vec::new(),
            start: 0,
        })
    }

    /// Returns the length of the value in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Says whether the value is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the bytes that come next, as many as lie together, without copying them; `None` at
    /// the end.
    ///
    /// # Errors
    /// If a piece cannot be read. The position stays where it was.
    pub fn next_part(&mut self) -> Result<Option<Buffer>, TreeError> {
        let part = self.part()?;
        self.position += part.as_ref().map_or(0, |part| part.len() as u64);
        Ok(part)
    }

    /// Reads what is left.
    ///
    /// # Errors
    /// [`TreeError::ValueTooLarge`] if it does not fit into memory.
    pub fn read_all(mut self) -> Result<Value, TreeError> {
        let len = self.len.saturating_sub(self.position);
        if let (None, [whole], 0) = (&self.source, &self.parts[..], self.position) {
            return Ok(whole.clone().into());
        }
        let mut bytes = Vec::new();
        usize::try_from(len)
            .ok()
            .and_then(|len| bytes.try_reserve_exact(len).ok())
            .ok_or(TreeError::ValueTooLarge { len })?;
        while let Some(part) = self.next_part()? {
            bytes.extend_from_slice(&part);
        }
        Ok(Value(Buffer::from(bytes)))
    }

    /// Returns what lies together from the position on.
    fn part(&mut self) -> Result<Option<Buffer>, TreeError> {
        if self.position >= self.len {
            return Ok(None);
        }
        let held = self.held();
        let Some(source) = self.source.as_ref().filter(|_| held.is_none()) else {
            return Ok(held);
        };
        (self.start, self.parts) = source.pieces_at(self.position)?;
        Ok(self.held())
    }

    /// Returns what lies together from the position on, if it has been fetched.
    fn held(&self) -> Option<Buffer> {
        let mut skipped = usize::try_from(self.position.checked_sub(self.start)?).ok()?;
        for part in &self.parts {
            if skipped < part.len() {
                return Some(part.slice(skipped..));
            }
            skipped -= part.len();
        }
        None
    }
}

impl Source {
    /// Returns the pieces from the one that holds a position on, as many as are fetched together,
    /// and where the first begins.
    fn pieces_at(&self, position: u64) -> Result<(u64, Vec<Buffer>), TreeError> {
        let (mut start, mut list) = (0, self.root()?);
        let mut is_last = true;
        loop {
            let mut rest = list.entries();
            let holds = rest.find(|entry| {
                let passed = position - start >= entry.len;
                start += if passed { entry.len } else { 0 };
                !passed
            });
            let Some(holds) = holds else {
                return Err(self.root.inconsistent());
            };
            if list.level() > 1 {
                is_last &= rest.next().is_none();
                drop(rest);
                list = self.list(&holds, list.level() - 1, is_last)?;
                continue;
            }
            let mut ahead = 0;
            let wanted = std::iter::once(holds).chain(rest);
            let wanted: Vec<BlobRef> = wanted
                .take_while(|entry| {
                    let first = ahead == 0;
                    ahead += entry.len;
                    first || ahead <= AHEAD
                })
                .collect();
            return Ok((start, self.pieces(&wanted)?));
        }
    }

    fn pieces(&self, wanted: &[BlobRef]) -> Result<Vec<Buffer>, TreeError> {
        let hashes: Vec<_> = wanted.iter().map(|entry| entry.hash).collect();
        let found = self.storage.load_many_once::<Blob>(&hashes)?;
        (wanted.iter().zip(found))
            .map(|(entry, blob)| match blob.whole() {
                Some(piece) if piece.len() as u64 == entry.len => Ok(piece.clone()),
                _ => Err(entry.inconsistent()),
            })
            .collect()
    }

    /// Loads the list that stands for the whole value. It has more than one entry, which would stand
    /// for the value itself otherwise.
    fn root(&self) -> Result<Arc<Blob>, TreeError> {
        let list = self.storage.load::<Blob>(&self.root.hash)?;
        if list.entries().nth(1).is_none() || total(&list) != self.root.len {
            return Err(self.root.inconsistent());
        }
        Ok(list)
    }

    /// Loads a list below another one, which has the level and the length that are said of it, and
    /// ends where the rule says unless it is the last one of its level.
    fn list(&self, entry: &BlobRef, level: u8, is_last: bool) -> Result<Arc<Blob>, TreeError> {
        let list = self.storage.load::<Blob>(&entry.hash)?;
        let right = list.level() == level && total(&list) == entry.len;
        if !right || !(is_last || list.may_be_followed()) {
            return Err(entry.inconsistent());
        }
        Ok(list)
    }
}

/// Returns the length of what a list stands for, which has been checked to have one.
fn total(list: &Blob) -> u64 {
    list.entries().map(|entry| entry.len).sum()
}

impl Read for ValueReader {
    /// An error is a [`TreeError`] inside.
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Some(part) = self.part().map_err(io::Error::other)? else {
            return Ok(0);
        };
        let len = part.len().min(out.len());
        out[..len].copy_from_slice(&part[..len]);
        self.position += len as u64;
        Ok(len)
    }
}

impl Seek for ValueReader {
    /// A position behind the end is allowed, and nothing is read there.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.len.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or_else(|| {
            let message = "a position before the start of the value";
            io::Error::new(io::ErrorKind::InvalidInput, message)
        })?;
        Ok(self.position)
    }
}
