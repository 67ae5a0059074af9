//! What a folder says, read plainly as `docs/format.md` has it: the engine must say the same.

use std::collections::BTreeMap;

use prollytree_plugin_api::{Error, ErrorKind, Hash, Kind, RefName, Result};

use super::folder::{Folder, PACKED, note_checksum, pack};
use super::layout::{self, DELETION, HEADER, NO_REF, RECORD, REF, SEALED, u32_at, u64_at};

/// The state of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) refs: BTreeMap<RefName, Hash>,
    pub(super) records: BTreeMap<Hash, Stored>,
}

/// A record of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) kind: Kind,
    pub(super) size: u64,
    /// Nothing if they are damaged.
    pub(super) bytes: Option<Vec<u8>>,
}

impl Stored {
    pub(super) fn blob(bytes: &[u8]) -> Self {
        Self {
            kind: Kind::BLOB,
            size: bytes.len() as u64,
            bytes: Some(bytes.to_vec()),
        }
    }
}

/// A whole frame.
struct Frame {
    start: u64,
    end: u64,
    synced: u64,
    bodies_are_whole: bool,
    says: Vec<Say>,
}

enum Say {
    Record(Hash, Stored),
    Deletion(Hash),
    Ref(RefName, Option<Hash>),
    Sealed,
}

impl Model {
    /// What the files of a folder say, or an error of the kind with which it is refused.
    pub(super) fn of(folder: &Folder) -> Result<Self> {
        let mut model = Self::default();
        let packs = packs(&folder.manifest)?;
        let known = pack();
        if packs.iter().any(|name| *name != known.id) {
            return Err(damaged());
        }
        if !packs.is_empty() {
            let blob = |bytes: &[u8]| (Hash::of(bytes), Stored::blob(bytes));
            model.records = PACKED.iter().map(|bytes| blob(bytes)).collect();
        }
        check_header(folder)?;
        for frame in frames(folder)? {
            frame.says.into_iter().for_each(|say| model.hear(say));
        }
        Ok(model)
    }

    fn hear(&mut self, say: Say) {
        match say {
            Say::Record(hash, stored) => {
                self.records.insert(hash, stored);
            }
            Say::Deletion(hash) => {
                self.records.remove(&hash);
            }
            Say::Ref(name, Some(hash)) => {
                self.refs.insert(name, hash);
            }
            Say::Ref(name, None) => {
                self.refs.remove(&name);
            }
            Say::Sealed => {}
        }
    }

    /// How many records are not what was stored, whether their checksums say so or their addresses.
    pub(super) fn damaged(&self) -> usize {
        let is_right = |(hash, stored): (&Hash, &Stored)| {
            stored.bytes.as_deref().map(Hash::of).as_ref() == Some(hash)
        };
        self.records
            .iter()
            .filter(|entry| !is_right(*entry))
            .count()
    }
}

fn damaged() -> Error {
    Error::new(ErrorKind::CORRUPT, "damaged")
}

fn newer() -> Error {
    Error::new(ErrorKind::UNSUPPORTED, "another version")
}

/// The names of the packs in a manifest.
fn packs(manifest: &[u8]) -> Result<Vec<Hash>> {
    if !manifest.starts_with(b"PROLFILE") {
        return Err(Error::new(ErrorKind::INVALID_CONFIG, "no manifest"));
    }
    if manifest.len() < 12 {
        return Err(damaged());
    }
    if u32_at(manifest, 8) != 1 {
        return Err(newer());
    }
    if manifest.len() < 56 || u32_at(manifest, 44) != 0 {
        return Err(damaged());
    }
    let (body, crc) = manifest.split_at(manifest.len() - 4);
    let names = body[52..].chunks_exact(32);
    let whole = names.remainder().is_empty()
        && names.len() as u64 == u64::from(u32_at(manifest, 48))
        && crc32fast::hash(body) == u32_at(crc, 0);
    if !whole {
        return Err(damaged());
    }
    Ok(names.filter_map(Hash::from_slice).collect())
}

