//! A table in redb. No history: a commit replaces the values.

use std::path::Path;

use redb::{Database, ReadOnlyTable, ReadableDatabase, ReadableTable, TableDefinition};

use crate::Result;
use crate::data::{Answer, Entry};
use crate::disk::Disk;

pub(crate) struct Redb(Database);

const FILE: &str = "table.redb";
const TABLE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries");

impl Redb {
    fn table(&self) -> Result<ReadOnlyTable<&'static [u8], &'static [u8]>> {
        Ok(self.0.begin_read()?.open_table(TABLE)?)
    }
}

impl Disk for Redb {
    fn create(folder: &Path, entries: Vec<Entry>) -> Result<Self> {
        let mut store = Self(Database::create(folder.join(FILE))?);
        store.commit(&entries)?;
        Ok(store)
    }

    fn open(folder: &Path) -> Result<Self> {
        Ok(Self(Database::open(folder.join(FILE))?))
    }

    fn commit(&mut self, entries: &[Entry]) -> Result<()> {
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

    fn get(&self, keys: &[&[u8]]) -> Result<Answer> {
        let table = self.table()?;
        let mut answer = Answer::default();
        for &key in keys {
            if let Some(value) = table.get(key)? {
                answer = answer + Answer::value(value.value());
            }
        }
        Ok(answer)
    }

    fn scan(&self) -> Result<Answer> {
        let mut answer = Answer::default();
        for entry in self.table()?.iter()? {
            let (key, value) = entry?;
            answer = answer + Answer::entry(key.value(), value.value());
        }
        Ok(answer)
    }
}
