//! Closing, several instances in one process, and the limits of a call.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use prollytree_plugin_api::{Call, Capabilities, Error, ErrorKind, Report, Result, Slot};

use super::delete::far_future;
use crate::case::{Case, Failure, StorageCase, Verdict, ensure, ensure_same};
use crate::context::Context;
use crate::item::{Item, items};
use crate::store::{CALL, Store, expect_error, name, update};

pub(super) const CASES: &[StorageCase] = &[
    Case {
        id: "close.then-everything-refuses",
        promise: "After `close` every method but `info` and `close` answers `CLOSED`.",
        why: "Work after closing is a bug of the host, which must be told.",
        needs: Capabilities::empty(),
        run: then_everything_refuses,
    },
    Case {
        id: "close.twice",
        promise: "Closing again succeeds.",
        why: "A store is closed by hand, and once more when it is dropped.",
        needs: Capabilities::empty(),
        run: twice,
    },
    Case {
        id: "close.during-calls",
        promise: "`close` waits for running calls; each call either succeeds or answers `CLOSED`.",
        why: "A program that ends must not crash in the threads that still work.",
        needs: Capabilities::empty(),
        run: during_calls,
    },
    Case {
        id: "close.lets-go",
        promise: "Once an instance is closed, or dropped without closing, the place can be opened again at once.",
        why: "A lock that outlives its instance locks the user out.",
        needs: Capabilities::empty(),
        run: lets_go,
    },
    Case {
        id: "instances.are-apart",
        promise: "Two stores of one process have nothing in common: neither records nor refs.",
        why: "A plugin is loaded once and opened many times.",
        needs: Capabilities::empty(),
        run: are_apart,
    },
    Case {
        id: "instances.open-and-close-200-times",
        promise: "A store can be opened and closed 200 times in one process, and no file stays open.",
        why: "A server opens and closes stores for as long as it runs.",
        needs: Capabilities::empty(),
        run: open_and_close,
    },
    Case {
        id: "calls.cancelled",
        promise: "A call that is cancelled before it begins does its work, or answers `CANCELLED`.",
        why: "Cancelling must not look like a failure of the engine.",
        needs: Capabilities::empty(),
        run: cancelled,
    },
    Case {
        id: "calls.past-the-deadline",
        promise: "A call whose deadline has passed does its work, or answers `TIMEOUT`.",
        why: "Running out of time must not look like a failure of the engine.",
        needs: Capabilities::empty(),
        run: past_the_deadline,
    },
];

/// Makes every call that a closed instance has to refuse, or a limited call may stop.
fn every_call(store: &Store, call: &Call<'_>) -> Vec<(&'static str, Result<()>)> {
    let raw = store.raw();
    let item = Item::blob("one more");
    let (records, main) = ([item.record()], name("heads/one-more"));
    let nothing = update(&main, None, None);
    let mut all = vec![
        (
            "get_many",
            raw.get_many(call, &[item.hash], &mut [Slot::EMPTY]),
        ),
        (
            "contains_many",
            raw.contains_many(call, &[item.hash], &mut [false]),
        ),
        ("put_many", raw.put_many(call, &records)),
        ("get_ref", raw.get_ref(call, &main).map(drop)),
        ("list_refs", raw.list_refs(call, "", None, 1).map(drop)),
        (
            "compare_and_swap_ref",
            raw.compare_and_swap_ref(call, &nothing).map(drop),
        ),
        ("commit", raw.commit(call, &records, &[]).map(drop)),
        ("sync", raw.sync(call)),
        ("stats", raw.stats(call).map(drop)),
    ];
    if store.has(Capabilities::LIST) {
        all.push(("list", raw.list(call, None, 1).map(drop)));
    }
    if store.has(Capabilities::DELETE) {
        all.push((
            "delete_many",
            raw.delete_many(call, &[item.hash], far_future()).map(drop),
        ));
    }
    if let Some(operation) = store.info().operations.first() {
        all.push((
            "maintain",
            raw.maintain(call, operation, &Report::new()).map(drop),
        ));
    }
    all
}

fn then_everything_refuses(context: &Context) -> Verdict {
    let store = context.store()?;
    store.put(&items("before closing", 3))?;
    store.close()?;
    for (method, result) in every_call(&store, &CALL) {
        expect_error(&format!("{method} after close"), result, ErrorKind::CLOSED)?;
    }
    Ok(())
}

fn twice(context: &Context) -> Verdict {
    let store = context.store()?;
    store.put(&items("before closing", 3))?;
    (0..3).try_for_each(|_| store.close())
}

