//! Locks between processes: the system releases them when their holder ends, however it ends.

use std::fs::{self, File, TryLockError};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use prollytree_plugin_api::{Call, Error, ErrorKind, Result};

use crate::disk::{Folder, failed, warn};
use crate::system::{open_or_create, write_all_at};

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_millis(1);
/// The room for the holder's name in the file.
const HOLDER_LEN: usize = 128;

/// A file by which processes, and threads within one, exclude each other.
pub(crate) struct LockFile {
    path: PathBuf,
    file: Mutex<File>,
    holder: String,
}

/// The lock, until it is dropped.
pub(crate) struct Held<'a>(MutexGuard<'a, File>);

impl LockFile {
    /// Opens the file, and makes it if it is not there.
    pub(crate) fn open(folder: &Folder, name: &str) -> Result<Self> {
        let path = folder.file(name);
        let file =
            open_or_create(&path).map_err(|error| failed("open the lock file", &path, &error))?;
        Ok(Self {
            path,
            file: Mutex::new(file),
            holder: this_process(),
        })
    }

    /// Waits for the lock, up to `wait` and as long as the call may take.
    ///
    /// # Errors
    /// `LOCKED` naming the holder, `TIMEOUT`, `CANCELLED`.
    pub(crate) fn acquire(&self, call: &Call<'_>, wait: Duration) -> Result<Held<'_>> {
        let begin = Instant::now();
        let limit = call.remaining().map_or(wait, |left| left.min(wait));
        let Some(file) = self.file.try_lock_for(limit) else {
            call.check()?;
            return Err(self.locked(wait));
        };
        let mut pause = Duration::from_micros(20);
        while !self.attempt(&file)? {
            call.check()?;
            if begin.elapsed() >= wait {
                return Err(self.locked(wait));
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Ok(Held(file))
    }

    /// Takes the lock if it is free.
    pub(crate) fn acquire_free(&self) -> Result<Option<Held<'_>>> {
        let Some(file) = self.file.try_lock() else {
            return Ok(None);
        };
        Ok(self.attempt(&file)?.then_some(Held(file)))
    }

    fn attempt(&self, file: &File) -> Result<bool> {
        match file.try_lock() {
            Ok(()) => {
                // For the message of those who wait in vain; the lock does not depend on it.
                if let Err(error) = write_all_at(file, self.holder.as_bytes(), 0) {
                    warn(&format!("cannot write {}: {error}", self.path.display()));
                }
                Ok(true)
            }
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(failed("lock the store", &self.path, &error)),
        }
    }

    fn locked(&self, wait: Duration) -> Error {
        let holder = match fs::read_to_string(&self.path) {
            Ok(holder) if !holder.trim().is_empty() => holder.trim().to_owned(),
            _ => "unknown".to_owned(),
        };
        let message = format!(
            "the store has been locked by {holder} for {wait:?}; wait for it, or raise `lock_wait`"
        );
        Error::new(ErrorKind::LOCKED, message)
            .with("holder", holder)
            .with("path", self.path.display())
            .retryable()
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // Not left to closing the file: a process being started may hold it open a moment longer.
        if let Err(error) = self.0.unlock() {
            warn(&format!("cannot unlock the store: {error}"));
        }
    }
}

/// The name of the running program and its process id, padded so that it covers an older one.
fn this_process() -> String {
    let program = std::env::current_exe()
        .ok()
        .and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "a program".to_owned());
    let program: String = program.chars().take(20).collect();
    let mut holder = format!("{program} (pid {})", std::process::id());
    while holder.len() < HOLDER_LEN {
        holder.push(' ');
    }
    holder
}