fn check_header(folder: &Folder) -> Result<()> {
    let header = folder.journal.get(..HEADER).ok_or_else(damaged)?;
    if header.starts_with(b"PROLJRNL") && u32_at(header, 8) != 1 {
        return Err(newer());
    }
    let whole = header.starts_with(b"PROLJRNL")
        && u32_at(header, 12) == 0
        && header[16..32] == folder.store
        && u64_at(header, 32) == folder.number
        && crc32fast::hash(&header[..HEADER - 4]) == u32_at(header, HEADER - 4);
    whole.then_some(()).ok_or_else(damaged)
}

/// The frames that are taken.
fn frames(folder: &Folder) -> Result<Vec<Frame>> {
    let len = folder.journal.len() as u64;
    let mut frames = Vec::new();
    let mut end = HEADER as u64;
    while let Some(frame) = frame(folder, end) {
        if frame.says.iter().any(|say| matches!(say, Say::Sealed)) {
            break;
        }
        end = frame.end;
        frames.push(frame);
    }
    let claims = frames.iter().map(|frame| frame.synced);
    let known = claims.fold(noted(folder), u64::max);
    let lost = |frame: &Frame| frame.end > known && !frame.bodies_are_whole;
    if let Some(index) = frames.iter().position(lost) {
        end = frames[index].start;
        frames.truncate(index);
    }
    let behind = (end + 1..len).filter_map(|at| Some(head(folder, at)?.synced(&folder.journal)));
    let durable = behind.fold(known, u64::max);
    if durable > end || frames.is_empty() {
        return Err(damaged());
    }
    Ok(frames)
}

/// Up to where the note says that the journal is durable.
fn noted(folder: &Folder) -> u64 {
    let note = folder.note.as_deref().unwrap_or_default();
    if note.len() < 12 || note_checksum(folder.store, folder.number, note) != u32_at(note, 8) {
        return 0;
    }
    u64_at(note, 0)
}

/// A frame whose head has a right checksum.
fn head(folder: &Folder, start: u64) -> Option<layout::Frame> {
    let bytes = &folder.journal;
    let frame = layout::frame(bytes, usize::try_from(start).ok()?)?;
    let is_right = frame.synced(bytes) <= start
        && frame.checksum(bytes, folder.number) == u32_at(bytes, frame.checked());
    is_right.then_some(frame)
}

fn frame(folder: &Folder, start: u64) -> Option<Frame> {
    let bytes = &folder.journal;
    let frame = head(folder, start).filter(|frame| frame.is_sound)?;
    let synced = frame.synced(bytes);
    let mut bodies_are_whole = true;
    let mut says = Vec::new();
    for entry in &frame.entries {
        let fields = &bytes[entry.fields.clone()];
        let hash = |at: usize| fields.get(at..at + 32).and_then(Hash::from_slice);
        match entry.tag {
            RECORD => {
                let size = u32_at(fields, 40);
                let body = &bytes[entry.body.clone()];
                let is_whole = crc32fast::hash(body) == u32_at(fields, 52);
                bodies_are_whole &= is_whole;
                let stored = Stored {
                    kind: Kind(u32_at(fields, 32)),
                    size: u64::from(size),
                    bytes: is_whole.then(|| body[..size as usize].to_vec()),
                };
                says.push(Say::Record(hash(0)?, stored));
            }
            DELETION => says.push(Say::Deletion(hash(0)?)),
            REF | NO_REF => {
                let end = 2 + usize::from(u16::from_le_bytes([fields[0], fields[1]]));
                let name = std::str::from_utf8(&fields[2..end]).ok()?;
                says.push(Say::Ref(RefName::new(name).ok()?, hash(end)));
            }
            SEALED => says.push(Say::Sealed),
            _ => {}
        }
    }
    Some(Frame {
        start,
        end: frame.end as u64,
        synced,
        bodies_are_whole,
        says,
    })
}
