//! Facts about one store in memory that a random walk would rarely meet.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use prollytree_backend_memory::BACKEND;
use prollytree_plugin_api::{
    Call, Capabilities, ErrorKind, Hash, Kind, NodeStorage, OpenStorage, Options, Record, RefName,
    RefUpdate, Report, Slot, Swap, Timestamp,
};

const CALL: &Call<'static> = &Call::UNLIMITED;

fn named(name: &str) -> Options {
    let mut options = Options::new();
    options.insert("name".into(), name.into());
    options
}

fn fresh() -> Arc<dyn NodeStorage> {
    (BACKEND.open)(&OpenStorage::or_create(Options::new())).unwrap()
}

fn blob(bytes: &[u8]) -> Record<'_> {
    Record::new(Kind::BLOB, &[], bytes)
}

fn name(text: &str) -> RefName {
    RefName::new(text).unwrap()
}

fn step(text: &str, expected: Option<Hash>, new: Option<Hash>) -> RefUpdate {
    RefUpdate {
        name: name(text),
        expected,
        new,
    }
}

fn refs(store: &dyn NodeStorage) -> Vec<String> {
    let all = store.list_refs(CALL, "", None, usize::MAX).unwrap();
    all.iter().map(|(name, _)| name.to_string()).collect()
}

#[test]
fn reading_gives_the_stored_bytes_themselves() {
    let store = fresh();
    let record = blob(b"shared");
    store.put_many(CALL, &[record]).unwrap();
    let mut slots = Slot::empty(2);
    store
        .get_many(CALL, &[record.hash, record.hash], &mut slots)
        .unwrap();
    let [first, second] = [0, 1].map(|index| slots[index].bytes().unwrap());
    assert_eq!(first, b"shared");
    assert_eq!(first.as_ptr(), second.as_ptr(), "nothing was copied");
}

#[test]
fn a_buffer_outlives_the_record_and_the_store() {
    let store = fresh();
    let record = blob(b"kept");
    store.put_many(CALL, &[record]).unwrap();
    let mut slots = Slot::empty(1);
    store.get_many(CALL, &[record.hash], &mut slots).unwrap();
    let sweep = Timestamp(i64::MAX);
    assert_eq!(store.delete_many(CALL, &[record.hash], sweep).unwrap(), 1);
    store.close().unwrap();
    drop(store);
    let slot = slots.remove(0);
    let thread = std::thread::spawn(move || assert_eq!(slot.bytes(), Some(&b"kept"[..])));
    thread.join().unwrap();
}

#[test]
fn an_absent_record_clears_its_slot() {
    let store = fresh();
    let record = blob(b"here");
    store.put_many(CALL, &[record]).unwrap();
    let mut slots = Slot::empty(1);
    store.get_many(CALL, &[record.hash], &mut slots).unwrap();
    store.get_many(CALL, &[Hash::ZERO], &mut slots).unwrap();
    assert!(slots[0].is_empty());
}

#[test]
fn lengths_that_differ_are_refused() {
    let store = fresh();
    let hashes = [Hash::ZERO, Hash::ZERO];
    let get = store.get_many(CALL, &hashes, &mut Slot::empty(1));
    let contains = store.contains_many(CALL, &hashes, &mut [false; 3]);
    for result in [get, contains] {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::INVALID_ARGUMENT);
    }
}

#[test]
fn a_record_stored_again_is_young_again() {
    let store = fresh();
    let record = blob(b"renewed");
    store.put_many(CALL, &[record]).unwrap();
    // The clock has microseconds: wait for the next one.
    std::thread::sleep(std::time::Duration::from_millis(2));
    let sweep = Timestamp::now();
    store.put_many(CALL, &[record]).unwrap();
    assert_eq!(store.delete_many(CALL, &[record.hash], sweep).unwrap(), 0);
    let later = Timestamp(i64::MAX);
    let twice = [record.hash, record.hash];
    assert_eq!(store.delete_many(CALL, &twice, later).unwrap(), 1);
}

#[test]
fn a_ref_cannot_lie_below_another() {
    let store = fresh();
    let hash = Some(Hash::of(b"x"));
    let done = store.compare_and_swap_ref(CALL, &step("heads/a", None, hash));
    assert_eq!(done.unwrap(), Swap::Done);
    for colliding in ["heads/a/b", "heads/a/b/c"] {
        let error = store
            .compare_and_swap_ref(CALL, &step(colliding, None, hash))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CONFLICT);
        assert_eq!(error.context("existing"), Some("heads/a"));
    }
    let done = store.compare_and_swap_ref(CALL, &step("heads/c/d", None, hash));
    assert_eq!(done.unwrap(), Swap::Done);
    let error = store
        .compare_and_swap_ref(CALL, &step("heads/c", None, hash))
        .unwrap_err();
    assert_eq!(error.context("existing"), Some("heads/c/d"));
    // A name that only begins alike is no collision, on either side of the slash.
    for beside in ["heads/a-b", "heads/a0", "heads/c-"] {
        let done = store.compare_and_swap_ref(CALL, &step(beside, None, hash));
        assert_eq!(done.unwrap(), Swap::Done);
    }
}

#[test]
fn a_file_can_become_a_directory_within_one_commit() {
    let store = fresh();
    let hash = Some(Hash::of(b"x"));
    let create = [step("heads/a", None, hash)];
    assert_eq!(store.commit(CALL, &[], &create).unwrap(), Swap::Done);
    let replace = [step("heads/a", hash, None), step("heads/a/b", None, hash)];
    assert_eq!(store.commit(CALL, &[], &replace).unwrap(), Swap::Done);
    assert_eq!(refs(&*store), ["heads/a/b"]);
}

