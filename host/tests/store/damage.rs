//! Records that are missing, damaged or in the wrong place: a typed error that names them, never
//! wrong data and never an empty store.

use std::sync::Arc;

use prollytree::history::{CommitId, StoreRecord};
use prollytree::storage::{Storage, StorageError};
use prollytree::store::{StoreError, VersionedStore};
use prollytree::tree::TreeError;
use prollytree_plugin_api::{
    Capabilities, Hash, Kind, NodeStorage, Record, RefName, RefUpdate, Swap,
};

use crate::witness::{Damage, Witness};
use crate::{entries, memory, options, rev, storage_on};

fn storage(witness: &Arc<Witness>) -> Storage {
    let backend: Arc<dyn NodeStorage> = witness.clone();
    storage_on(&backend)
}

/// A store with three commits, a flushed change and a value out of line.
fn damaged_soon() -> Arc<Witness> {
    let witness = Witness::new(memory(), Capabilities::empty());
    let mut store = VersionedStore::init(storage(&witness), options()).unwrap();
    for round in 0..3 {
        for row in 0..400 {
            store
                .put(format!("row {row:03}"), format!("value {}", row * round))
                .unwrap();
        }
        store.commit(format!("Round {round}")).unwrap();
    }
    store.put("large", "x".repeat(5000)).unwrap();
    store.flush().unwrap();
    witness
}

type Read = (Vec<(String, String)>, Vec<CommitId>, usize);

/// Reads all there is: entries, log and changes.
fn read(witness: &Arc<Witness>) -> Result<Read, StoreError> {
    let store = VersionedStore::open(storage(witness), options())?;
    let mut found = Vec::new();
    for entry in &store {
        let (key, value) = entry?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        found.push((text(&key), text(&value)));
    }
    let log = store
        .log(&rev("HEAD"))?
        .map(|item| Ok(item?.0))
        .collect::<Result<_, StoreError>>()?;
    let mut changes = 0;
    for change in store.diff(&rev("HEAD~2").into(), &rev("HEAD").into())? {
        change?;
        changes += 1;
    }
    Ok((found, log, changes))
}

/// Digs out what the storage layer said.
fn cause(error: &StoreError) -> Option<&StorageError> {
    let mut error: &(dyn std::error::Error + 'static) = error;
    loop {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        if let Some(StoreError::Storage(found) | StoreError::Tree(TreeError::Storage(found))) =
            error.downcast_ref()
        {
            return Some(found);
        }
        error = error.source()?;
    }
}

#[test]
fn every_damaged_record_is_reported_and_named() {
    let witness = damaged_soon();
    let whole = read(&witness).unwrap();
    assert_eq!((whole.0.len(), whole.1.len(), whole.2), (401, 3, 399));
    let records: Vec<Hash> = storage(&witness)
        .records(None)
        .map(|entry| entry.unwrap().hash)
        .collect();
    let mut reported = 0;
    for hash in records {
        for damage in [Damage::Missing, Damage::Flipped, Damage::Empty] {
            witness.damage(Some((hash, damage)));
            let error = match read(&witness) {
                // Not needed for what was asked.
                Ok(found) => {
                    assert_eq!(found, whole, "{damage:?} {hash}");
                    continue;
                }
                Err(error) => error,
            };
            reported += 1;
            let text = error.to_string();
            assert!(
                text.contains(&hash.to_string()) && text.contains("restore it"),
                "{text}"
            );
            match (damage, cause(&error)) {
                (Damage::Missing, Some(StorageError::Missing { hash: found, .. }))
                | (
                    Damage::Flipped | Damage::Empty,
                    Some(StorageError::Corrupt { hash: found, .. }),
                ) => assert_eq!(*found, hash),
                (_, cause) => panic!("{damage:?} {hash}: {cause:?}"),
            }
        }
    }
    assert!(reported > 3 * 10, "{reported} reports");
    witness.damage(None);
    assert_eq!(read(&witness).unwrap(), whole);
}

fn point(storage: &Storage, name: &str, to: Hash) {
    let name = RefName::new(name).unwrap();
    let expected = storage.reference(&name).unwrap();
    let update = RefUpdate {
        name,
        expected,
        new: Some(to),
    };
    assert_eq!(storage.swap(&update).unwrap(), Swap::Done);
}

#[test]
fn a_ref_that_points_to_another_kind_of_record_is_an_error() {
    for name in ["heads/main", "work/main", "meta/store"] {
        let witness = damaged_soon();
        let storage = storage(&witness);
        let commit = VersionedStore::open(storage.clone(), options())
            .unwrap()
            .head()
            .unwrap();
        let node = storage
            .load::<prollytree::history::Commit>(&commit.0)
            .unwrap()
            .root;
        point(&storage, name, node);
        let error = VersionedStore::open(storage, options()).unwrap_err();
        assert!(
            matches!(cause(&error), Some(StorageError::OtherKind { .. })),
            "{name}: {error}"
        );
    }
}

#[test]
fn a_store_of_a_later_format_says_so() {
    let storage = storage(&damaged_soon());
    let record = storage
        .reference(&StoreRecord::ref_name())
        .unwrap()
        .unwrap();
    let store = VersionedStore::open(storage.clone(), options()).unwrap();
    let mut bytes = store.store_record().encode();
    assert_eq!(Hash::of(&bytes), record);
    bytes[5..9].copy_from_slice(&7_u32.to_le_bytes());
    bytes.truncate(20);
    let mut batch = prollytree::storage::RecordBatch::new();
    let later = batch.push(Kind::META, Vec::new(), bytes.clone());
    assert_eq!(later, Record::new(Kind::META, &[], &bytes).hash);
    storage.put(&batch).unwrap();
    point(&storage, "meta/store", later);
    let error = VersionedStore::open(storage, options()).unwrap_err();
    let StoreError::NewerFormat {
        format: 7,
        supported: StoreRecord::FORMAT,
        ..
    } = error
    else {
        panic!("{error}");
    };
}

#[test]
fn a_store_of_the_provisional_format_says_so() {
    let storage = storage(&damaged_soon());
    let store = VersionedStore::open(storage.clone(), options()).unwrap();
    let mut bytes = store.store_record().encode();
    (bytes[2], bytes[5]) = (0, 0);
    let mut batch = prollytree::storage::RecordBatch::new();
    let earlier = batch.push(Kind::META, Vec::new(), bytes);
    storage.put(&batch).unwrap();
    point(&storage, "meta/store", earlier);
    let error = VersionedStore::open(storage, options()).unwrap_err();
    assert!(
        matches!(error, StoreError::ProvisionalFormat { .. }),
        "{error}"
    );
}

#[test]
fn a_backend_that_fails_costs_no_staged_edit() {
    let witness = damaged_soon();
    let mut store = VersionedStore::open(storage(&witness), options()).unwrap();
    store.put("row 000", "new").unwrap();
    let before = entries(&store);
    witness.fail(true);
    for result in [
        store.commit("x").map(drop),
        store.flush(),
        store.refresh().map(drop),
    ] {
        let error = result.unwrap_err();
        assert!(
            matches!(cause(&error), Some(StorageError::Backend { .. })),
            "{error}"
        );
    }
    assert!(VersionedStore::open(storage(&witness), options()).is_err());
    witness.fail(false);
    assert_eq!(entries(&store), before);
    store.commit("When it works again").unwrap();
    let again = VersionedStore::open(storage(&witness), options()).unwrap();
    assert_eq!(entries(&again), before);
}
