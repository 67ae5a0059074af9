//! Deleting records, and the guard that spares the young.

use std::thread;
use std::time::Duration;

use prollytree_plugin_api::{Capabilities, Timestamp};

use super::list::entries;
use crate::case::{Case, StorageCase, Verdict, ensure_same};
use crate::context::Context;
use crate::item::{Item, hashes, items};

pub(super) const CASES: &[StorageCase] = &[
    Case {
        id: "delete.absent-afterwards",
        promise: "A deleted record is absent on return, whichever way one asks.",
        why: "A stale yes makes the host skip writing what is gone.",
        needs: Capabilities::DELETE,
        run: absent_afterwards,
    },
    Case {
        id: "delete.counts-and-repeats",
        promise: "`delete_many` returns how many records it deleted; what is not there is no error.",
        why: "A sweep that was interrupted is run again.",
        needs: Capabilities::DELETE,
        run: counts_and_repeats,
    },
    Case {
        id: "delete.leaves-the-others",
        promise: "Nothing is deleted but what was named.",
        why: "Records share files and pages, not fates.",
        needs: Capabilities::DELETE,
        run: leaves_the_others,
    },
    Case {
        id: "delete.spares-the-young",
        promise: "Records stored at or after `not_younger_than` stay; older ones go.",
        why: "A sweep must not take what a running commit has just written.",
        needs: Capabilities::DELETE,
        run: spares_the_young,
    },
    Case {
        id: "delete.spares-the-renewed",
        promise: "Storing a record again makes it as young as a new one.",
        why: "A running commit reuses old records; putting them again is how it keeps them.",
        needs: Capabilities::DELETE,
        run: |context| spares_the_renewed(context, Renewal::Put),
    },
    Case {
        id: "delete.spares-what-a-commit-renewed",
        promise: "`commit` renews the records that it hands over as `put_many` does.",
        why: "The last records of a commit come with the ref, not before it.",
        needs: Capabilities::DELETE,
        run: |context| spares_the_renewed(context, Renewal::Commit),
    },
    Case {
        id: "delete.renewal-survives-reopening",
        promise: "A record that was renewed and synced is still young after reopening.",
        why: "The sweep is often another process than the writer.",
        needs: Capabilities::DELETE.union(Capabilities::DURABLE),
        run: |context| spares_the_renewed(context, Renewal::PutAndReopen),
    },
    Case {
        id: "delete.put-again",
        promise: "A deleted record can be stored again.",
        why: "Data that was removed comes back with a merge.",
        needs: Capabilities::DELETE,
        run: put_again,
    },
];

/// A guard that spares nothing: every record is older.
pub(crate) fn far_future() -> Timestamp {
    Timestamp(Timestamp::now().0 + 3_600_000_000)
}

/// A moment that lies clearly after all that was done before, and before all that is done next.
pub(super) fn moment() -> Timestamp {
    let gap = Duration::from_millis(25);
    thread::sleep(gap);
    let now = Timestamp::now();
    thread::sleep(gap);
    now
}

fn absent_afterwards(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("deleted", 20);
    store.put(&all)?;
    store.get(&hashes(&all))?;
    store.delete(&hashes(&all), far_future())?;
    store.expect_absent("put, get and delete 20 records", &hashes(&all))?;
    if store.has(Capabilities::LIST) {
        ensure_same(
            "list after deleting everything",
            &Vec::new(),
            &store.list_all(10)?,
        )?;
    }
    store.sync()?;
    store.expect_absent("the same after a sync", &hashes(&all))
}

fn counts_and_repeats(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("counted", 10);
    let absent = items("never put", 5);
    ensure_same("delete nothing", &0, &store.delete(&[], far_future())?)?;
    ensure_same(
        "delete from an empty store",
        &0,
        &store.delete(&hashes(&all), far_future())?,
    )?;
    store.put(&all)?;
    let mut asked = hashes(&all[..4]);
    asked.extend(hashes(&absent));
    asked.push(all[0].hash);
    let did = "delete 4 stored records, 5 absent ones, and the first one again";
    ensure_same(did, &4, &store.delete(&asked, far_future())?)?;
    ensure_same(
        "delete the same again",
        &0,
        &store.delete(&asked, far_future())?,
    )?;
    store.expect_items("the other records", &all[4..])
}

fn leaves_the_others(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("some of many", 300);
    store.put(&all)?;
    store.sync()?;
    let (gone, kept): (Vec<_>, Vec<_>) = all
        .into_iter()
        .enumerate()
        .partition(|(index, _)| index % 3 == 0);
    let plain = |list: Vec<(usize, Item)>| -> Vec<Item> {
        list.into_iter().map(|(_, item)| item).collect()
    };
    let (gone, kept) = (plain(gone), plain(kept));
    store.delete(&hashes(&gone), far_future())?;
    store.expect_items("delete every third of 300 records", &kept)?;
    store.expect_absent("delete every third of 300 records", &hashes(&gone))?;
    if store.has(Capabilities::LIST) {
        ensure_same("list what is left", &entries(&kept), &store.list_all(64)?)?;
    }
    Ok(())
}

fn spares_the_young(context: &Context) -> Verdict {
    let store = context.store()?;
    let (old, young) = (items("old", 5), items("young", 5));
    store.put(&old)?;
    let guard = moment();
    store.put(&young)?;
    let asked: Vec<_> = hashes(old.iter().chain(&young));
    let did = "put 5 records, take the time, put 5 more, delete all with that time as the guard";
    let deleted = store.delete(&asked, guard)?;
    store.expect_items(did, &young)?;
    store.expect_absent(did, &hashes(&old))?;
    ensure_same(did, &5, &deleted)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Renewal {
    Put,
    Commit,
    PutAndReopen,
}

fn spares_the_renewed(context: &Context, renewal: Renewal) -> Verdict {
    let (place, mut store) = context.fresh()?;
    let all = items("renewed", 10);
    store.put(&all)?;
    store.sync()?;
    let guard = moment();
    let (renewed, old) = all.split_at(4);
    match renewal {
        Renewal::Put | Renewal::PutAndReopen => store.put(renewed)?,
        Renewal::Commit => store.commit_all(renewed, &[])?,
    }
    if renewal == Renewal::PutAndReopen {
        store.sync()?;
        store.close()?;
        drop(store);
        store = context.reopen(&place)?;
    }
    let deleted = store.delete(&hashes(&all), guard)?;
    let did = "put 10 records, take the time, store 4 of them again, delete all with that guard";
    store.expect_items(did, renewed)?;
    store.expect_absent(did, &hashes(old))?;
    ensure_same(did, &6, &deleted)
}

fn put_again(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("comes back", 10);
    for _ in 0..3 {
        store.put(&all)?;
        store.sync()?;
        store.delete(&hashes(&all), far_future())?;
        store.expect_absent("put and delete", &hashes(&all))?;
    }
    store.put(&all)?;
    store.expect_items("put after deleting", &all)?;
    store.delete(&hashes(&all[..5]), far_future())?;
    store.sync()?;
    store.put(&all)?;
    store.expect_items("put after deleting, with a sync in between", &all)
}
