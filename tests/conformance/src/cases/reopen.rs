//! Reopening: what is there after the instance that wrote it is gone.

use prollytree_plugin_api::{Capabilities, Kind};

use super::delete::far_future;
use super::list::entries;
use crate::case::{Case, StorageCase, Verdict, ensure, ensure_same};
use crate::context::Context;
use crate::item::{Item, hashes, items};
use crate::store::{name, update};

const DURABLE: Capabilities = Capabilities::DURABLE;

pub(super) const CASES: &[StorageCase] = &[
    Case {
        id: "reopen.after-sync-and-close",
        promise: "What was synced is there after closing and opening: records, kinds, sizes, refs.",
        why: "This is what a store is for.",
        needs: DURABLE,
        run: after_sync_and_close,
    },
    Case {
        id: "reopen.after-commit-and-drop",
        promise: "What was committed is there after the instance is dropped without sync or close.",
        why: "`commit` is durable on return; nobody has to say goodbye.",
        needs: DURABLE,
        run: after_commit_and_drop,
    },
    Case {
        id: "reopen.after-swap-and-drop",
        promise: "A swap that returned is there after the instance is dropped without sync or close.",
        why: "`compare_and_swap_ref` is durable on return.",
        needs: DURABLE,
        run: after_swap_and_drop,
    },
    Case {
        id: "reopen.unsynced-is-whole-or-absent",
        promise: "A record that was not synced is whole or absent after reopening, and can be put again.",
        why: "A torn record that passes for a whole one is corruption.",
        needs: DURABLE,
        run: unsynced_is_whole_or_absent,
    },
    Case {
        id: "reopen.deleted-refs-stay-deleted",
        promise: "A ref whose deletion returned does not come back.",
        why: "A branch that rises from the dead keeps garbage alive and blocks its name.",
        needs: DURABLE,
        run: deleted_refs_stay_deleted,
    },
    Case {
        id: "reopen.deleted-records-stay-deleted",
        promise: "Records whose deletion was synced do not come back.",
        why: "Half of a deleted tree looks like a whole one to whoever checks its root only.",
        needs: DURABLE.union(Capabilities::DELETE),
        run: deleted_records_stay_deleted,
    },
    Case {
        id: "reopen.large-and-many",
        promise: "A record of 64 MiB and thousands of small ones are there after reopening.",
        why: "What does not fit a page or a buffer takes another path to the disk.",
        needs: DURABLE,
        run: large_and_many,
    },
    Case {
        id: "reopen.again-and-again",
        promise: "Twenty rounds of opening, committing and closing lose nothing.",
        why: "A command line opens and closes the store for each command.",
        needs: DURABLE,
        run: again_and_again,
    },
];

fn after_sync_and_close(context: &Context) -> Verdict {
    let (place, store) = context.fresh()?;
    let mut all = items("synced", 100);
    all.push(Item::new(Kind::NODE, Vec::new(), b"a node".to_vec()));
    all.push(Item::new(Kind(77), Vec::new(), b"an unknown kind".to_vec()));
    all.push(Item::blob(""));
    store.put(&all)?;
    store.sync()?;
    let refs = vec![
        (name("heads/main"), all[0].hash),
        (name("tags/v1"), all[1].hash),
    ];
    for (name, hash) in &refs {
        store.move_ref(&update(name, None, Some(*hash)))?;
    }
    store.close()?;
    drop(store);
    let store = context.reopen(&place)?;
    let did = "put, sync, create refs, close, reopen";
    store.expect_items(did, &all)?;
    ensure_same(did, &refs, &store.all_refs("", 10)?)?;
    if store.has(Capabilities::LIST) {
        ensure_same(did, &entries(&all), &store.list_all(30)?)?;
    }
    Ok(())
}

fn after_commit_and_drop(context: &Context) -> Verdict {
    let (place, store) = context.fresh()?;
    let all = items("committed", 50);
    let main = name("heads/main");
    store.commit_all(&all[..25], &[update(&main, None, Some(all[0].hash))])?;
    store.commit_all(
        &all[25..],
        &[update(&main, Some(all[0].hash), Some(all[49].hash))],
    )?;
    drop(store);
    let store = context.reopen(&place)?;
    let did = "commit twice, drop the instance, reopen";
    store.expect_items(did, &all)?;
    store.expect_ref(did, &main, Some(all[49].hash))
}

