//! Records in the database.
//!
//! `records` maps a hash to kind (u32), time of arrival (i64, microseconds) and bytes, little-endian.
//! `renewals` maps a hash to the time when the record was put again: renewing a record does not
//! write its bytes again.

use std::ops::Bound;

use prollytree_plugin_api::{
    Buffer, Call, Error, Hash, Kind, Record, RecordEntry, Result, Slot, Timestamp,
};
use redb::{
    ReadTransaction, ReadableTable, ReadableTableMetadata, Table, TableDefinition, TableError,
    WriteTransaction,
};

use crate::fault::{fault, malformed};
use crate::pending::{Expiry, Held, Pending};

type Key = &'static [u8; Hash::LEN];

const RECORDS: TableDefinition<Key, &[u8]> = TableDefinition::new("records");
const RENEWALS: TableDefinition<Key, i64> = TableDefinition::new("renewals");

/// The bytes before those of the record.
const HEADER: usize = 4 + 8;

/// A record with the time when it was put last.
pub(crate) struct Dated<'a> {
    pub(crate) hash: Hash,
    pub(crate) kind: Kind,
    pub(crate) time: Timestamp,
    pub(crate) bytes: &'a [u8],
}

impl<'a> Dated<'a> {
    /// A record that is put at `time`.
    pub(crate) fn new(record: &Record<'a>, time: Timestamp) -> Self {
        Self {
            hash: record.hash,
            kind: record.kind,
            time,
            bytes: record.bytes,
        }
    }

    /// A record that has waited.
    pub(crate) fn held((hash, held): &'a (Hash, Held)) -> Self {
        Self {
            hash: *hash,
            kind: held.kind,
            time: held.renewed,
            bytes: &held.bytes,
        }
    }
}

/// Makes the tables of an empty store.
pub(crate) fn create_tables(transaction: &WriteTransaction) -> Result<(), TableError> {
    transaction.open_table(RECORDS)?;
    transaction.open_table(RENEWALS)?;
    Ok(())
}

/// Fills the slots at `positions` with the records that are in the database. Copies each one: what
/// redb lends would keep its pages from being reused.
pub(crate) fn read(
    transaction: &ReadTransaction,
    hashes: &[Hash],
    out: &mut [Slot],
    positions: &[usize],
) -> Result<()> {
    let records = transaction.open_table(RECORDS).map_err(reading)?;
    for &position in positions {
        let key = hashes[position].as_bytes();
        if let Some(stored) = records.get(key).map_err(reading)? {
            let (_, _, bytes) = split(stored.value())?;
            out[position].fill(Buffer::from(bytes));
        }
    }
    Ok(())
}

/// Says which of the records at `positions` are in the database.
pub(crate) fn contains(
    transaction: &ReadTransaction,
    hashes: &[Hash],
    out: &mut [bool],
    positions: &[usize],
) -> Result<()> {
    let records = transaction.open_table(RECORDS).map_err(reading)?;
    for &position in positions {
        let stored = records.get(hashes[position].as_bytes()).map_err(reading)?;
        out[position] = stored.is_some();
    }
    Ok(())
}

/// Lists up to `limit` records after `after`, in the order of their hashes.
pub(crate) fn list(
    transaction: &ReadTransaction,
    after: Option<&Hash>,
    limit: usize,
) -> Result<Vec<RecordEntry>> {
    let from = after.map_or(Bound::Unbounded, |hash| Bound::Excluded(hash.as_bytes()));
    let records = transaction.open_table(RECORDS).map_err(reading)?;
    let page = records
        .range::<&[u8; Hash::LEN]>((from, Bound::Unbounded))
        .map_err(reading)?;
    page.take(limit)
        .map(|entry| {
            let (hash, stored) = entry.map_err(reading)?;
            let (kind, _, bytes) = split(stored.value())?;
            Ok(RecordEntry {
                hash: Hash::new(*hash.value()),
                kind,
                size: bytes.len() as u64,
            })
        })
        .collect()
}

