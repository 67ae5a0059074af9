//! What only faults of the disk can show: a full disk, and power that fails.

mod power;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use prollytree_plugin_api::{
    Call, ErrorKind, Hash, Kind, NodeStorage, Record, RefName, RefUpdate, Slot, Swap,
};
use tempfile::TempDir;

use super::RedbStorage;
use crate::disk::Meter;
use crate::open::Place;

const CALL: &Call<'static> = &Call::UNLIMITED;

fn store(folder: &TempDir) -> RedbStorage {
    let place = Place {
        path: folder.path().join("store.redb"),
        lock_wait: Duration::ZERO,
        cache: 1 << 20,
        read_only: false,
        meter: Arc::new(Meter::default()),
    };
    let engine = place.open(true).unwrap();
    RedbStorage::new(place, engine)
}

/// Bytes that differ for each number.
fn content(number: u32) -> Vec<u8> {
    number
        .to_le_bytes()
        .iter()
        .copied()
        .cycle()
        .take(50_000)
        .collect()
}

fn put(store: &RedbStorage, number: u32) {
    let bytes = content(number);
    let record = Record::new(Kind::BLOB, &[], &bytes);
    store.put_many(CALL, &[record]).unwrap();
}

fn commit(store: &RedbStorage, number: u32) -> prollytree_plugin_api::Result<Swap> {
    let bytes = content(number);
    let record = Record::new(Kind::BLOB, &[], &bytes);
    let name = RefName::new("heads/main").unwrap();
    let update = RefUpdate {
        expected: store.get_ref(CALL, &name)?,
        new: Some(record.hash),
        name,
    };
    store.commit(CALL, &[record], &[update])
}

fn assert_holds(store: &RedbStorage, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let bytes = content(number);
        let mut slot = Slot::empty(1);
        store
            .get_many(CALL, &[Hash::of(&bytes)], &mut slot)
            .unwrap();
        assert_eq!(slot[0].bytes(), Some(&bytes[..]), "record {number}");
    }
}

#[test]
fn a_full_disk_fails_commits_and_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder);
    for number in 0..20 {
        assert_eq!(commit(&store, number).unwrap(), Swap::Done);
    }
    for number in 20..60 {
        put(&store, number);
    }
    let size = std::fs::metadata(&store.place.path).unwrap().len();
    store.place.meter.faults.room.store(size, Ordering::Relaxed);
    for _ in 0..3 {
        let error = commit(&store, 60).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IO, "{error}");
        assert!(error.context("path").is_some());
        assert_holds(&store, 0..60);
    }
    store.place.meter.faults.room.store(0, Ordering::Relaxed);
    assert_eq!(commit(&store, 60).unwrap(), Swap::Done);
    assert_holds(&store, 0..61);

    drop(store);
    let store = self::store(&folder);
    assert_holds(&store, 0..61);
    let head = store.get_ref(CALL, &RefName::new("heads/main").unwrap());
    assert_eq!(head.unwrap(), Some(Hash::of(&content(60))));
}

#[test]
fn a_failed_sync_fails_the_commit_and_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder);
    let name = RefName::new("heads/main").unwrap();
    for number in 0..10 {
        put(&store, 1_000 + number);
        let failing = &store.place.meter.faults.failing_syncs;
        failing.store(1, Ordering::Relaxed);
        let before = store.get_ref(CALL, &name).unwrap();
        assert_eq!(commit(&store, number).unwrap_err().kind(), ErrorKind::IO);
        // The system may have written everything in spite of the error: then it has happened.
        let after = store.get_ref(CALL, &name).unwrap();
        let wanted = Some(Hash::of(&content(number)));
        assert!(after == before || after == wanted, "commit {number}");
        assert_holds(&store, 1_000..1_001 + number);
        assert_eq!(commit(&store, number).unwrap(), Swap::Done);
        assert_holds(&store, 0..number + 1);
    }
}
