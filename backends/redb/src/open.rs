//! Opening and making the database file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use prollytree_plugin_api::log::{Level, log};
use prollytree_plugin_api::{Error, ErrorKind, Result};
use redb::{
    Builder, Database, DatabaseError, ReadOnlyDatabase, ReadTransaction, ReadableDatabase,
    TableDefinition, TableError,
};

use crate::disk::{Disk, Meter};
use crate::fault::{fault, guarded};
use crate::{holder, nodes, refs};

/// What marks a database as a store: the version of the format under `version`.
const FORMAT: TableDefinition<&str, u32> = TableDefinition::new("prollytree");
const VERSION_KEY: &str = "version";
const VERSION: u32 = 2;

/// The first bytes of every redb file.
const MAGIC: &[u8] = b"redb\x1a\x0a\xa9\x0d\x0a";

/// Where a store is and how it is opened.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    pub(crate) lock_wait: Duration,
    pub(crate) cache: usize,
    pub(crate) read_only: bool,
    pub(crate) meter: Arc<Meter>,
}

/// An opened database.
pub(crate) enum Engine {
    Writing(Database),
    Reading(ReadOnlyDatabase),
}

impl Engine {
    /// Begins reading at the last commit.
    pub(crate) fn begin_read(&self) -> Result<ReadTransaction> {
        let begun = match self {
            Self::Writing(database) => database.begin_read(),
            Self::Reading(database) => database.begin_read(),
        };
        begun.map_err(fault("begin to read"))
    }
}

/// Returns the error for writing to a store that was opened for reading.
pub(crate) fn read_only() -> Error {
    Error::new(
        ErrorKind::PERMISSION_DENIED,
        "cannot write: the store was opened read-only",
    )
}

impl Place {
    /// Opens the store; makes it first if it is not there and `may_create`.
    pub(crate) fn open(&self, may_create: bool) -> Result<Engine> {
        guarded(|| {
            self.prepare(may_create)?;
            self.open_existing()
        })
        .map_err(|error| error.with("path", self.path.display()))
    }

    /// Sees to it that a redb file is at the path.
    fn prepare(&self, may_create: bool) -> Result<()> {
        let metadata = match fs::metadata(&self.path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound && may_create => {
                create(&self.path)?;
                fs::metadata(&self.path).map_err(|error| unopenable(&error))?
            }
            Err(error) => return Err(unopenable(&error)),
        };
        if !metadata.is_file() {
            return Err(Error::new(
                ErrorKind::INVALID_CONFIG,
                "cannot open the store: the path is not that of a file; name a database file",
            ));
        }
        self.check_magic()
    }

    fn check_magic(&self) -> Result<()> {
        let mut start = Vec::with_capacity(MAGIC.len());
        File::open(&self.path)
            .and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut start))
            .map_err(|error| unopenable(&error))?;
        if start == MAGIC {
            return Ok(());
        }
        let found = if start.is_empty() { "empty" } else { "another" };
        Err(Error::new(
            ErrorKind::INVALID_CONFIG,
            format!(
                "cannot open the store: not a redb database but {found} file; choose another path \
                 or backend, or move the file away"
            ),
        ))
    }

    fn open_existing(&self) -> Result<Engine> {
        let engine = self.wait_for_lock()?;
        check_format(&engine)?;
        refs::check(&engine.begin_read()?)?;
        if !self.read_only {
            // Whoever made the file may have been killed before its name was durable, and a commit
            // in a file without a name is lost with the power.
            sync_folder(folder_of(&self.path)).map_err(|error| unopenable(&error))?;
        }
        Ok(engine)
    }

    /// Opens the database as soon as nobody else has it open, within the time to wait.
    fn wait_for_lock(&self) -> Result<Engine> {
        const LONGEST_PAUSE: Duration = Duration::from_millis(100);
        let begun = Instant::now();
        let mut pause = Duration::from_millis(2);
        loop {
            match self.open_now() {
                Err(DatabaseError::DatabaseAlreadyOpen) => {}
                opened => return opened.map_err(fault("open the store")),
            }
            let left = self.lock_wait.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Err(Error::new(
                    ErrorKind::LOCKED,
                    "cannot open the store: it is in use; close it there or raise `lock_wait`",
                )
                .with("holder", holder::describe(&self.path))
                .retryable());
            }
            thread::sleep(pause.min(left));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn open_now(&self) -> Result<Engine, DatabaseError> {
        let mut builder = Builder::new();
        builder.set_cache_size(self.cache);
        if self.read_only {
            return builder.open_read_only(&self.path).map(Engine::Reading);
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&self.path)
            .map_err(redb::StorageError::from)?;
        let disk = Disk::new(file, Arc::clone(&self.meter))?;
        builder.create_with_backend(disk).map(Engine::Writing)
    }
}

fn check_format(engine: &Engine) -> Result<()> {
    let transaction = engine.begin_read()?;
    let format = match transaction.open_table(FORMAT) {
        Ok(format) => format,
        Err(TableError::Storage(error)) => return Err(fault("read the format")(error)),
        Err(_) => {
            return Err(Error::new(
                ErrorKind::INVALID_CONFIG,
                "cannot open the store: a redb database, but not one of prollytree; choose \
                 another path",
            ));
        }
    };
    let version = format
        .get(VERSION_KEY)
        .map_err(fault("read the format"))?
        .map(|version| version.value());
    match version {
        Some(VERSION) => Ok(()),
        Some(newer) if newer > VERSION => Err(Error::new(
            ErrorKind::UNSUPPORTED,
            format!(
                "cannot open the store: its format {newer} was written by a newer version; this \
                 one reads format {VERSION}: upgrade prollytree"
            ),
        )),
        Some(older) if older > 0 => Err(Error::new(
            ErrorKind::UNSUPPORTED,
            format!(
                "cannot open the store: it has format {older}; this version reads format {VERSION}: \
                 copy the store with the version of prollytree that made it"
            ),
        )),
        _ => Err(crate::fault::malformed("the format version")),
    }
}

