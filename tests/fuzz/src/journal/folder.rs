//! The folder of a store, from bytes: one file is forged, and the others fit it.

use std::fs;
use std::sync::{Arc, OnceLock};

use prollytree_backend_file::BACKEND;
use prollytree_pack::PackWriter;
use prollytree_plugin_api::{
    Hash, Kind, NodeStorage, OpenStorage, Options, Record, Result, Timestamp,
};
use tempfile::TempDir;

use super::layout::{self, HEADER, mend_field, u64_at};
use super::seeds;

/// The file that is forged is the manifest, and not the journal.
pub(super) const MANIFEST: u8 = 1;
/// The first twelve bytes behind the flags are the note.
pub(super) const NOTE: u8 = 2;
/// The journal is sealed into a pack as soon as something is written.
pub(super) const SEAL: u8 = 4;
pub(super) const NOTE_LEN: usize = 12;
/// The id of the store, unless the forged file has another.
pub(super) const STORE: [u8; 16] = [7; 16];
/// When everything was stored.
pub(super) const TIME: i64 = 1_700_000_000_000_000;
/// The records in the pack.
pub(super) const PACKED: [&[u8]; 2] = [b"in a pack", b"in a pack as well"];

/// What is in the folder.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Folder {
    pub(super) store: [u8; 16],
    /// The number of the journal.
    pub(super) number: u64,
    pub(super) manifest: Vec<u8>,
    pub(super) journal: Vec<u8>,
    pub(super) note: Option<Vec<u8>>,
    seals: bool,
}

/// The pack that every folder has.
pub(super) struct KnownPack {
    pub(super) id: Hash,
    bytes: Vec<u8>,
}

impl Folder {
    /// Makes what the input means; `None` if it is too short to mean anything.
    pub(super) fn of(input: &[u8]) -> Option<Self> {
        let (flags, mut rest) = input.split_first()?;
        let note = if flags & NOTE == 0 {
            None
        } else {
            let (note, behind) = rest.split_at_checked(NOTE_LEN)?;
            rest = behind;
            Some(note.to_vec())
        };
        let forges_manifest = flags & MANIFEST != 0;
        // What has to be the same in both files.
        let (store, number) = if forges_manifest { (12, 36) } else { (16, 32) };
        let store = rest.get(store..).and_then(|rest| rest.first_chunk());
        let number = rest.get(number..number + 8).map(|_| u64_at(rest, number));
        let (store, number) = (store.copied().unwrap_or(STORE), number.unwrap_or(1));
        let (manifest, journal) = if forges_manifest {
            (rest.to_vec(), known_journal(store, number))
        } else {
            (manifest(store, number), rest.to_vec())
        };
        Some(Self {
            store,
            number,
            manifest,
            journal,
            note,
            seals: flags & SEAL != 0,
        })
    }

    /// The same with right checksums.
    pub(super) fn mended(&self) -> Self {
        let mut folder = self.clone();
        layout::mend(&mut folder.journal, self.number);
        if let Some(end) = folder.manifest.len().checked_sub(4) {
            mend_field(&mut folder.manifest, end, |bytes| {
                crc32fast::hash(&bytes[..end])
            });
        }
        if let Some(note) = &mut folder.note {
            mend_field(note, 8, |note| note_checksum(self.store, self.number, note));
        }
        folder
    }

    /// Writes the files into a folder of their own.
    pub(super) fn write(&self) -> TempDir {
        let folder = scratch();
        let pack = pack();
        let write = |name: &str, bytes: &[u8]| {
            fs::write(folder.path().join(name), bytes).expect("the folder is written");
        };
        write("MANIFEST", &self.manifest);
        write(&self.journal_name(), &self.journal);
        write(&format!("{}.pack", pack.id), &pack.bytes);
        if let Some(note) = &self.note {
            write("DURABLE", note);
        }
        folder
    }

    pub(super) fn journal_name(&self) -> String {
        format!("journal-{:016x}", self.number)
    }

    /// Opens the store that was written to a folder.
    pub(super) fn open(&self, folder: &TempDir, read_only: bool) -> Result<Arc<dyn NodeStorage>> {
        let size = if self.seals { 0 } else { 1 << 20 };
        let mut request = OpenStorage::existing(options(folder, size));
        request.read_only = read_only;
        (BACKEND.open)(&request)
    }
}

/// The options of a store in a folder.
pub(super) fn options(folder: &TempDir, journal_size: u64) -> Options {
    let mut options = Options::new();
    let path = folder.path().to_str().expect("a temporary path is text");
    options.insert("path".to_owned(), path.into());
    options.insert("journal_size".to_owned(), journal_size.into());
    options
}

/// A new folder; in memory where the system has such a place, as forcing to disk takes long.
pub(super) fn scratch() -> TempDir {
    let in_memory = tempfile::tempdir_in("/dev/shm");
    in_memory
        .or_else(|_| tempfile::tempdir())
        .expect("a folder")
}

/// The pack that every folder has, made once for each process.
pub(super) fn pack() -> &'static KnownPack {
    static PACK: OnceLock<KnownPack> = OnceLock::new();
    PACK.get_or_init(|| {
        let mut records = PACKED.map(|bytes| Record::new(Kind::BLOB, &[], bytes));
        records.sort_by_key(|record| record.hash);
        let mut writer = PackWriter::new(Vec::new()).expect("memory is written");
        for record in &records {
            writer
                .push(record, Timestamp(TIME))
                .expect("records ascend");
        }
        let (bytes, written) = writer.finish().expect("memory is written");
        KnownPack {
            id: written.id,
            bytes,
        }
    })
}

/// The manifest of a store with the known pack.
pub(super) fn manifest(store: [u8; 16], number: u64) -> Vec<u8> {
    let mut bytes = b"PROLFILE\x01\0\0\0".to_vec();
    bytes.extend(store);
    bytes.extend(3_u64.to_le_bytes());
    bytes.extend(number.to_le_bytes());
    bytes.extend([0, 0, 0, 0, 1, 0, 0, 0]);
    bytes.extend(pack().id.as_bytes());
    let crc = crc32fast::hash(&bytes);
    bytes.extend(crc.to_le_bytes());
    bytes
}

/// A real journal, made the one of a store.
fn known_journal(store: [u8; 16], number: u64) -> Vec<u8> {
    static JOURNAL: OnceLock<Vec<u8>> = OnceLock::new();
    let mut bytes = JOURNAL.get_or_init(seeds::commits).clone();
    bytes[32..HEADER - 4].copy_from_slice(&number.to_le_bytes());
    layout::settle(&mut bytes, store, TIME);
    bytes
}

/// The checksum of a note of at least its length.
pub(super) fn note_checksum(store: [u8; 16], number: u64, note: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&store);
    crc.update(&number.to_le_bytes());
    crc.update(&note[..8]);
    crc.finalize()
}
