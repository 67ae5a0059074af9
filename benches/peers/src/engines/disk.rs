//! Stores on disk: ours on two backends, and what other programs commit to.

use std::path::Path;
use std::sync::Arc;

use prollytree::history::Person;
use prollytree::storage::{Storage, StorageOptions};
use prollytree::store::{StoreOptions, VersionedStore};
use prollytree::tree::Edit;
use prollytree_plugin_api::{Backend, OpenStorage, Options};
use redb::{Database, ReadableDatabase, TableDefinition};
use rusqlite::Connection;

use crate::Result;
use crate::data::{Answer, Entry};
use crate::rows::commit::Disk;

/// Ours: a commit with an author, a message and a parent, and a branch that moves.
fn create_ours(backend: &Backend, path: &Path, entries: &[Entry]) -> Result<VersionedStore> {
    let mut options = Options::new();
    options.insert("path".to_owned(), path.to_string_lossy().into());
    let storage = (backend.open)(&OpenStorage::or_create(options))?;
    let storage = Storage::new(storage, StorageOptions::default());
    let identity = Arc::new(Person::new("Bench", "bench@example.org")?);
    let mut store = VersionedStore::init(
        storage,
        StoreOptions {
            identity,
            ..StoreOptions::default()
        },
    )?;
    store.apply_many(
        entries
            .iter()
            .map(|(key, value)| (key.clone(), Edit::Put(value.clone()))),
    )?;
    store.commit("Begin")?;
    Ok(store)
}

fn commit_ours(store: &mut VersionedStore, (key, value): &Entry) -> Result<()> {
    store.put(key.clone(), value.clone())?;
    store.commit("Change")?;
    Ok(())
}

fn get_ours(store: &VersionedStore, key: &[u8]) -> Result<Answer> {
    Ok(store
        .get(key)?
        .map_or(Answer::default(), |value| Answer::value(&value)))
}

pub(crate) struct OursRedb(VersionedStore);

impl Disk for OursRedb {
    fn create(folder: &Path, entries: &[Entry]) -> Result<Self> {
        let path = folder.join("store.redb");
        Ok(Self(create_ours(
            &prollytree_backend_redb::BACKEND,
            &path,
            entries,
        )?))
    }

    fn commit(&mut self, entry: &Entry) -> Result<()> {
        commit_ours(&mut self.0, entry)
    }

    fn get(&self, key: &[u8]) -> Result<Answer> {
        get_ours(&self.0, key)
    }
}

pub(crate) struct OursFile(VersionedStore);

impl Disk for OursFile {
    fn create(folder: &Path, entries: &[Entry]) -> Result<Self> {
        let path = folder.join("store");
        Ok(Self(create_ours(
            &prollytree_backend_file::BACKEND,
            &path,
            entries,
        )?))
    }

    fn commit(&mut self, entry: &Entry) -> Result<()> {
        commit_ours(&mut self.0, entry)
    }

    fn get(&self, key: &[u8]) -> Result<Answer> {
        get_ours(&self.0, key)
    }
}

/// A table in redb. No history: a commit replaces the value.
pub(crate) struct Redb(Database);

const TABLE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries");

impl Redb {
    fn write<'a>(&self, entries: impl IntoIterator<Item = &'a Entry>) -> Result<()> {
        // Durable at once is its default.
        let transaction = self.0.begin_write()?;
        {
            let mut table = transaction.open_table(TABLE)?;
            for (key, value) in entries {
                table.insert(key.as_slice(), value.as_slice())?;
            }
        }
        Ok(transaction.commit()?)
    }
}

impl Disk for Redb {
    fn create(folder: &Path, entries: &[Entry]) -> Result<Self> {
        let store = Self(Database::create(folder.join("table.redb"))?);
        store.write(entries)?;
        Ok(store)
    }

    fn commit(&mut self, entry: &Entry) -> Result<()> {
        self.write([entry])
    }

    fn get(&self, key: &[u8]) -> Result<Answer> {
        let table = self.0.begin_read()?.open_table(TABLE)?;
        Ok(table
            .get(key)?
            .map_or(Answer::default(), |value| Answer::value(value.value())))
    }
}

/// A table in SQLite with a log that is synced at each commit. No history either.
pub(crate) struct Sqlite(Connection);

const PUT: &str = "INSERT OR REPLACE INTO entries (key, value) VALUES (?1, ?2)";
const GET: &str = "SELECT value FROM entries WHERE key = ?1";

impl Disk for Sqlite {
    fn create(folder: &Path, entries: &[Entry]) -> Result<Self> {
        let mut connection = Connection::open(folder.join("table.sqlite"))?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE entries (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;",
        )?;
        let transaction = connection.transaction()?;
        for (key, value) in entries {
            transaction.prepare_cached(PUT)?.execute((key, value))?;
        }
        transaction.commit()?;
        // What the log holds goes to the table, so that the log begins anew.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?;
        Ok(Self(connection))
    }

    fn commit(&mut self, (key, value): &Entry) -> Result<()> {
        self.0.prepare_cached(PUT)?.execute((key, value))?;
        Ok(())
    }

    fn get(&self, key: &[u8]) -> Result<Answer> {
        let value: Vec<u8> = self
            .0
            .prepare_cached(GET)?
            .query_row((key,), |row| row.get(0))?;
        Ok(Answer::value(&value))
    }
}
