//! Refs in the database: the table `refs` maps a name to the 32 bytes of a hash.

use std::ops::Bound;

use prollytree_plugin_api::{Error, ErrorKind, Hash, RefName, RefUpdate, Result, Swap};
use redb::{
    ReadTransaction, ReadableTable, ReadableTableMetadata, Table, TableDefinition, WriteTransaction,
};

use crate::fault::{fault, malformed};
use crate::seal::Seal;

type Value = &'static [u8; Hash::LEN];

const REFS: TableDefinition<&str, Value> = TableDefinition::new("refs");

/// Makes the table of an empty store, sealed.
pub(crate) fn create_table(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    transaction.open_table(REFS)?;
    Seal::create(transaction)
}

/// Sees to it that the refs are those that were written, and that each is found by its name.
/// Reads all of them.
pub(crate) fn check(transaction: &ReadTransaction) -> Result<()> {
    let refs = transaction.open_table(REFS).map_err(reading)?;
    let mut found = Seal::default();
    for entry in refs.iter().map_err(reading)? {
        let (name, hash) = entry.map_err(reading)?;
        let (name, hash) = (name.value(), Hash::new(*hash.value()));
        RefName::new(name).map_err(|_| malformed("a ref name"))?;
        found.add(name, &hash);
        if current(&refs, name)? != Some(hash) {
            return Err(damaged());
        }
    }
    let counted = refs.len().map_err(reading)?;
    if found != Seal::read(transaction)? || counted != found.count() {
        return Err(damaged());
    }
    Ok(())
}

fn damaged() -> Error {
    Error::new(
        ErrorKind::CORRUPT,
        "the refs in the store are not those that were written; restore the file from a copy",
    )
}

/// Returns where a ref points.
pub(crate) fn value(transaction: &ReadTransaction, name: &RefName) -> Result<Option<Hash>> {
    let refs = transaction.open_table(REFS).map_err(reading)?;
    current(&refs, name.as_str())
}

/// Lists up to `limit` refs whose names begin with `prefix`, after `after`.
pub(crate) fn list(
    transaction: &ReadTransaction,
    prefix: &str,
    after: Option<&RefName>,
    limit: usize,
) -> Result<Vec<(RefName, Hash)>> {
    let start = match after {
        Some(after) if after.as_str() >= prefix => Bound::Excluded(after.as_str()),
        _ => Bound::Included(prefix),
    };
    let refs = transaction.open_table(REFS).map_err(reading)?;
    let mut page = Vec::new();
    let range = refs.range::<&str>((start, Bound::Unbounded));
    for entry in range.map_err(reading)?.take(limit) {
        let (name, hash) = entry.map_err(reading)?;
        if !name.value().starts_with(prefix) {
            break;
        }
        let name = RefName::new(name.value()).map_err(|_| malformed("a ref name"))?;
        page.push((name, Hash::new(*hash.value())));
    }
    Ok(page)
}

/// Returns the number of refs.
pub(crate) fn count(transaction: &ReadTransaction) -> Result<u64> {
    let refs = transaction.open_table(REFS).map_err(reading)?;
    refs.len().map_err(reading)
}

/// Moves all the refs, each judged after the ones before it have moved. Unless the answer is
/// `Done`, the transaction must not be committed.
pub(crate) fn apply(transaction: &WriteTransaction, updates: &[RefUpdate]) -> Result<Swap> {
    if updates.is_empty() {
        return Ok(Swap::Done);
    }
    RefUpdate::refuse_repeated(updates)?;
    let mut refs = transaction.open_table(REFS).map_err(writing)?;
    let mut moved = Vec::with_capacity(updates.len());
    for update in updates {
        let name = update.name.as_str();
        let current = current(&refs, name)?;
        if current != update.expected {
            return Ok(Swap::Lost {
                name: update.name.clone(),
                current,
            });
        }
        moved.push((name, current, update.new));
        match update.new {
            Some(new) => {
                if current.is_none() {
                    refuse_collision(&refs, &update.name)?;
                }
                refs.insert(name, new.as_bytes()).map_err(writing)?;
            }
            None => {
                refs.remove(name).map_err(writing)?;
            }
        }
    }
    Seal::update(transaction, |seal| {
        for (name, old, new) in moved {
            if let Some(old) = old {
                seal.remove(name, &old);
            }
            if let Some(new) = new {
                seal.add(name, &new);
            }
        }
    })?;
    Ok(Swap::Done)
}

/// Puts refs into a store that has none.
pub(crate) fn fill(transaction: &WriteTransaction, values: &[(RefName, Hash)]) -> Result<()> {
    let mut refs = transaction.open_table(REFS).map_err(writing)?;
    for (name, hash) in values {
        refs.insert(name.as_str(), hash.as_bytes())
            .map_err(writing)?;
    }
    Seal::update(transaction, |seal| {
        for (name, hash) in values {
            seal.add(name.as_str(), hash);
        }
    })
}

fn current(refs: &impl ReadableTable<&'static str, Value>, name: &str) -> Result<Option<Hash>> {
    let stored = refs.get(name).map_err(reading)?;
    Ok(stored.map(|hash| Hash::new(*hash.value())))
}

/// Refuses a new ref that would lie below another one, or another below it.
fn refuse_collision(refs: &Table<'_, &'static str, Value>, name: &RefName) -> Result<()> {
    for above in name.ancestors() {
        if refs.get(above).map_err(reading)?.is_some() {
            return Err(name.collision(above));
        }
    }
    let below = format!("{name}/");
    let mut range = refs.range::<&str>(below.as_str()..).map_err(reading)?;
    if let Some(entry) = range.next() {
        let (existing, _) = entry.map_err(reading)?;
        if existing.value().starts_with(&below) {
            return Err(name.collision(existing.value()));
        }
    }
    Ok(())
}

fn reading<E: Into<redb::Error>>(error: E) -> Error {
    fault("read refs")(error)
}

fn writing<E: Into<redb::Error>>(error: E) -> Error {
    fault("write refs")(error)
}
