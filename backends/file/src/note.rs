//! The note of how far the journal is durable, in a small file that is overwritten in place.
//!
//! A frame cannot say that it is durable itself, and no frame follows the last one. The note says it
//! instead. It is written after the journal was forced to disk and is never forced itself: it
//! outlives the process, and power loss can only leave an older one, which says less and nothing
//! wrong.

use std::fs::File;
use std::io;

use prollytree_pack::ReadAt;
use prollytree_plugin_api::Result;

use crate::disk::{Folder, failed};
use crate::manifest::Manifest;
use crate::system::{open_or_create, write_all_at};

/// The name of the file in the folder.
pub(crate) const NAME: &str = "DURABLE";
const LEN: usize = 12;

/// The note, about one journal.
pub(crate) struct Note {
    file: File,
    store: [u8; 16],
    journal: u64,
}

impl Note {
    /// Opens the file; `None` if it is not there, as in a copy that was made without it. Those who
    /// write make it.
    pub(crate) fn open(folder: &Folder, manifest: &Manifest, write: bool) -> Result<Option<Self>> {
        let path = folder.file(NAME);
        let opened = if write {
            open_or_create(&path)
        } else {
            File::open(&path)
        };
        match opened {
            Ok(file) => Ok(Some(Self {
                file,
                store: manifest.store,
                journal: manifest.journal,
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("open the note on the journal", &path, &error)),
        }
    }

    /// Returns up to where the journal is durable; 0 if the note is about another journal, or was
    /// torn.
    pub(crate) fn read(&self) -> io::Result<u64> {
        if self.file.size()? < LEN as u64 {
            return Ok(0);
        }
        let mut bytes = [0; LEN];
        self.file.read_exact_at(&mut bytes, 0)?;
        let (offset, _) = bytes.split_first_chunk().expect("a note begins with it");
        let offset = u64::from_le_bytes(*offset);
        Ok(if bytes == self.encode(offset) {
            offset
        } else {
            0
        })
    }

    /// Notes that the journal is durable up to `offset`. Of processes that note at one moment the
    /// later one may note less, which is not wrong either.
    pub(crate) fn write(&self, offset: u64) -> io::Result<()> {
        if self.read()? >= offset {
            return Ok(());
        }
        write_all_at(&self.file, &self.encode(offset), 0)
    }

    /// The checksum covers what the note is about, so that an older one says nothing of this
    /// journal.
    fn encode(&self, offset: u64) -> [u8; LEN] {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&self.store);
        crc.update(&self.journal.to_le_bytes());
        crc.update(&offset.to_le_bytes());
        let mut out = [0; LEN];
        out[..8].copy_from_slice(&offset.to_le_bytes());
        out[8..].copy_from_slice(&crc.finalize().to_le_bytes());
        out
    }
}
