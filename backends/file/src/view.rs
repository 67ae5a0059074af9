//! What an instance knows of the store: the packs, and what the journal says up to some offset.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::Arc;

use prollytree_pack::Pack;
use prollytree_plugin_api::{Error, ErrorKind, Hash, Result, Timestamp};

use crate::disk::{Folder, corrupt, failed};
use crate::frame::{Entry, Meta};
use crate::journal::{Frame, HEADER, Journal};
use crate::manifest::{Manifest, pack_name};
use crate::refs::Refs;

/// How often a manifest is read again because what it names has just been replaced.
const ATTEMPTS: usize = 100;

/// A pack that is a part of the store.
pub(crate) struct OpenPack {
    pub(crate) id: Hash,
    pub(crate) pack: Pack<File>,
}

/// The files that a view has open.
pub(crate) struct Opened {
    journal: Arc<Journal>,
    packs: Vec<Arc<OpenPack>>,
}

/// What the journal says about a record. It goes before what a pack says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum State {
    /// It is in the journal; its body begins at this offset.
    Here(u64, Meta),
    /// It is deleted, also if a pack holds it.
    Deleted,
    /// It is in a pack, and was stored again at that time.
    Renewed(Timestamp),
}

/// The store as of some moment.
pub(crate) struct View {
    pub(crate) manifest: Manifest,
    pub(crate) packs: Vec<Arc<OpenPack>>,
    pub(crate) journal: Arc<Journal>,
    /// Up to where the journal was read.
    pub(crate) end: u64,
    /// Where the first frame ends, which repeats what earlier journals said.
    pub(crate) base: u64,
    /// Up to where the journal is known to be durable.
    pub(crate) synced: u64,
    pub(crate) records: BTreeMap<Hash, State>,
    pub(crate) refs: Refs,
}

impl View {
    /// Reads the store that the manifest names. What `known` has open is not opened again: of a
    /// journal that could not be forced to disk the system tells only those who had it open.
    pub(crate) fn load(folder: &Folder, known: Option<&Opened>, write: bool) -> Result<Self> {
        for _ in 0..ATTEMPTS {
            let manifest = Manifest::existing(folder)?;
            if let Some(view) = Self::of(folder, &manifest, known, write)? {
                return Ok(view);
            }
            // Gone because a newer manifest names others; if not, they are missing.
            if Manifest::existing(folder)?.generation == manifest.generation {
                let message = "a file that the store's manifest names is missing";
                return Err(corrupt(message).with("path", folder.path().display()));
            }
        }
        let message = "the store changes faster than it can be opened";
        Err(Error::new(ErrorKind::UNAVAILABLE, message).retryable())
    }

    fn of(
        folder: &Folder,
        manifest: &Manifest,
        known: Option<&Opened>,
        write: bool,
    ) -> Result<Option<Self>> {
        let same = known.filter(|known| known.journal.number == manifest.journal);
        let journal = match same {
            Some(known) => Some(Arc::clone(&known.journal)),
            None => Journal::open(folder, manifest, write)?.map(Arc::new),
        };
        let Some(journal) = journal else {
            return Ok(None);
        };
        let known = known.map_or(&[][..], |known| &known.packs);
        let mut packs = Vec::with_capacity(manifest.packs.len());
        for id in &manifest.packs {
            let pack = match known.iter().find(|pack| pack.id == *id) {
                Some(pack) => Some(Arc::clone(pack)),
                None => open_pack(folder, id)?.map(Arc::new),
            };
            let Some(pack) = pack else {
                return Ok(None);
            };
            packs.push(pack);
        }
        let mut view = Self {
            manifest: manifest.clone(),
            packs,
            journal,
            end: HEADER as u64,
            base: 0,
            synced: 0,
            records: BTreeMap::new(),
            refs: Refs::default(),
        };
        view.read_on()?;
        if view.base == 0 {
            return Err(corrupt("the first frame of the journal is damaged"));
        }
        Ok(Some(view))
    }

    /// What it has open.
    pub(crate) fn opened(&self) -> Opened {
        Opened {
            journal: Arc::clone(&self.journal),
            packs: self.packs.clone(),
        }
    }

    /// Says whether the journal is as long as it was when it was read.
    pub(crate) fn is_fresh(&self) -> Result<bool> {
        Ok(self.journal.len()? == self.end)
    }

    /// Counts what is known of records in packs: that they are deleted, or were stored again.
    pub(crate) fn notes(&self) -> u64 {
        let note = |state: &&State| !matches!(state, State::Here(..));
        self.records.values().filter(note).count() as u64
    }

    /// Reads what has come since.
    pub(crate) fn catch_up(&mut self, folder: &Folder, write: bool) -> Result<()> {
        while self.read_on()? {
            // The journal may say so although its sealing was broken off: the manifest decides.
            if Manifest::existing(folder)?.journal == self.journal.number {
                break;
            }
            *self = Self::load(folder, Some(&self.opened()), write)?;
            // Whoever published it may have ended before its name was durable.
            folder.changed();
        }
        Ok(())
    }

    /// Reads the journal on, and says whether it ends by being sealed.
    fn read_on(&mut self) -> Result<bool> {
        let scan = self.journal.scan(self.end, self.synced)?;
        for frame in scan.frames {
            self.apply(frame);
        }
        self.synced = self.synced.max(scan.synced);
        Ok(scan.sealed)
    }

    /// Takes in the next frame.
    pub(crate) fn apply(&mut self, frame: Frame) {
        let mut body = frame.bodies;
        for entry in frame.entries {
            match entry {
                Entry::Record(hash, meta) => {
                    self.records.insert(hash, State::Here(body, meta));
                    body += meta.body_len();
                }
                Entry::Renewal(hash, time) => self.renew(hash, time),
                Entry::Deletion(hash) => {
                    self.records.insert(hash, State::Deleted);
                }
                Entry::Ref(name, value) => self.refs.set(name, value),
                Entry::Sealed => {}
            }
        }
        self.end = frame.end;
        self.synced = self.synced.max(frame.synced);
        if self.base == 0 {
            // A journal is named by a manifest only after its first frame was forced to disk.
            self.base = frame.end;
            self.synced = self.synced.max(frame.end);
        }
    }

    fn renew(&mut self, hash: Hash, time: Timestamp) {
        match self.records.entry(hash).or_insert(State::Renewed(time)) {
            State::Here(_, meta) => meta.renewed = meta.renewed.max(time),
            State::Renewed(known) => *known = (*known).max(time),
            State::Deleted => {}
        }
    }
}

/// Opens a pack; `None` if it is not there (any more).
fn open_pack(folder: &Folder, id: &Hash) -> Result<Option<OpenPack>> {
    let path = folder.file(&pack_name(id));
    match File::open(&path) {
        Ok(file) => match Pack::open(file) {
            Ok(pack) => Ok(Some(OpenPack { id: *id, pack })),
            Err(error) => Err(error.with("path", path.display())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("open a pack", &path, &error)),
    }
}
