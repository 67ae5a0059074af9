//! Cuts a value into pieces as its bytes come, and lists them; lists of lists make one record of
//! any length.

use std::collections::HashSet;
use std::convert::Infallible;
use std::mem;

use prollytree_plugin_api::Hash;

use super::BlobRef;
use super::blob::{Blob, MAX_WHOLE};
use super::cut::{MAX_PIECE, ends_list, piece_len};
use crate::storage::{Leading, address_of};

/// Takes the records of a value.
pub(in crate::tree) trait BlobSink {
    type Error;

    /// Takes a record and returns its address. Those that it links to have come before.
    fn push_blob(&mut self, links: Vec<Hash>, bytes: Vec<u8>) -> Result<Hash, Self::Error>;
}

/// Stores nothing: for the address alone.
pub(super) struct HashOnly;

impl BlobSink for HashOnly {
    type Error = Infallible;

    fn push_blob(&mut self, _: Vec<Hash>, bytes: Vec<u8>) -> Result<Hash, Infallible> {
        Ok(address_of(&bytes))
    }
}

/// Stores a value out of line, whatever its length.
pub(in crate::tree) fn store_value<S: BlobSink>(
    value: &[u8],
    sink: &mut S,
) -> Result<BlobRef, S::Error> {
    if value.len() <= MAX_WHOLE {
        let hash = sink.push_blob(Vec::new(), Blob::encode_bytes(value))?;
        let len = value.len() as u64;
        return Ok(BlobRef { hash, len });
    }
    let mut split = Split::default();
    let rest = split.take_pieces(value, 0, sink)?;
    split.finish(rest, sink)
}

/// The pieces of a value so far.
#[derive(Debug, Default)]
pub(super) struct Split {
    /// What is not in a list yet: pieces first, then lists of them, and so on.
    levels: Vec<Level>,
}

/// References of one level.
#[derive(Debug, Default)]
struct Level {
    pending: Vec<BlobRef>,
    /// Whether some have been put into lists already.
    listed: bool,
}

impl Split {
    /// Cuts pieces off for as long as more than `keep` bytes are left, and returns what is left. With
    /// a `keep` of [`MAX_PIECE`] no cut depends on what comes behind.
    pub(super) fn take_pieces<'v, S: BlobSink>(
        &mut self,
        mut value: &'v [u8],
        keep: usize,
        sink: &mut S,
    ) -> Result<&'v [u8], S::Error> {
        while value.len() > keep {
            let (piece, rest) = value.split_at(piece_len(&value[..value.len().min(MAX_PIECE)]));
            let hash = sink.push_blob(Vec::new(), Blob::encode_bytes(piece))?;
            let len = piece.len() as u64;
            self.add(0, BlobRef { hash, len }, sink)?;
            value = rest;
        }
        Ok(value)
    }

    /// Cuts up what is left of the value, and returns where all of it lies.
    pub(super) fn finish<S: BlobSink>(
        mut self,
        rest: &[u8],
        sink: &mut S,
    ) -> Result<BlobRef, S::Error> {
        self.take_pieces(rest, 0, sink)?;
        let mut at = 0;
        loop {
            let level = &mut self.levels[at];
            let pending = mem::take(&mut level.pending);
            match (level.listed, pending.as_slice()) {
                (false, [only]) => return Ok(*only),
                (false, _) => return push_list(at, &pending, sink),
                (true, []) => {}
                (true, _) => {
                    let list = push_list(at, &pending, sink)?;
                    self.add(at + 1, list, sink)?;
                }
            }
            at += 1;
        }
    }

    fn add<S: BlobSink>(
        &mut self,
        mut at: usize,
        mut new: BlobRef,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        loop {
            if at == self.levels.len() {
                self.levels.push(Level::default());
            }
            let level = &mut self.levels[at];
            level.pending.push(new);
            if !ends_list(level.pending.len(), &new.hash) {
                return Ok(());
            }
            new = push_list(at, &level.pending, sink)?;
            level.pending.clear();
            level.listed = true;
            at += 1;
        }
    }
}

/// Stores a list of what is on a level.
fn push_list<S: BlobSink>(
    at: usize,
    entries: &[BlobRef],
    sink: &mut S,
) -> Result<BlobRef, S::Error> {
    let level = u8::try_from(at + 1).expect("each level is at most a 32nd of the one below");
    let mut seen = HashSet::with_capacity_and_hasher(entries.len(), Leading);
    let hashes = entries.iter().map(|entry| entry.hash);
    let links = hashes.filter(|&hash| seen.insert(hash)).collect();
    let hash = sink.push_blob(links, Blob::encode_list(level, entries))?;
    let len = entries.iter().map(|entry| entry.len).sum();
    Ok(BlobRef { hash, len })
}
