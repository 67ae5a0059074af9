//! Many threads on one store.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::sync::Arc;
use std::thread;

use prollytree_backend_memory::BACKEND;
use prollytree_plugin_api::{
    Call, ErrorKind, Hash, Kind, NodeStorage, OpenStorage, Options, Record, RefName, RefUpdate,
    Slot, Swap,
};

const CALL: &Call<'static> = &Call::UNLIMITED;
const THREADS: u64 = 8;
const STEPS: u64 = 200;

fn fresh() -> Arc<dyn NodeStorage> {
    (BACKEND.open)(&OpenStorage::or_create(Options::new())).unwrap()
}

fn counter() -> RefName {
    RefName::new("heads/counter").unwrap()
}

fn read(store: &dyn NodeStorage, hash: Hash) -> u64 {
    let mut slot = Slot::empty(1);
    store.get_many(CALL, &[hash], &mut slot).unwrap();
    let bytes = slot[0].bytes().expect("a ref points to a stored record");
    u64::from_le_bytes(bytes.try_into().unwrap())
}

/// Adds 1 to the counter that the ref points to, however often that takes.
fn increment(store: &dyn NodeStorage) {
    loop {
        let expected = store.get_ref(CALL, &counter()).unwrap();
        let value = expected.map_or(0, |hash| read(store, hash)) + 1;
        let bytes = value.to_le_bytes();
        let record = Record::new(Kind::BLOB, &[], &bytes);
        let update = RefUpdate {
            name: counter(),
            expected,
            new: Some(record.hash),
        };
        match store.commit(CALL, &[record], &[update]).unwrap() {
            Swap::Done => return,
            Swap::Lost { current, .. } => assert_ne!(current, expected, "lost to nobody"),
        }
    }
}

#[test]
fn no_increment_of_a_contended_counter_is_lost() {
    let store = fresh();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..STEPS).for_each(|_| increment(&*store)));
        }
    });
    let last = store.get_ref(CALL, &counter()).unwrap().unwrap();
    assert_eq!(read(&*store, last), THREADS * STEPS);
}

#[test]
fn a_listing_beside_writers_has_no_duplicates_and_misses_nothing_old() {
    let store = fresh();
    let put = |range: std::ops::Range<u64>| {
        for value in range {
            let bytes = value.to_le_bytes();
            let record = Record::new(Kind::BLOB, &[], &bytes);
            store.put_many(CALL, &[record]).unwrap();
        }
    };
    put(0..2_000);
    thread::scope(|scope| {
        scope.spawn(|| put(2_000..6_000));
        let mut hashes: Vec<Hash> = Vec::new();
        loop {
            let page = store.list(CALL, hashes.last(), 37).unwrap();
            if page.is_empty() {
                break;
            }
            hashes.extend(page.iter().map(|entry| entry.hash));
        }
        assert!(hashes.is_sorted_by(|a, b| a < b));
        for value in 0..2_000_u64 {
            let hash = Hash::of(&value.to_le_bytes());
            assert!(hashes.binary_search(&hash).is_ok());
        }
    });
}

#[test]
fn closing_beside_calls_ends_them_with_closed_and_nothing_else() {
    let store = fresh();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for value in 0_u64.. {
                    let bytes = value.to_le_bytes();
                    let record = Record::new(Kind::BLOB, &[], &bytes);
                    match store.put_many(CALL, &[record]) {
                        Ok(()) => {}
                        Err(error) => {
                            assert_eq!(error.kind(), ErrorKind::CLOSED);
                            return;
                        }
                    }
                }
            });
        }
        thread::sleep(std::time::Duration::from_millis(20));
        store.close().unwrap();
    });
}
