//! Facts about one store in a redb file that a random walk would rarely meet.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod common;

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use common::{CALL, blob, measured, name, open, options, read, step};
use prollytree_backend_redb::BACKEND;
use prollytree_plugin_api::{
    Call, ErrorKind, Hash, NodeStorage, OpenStorage, Record, Report, Slot, Swap, Timestamp,
};
use serde_json::json;
use tempfile::TempDir;

fn fresh() -> (TempDir, std::sync::Arc<dyn NodeStorage>) {
    let folder = TempDir::new().unwrap();
    let store = open(&folder.path().join("main.redb"));
    (folder, store)
}

fn commit(store: &dyn NodeStorage, records: &[Record<'_>]) {
    assert_eq!(store.commit(CALL, records, &[]).unwrap(), Swap::Done);
}

fn contains(store: &dyn NodeStorage, hash: Hash) -> bool {
    let mut found = [false];
    store.contains_many(CALL, &[hash], &mut found).unwrap();
    found[0]
}

fn args(value: serde_json::Value) -> Report {
    let serde_json::Value::Object(args) = value else {
        panic!("arguments are an object");
    };
    args
}

#[test]
fn a_commit_syncs_once_whatever_it_holds() {
    let (_folder, store) = fresh();
    let contents: Vec<_> = (0..3_000_u32).map(u32::to_le_bytes).collect();
    let records: Vec<_> = contents.iter().map(|bytes| blob(bytes)).collect();
    let head = Some(records[0].hash);
    let steps: Vec<_> = (0..20)
        .map(|number| step(&format!("heads/{number}"), None, head))
        .collect();
    store.put_many(CALL, &records[..1_000]).unwrap();
    let before = measured(&*store, "syncs");
    let done = store.commit(CALL, &records[1_000..], &steps).unwrap();
    assert_eq!(done, Swap::Done);
    assert_eq!(measured(&*store, "syncs"), before + 1);
    assert_eq!(measured(&*store, "records"), 3_000);
    assert_eq!(measured(&*store, "refs"), 20);

    let moved = store.compare_and_swap_ref(CALL, &step("heads/0", head, None));
    assert_eq!(moved.unwrap(), Swap::Done);
    assert_eq!(measured(&*store, "syncs"), before + 2);
}

#[test]
fn a_commit_syncs_once_more_where_the_file_grows() {
    let (_folder, store) = fresh();
    let mut grown = 0;
    for number in 0..200_u32 {
        let bytes = number.to_le_bytes().repeat(5_000);
        let (syncs, size) = (
            measured(&*store, "syncs"),
            measured(&*store, "bytes_on_disk"),
        );
        commit(&*store, &[blob(&bytes)]);
        let larger = measured(&*store, "bytes_on_disk") > size;
        grown += u64::from(larger);
        let expected = syncs + 1 + u64::from(larger);
        assert_eq!(measured(&*store, "syncs"), expected, "commit {number}");
    }
    assert!((1..8).contains(&grown), "the file grows by doubling");
}

#[test]
fn reading_putting_losing_and_idle_syncs_sync_nothing() {
    let (_folder, store) = fresh();
    let record = blob(b"x");
    commit(&*store, &[record]);
    let before = measured(&*store, "syncs");
    store.sync(CALL).unwrap();
    assert!(read(&*store, record.hash).is_some());
    store.put_many(CALL, &[blob(b"waits")]).unwrap();
    let wrong = step("heads/a", Some(record.hash), None);
    let lost = store.compare_and_swap_ref(CALL, &wrong).unwrap();
    assert!(matches!(lost, Swap::Lost { current: None, .. }));
    assert_eq!(measured(&*store, "syncs"), before);
    store.sync(CALL).unwrap();
    assert_eq!(measured(&*store, "syncs"), before + 1);
}

#[test]
fn what_was_put_is_seen_at_once_and_kept_after_sync() {
    let (folder, store) = fresh();
    let (synced, lost) = (blob(b"synced"), blob(b"lost at closing"));
    store.put_many(CALL, &[synced]).unwrap();
    store.sync(CALL).unwrap();
    store.put_many(CALL, &[lost]).unwrap();
    assert_eq!(measured(&*store, "records"), 2);
    assert!(contains(&*store, lost.hash) && read(&*store, lost.hash).is_some());
    assert_eq!(store.list(CALL, None, usize::MAX).unwrap().len(), 2);
    store.close().unwrap();
    let store = open(&folder.path().join("main.redb"));
    assert!(contains(&*store, synced.hash));
}

#[test]
fn waiting_records_stay_below_their_limit() {
    let (_folder, store) = fresh();
    for number in 0..12_u8 {
        let bytes = vec![number; 8 << 20];
        store.put_many(CALL, &[blob(&bytes)]).unwrap();
        assert!(measured(&*store, "bytes_pending") <= 32 << 20);
    }
    assert_eq!(measured(&*store, "records"), 12);
}

#[test]
fn the_smallest_and_a_large_record_come_back_whole() {
    let (folder, store) = fresh();
    let large: Vec<u8> = (0..20_000_000_u32).map(|i| (i % 251) as u8).collect();
    let records = [blob(b""), blob(&large)];
    commit(&*store, &records);
    store.close().unwrap();
    let store = open(&folder.path().join("main.redb"));
    assert_eq!(read(&*store, records[0].hash).as_deref(), Some(&b""[..]));
    assert!(read(&*store, records[1].hash).as_deref() == Some(&large[..]));
}

#[test]
fn a_buffer_outlives_the_record_and_the_store() {
    let (_folder, store) = fresh();
    let record = blob(b"kept");
    commit(&*store, &[record]);
    let mut slots = Slot::empty(1);
    store.get_many(CALL, &[record.hash], &mut slots).unwrap();
    let later = Timestamp(i64::MAX);
    assert_eq!(store.delete_many(CALL, &[record.hash], later).unwrap(), 1);
    store.close().unwrap();
    drop(store);
    let slot = slots.remove(0);
    let thread = std::thread::spawn(move || assert_eq!(slot.bytes(), Some(&b"kept"[..])));
    thread.join().unwrap();
}

/// The clock has microseconds: passes at least one.
fn later() -> Timestamp {
    std::thread::sleep(Duration::from_millis(2));
    let now = Timestamp::now();
    std::thread::sleep(Duration::from_millis(2));
    now
}

#[test]
fn age_is_kept_renewed_and_survives_reopening() {
    let (folder, store) = fresh();
    let records = [blob(b"old"), blob(b"renewed"), blob(b"renewed and waiting")];
    let hashes = records.map(|record| record.hash);
    commit(&*store, &records);
    let sweep = later();
    commit(&*store, &records[1..2]);
    store.put_many(CALL, &records[2..]).unwrap();
    assert_eq!(store.delete_many(CALL, &hashes, sweep).unwrap(), 1);
    store.sync(CALL).unwrap();
    store.close().unwrap();

    let store = open(&folder.path().join("main.redb"));
    assert_eq!(store.delete_many(CALL, &hashes, sweep).unwrap(), 0);
    let twice = [hashes[1], hashes[1], hashes[0]];
    assert_eq!(store.delete_many(CALL, &twice, later()).unwrap(), 1);
    assert!(contains(&*store, hashes[2]));
    // A record that comes back does not inherit the age of the one that was deleted.
    let old = later();
    commit(&*store, &records[1..2]);
    assert_eq!(store.delete_many(CALL, &hashes[1..2], old).unwrap(), 0);
}

#[test]
fn deleting_what_waits_deletes_it() {
    let (_folder, store) = fresh();
    let record = blob(b"waits");
    store.put_many(CALL, &[record]).unwrap();
    let later = Timestamp(i64::MAX);
    assert_eq!(store.delete_many(CALL, &[record.hash], later).unwrap(), 1);
    store.sync(CALL).unwrap();
    assert!(!contains(&*store, record.hash));
    assert_eq!(measured(&*store, "bytes_pending"), 0);
}

#[test]
fn storing_again_changes_no_bytes() {
    let (_folder, store) = fresh();
    let record = blob(b"first");
    commit(&*store, &[record]);
    let other = Record {
        bytes: b"second",
        ..record
    };
    commit(&*store, &[other]);
    assert_eq!(read(&*store, record.hash).as_deref(), Some(&b"first"[..]));
}

#[test]
fn a_lost_or_refused_commit_leaves_nothing() {
    let (_folder, store) = fresh();
    let old = Hash::of(b"old");
    let create = step("heads/b", None, Some(old));
    let done = store.compare_and_swap_ref(CALL, &create).unwrap();
    assert_eq!(done, Swap::Done);
    let record = blob(b"new");
    let new = Some(record.hash);
    let race = [step("heads/a", None, new), step("heads/b", new, None)];
    let lost = Swap::Lost {
        name: name("heads/b"),
        current: Some(old),
    };
    assert_eq!(store.commit(CALL, &[record], &race).unwrap(), lost);
    let refusals = [
        (
            [step("heads/a", None, new), step("heads/a/b", None, new)],
            ErrorKind::CONFLICT,
        ),
        (
            [step("heads/a", None, new), step("heads/a", new, None)],
            ErrorKind::INVALID_ARGUMENT,
        ),
    ];
    for (steps, kind) in refusals {
        let error = store.commit(CALL, &[record], &steps).unwrap_err();
        assert_eq!(error.kind(), kind);
    }
    assert!(!contains(&*store, record.hash));
    assert_eq!(measured(&*store, "refs"), 1);
}

#[test]
fn a_ref_cannot_lie_below_another() {
    let (_folder, store) = fresh();
    let hash = Some(Hash::of(b"x"));
    for free in ["heads/a", "heads/c/d", "heads/a-b", "heads/a0", "heads/c-"] {
        let done = store.compare_and_swap_ref(CALL, &step(free, None, hash));
        assert_eq!(done.unwrap(), Swap::Done);
    }
    for (taken, existing) in [
        ("heads/a/b", "heads/a"),
        ("heads/a/b/c", "heads/a"),
        ("heads/c", "heads/c/d"),
    ] {
        let error = store
            .compare_and_swap_ref(CALL, &step(taken, None, hash))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CONFLICT);
        assert_eq!(error.context("existing"), Some(existing));
    }
    let replace = [step("heads/a", hash, None), step("heads/a/b", None, hash)];
    assert_eq!(store.commit(CALL, &[], &replace).unwrap(), Swap::Done);
}