/// Makes an empty store under another name and links it to the path when it is whole, so that
/// nobody ever finds half of one. If another process was faster, its store stays.
fn create(path: &Path) -> Result<()> {
    let doing = |error: io::Error| Error::io("create the store", &error);
    make_folder(folder_of(path)).map_err(doing)?;
    let draft = draft_beside(path);
    let made = draft_database(&draft)
        .map(drop)
        .and_then(|()| match publish(&draft, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            published => published.map_err(doing),
        });
    discard(&draft);
    made
}

/// Returns a name in the folder of `path` that nobody else uses.
pub(crate) fn draft_beside(path: &Path) -> PathBuf {
    static DRAFTS: AtomicU64 = AtomicU64::new(0);
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
    name.push(format!(".{}-{number}.new", std::process::id()));
    path.with_file_name(name)
}

/// Makes a database with the tables of a store. It is durable when it has been dropped.
pub(crate) fn draft_database(draft: &Path) -> Result<Database> {
    const CACHE: usize = 16 << 20;
    let database = Builder::new()
        .set_cache_size(CACHE)
        .create(draft)
        .map_err(creating)?;
    let transaction = database.begin_write().map_err(creating)?;
    transaction
        .open_table(FORMAT)
        .map_err(creating)?
        .insert(VERSION_KEY, VERSION)
        .map_err(creating)?;
    nodes::create_tables(&transaction).map_err(creating)?;
    refs::create_table(&transaction).map_err(creating)?;
    transaction.commit().map_err(creating)?;
    Ok(database)
}

fn creating<E: Into<redb::Error>>(error: E) -> Error {
    fault("create the store")(error)
}

/// Gives a finished file its name, durably, unless the name is taken. The draft stays.
pub(crate) fn publish(draft: &Path, path: &Path) -> io::Result<()> {
    fs::hard_link(draft, path)?;
    sync_folder(folder_of(path))
}

/// Removes a draft, if there is one.
pub(crate) fn discard(draft: &Path) {
    match fs::remove_file(draft) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => log(
            Level::WARN,
            crate::BACKEND.name,
            format_args!("cannot remove {}: {error}", draft.display()),
        ),
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes a folder and those above it that are not there, each of them durable before anything is in
/// it. The last one that is there may have been made by somebody who ended before that.
fn make_folder(folder: &Path) -> io::Result<()> {
    let absolute = std::path::absolute(folder)?;
    let folders: Vec<_> = absolute.ancestors().collect();
    let missing = folders.iter().take_while(|folder| !folder.exists()).count();
    for folder in folders[..folders.len().min(missing + 1)].iter().rev() {
        if !folder.exists() {
            match fs::create_dir(folder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => made?,
            }
        }
        match folder.parent().map_or(Ok(()), sync_folder) {
            // Nobody like this process has made one where this one may not look.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            synced => synced?,
        }
    }
    Ok(())
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(test)]
    tests::SYNCED.with_borrow_mut(|synced| synced.push(folder.to_owned()));
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

fn unopenable(error: &io::Error) -> Error {
    use io::ErrorKind as Io;
    match error.kind() {
        Io::NotFound => Error::new(
            ErrorKind::UNAVAILABLE,
            "no store is there; create it first, or check the path",
        ),
        Io::NotADirectory | Io::InvalidInput | Io::InvalidFilename => Error::new(
            ErrorKind::INVALID_CONFIG,
            format!("cannot open the store: no file can be at this path: {error}"),
        ),
        _ => Error::io("open the store", error),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    thread_local! {
        /// The folders that this thread made durable.
        pub(super) static SYNCED: RefCell<Vec<PathBuf>> = const { RefCell::new(Vec::new()) };
    }

    fn synced_while_opening(path: &Path, read_only: bool) -> Vec<PathBuf> {
        let place = Place {
            path: path.to_owned(),
            lock_wait: Duration::ZERO,
            cache: 1 << 20,
            read_only,
            meter: Arc::default(),
        };
        drop(place.open(!read_only).unwrap());
        SYNCED.take()
    }

    /// A store in folders that were made for it was lost whole when the power failed: its own
    /// folder was durable, but not that folder's name in the one above.
    #[test]
    fn every_folder_made_for_a_store_is_durable_in_the_one_above() {
        let above = tempfile::tempdir().unwrap();
        let path = above.path().join("a/b/store.redb");
        let synced = synced_while_opening(&path, false);
        for folder in [
            above.path(),
            &above.path().join("a"),
            &above.path().join("a/b"),
        ] {
            assert!(
                synced.iter().any(|synced| synced == folder),
                "{}",
                folder.display()
            );
        }
    }

    /// A store was lost with its folder: whoever made that was killed before its name was durable,
    /// and whoever made the store found the folder there.
    #[test]
    fn the_name_of_a_folder_that_is_there_is_made_durable_before_a_store_is_made_in_it() {
        let above = tempfile::tempdir().unwrap();
        fs::create_dir(above.path().join("a")).unwrap();
        let synced = synced_while_opening(&above.path().join("a/store.redb"), false);
        assert_eq!(synced.first().map(PathBuf::as_path), Some(above.path()));
    }

    /// The maker may have been killed before the name was durable.
    #[test]
    fn the_name_of_a_store_that_is_there_is_made_durable_before_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        synced_while_opening(&path, false);
        assert_eq!(synced_while_opening(&path, false), [folder.path()]);
        assert!(synced_while_opening(&path, true).is_empty());
    }
}
