//! `commit`: records and one ref in one call.

use prollytree_plugin_api::{Capabilities, Swap};

use crate::case::{Case, StorageCase, Verdict, ensure_same};
use crate::context::Context;
use crate::item::{Item, items};
use crate::store::{name, update};

pub(super) const CASES: &[StorageCase] = &[
    Case {
        id: "commit.records-and-a-ref",
        promise: "After `commit` the records are there and the ref points where it should.",
        why: "It is how every change of a store is published.",
        needs: Capabilities::empty(),
        run: records_and_a_ref,
    },
    Case {
        id: "commit.either-may-be-empty",
        promise: "A commit of records alone, of a ref alone, or of nothing succeeds.",
        why: "Moving a branch to an old commit writes no record.",
        needs: Capabilities::empty(),
        run: either_may_be_empty,
    },
    Case {
        id: "commit.records-that-are-there",
        promise: "A commit may contain records that are stored already, and the same one twice.",
        why: "Most nodes of a new tree may have been written by somebody before.",
        needs: Capabilities::empty(),
        run: records_that_are_there,
    },
    Case {
        id: "commit.large",
        promise: "A commit of 5,000 records with 8 MiB is stored whole.",
        why: "An import is one commit.",
        needs: Capabilities::empty(),
        run: large,
    },
    Case {
        id: "commit.lost-moves-nothing",
        promise: "A commit that loses the race for its ref leaves it where it is and says where that is.",
        why: "The loser merges with the winner, and must not overwrite it.",
        needs: Capabilities::empty(),
        run: lost_moves_nothing,
    },
];

fn records_and_a_ref(context: &Context) -> Verdict {
    let store = context.store()?;
    let main = name("heads/main");
    let mut at = None;
    for round in 0..5 {
        let leaves = items(&format!("leaf of commit {round}"), 5);
        let root = Item::parent(&leaves.iter().collect::<Vec<_>>(), "root");
        let new = Some(root.hash);
        let mut batch = leaves;
        batch.push(root);
        store.commit_all(&batch, &[update(&main, at, new)])?;
        let did = format!("commit {round} of 6 records and a ref");
        store.expect_items(&did, &batch)?;
        store.expect_ref(&did, &main, new)?;
        at = new;
    }
    Ok(())
}

fn either_may_be_empty(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("committed", 3);
    let main = name("heads/main");
    store.commit_all(&all, &[])?;
    store.expect_items("commit of records without refs", &all)?;
    ensure_same(
        "commit of records without refs",
        &0,
        &store.all_refs("", 10)?.len(),
    )?;
    store.commit_all(&[], &[update(&main, None, Some(all[0].hash))])?;
    store.commit_all(&[], &[update(&main, Some(all[0].hash), Some(all[1].hash))])?;
    store.expect_ref("commit of a ref without records", &main, Some(all[1].hash))?;
    store.commit_all(&[], &[update(&main, Some(all[1].hash), None)])?;
    store.expect_ref("commit of a deletion without records", &main, None)?;
    store.commit_all(&[], &[])
}

fn records_that_are_there(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("there already", 6);
    store.put(&all[..3])?;
    let main = name("heads/main");
    let batch: Vec<&Item> = all.iter().chain(&all[2..5]).collect();
    store.commit_all(batch, &[update(&main, None, Some(all[5].hash))])?;
    store.expect_items(
        "commit of six records, three stored before, three twice",
        &all,
    )?;
    store.commit_all(&all, &[update(&main, Some(all[5].hash), Some(all[0].hash))])?;
    store.expect_items("the same again", &all)
}

fn large(context: &Context) -> Verdict {
    let store = context.store()?;
    let mut random = context.random();
    let all: Vec<Item> = (0..5_000)
        .map(|_| Item::random(&mut random, 1_677))
        .collect();
    let main = name("heads/main");
    store.commit_all(&all, &[update(&main, None, Some(all[4_999].hash))])?;
    store.expect_items("commit of 5,000 records", &all)?;
    store.expect_ref("commit of 5,000 records", &main, Some(all[4_999].hash))
}

fn lost_moves_nothing(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("contested", 3);
    let main = name("heads/main");
    store.commit_all(&all[..1], &[update(&main, None, Some(all[0].hash))])?;
    for expected in [None, Some(all[1].hash)] {
        let swap = store.commit(&all[1..], &[update(&main, expected, Some(all[2].hash))])?;
        let lost = Swap::Lost {
            name: main.clone(),
            current: Some(all[0].hash),
        };
        ensure_same("commit that expects the ref elsewhere", &lost, &swap)?;
        store.expect_ref(
            "commit that expects the ref elsewhere",
            &main,
            Some(all[0].hash),
        )?;
    }
    // The loser tries again from where the ref is.
    store.commit_all(
        &all[1..],
        &[update(&main, Some(all[0].hash), Some(all[2].hash))],
    )?;
    store.expect_items("commit again after a lost one", &all)
}