#[test]
fn compacting_gives_space_back_and_keeps_everything() {
    let (_folder, store) = fresh();
    let contents: Vec<_> = (0..400_u32)
        .map(|i| i.to_le_bytes().repeat(2_000))
        .collect();
    let records: Vec<_> = contents.iter().map(|bytes| blob(bytes)).collect();
    commit(&*store, &records);
    let (gone, kept) = records.split_at(300);
    let hashes: Vec<_> = gone.iter().map(|record| record.hash).collect();
    let later = Timestamp(i64::MAX);
    assert_eq!(store.delete_many(CALL, &hashes, later).unwrap(), 300);
    store.put_many(CALL, &[blob(b"waits")]).unwrap();
    let report = store.maintain(CALL, "compact", &Report::new()).unwrap();
    let (before, after) = (&report["bytes_before"], &report["bytes_after"]);
    assert!(before.as_u64() > after.as_u64(), "{report:?}");
    assert_eq!(measured(&*store, "bytes_on_disk"), after.as_u64().unwrap());
    for record in kept {
        assert!(read(&*store, record.hash).as_deref() == Some(record.bytes));
    }
    assert!(contains(&*store, Hash::of(b"waits")));
}

#[test]
fn verifying_finds_a_record_that_is_not_what_was_written() {
    let (_folder, store) = fresh();
    let good = blob(b"good");
    store.put_many(CALL, &[good]).unwrap();
    let report = store.maintain(CALL, "verify", &Report::new()).unwrap();
    assert_eq!(
        json!(report),
        json!({"records": 1, "bytes": 4, "repaired": false})
    );
    let bad = Record {
        hash: Hash::of(b"x"),
        ..good
    };
    commit(&*store, &[bad]);
    let error = store.maintain(CALL, "verify", &Report::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CORRUPT);
    assert_eq!(error.context("hash"), Some(&*bad.hash.to_string()));
    assert!(contains(&*store, good.hash), "the store stays usable");
}

