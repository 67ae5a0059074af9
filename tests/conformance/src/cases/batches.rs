//! Batches: any number of records at once.

use prollytree_plugin_api::{Capabilities, ErrorKind, Slot, Swap};

use crate::case::{Case, StorageCase, Verdict, ensure_same};
use crate::context::Context;
use crate::item::{Item, items};
use crate::store::{CALL, expect_error};

pub(super) const CASES: &[StorageCase] = &[
    Case {
        id: "batches.empty",
        promise: "Empty batches succeed and do nothing.",
        why: "A commit that changes nothing hands over nothing.",
        needs: Capabilities::empty(),
        run: empty,
    },
    Case {
        id: "batches.ten-thousand-records",
        promise: "A batch of 10,000 records is stored whole and read back in one call.",
        why: "The preferred size of a batch is a hint; any batch is accepted.",
        needs: Capabilities::empty(),
        run: ten_thousand,
    },
    Case {
        id: "batches.first-and-last",
        promise: "No record of a batch is forgotten, neither the first nor the last.",
        why: "A lost record is a hole in the tree that no later write repairs.",
        needs: Capabilities::empty(),
        run: first_and_last,
    },
    Case {
        id: "batches.larger-than-preferred",
        promise: "A batch of twice the preferred number and of more than the preferred bytes is stored.",
        why: "The host sizes its batches by what it has, not by what the backend likes.",
        needs: Capabilities::empty(),
        run: larger_than_preferred,
    },
    Case {
        id: "batches.duplicate-records",
        promise: "The same record several times in one batch is stored once and is no error.",
        why: "Equal subtrees of one commit come in the same batch.",
        needs: Capabilities::empty(),
        run: duplicates,
    },
    Case {
        id: "batches.get-lengths-must-match",
        promise: "`get_many` answers `INVALID_ARGUMENT` unless there is one slot for each hash.",
        why: "Writing beyond the caller's slots would be memory corruption.",
        needs: Capabilities::empty(),
        run: get_lengths,
    },
    Case {
        id: "batches.contains-lengths-must-match",
        promise: "`contains_many` answers `INVALID_ARGUMENT` unless there is one answer for each hash.",
        why: "Writing beyond the caller's answers would be memory corruption.",
        needs: Capabilities::empty(),
        run: contains_lengths,
    },
];

fn empty(context: &Context) -> Verdict {
    let store = context.store()?;
    store.put(&[])?;
    store.get(&[])?;
    store.contains(&[])?;
    let swap = store.commit(&[], &[])?;
    ensure_same("commit of nothing", &Swap::Done, &swap)?;
    let absent = Item::blob("absent");
    store.expect_absent("after empty batches", &[absent.hash])
}

fn ten_thousand(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("one of ten thousand", 10_000);
    store.put(&all)?;
    store.expect_items(
        "put 10,000 records in one batch, then get all in one call",
        &all,
    )?;
    store.sync()?;
    store.expect_items("the same after a sync", &all)
}

fn first_and_last(context: &Context) -> Verdict {
    let store = context.store()?;
    for count in [1, 2, 3, 7, 16, 65, 257] {
        let batch = items(&format!("batch of {count}, record"), count);
        store.put(&batch)?;
        store.expect_items(&format!("put a batch of {count} records"), &batch)?;
    }
    Ok(())
}

fn larger_than_preferred(context: &Context) -> Verdict {
    let store = context.store()?;
    let preferred = store.info().batch;
    let mut batch = items(
        "beyond the preferred number",
        2 * preferred.records.min(10_000),
    );
    let mut bytes = 0;
    let mut random = context.random();
    while bytes <= preferred.bytes.min(32 << 20) {
        batch.push(Item::random(&mut random, 1 << 20));
        bytes += 1 << 20;
    }
    store.put(&batch)?;
    let did = format!(
        "put {} records with {} MiB in one batch",
        batch.len(),
        bytes >> 20
    );
    store.expect_items(&did, &batch)
}

fn duplicates(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("duplicate", 4);
    store.put([
        &all[0], &all[1], &all[0], &all[2], &all[1], &all[3], &all[3],
    ])?;
    store.expect_items("put four records, three of them twice, in one batch", &all)?;
    if store.has(Capabilities::LIST) {
        let listed = store.list_all(100)?.len();
        ensure_same("list after a batch with duplicates", &4, &listed)?;
    }
    Ok(())
}

fn get_lengths(context: &Context) -> Verdict {
    let store = context.store()?;
    let item = Item::blob("lengths");
    store.put([&item])?;
    for (asked, room) in [(1, 0), (0, 1), (2, 1), (1, 2)] {
        let hashes = vec![item.hash; asked];
        let result = store.raw().get_many(&CALL, &hashes, &mut Slot::empty(room));
        let did = format!("get_many of {asked} hashes into {room} slots");
        expect_error(&did, result, ErrorKind::INVALID_ARGUMENT)?;
    }
    Ok(())
}

fn contains_lengths(context: &Context) -> Verdict {
    let store = context.store()?;
    let item = Item::blob("lengths");
    store.put([&item])?;
    for (asked, room) in [(1, 0), (0, 1), (2, 1), (1, 2)] {
        let hashes = vec![item.hash; asked];
        let result = store
            .raw()
            .contains_many(&CALL, &hashes, &mut vec![false; room]);
        let did = format!("contains_many of {asked} hashes into {room} answers");
        expect_error(&did, result, ErrorKind::INVALID_ARGUMENT)?;
    }
    Ok(())
}
