//! The random work notices a store that forgets one thing.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use prollytree_backend_memory::BACKEND;
use prollytree_conformance::RandomWork;
use prollytree_plugin_api::{
    Call, Kind, NodeStorage, OpenStorage, Options, Record, RefName, RefUpdate, Swap, Timestamp,
};

const CALL: &Call<'static> = &Call::UNLIMITED;

fn store() -> Arc<dyn NodeStorage> {
    (BACKEND.open)(&OpenStorage::or_create(Options::new())).unwrap()
}

/// Does random work, with something else in between, and says whether it was noticed.
fn is_noticed(between: impl Fn(&dyn NodeStorage)) -> bool {
    let store = store();
    let mut work = RandomWork::new(1, |number| number);
    for _ in 0..100 {
        work.step(&*store);
        work.compare(&*store);
    }
    between(&*store);
    catch_unwind(AssertUnwindSafe(|| work.compare(&*store))).is_err()
}

#[test]
fn what_nobody_else_touches_is_right() {
    assert!(!is_noticed(|_| ()));
}

#[test]
fn a_record_that_comes_or_goes_is_noticed() {
    assert!(is_noticed(|store| {
        let record = Record::new(Kind::BLOB, &[], b"stray");
        store.put_many(CALL, &[record]).unwrap();
    }));
    assert!(is_noticed(|store| {
        let entry = store.list(CALL, None, 1).unwrap()[0];
        let deleted = store.delete_many(CALL, &[entry.hash], Timestamp(i64::MAX));
        assert_eq!(deleted.unwrap(), 1);
    }));
}

#[test]
fn a_ref_that_comes_or_goes_is_noticed() {
    assert!(is_noticed(|store| {
        let (_, hash) = store.list_refs(CALL, "", None, 1).unwrap().remove(0);
        let update = RefUpdate {
            name: RefName::new("side/stray").unwrap(),
            expected: None,
            new: Some(hash),
        };
        let swap = store.compare_and_swap_ref(CALL, &update);
        assert_eq!(swap.unwrap(), Swap::Done);
    }));
    assert!(is_noticed(|store| {
        let (name, hash) = store.list_refs(CALL, "", None, 1).unwrap().remove(0);
        let update = RefUpdate {
            name,
            expected: Some(hash),
            new: None,
        };
        let swap = store.compare_and_swap_ref(CALL, &update);
        assert_eq!(swap.unwrap(), Swap::Done);
    }));
}
