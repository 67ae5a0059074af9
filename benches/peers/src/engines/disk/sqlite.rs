//! A table in SQLite with a log that is synced at each commit. No history either.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use crate::Result;
use crate::data::{Answer, Entry};
use crate::disk::Disk;

pub(crate) struct Sqlite(Connection);

const FILE: &str = "table.sqlite";
const SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";
const TABLE: &str =
    "CREATE TABLE entries (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;";
const PUT: &str = "INSERT OR REPLACE INTO entries (key, value) VALUES (?1, ?2)";
const GET: &str = "SELECT value FROM entries WHERE key = ?1";
const SCAN: &str = "SELECT key, value FROM entries ORDER BY key";

impl Disk for Sqlite {
    fn create(folder: &Path, entries: Vec<Entry>) -> Result<Self> {
        let mut store = Self::open(folder)?;
        store.0.execute_batch(TABLE)?;
        store.commit(&entries)?;
        // What the log holds goes to the table, so that the log begins anew.
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        store.0.query_row(checkpoint, (), |_| Ok(()))?;
        Ok(store)
    }

    fn open(folder: &Path) -> Result<Self> {
        let connection = Connection::open(folder.join(FILE))?;
        connection.execute_batch(SETTINGS)?;
        Ok(Self(connection))
    }

    fn commit(&mut self, entries: &[Entry]) -> Result<()> {
        let transaction = self.0.transaction()?;
        {
            let mut put = transaction.prepare_cached(PUT)?;
            for (key, value) in entries {
                put.execute((key, value))?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn get(&self, keys: &[&[u8]]) -> Result<Answer> {
        // One for all, so that it need not lock and look at the log for each key.
        let transaction = self.0.unchecked_transaction()?;
        let mut get = transaction.prepare_cached(GET)?;
        let mut answer = Answer::default();
        for key in keys {
            let value = get.query_row((key,), |row| Ok(Answer::value(row.get_ref(0)?.as_blob()?)));
            answer = answer + value.optional()?.unwrap_or_default();
        }
        Ok(answer)
    }

    fn scan(&self) -> Result<Answer> {
        let mut scan = self.0.prepare_cached(SCAN)?;
        let mut rows = scan.query(())?;
        let mut answer = Answer::default();
        while let Some(row) = rows.next()? {
            let (key, value) = (row.get_ref(0)?.as_blob()?, row.get_ref(1)?.as_blob()?);
            answer = answer + Answer::entry(key, value);
        }
        Ok(answer)
    }
}
