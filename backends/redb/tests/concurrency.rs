//! Many threads on one store.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::{CALL, blob, name, open, read, step};
use prollytree_plugin_api::{ErrorKind, Hash, NodeStorage, Swap, Timestamp};
use tempfile::TempDir;

const THREADS: u64 = 8;
const STEPS: u64 = 200;

fn value(store: &dyn NodeStorage, hash: Hash) -> u64 {
    let bytes = read(store, hash).expect("a ref points to a stored record");
    u64::from_le_bytes(bytes.try_into().unwrap())
}

/// Adds 1 to the counter that the ref points to, however often that takes.
fn increment(store: &dyn NodeStorage) {
    let counter = name("heads/counter");
    loop {
        let expected = store.get_ref(CALL, &counter).unwrap();
        let next = expected.map_or(0, |hash| value(store, hash)) + 1;
        let bytes = next.to_le_bytes();
        let record = blob(&bytes);
        let update = step("heads/counter", expected, Some(record.hash));
        match store.commit(CALL, &[record], &[update]).unwrap() {
            Swap::Done => return,
            Swap::Lost { current, .. } => assert_ne!(current, expected, "lost to nobody"),
        }
    }
}

#[test]
fn no_increment_of_a_contended_counter_is_lost() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder.path().join("main.redb"));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..STEPS).for_each(|_| increment(&*store)));
        }
    });
    let last = store.get_ref(CALL, &name("heads/counter")).unwrap();
    assert_eq!(value(&*store, last.unwrap()), THREADS * STEPS);
}

#[test]
fn a_record_is_never_missing_on_its_way_into_the_database() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder.path().join("main.redb"));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                store.sync(CALL).unwrap();
            }
        });
        for start in [0_u64, 1_000_000] {
            let (store, done) = (&store, &done);
            scope.spawn(move || {
                for number in start..start + 1_500 {
                    let bytes = number.to_le_bytes();
                    let record = blob(&bytes);
                    store.put_many(CALL, &[record]).unwrap();
                    for _ in 0..5 {
                        assert_eq!(read(&**store, record.hash).as_deref(), Some(&bytes[..]));
                    }
                    let before = Hash::new(before(record.hash));
                    let page = store.list(CALL, Some(&before), 1).unwrap();
                    assert_eq!(page[0].hash, record.hash);
                }
                done.store(true, Ordering::Relaxed);
            });
        }
    });
}

/// The hash right before this one.
fn before(hash: Hash) -> [u8; 32] {
    let mut bytes = *hash.as_bytes();
    for byte in bytes.iter_mut().rev() {
        let (less, borrowed) = byte.overflowing_sub(1);
        *byte = less;
        if !borrowed {
            break;
        }
    }
    bytes
}

#[test]
fn a_record_stored_again_beside_a_sweep_is_spared() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder.path().join("main.redb"));
    let contents: Vec<_> = (0..50_u64).map(u64::to_le_bytes).collect();
    let records: Vec<_> = contents.iter().map(|bytes| blob(bytes)).collect();
    let hashes: Vec<_> = records.iter().map(|record| record.hash).collect();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let sweep = Timestamp::now();
                store.delete_many(CALL, &hashes, sweep).unwrap();
            }
        });
        for round in 0..100 {
            let put = Timestamp::now();
            store.put_many(CALL, &records).unwrap();
            if round % 3 == 0 {
                store.sync(CALL).unwrap();
            }
            // A sweep that began before the put spares all of them, whenever it runs.
            store.delete_many(CALL, &hashes, put).unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    let sweep = Timestamp::now();
    store.put_many(CALL, &records).unwrap();
    store.delete_many(CALL, &hashes, sweep).unwrap();
    let mut found = vec![false; hashes.len()];
    store.contains_many(CALL, &hashes, &mut found).unwrap();
    assert!(found.iter().all(|found| *found));
}

#[test]
fn closing_beside_calls_ends_them_with_closed_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder.path().join("main.redb"));
    thread::scope(|scope| {
        for start in 0..4_u64 {
            let store = &store;
            scope.spawn(move || {
                for number in start * 1_000_000.. {
                    let bytes = number.to_le_bytes();
                    let result = match number % 3 {
                        0 => store.commit(CALL, &[blob(&bytes)], &[]).map(drop),
                        1 => store.put_many(CALL, &[blob(&bytes)]),
                        _ => store.list(CALL, None, 10).map(drop),
                    };
                    if let Err(error) = result {
                        assert_eq!(error.kind(), ErrorKind::CLOSED);
                        return;
                    }
                }
            });
        }
        thread::sleep(std::time::Duration::from_millis(50));
        store.close().unwrap();
    });
}
