//! Packs: immutable files that hold records in the order of their hashes, with an index.
//!
//! A pack knows nothing of folders or buckets. It is written to anything that is `Write` and read
//! from anything that can be read at an offset, so that every backend which keeps many records in
//! one object shares one format. The bytes are described in `docs/format.md`.
#![forbid(unsafe_code)]

mod entry;
mod footer;
mod reader;
mod source;
mod writer;

pub use entry::Entry;
pub use reader::{Entries, Pack};
pub use source::ReadAt;
pub use writer::{PackWriter, Written};

/// The newest version of the format that this crate writes and reads.
pub const VERSION: u32 = 1;

/// What a pack begins with; the version and four zero bytes follow.
const MAGIC: &[u8; 8] = b"PROLPACK";
/// What a pack ends with.
const END_MAGIC: &[u8; 8] = b"PROLPEND";
/// The number of bytes before the first record.
const HEADER_LEN: usize = 16;
/// The number of entries in a block of the index, which is read and checked as a whole: 4 KiB.
const BLOCK: usize = 64;

fn corrupt(message: &str) -> prollytree_plugin_api::Error {
    prollytree_plugin_api::Error::new(prollytree_plugin_api::ErrorKind::CORRUPT, message)
}

fn unknown_version(version: u32) -> prollytree_plugin_api::Error {
    let remedy = if version > VERSION {
        "use a newer one"
    } else {
        "it was made before the format was final"
    };
    let message = format!(
        "the pack has format version {version}, and this program reads {VERSION}: {remedy}"
    );
    prollytree_plugin_api::Error::new(prollytree_plugin_api::ErrorKind::UNSUPPORTED, message)
}

fn header() -> [u8; HEADER_LEN] {
    let mut bytes = [0; HEADER_LEN];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes
}

/// Reads the little-endian number at `at`.
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let field = bytes[at..at + 4].try_into();
    u32::from_le_bytes(field.expect("a range of four bytes has four bytes"))
}

/// Reads the little-endian number at `at`.
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let field = bytes[at..at + 8].try_into();
    u64::from_le_bytes(field.expect("a range of eight bytes has eight bytes"))
}
