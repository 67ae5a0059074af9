//! The folder of a store: whole files that appear at once, and what must be forced to disk.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use prollytree_plugin_api::{Error, ErrorKind, Result};

use crate::system::{self, write_all_at};

/// What the names of unfinished files begin with.
const TEMPORARY: &str = "tmp-";

/// A folder, and a count of the times that something in it was forced to disk.
pub(crate) struct Folder {
    path: PathBuf,
    syncs: AtomicU64,
    /// How often names in the folder have changed, as far as this instance knows. What was there
    /// when it came counts as one: it may have come by somebody who ended before forcing it.
    changes: AtomicU64,
    /// How many of them are durable.
    durable: AtomicU64,
}

impl Folder {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            syncs: AtomicU64::new(0),
            changes: AtomicU64::new(1),
            durable: AtomicU64::new(0),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Returns how often this instance forced something to disk.
    pub(crate) fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }

    /// Makes a file of which nobody knows yet. [`publish`](Self::publish) gives it its name.
    pub(crate) fn temporary(&self) -> Result<(String, File)> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let name = format!("{TEMPORARY}{}-{number}", std::process::id());
            let path = self.file(&name);
            match system::create_new(&path) {
                Ok(file) => return Ok((name, file)),
                // Process ids repeat, over time and between containers.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed("create a file", &path, &error)),
            }
        }
    }

    /// Forces a finished file to disk and gives it its name, replacing what had it. The name itself
    /// is durable after [`sync`](Self::sync).
    pub(crate) fn publish(&self, temporary: &str, file: &File, name: &str) -> Result<()> {
        let (from, to) = (self.file(temporary), self.file(name));
        self.count();
        system::sync_all(file).map_err(|error| failed("force a file to disk", &from, &error))?;
        let renamed = system::rename(&from, &to);
        // Also if it failed: a system need not say what a failed renaming has left.
        self.changed();
        renamed.map_err(|error| failed("rename a file", &to, &error))
    }

    /// Writes a file that is there whole or not at all; see [`publish`](Self::publish).
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let (temporary, file) = self.temporary()?;
        let written = write_all_at(&file, bytes, 0)
            .map_err(|error| failed("write a file", &self.file(name), &error))
            .and_then(|()| self.publish(&temporary, &file, name));
        if written.is_err() {
            self.discard(&temporary);
        }
        written
    }

    /// Forces the names in the folder to disk.
    pub(crate) fn sync(&self) -> Result<()> {
        let changes = self.changes.load(Ordering::SeqCst);
        self.count();
        system::sync_folder(&self.path)
            .map_err(|error| failed("force a folder to disk", &self.path, &error))?;
        self.durable.fetch_max(changes, Ordering::SeqCst);
        Ok(())
    }

    /// Says that names in the folder have changed, by this instance or another one.
    pub(crate) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// Forces the names in the folder to disk if any may not be durable. Nothing is acknowledged,
    /// and nothing old discarded, before: the files in which it lies must be found after power loss.
    pub(crate) fn settle(&self) -> Result<()> {
        if self.durable.load(Ordering::SeqCst) < self.changes.load(Ordering::SeqCst) {
            self.sync()?;
        }
        Ok(())
    }

    /// Forces the content of a file to disk.
    pub(crate) fn sync_data(&self, file: &File) -> io::Result<()> {
        self.count();
        system::sync_data(file)
    }

    /// Returns the names of everything in the folder.
    pub(crate) fn names(&self) -> Result<Vec<String>> {
        let list = || -> io::Result<Vec<String>> {
            fs::read_dir(&self.path)?
                .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                .collect()
        };
        list().map_err(|error| failed("list the folder", &self.path, &error))
    }

    /// Removes a file that nothing refers to any more. If that fails, it is only untidy: the next
    /// opening tries again.
    pub(crate) fn discard(&self, name: &str) {
        let path = self.file(name);
        match system::remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => warn(&format!(
                "cannot remove {}, which is not needed any more: {error}",
                path.display()
            )),
            _ => {}
        }
    }

    fn count(&self) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
    }
}

/// Says whether a file of this name was left behind by a process that was killed.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.starts_with(TEMPORARY)
}

/// Says something to the host that deserves attention and is no error of the running call.
pub(crate) fn warn(message: &str) {
    use prollytree_plugin_api::log::{Level, log};
    log(Level::WARN, crate::BACKEND.name, format_args!("{message}"));
}

/// The error for something that failed with a file.
pub(crate) fn failed(doing: &str, path: &Path, error: &io::Error) -> Error {
    Error::io(doing, error).with("path", path.display())
}

/// The error for stored data that is not what was written.
pub(crate) fn corrupt(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::CORRUPT, message)
}

/// Makes a folder and those above it that are not there, each of them durable before anything is in
/// it. The last one that is there may have been made by somebody who ended before that.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    let absolute =
        std::path::absolute(path).map_err(|error| failed("find the folder", path, &error))?;
    let folders: Vec<_> = absolute.ancestors().collect();
    let missing = folders.iter().take_while(|folder| !folder.exists()).count();
    for folder in folders[..folders.len().min(missing + 1)].iter().rev() {
        if !folder.exists() {
            match system::make_folder(folder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => made.map_err(|error| failed("make the folder", folder, &error))?,
            }
        }
        match folder.parent().map_or(Ok(()), system::sync_folder) {
            // Nobody like this process has made one where this one may not look.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            synced => synced.map_err(|error| failed("force a folder to disk", folder, &error))?,
        }
    }
    Ok(())
}
