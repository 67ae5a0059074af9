//! Sealing: the records of the journal become a pack, and a new journal begins.
//!
//! The order keeps the store whole at every moment: the pack and the new journal are forced to disk
//! first; then the old journal says that it is sealed, so that whoever follows it looks at the
//! manifest; then the new manifest takes the place of the old one; then the old journal goes.

use std::io::BufWriter;

use parking_lot::{RwLockUpgradableReadGuard, RwLockWriteGuard};
use prollytree_pack::PackWriter;
use prollytree_plugin_api::{Call, Hash, Result};

use crate::disk::{Folder, warn};
use crate::frame::{Entry, FrameWriter, Place};
use crate::journal::{HEADER, header};
use crate::manifest::{Manifest, following, journal_name, pack_name};
use crate::nodes::Location;
use crate::store::Store;
use crate::system::Writing;
use crate::view::{State, View};

impl Store {
    /// Seals the journal if it is longer than it should be, or in any case if `always`.
    pub(crate) fn seal(&self, call: &Call<'_>, always: bool) -> Result<()> {
        let held = self.lock(call)?;
        let view = self.catch_up_locked(&held)?;
        if !always && !view.is_long(self.journal_size) {
            return Ok(());
        }
        // Somebody may have merged packs, which nobody needs to know for reading.
        let view = if Manifest::existing(&self.folder)? == view.manifest {
            view
        } else {
            let mut view = RwLockUpgradableReadGuard::upgrade(view);
            *view = View::load(&self.folder, Some(&view.opened()), true)?;
            RwLockWriteGuard::downgrade_to_upgradable(view)
        };
        let mut next = view.manifest.clone();
        next.generation = following(next.generation)?;
        next.journal = following(next.journal)?;
        if let Some(id) = write_records(&self.folder, &view)?
            && !next.packs.contains(&id)
        {
            next.packs.push(id);
        }
        let journal = first_frame(&view, next.journal)?;
        self.folder.write(&journal_name(next.journal), &journal)?;
        self.folder.sync()?;
        self.switch(&view, &next)?;
        let sealed = journal_name(view.journal.number);
        let mut view = RwLockUpgradableReadGuard::upgrade(view);
        *view = View::load(&self.folder, Some(&view.opened()), true)?;
        drop(view);
        self.folder.discard(&sealed);
        Ok(())
    }

    /// Replaces the manifest by one with another journal, and tells those who follow the old one.
    fn switch(&self, view: &View, next: &Manifest) -> Result<()> {
        let place = Place {
            journal: view.journal.number,
            offset: view.end,
        };
        let mut frame = FrameWriter::default();
        frame.push(Entry::Sealed);
        let (bytes, _) = frame.finish(place, view.synced)?;
        view.journal.append(&bytes, place.offset)?;
        next.publish(&self.folder).inspect_err(|_| {
            // Harmless if it fails too: the next writer sees that the manifest disagrees.
            let unsaid = Manifest::existing(&self.folder).and_then(|now| {
                let same = now.journal == view.journal.number;
                if same {
                    view.journal.cut(place.offset)
                } else {
                    Ok(())
                }
            });
            if let Err(error) = unsaid {
                warn(&format!("cannot take the end of the journal back: {error}"));
            }
        })
    }
}

/// Writes the records of the journal into a pack; `None` if there are none.
fn write_records(folder: &Folder, view: &View) -> Result<Option<Hash>> {
    let here = view.records.iter().filter_map(|(hash, state)| match state {
        State::Here(offset, meta) => Some(Ok((*hash, Location::Journal(*offset, *meta)))),
        State::Deleted | State::Renewed(_) => None,
    });
    write_pack(folder, view, here)
}

/// Writes records, which come in the order of their hashes, into a pack and gives it its name;
/// `None` if there are none. The name is durable after the folder's next sync.
pub(crate) fn write_pack(
    folder: &Folder,
    view: &View,
    records: impl Iterator<Item = Result<(Hash, Location)>>,
) -> Result<Option<Hash>> {
    let mut records = records.peekable();
    if records.peek().is_none() {
        return Ok(None);
    }
    let (temporary, file) = folder.temporary()?;
    let write = || {
        let mut writer = PackWriter::new(BufWriter::with_capacity(1 << 20, Writing::new(&file)))?;
        for found in records {
            let (hash, location) = found?;
            let body = view.body(&hash, &location)?;
            let (kind, renewed) = (location.kind(), location.renewed());
            writer.push_body(&hash, kind, renewed, location.size(), &body)?;
        }
        let (_, written) = writer.finish()?;
        folder.publish(&temporary, &file, &pack_name(&written.id))?;
        Ok(Some(written.id))
    };
    let written = write();
    if written.is_err() {
        folder.discard(&temporary);
    }
    written
}

/// The beginning of a new journal: all refs, and what is to be known about records in packs.
fn first_frame(view: &View, number: u64) -> Result<Vec<u8>> {
    let mut frame = FrameWriter::default();
    for (name, hash) in view.refs.iter() {
        frame.push(Entry::Ref(name.clone(), Some(hash)));
    }
    for (hash, state) in &view.records {
        // What is in the journal goes into a pack and needs no note.
        if matches!(state, State::Here(..)) {
            continue;
        }
        let mut ages = Vec::new();
        for pack in &view.packs {
            ages.extend(pack.pack.find(hash)?.map(|entry| entry.renewed));
        }
        match state {
            State::Deleted if !ages.is_empty() => frame.push(Entry::Deletion(*hash)),
            State::Renewed(time) if ages.iter().max().is_some_and(|age| age < time) => {
                frame.push(Entry::Renewal(*hash, *time));
            }
            _ => {}
        }
    }
    begin(view.manifest.store, number, frame)
}

/// The bytes of the first journal of a store.
pub(crate) fn first_journal(store: [u8; 16], number: u64) -> Result<Vec<u8>> {
    begin(store, number, FrameWriter::default())
}

fn begin(store: [u8; 16], number: u64, frame: FrameWriter<'_>) -> Result<Vec<u8>> {
    let place = Place {
        journal: number,
        offset: HEADER as u64,
    };
    let (frame, _) = frame.finish(place, 0)?;
    let mut bytes = header(store, number);
    bytes.extend(frame);
    Ok(bytes)
}