#[test]
fn a_backup_of_a_live_store_is_a_store() {
    let (folder, store) = fresh();
    let path = folder.path().join("copy.redb");
    let records = [blob(b"one"), blob(b"two"), blob(b"waits")];
    let create = step("heads/main", None, Some(records[0].hash));
    let done = store.commit(CALL, &records[..2], std::slice::from_ref(&create));
    assert_eq!(done.unwrap(), Swap::Done);
    store.put_many(CALL, &records[2..]).unwrap();
    let sweep = later();
    commit(&*store, &records[..1]);
    let to = args(json!({"to": path.to_str().unwrap()}));
    let report = store.maintain(CALL, "backup", &to).unwrap();
    assert_eq!(report["records"], 3);
    let again = store.maintain(CALL, "backup", &to).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::INVALID_ARGUMENT);
    for wrong in [json!({}), json!({"to": 1}), json!({"to": "x", "form": 1})] {
        let error = store.maintain(CALL, "backup", &args(wrong)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::INVALID_ARGUMENT);
    }
    let nowhere = args(json!({"to": folder.path().join("no/where").to_str().unwrap()}));
    store.maintain(CALL, "backup", &nowhere).unwrap_err();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);

    let copy = open(&path);
    for record in &records {
        assert_eq!(read(&*copy, record.hash).as_deref(), Some(record.bytes));
    }
    let head = copy.get_ref(CALL, &create.name).unwrap();
    assert_eq!(head, create.new);
    // Times are copied too: only the first record was stored again.
    let hashes = records.map(|record| record.hash);
    assert_eq!(copy.delete_many(CALL, &hashes, sweep).unwrap(), 2);
}