#[test]
fn a_lost_commit_leaves_nothing() {
    let store = fresh();
    let (old, new) = (Hash::of(b"old"), Hash::of(b"new"));
    let create = [step("heads/b", None, Some(old))];
    assert_eq!(store.commit(CALL, &[], &create).unwrap(), Swap::Done);
    let record = blob(b"new");
    let race = [
        step("heads/a", None, Some(new)),
        step("heads/b", Some(new), None),
    ];
    let lost = Swap::Lost {
        name: name("heads/b"),
        current: Some(old),
    };
    assert_eq!(store.commit(CALL, &[record], &race).unwrap(), lost);
    let clash = [
        step("heads/a", None, Some(new)),
        step("heads/a/b", None, Some(new)),
    ];
    let error = store.commit(CALL, &[record], &clash).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CONFLICT);
    assert_eq!(refs(&*store), ["heads/b"]);
    let mut found = [true];
    store
        .contains_many(CALL, &[record.hash], &mut found)
        .unwrap();
    assert_eq!(found, [false]);
}

#[test]
fn one_ref_twice_in_a_commit_is_refused() {
    let store = fresh();
    let hash = Some(Hash::of(b"x"));
    let twice = [step("heads/a", None, hash), step("heads/a", hash, None)];
    let error = store.commit(CALL, &[], &twice).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::INVALID_ARGUMENT);
    assert!(refs(&*store).is_empty());
}

#[test]
fn stores_without_a_name_share_nothing() {
    let record = blob(b"mine");
    fresh().put_many(CALL, &[record]).unwrap();
    let mut found = [true];
    fresh()
        .contains_many(CALL, &[record.hash], &mut found)
        .unwrap();
    assert_eq!(found, [false]);
}

#[test]
fn stores_of_one_name_share_everything_and_outlive_their_instances() {
    let request = OpenStorage::or_create(named("shared"));
    let (first, second) = (
        (BACKEND.open)(&request).unwrap(),
        (BACKEND.open)(&request).unwrap(),
    );
    let record = blob(b"ours");
    let create = [step("heads/main", None, Some(record.hash))];
    assert_eq!(first.commit(CALL, &[record], &create).unwrap(), Swap::Done);
    first.close().unwrap();
    assert_eq!(refs(&*second), ["heads/main"]);
    drop((first, second));
    let third = (BACKEND.open)(&OpenStorage::existing(named("shared"))).unwrap();
    assert_eq!(refs(&*third), ["heads/main"]);
}

#[test]
fn a_store_that_is_not_there_is_not_made_unasked() {
    let cases = [
        OpenStorage::existing(Options::new()),
        OpenStorage::existing(named("nowhere")),
        OpenStorage::or_create(named("nowhere")).read_only(),
    ];
    for request in cases {
        let error = (BACKEND.open)(&request).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::UNAVAILABLE, "{error}");
    }
    let error = (BACKEND.open)(&OpenStorage::or_create(named("")))
        .err()
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::INVALID_CONFIG);
}

#[test]
fn a_read_only_store_refuses_to_write() {
    let request = OpenStorage::or_create(named("read-only"));
    let writer = (BACKEND.open)(&request).unwrap();
    let reader = (BACKEND.open)(&request.read_only()).unwrap();
    assert!(reader.info().capabilities.contains(Capabilities::READ_ONLY));
    let record = blob(b"x");
    let create = step("heads/a", None, Some(record.hash));
    let refused = [
        reader.put_many(CALL, &[record]).unwrap_err(),
        reader
            .delete_many(CALL, &[record.hash], Timestamp(0))
            .unwrap_err(),
        reader.compare_and_swap_ref(CALL, &create).unwrap_err(),
        reader
            .commit(CALL, &[record], std::slice::from_ref(&create))
            .unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.kind(), ErrorKind::PERMISSION_DENIED);
    }
    reader.sync(CALL).unwrap();
    assert_eq!(writer.stats(CALL).unwrap().value("records"), Some(0));
}

#[test]
fn after_close_every_call_says_so() {
    let store = fresh();
    store.close().unwrap();
    store.close().unwrap();
    assert_eq!(store.info().name, "memory");
    let hash = Hash::of(b"x");
    let update = step("heads/a", None, Some(hash));
    let all = usize::MAX;
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
        store.maintain(CALL, "x", &Report::new()).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::CLOSED);
    }
}

#[test]
fn a_cancelled_call_does_nothing() {
    let store = fresh();
    let flag = AtomicBool::new(true);
    let call = Call::UNLIMITED.with_cancel(&flag);
    let error = store.put_many(&call, &[blob(b"x")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CANCELLED);
    assert_eq!(store.stats(CALL).unwrap().value("records"), Some(0));
}

#[test]
fn stats_count_records_bytes_and_refs() {
    let store = fresh();
    let (one, two) = (blob(b"one"), blob(b""));
    store.put_many(CALL, &[one, two, one]).unwrap();
    let create = [step("heads/a", None, Some(one.hash))];
    assert_eq!(store.commit(CALL, &[], &create).unwrap(), Swap::Done);
    let stats = store.stats(CALL).unwrap();
    let values = ["records", "bytes", "refs"].map(|name| stats.value(name).unwrap());
    assert_eq!(values, [2, 3, 1]);
}