fn after_swap_and_drop(context: &Context) -> Verdict {
    let (place, store) = context.fresh()?;
    let all = items("target", 3);
    store.put(&all)?;
    store.sync()?;
    let (main, other) = (name("heads/main"), name("heads/other"));
    store.move_ref(&update(&main, None, Some(all[0].hash)))?;
    store.move_ref(&update(&main, Some(all[0].hash), Some(all[1].hash)))?;
    store.move_ref(&update(&other, None, Some(all[2].hash)))?;
    drop(store);
    let store = context.reopen(&place)?;
    let did = "swap three times, drop the instance, reopen";
    store.expect_ref(did, &main, Some(all[1].hash))?;
    store.expect_ref(did, &other, Some(all[2].hash))?;
    store.expect_items(did, &all)
}

fn unsynced_is_whole_or_absent(context: &Context) -> Verdict {
    let (place, store) = context.fresh()?;
    let mut random = context.random();
    let synced = items("synced", 10);
    store.put(&synced)?;
    store.sync()?;
    let all: Vec<Item> = (0..40).map(|_| Item::random(&mut random, 5_000)).collect();
    store.put(&all)?;
    drop(store);
    let store = context.reopen(&place)?;
    let did = "put without sync, drop the instance, reopen";
    store.expect_items(did, &synced)?;
    for (item, found) in all.iter().zip(store.get(&hashes(&all))?) {
        let whole = found.is_none_or(|bytes| *bytes == *item.bytes);
        ensure!(
            whole,
            did,
            "record {} has other bytes than were put",
            item.hash.short()
        );
    }
    store.put(&all)?;
    store.sync()?;
    store.expect_items("the same, then put again", &all)
}

fn deleted_refs_stay_deleted(context: &Context) -> Verdict {
    let (place, store) = context.fresh()?;
    let item = Item::blob("target");
    store.put([&item])?;
    store.sync()?;
    let names = ["heads/gone", "heads/kept", "heads/back"].map(name);
    let at = Some(item.hash);
    for name in &names {
        store.move_ref(&update(name, None, at))?;
    }
    store.move_ref(&update(&names[0], at, None))?;
    store.move_ref(&update(&names[2], at, None))?;
    store.move_ref(&update(&names[2], None, at))?;
    drop(store);
    let store = context.reopen(&place)?;
    let did = "create three refs, delete two, create one again, reopen";
    let expected = vec![(names[2].clone(), item.hash), (names[1].clone(), item.hash)];
    ensure_same(did, &expected, &store.all_refs("", 10)?)
}

fn deleted_records_stay_deleted(context: &Context) -> Verdict {
    let (place, store) = context.fresh()?;
    let all = items("some go", 60);
    store.put(&all)?;
    store.sync()?;
    let (gone, kept) = all.split_at(30);
    store.delete(&hashes(gone), far_future())?;
    store.sync()?;
    store.close()?;
    drop(store);
    let store = context.reopen(&place)?;
    let did = "put 60 records, delete 30, sync, reopen";
    store.expect_absent(did, &hashes(gone))?;
    store.expect_items(did, kept)?;
    if store.has(Capabilities::LIST) {
        ensure_same(did, &entries(kept), &store.list_all(100)?)?;
    }
    Ok(())
}

fn large_and_many(context: &Context) -> Verdict {
    let (place, store) = context.fresh()?;
    let mut random = context.random();
    let mut all: Vec<Item> = (0..3_000).map(|_| Item::random(&mut random, 300)).collect();
    all.push(Item::random(&mut random, 64 << 20));
    all.push(Item::blob("the last one"));
    let main = name("heads/main");
    store.commit_all(&all, &[update(&main, None, Some(all[3_001].hash))])?;
    store.close()?;
    drop(store);
    let store = context.reopen(&place)?;
    store.expect_items("commit 3,001 small records and one of 64 MiB, reopen", &all)
}

fn again_and_again(context: &Context) -> Verdict {
    let (place, store) = context.fresh()?;
    store.close()?;
    drop(store);
    let main = name("heads/main");
    let mut all: Vec<Item> = Vec::new();
    for round in 0..20 {
        let store = context.reopen(&place)?;
        let did = format!("commit and reopen {round} times");
        store.expect_items(&did, &all)?;
        let at = all.last().map(|item| item.hash);
        store.expect_ref(&did, &main, at)?;
        let new = items(&format!("round {round}"), 5);
        store.commit_all(&new, &[update(&main, at, Some(new[4].hash))])?;
        all.extend(new);
        if round % 2 == 0 {
            store.close()?;
        }
    }
    Ok(())
}