fn during_calls(context: &Context) -> Verdict {
    for round in 0..context.count(10, 100) {
        let store = context.store()?;
        let batch = items(&format!("put in round {round}"), 20);
        let wrong = thread::scope(|scope| {
            let working: Vec<_> = (0..3)
                .map(|_| scope.spawn(|| (0..1_000).find_map(|_| work_until_closed(&store, &batch))))
                .collect();
            thread::sleep(Duration::from_millis(2));
            let closed = store.close();
            let wrong: Vec<_> = working
                .into_iter()
                .map(thread::ScopedJoinHandle::join)
                .collect();
            closed.map(|()| wrong)
        })?;
        for end in wrong {
            let end = end.map_err(|_| Failure::Setup("a working thread panicked".into()))?;
            if let Some(error) = end.filter(|error| error.kind() != ErrorKind::CLOSED) {
                let did = "close while other threads put, get and read refs".to_owned();
                return Err(Failure::Call { did, error });
            }
        }
    }
    Ok(())
}

fn work_until_closed(store: &Store, batch: &[Item]) -> Option<Error> {
    let records: Vec<_> = batch.iter().map(Item::record).collect();
    let hashes: Vec<_> = batch.iter().map(|item| item.hash).collect();
    let mut slots = Slot::empty(hashes.len());
    let raw = store.raw();
    let put = raw.put_many(&CALL, &records);
    let get = put.and_then(|()| raw.get_many(&CALL, &hashes, &mut slots));
    get.and_then(|()| raw.get_ref(&CALL, &name("heads/main")))
        .err()
}

fn lets_go(context: &Context) -> Verdict {
    let (place, first) = context.fresh()?;
    first.put(&items("first", 3))?;
    first.close()?;
    // The closed instance is still there while the next one is opened.
    let second = context.create(&place)?;
    drop(first);
    second.put(&items("second", 3))?;
    drop(second);
    let third = context.create(&place)?;
    third.put(&items("third", 3))?;
    third.close()
}

fn are_apart(context: &Context) -> Verdict {
    let (one, two) = (context.store()?, context.store()?);
    let (ours, theirs) = (items("ours", 10), items("theirs", 10));
    let main = name("heads/main");
    one.commit_all(&ours, &[update(&main, None, Some(ours[0].hash))])?;
    let did = "work on two stores at once";
    two.expect_absent(did, &[ours[0].hash, ours[9].hash])?;
    two.expect_ref(did, &main, None)?;
    two.commit_all(&theirs, &[update(&main, None, Some(theirs[0].hash))])?;
    one.expect_absent(did, &[theirs[0].hash])?;
    one.expect_ref(did, &main, Some(ours[0].hash))?;
    one.close()?;
    two.expect_items("close one store and go on with another", &theirs)?;
    two.put(&ours)?;
    two.expect_ref(
        "close one store and go on with another",
        &main,
        Some(theirs[0].hash),
    )
}

fn open_and_close(context: &Context) -> Verdict {
    let (place, store) = context.fresh()?;
    store.close()?;
    drop(store);
    let before = open_files(&place.folder)?;
    for round in 0..200 {
        let store = context.create(&place)?;
        if round % 20 == 0 {
            store.put(&items(&format!("round {round}"), 2))?;
        }
        if round % 2 == 0 {
            store.close()?;
        }
    }
    if let (Some(before), Some(after)) = (before, open_files(&place.folder)?) {
        let more = after.saturating_sub(before);
        ensure!(
            more < 20,
            "open and close a store 200 times",
            "{more} more open files"
        );
    }
    Ok(())
}

/// How many files below a folder this process has open, where the system says so.
fn open_files(folder: &Path) -> Verdict<Option<usize>> {
    let folder = folder
        .canonicalize()
        .map_err(Failure::setup("find the folder of a store"))?;
    let Ok(files) = fs::read_dir("/proc/self/fd") else {
        return Ok(None);
    };
    // A file that is closed meanwhile is not open.
    let targets = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
    Ok(Some(
        targets.filter(|target| target.starts_with(&folder)).count(),
    ))
}

fn limited(context: &Context, did: &str, call: &Call<'_>, kind: ErrorKind) -> Verdict {
    let store = context.store()?;
    let all = items("before the limits", 5);
    store.put(&all)?;
    for (method, result) in every_call(&store, call) {
        match result {
            Ok(()) => {}
            Err(error) if error.kind() == kind => {}
            // The operation may demand arguments.
            Err(error) if method == "maintain" && error.kind() == ErrorKind::INVALID_ARGUMENT => {}
            Err(error) => {
                return Err(Failure::Call {
                    did: format!("{method}, {did}"),
                    error,
                });
            }
        }
    }
    store.expect_items(did, &all)?;
    let main = name("heads/main");
    store.move_ref(&update(&main, None, Some(all[0].hash)))?;
    ensure_same(did, &Some(all[0].hash), &store.get_ref(&main)?)
}

fn cancelled(context: &Context) -> Verdict {
    let flag = AtomicBool::new(true);
    let call = Call::UNLIMITED.with_cancel(&flag);
    limited(
        context,
        "cancelled before it began",
        &call,
        ErrorKind::CANCELLED,
    )
}

fn past_the_deadline(context: &Context) -> Verdict {
    let call = Call::UNLIMITED.with_timeout(Duration::ZERO);
    limited(
        context,
        "with a deadline that has passed",
        &call,
        ErrorKind::TIMEOUT,
    )
}