#[test]
fn after_close_every_call_says_so() {
    let (_folder, store) = fresh();
    store.close().unwrap();
    store.close().unwrap();
    assert_eq!(store.info().name, "redb");
    let update = step("heads/a", None, Some(Hash::ZERO));
    let all = usize::MAX;
    let none = Report::new();
    let errors = [
        store.get_many(CALL, &[], &mut []).unwrap_err(),
        store.contains_many(CALL, &[], &mut []).unwrap_err(),
        store.put_many(CALL, &[]).unwrap_err(),
        store.delete_many(CALL, &[], Timestamp(0)).unwrap_err(),
        store.list(CALL, None, all).unwrap_err(),
        store.get_ref(CALL, &update.name).unwrap_err(),
        store.list_refs(CALL, "", None, all).unwrap_err(),
        store.compare_and_swap_ref(CALL, &update).unwrap_err(),
        store.commit(CALL, &[], &[]).unwrap_err(),
        store.sync(CALL).unwrap_err(),
        store.stats(CALL).unwrap_err(),
        store.maintain(CALL, "verify", &none).unwrap_err(),
        store.maintain(CALL, "compact", &none).unwrap_err(),
        store.maintain(CALL, "backup", &none).unwrap_err(),
        store.maintain(CALL, "polish", &none).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::CLOSED);
    }
}

#[test]
fn limits_of_a_call_are_heeded() {
    let (_folder, store) = fresh();
    let flag = AtomicBool::new(true);
    let cancelled = Call::UNLIMITED.with_cancel(&flag);
    let late = Call::UNLIMITED.with_timeout(Duration::ZERO);
    for (call, kind) in [
        (cancelled, ErrorKind::CANCELLED),
        (late, ErrorKind::TIMEOUT),
    ] {
        let error = store.commit(&call, &[blob(b"x")], &[]).unwrap_err();
        assert_eq!(error.kind(), kind);
    }
    assert_eq!(measured(&*store, "records"), 0);
}

#[test]
fn wrong_options_are_named() {
    let folder = TempDir::new().unwrap();
    let good = options(&folder.path().join("main.redb"));
    let cases = [
        ("path", json!("")),
        ("lock_wait", json!("soon")),
        ("cache", json!("much")),
        ("caches", json!("1MiB")),
    ];
    for (name, value) in cases {
        let mut options = good.clone();
        options.insert(name.into(), value);
        let error = (BACKEND.open)(&OpenStorage::or_create(options)).err();
        let error = error.expect("must be refused");
        assert_eq!(error.kind(), ErrorKind::INVALID_CONFIG);
        assert_eq!(error.context("option"), Some(name));
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