/// Calls `visit` with every record, in the order of hashes.
pub(crate) fn each(
    transaction: &ReadTransaction,
    mut visit: impl FnMut(&Dated<'_>) -> Result<()>,
) -> Result<()> {
    let records = transaction.open_table(RECORDS).map_err(reading)?;
    let renewals = transaction.open_table(RENEWALS).map_err(reading)?;
    for entry in records.iter().map_err(reading)? {
        let (hash, stored) = entry.map_err(reading)?;
        let (kind, arrived, bytes) = split(stored.value())?;
        let renewed = renewals.get(hash.value()).map_err(reading)?;
        visit(&Dated {
            hash: Hash::new(*hash.value()),
            kind,
            time: renewed.map_or(arrived, |time| Timestamp(time.value())),
            bytes,
        })?;
    }
    Ok(())
}

/// Returns the number of records.
pub(crate) fn count(transaction: &ReadTransaction) -> Result<u64> {
    let records = transaction.open_table(RECORDS).map_err(reading)?;
    records.len().map_err(reading)
}

/// Stores records, or renews those that are there. Fastest in the order of hashes.
pub(crate) fn store<'a>(
    transaction: &WriteTransaction,
    incoming: impl IntoIterator<Item = Dated<'a>>,
) -> Result<()> {
    let mut records = transaction.open_table(RECORDS).map_err(writing)?;
    let mut renewals = transaction.open_table(RENEWALS).map_err(writing)?;
    for record in incoming {
        let key = record.hash.as_bytes();
        if records.get(key).map_err(writing)?.is_some() {
            renewals.insert(key, record.time.0).map_err(writing)?;
        } else {
            insert(&mut records, &record)?;
        }
    }
    Ok(())
}

/// Copies all records, with their times, into a store that has none; returns how many.
pub(crate) fn copy(call: &Call<'_>, from: &ReadTransaction, to: &WriteTransaction) -> Result<u64> {
    let mut records = to.open_table(RECORDS).map_err(writing)?;
    let mut count = 0;
    each(from, |record| {
        call.check()?;
        count += 1;
        insert(&mut records, record)
    })?;
    Ok(count)
}

/// Deletes what was put last before `not_younger_than`, here and in `pending`; returns how many
/// records that were, and whether the database changed.
pub(crate) fn delete(
    transaction: &WriteTransaction,
    pending: &Pending,
    hashes: &[Hash],
    not_younger_than: Timestamp,
) -> Result<Deleted> {
    let mut records = transaction.open_table(RECORDS).map_err(writing)?;
    let mut renewals = transaction.open_table(RENEWALS).map_err(writing)?;
    let mut deleted = Deleted::default();
    for hash in hashes {
        let key = hash.as_bytes();
        let waited = match pending.expire(hash, not_younger_than) {
            Expiry::Spared => continue,
            Expiry::Removed => true,
            Expiry::Absent => false,
        };
        let time = last_put(&records, &renewals, hash)?;
        let stored = time.is_some_and(|time| time < not_younger_than);
        if stored {
            records.remove(key).map_err(writing)?;
            renewals.remove(key).map_err(writing)?;
            deleted.stored = true;
        }
        deleted.count += u64::from(stored || (waited && time.is_none()));
    }
    Ok(deleted)
}

/// What a deletion did.
#[derive(Default)]
pub(crate) struct Deleted {
    /// How many records are gone.
    pub(crate) count: u64,
    /// Whether one of them was in the database.
    pub(crate) stored: bool,
}

fn last_put(
    records: &Table<'_, Key, &[u8]>,
    renewals: &Table<'_, Key, i64>,
    hash: &Hash,
) -> Result<Option<Timestamp>> {
    let key = hash.as_bytes();
    let Some(stored) = records.get(key).map_err(writing)? else {
        return Ok(None);
    };
    let (_, arrived, _) = split(stored.value())?;
    let renewed = renewals.get(key).map_err(writing)?;
    Ok(Some(
        renewed.map_or(arrived, |time| Timestamp(time.value())),
    ))
}

fn insert(records: &mut Table<'_, Key, &'static [u8]>, record: &Dated<'_>) -> Result<()> {
    let size = HEADER + record.bytes.len();
    let mut place = records
        .insert_reserve(record.hash.as_bytes(), size)
        .map_err(writing)?;
    let place = place.as_mut();
    place[..4].copy_from_slice(&record.kind.0.to_le_bytes());
    place[4..HEADER].copy_from_slice(&record.time.0.to_le_bytes());
    place[HEADER..].copy_from_slice(record.bytes);
    Ok(())
}

fn split(stored: &[u8]) -> Result<(Kind, Timestamp, &[u8])> {
    let parts = stored
        .split_first_chunk()
        .and_then(|(kind, rest)| Some((kind, rest.split_first_chunk()?)));
    let (&kind, (&time, bytes)) = parts.ok_or_else(|| malformed("a record"))?;
    let kind = Kind(u32::from_le_bytes(kind));
    Ok((kind, Timestamp(i64::from_le_bytes(time)), bytes))
}

fn reading<E: Into<redb::Error>>(error: E) -> Error {
    fault("read records")(error)
}

fn writing<E: Into<redb::Error>>(error: E) -> Error {
    fault("write records")(error)
}
