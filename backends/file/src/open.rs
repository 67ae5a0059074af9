//! Opening a store, making one, and sweeping up after processes that were killed.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::Path;

use prollytree_plugin_api::{Call, Error, ErrorKind, Hash, OpenStorage, Result, Timestamp};

use crate::config::FileOptions;
use crate::disk::{Folder, failed, is_temporary, make_folder};
use crate::lock::LockFile;
use crate::manifest::{Manifest, NAME, journal_name};
use crate::note::{self, Note};
use crate::seal::first_journal;
use crate::store::{Locks, Store};
use crate::view::View;

/// The file locked while appending.
const APPEND_LOCK: &str = "LOCK";
/// The file locked while merging packs.
const REPACK_LOCK: &str = "REPACK";

/// Opens the store that the options name.
pub(crate) fn open(request: &OpenStorage, options: FileOptions) -> Result<Store> {
    let FileOptions {
        path,
        lock_wait,
        journal_size,
    } = options;
    check_folder(&path, request.may_create())?;
    let folder = Folder::new(path);
    if Manifest::read(&folder)?.is_none() {
        if request.may_create() {
            make_folder(folder.path())?;
        }
        refuse_foreign(&folder)?;
        if !request.may_create() {
            return Err(no_store(folder.path()));
        }
        create(&folder, lock_wait)?;
    }
    let locks = if request.read_only {
        None
    } else {
        Some(Locks {
            append: LockFile::open(&folder, APPEND_LOCK)?,
            repack: LockFile::open(&folder, REPACK_LOCK)?,
        })
    };
    let view = View::load(&folder, None, locks.is_some())?;
    let store = Store::new(folder, view, locks, lock_wait, journal_size.0);
    store.sweep()?;
    Ok(store)
}

impl Store {
    /// Removes what processes that were killed have left behind. Where others are at work it is
    /// left to the next opening.
    fn sweep(&self) -> Result<()> {
        let Some(locks) = &self.locks else {
            return Ok(());
        };
        let Some(_repack) = locks.repack.acquire_free()? else {
            return Ok(());
        };
        let Some(append) = locks.append.acquire_free()? else {
            return Ok(());
        };
        drop(self.catch_up_locked(&append)?);
        let manifest = Manifest::existing(&self.folder)?;
        for name in self.folder.names()? {
            if is_temporary(&name) || (is_part(&name) && !manifest.names(&name)) {
                // Power loss must not bring back a manifest that names it.
                self.folder.settle()?;
                self.folder.discard(&name);
            }
        }
        Ok(())
    }
}

/// Refuses what cannot be the folder of a store.
fn check_folder(path: &Path, may_create: bool) -> Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => {
            let message = "option `path`: expected a folder, and this is a file";
            let error = Error::new(ErrorKind::INVALID_CONFIG, message);
            Err(error.with("option", "path").with("path", path.display()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && may_create => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(no_store(path)),
        Err(error) => Err(failed("look at the folder", path, &error)),
    }
}

/// Refuses a folder that holds anything but what the making of a store may have left there.
fn refuse_foreign(folder: &Folder) -> Result<()> {
    let foreign = folder
        .names()?
        .into_iter()
        .find(|name| !is_part(name) && !is_temporary(name) && !is_shared(name));
    match foreign {
        // Made by somebody else just now.
        Some(name) if name == NAME => Ok(()),
        Some(name) => {
            let message = format!(
                "the folder is not a prollytree store: it holds `{name}` and no {NAME}; choose an empty one"
            );
            let error = Error::new(ErrorKind::INVALID_CONFIG, message);
            Err(error.with("path", folder.path().display()))
        }
        None => Ok(()),
    }
}

/// Makes an empty store.
fn create(folder: &Folder, lock_wait: std::time::Duration) -> Result<()> {
    let lock = LockFile::open(folder, APPEND_LOCK)?;
    let _held = lock.acquire(&Call::UNLIMITED, lock_wait)?;
    if Manifest::read(folder)?.is_some() {
        return Ok(());
    }
    let manifest = Manifest {
        store: new_id(folder.path()),
        generation: 1,
        journal: 1,
        packs: Vec::new(),
    };
    // Made before anybody can open the store, so that also who only reads has it.
    Note::open(folder, &manifest, true)?;
    let journal = first_journal(manifest.store, manifest.journal)?;
    folder.write(&journal_name(manifest.journal), &journal)?;
    folder.sync()?;
    manifest.publish(folder)
}

/// Sixteen bytes that no other store has. They only have to differ.
fn new_id(path: &Path) -> [u8; 16] {
    let random = RandomState::new().hash_one(path);
    let seed = format!("{random} {:?} {}", Timestamp::now(), std::process::id());
    let hash = Hash::of(seed.as_bytes());
    *hash
        .as_bytes()
        .first_chunk()
        .expect("a hash is longer than 16 bytes")
}

fn is_part(name: &str) -> bool {
    name.starts_with("journal-") || Path::new(name).extension().is_some_and(|end| end == "pack")
}

/// Says whether a file of this name belongs to the folder, whatever the manifest says.
fn is_shared(name: &str) -> bool {
    name == APPEND_LOCK || name == REPACK_LOCK || name == note::NAME
}

fn no_store(path: &Path) -> Error {
    let message = format!("there is no store at {}", path.display());
    Error::new(ErrorKind::UNAVAILABLE, message).with("path", path.display())
}
