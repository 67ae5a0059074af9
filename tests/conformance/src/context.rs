//! What a case about a backend works with: fresh places, opened stores, numbers, other processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use prollytree_plugin_api::{Capabilities, OpenStorage, Options, Result, StorageInfo};

use crate::case::{Failure, Verdict};
use crate::launch::Launcher;
use crate::random::Random;
use crate::store::Store;
use crate::subject::Subject;

/// How much work a case does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// All cases in about half a minute.
    #[default]
    Quick,
    /// Many more rounds of whatever depends on chance.
    Full,
}

impl Profile {
    /// Returns the profile's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Full => "full",
        }
    }
}

/// What every case gets, whatever it is about.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    /// An empty folder of the case's own.
    pub(crate) folder: PathBuf,
    pub(crate) seed: u64,
    pub(crate) profile: Profile,
    pub(crate) launcher: Launcher,
    /// The undeclared capabilities that were seen refused already.
    pub(crate) refused: Capabilities,
}

/// What a case about a backend works with.
pub(crate) struct Context {
    subject: Arc<dyn Subject>,
    pub(crate) surroundings: Surroundings,
    places: AtomicU32,
    made: Mutex<Vec<Options>>,
    info: Mutex<Option<StorageInfo>>,
}

/// Where one store is, or will be.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) options: Options,
    pub(crate) folder: PathBuf,
}

impl Context {
    pub(crate) fn new(subject: Arc<dyn Subject>, surroundings: Surroundings) -> Self {
        let (made, info) = (Mutex::default(), Mutex::default());
        Self {
            subject,
            surroundings,
            places: AtomicU32::new(0),
            made,
            info,
        }
    }

    pub(crate) fn subject(&self) -> &dyn Subject {
        &*self.subject
    }

    /// What the first store that was opened says about itself.
    pub(crate) fn info(&self) -> Option<StorageInfo> {
        self.info
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn random(&self) -> Random {
        Random::new(self.surroundings.seed)
    }

    /// One number for the quick profile, another one for the full one.
    pub(crate) fn count(&self, quick: usize, full: usize) -> usize {
        match self.surroundings.profile {
            Profile::Quick => quick,
            Profile::Full => full,
        }
    }

    /// A place where no store is yet.
    pub(crate) fn place(&self) -> Verdict<Place> {
        let number = self.places.fetch_add(1, Ordering::Relaxed);
        let folder = self.surroundings.folder.join(format!("place-{number}"));
        fs::create_dir(&folder).map_err(Failure::setup("make a folder for a store"))?;
        let options = self
            .subject
            .place(&folder)
            .map_err(Failure::call("making a place"))?;
        self.made
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(options.clone());
        Ok(Place { options, folder })
    }

    /// An empty store in a new place.
    pub(crate) fn store(&self) -> Verdict<Store> {
        Ok(self.fresh()?.1)
    }

    /// An empty store, and where it is.
    pub(crate) fn fresh(&self) -> Verdict<(Place, Store)> {
        let place = self.place()?;
        let store = self.create(&place)?;
        Ok((place, store))
    }

    /// Opens the store of a place, and makes it if it is not there.
    pub(crate) fn create(&self, place: &Place) -> Verdict<Store> {
        let how = OpenStorage::or_create(place.options.clone());
        self.open(&how)
            .map_err(Failure::call("opening a store that may be made"))
    }

    /// Opens the store that is there.
    pub(crate) fn reopen(&self, place: &Place) -> Verdict<Store> {
        let how = OpenStorage::existing(place.options.clone());
        self.open(&how)
            .map_err(Failure::call("opening the store that is there"))
    }

    /// Opens the store that is there for reading only.
    pub(crate) fn read_only(&self, place: &Place) -> Verdict<Store> {
        let how = OpenStorage::existing(place.options.clone()).read_only();
        self.open(&how)
            .map_err(Failure::call("opening the store that is there read-only"))
    }

    pub(crate) fn open(&self, how: &OpenStorage) -> Result<Store> {
        let store = Store::new(self.subject.open(how)?);
        let mut info = self.info.lock().unwrap_or_else(PoisonError::into_inner);
        info.get_or_insert_with(|| store.info());
        Ok(store)
    }

    /// The promises of an ordinary instance.
    pub(crate) fn declared(&self) -> Verdict<Capabilities> {
        let store = self.store()?;
        let declared = store.info().capabilities;
        store.close()?;
        Ok(declared)
    }

    /// Gives back what the case's stores hold outside of their folders.
    pub(crate) fn discard(&self) -> Verdict {
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        made.iter()
            .try_for_each(|options| self.subject.discard(options))
            .map_err(Failure::call("discarding a store"))
    }
}

/// Every file below `folder`, with its bytes, in the order of the paths.
pub(crate) fn snapshot(folder: &Path) -> Verdict<Vec<(PathBuf, Vec<u8>)>> {
    let failed = || Failure::setup("read the folder of a store");
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(failed())? {
            let path = entry.map_err(failed())?.path();
            if path.is_dir() {
                files.push((path.clone(), Vec::new()));
                folders.push(path);
            } else {
                let bytes = fs::read(&path).map_err(failed())?;
                files.push((path, bytes));
            }
        }
    }
    files.sort();
    Ok(files)
}
