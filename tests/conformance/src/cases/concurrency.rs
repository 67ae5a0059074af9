//! Many threads on one instance.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use prollytree_plugin_api::{Capabilities, Hash, Swap};

use super::delete::far_future;
use crate::actor::counter;
use crate::case::{Case, Failure, StorageCase, Verdict, ensure, ensure_same};
use crate::context::Context;
use crate::item::{Item, hashes, items};
use crate::random::Random;
use crate::store::{Store, name, update};

const THREADS: usize = 4;

pub(super) const CASES: &[StorageCase] = &[
    Case {
        id: "concurrency.counting-threads",
        promise: "Threads count in one ref without losing or repeating a number.",
        why: "Compare-and-swap is linearizable.",
        needs: Capabilities::empty(),
        run: counting_threads,
    },
    Case {
        id: "concurrency.one-creator-wins",
        promise: "Of several threads that create one ref exactly one wins, and all others are told where it is.",
        why: "Two branches of one name would be one lost branch.",
        needs: Capabilities::empty(),
        run: one_creator_wins,
    },
    Case {
        id: "concurrency.one-deleter-wins",
        promise: "Of several threads that move or delete a ref from the same place exactly one wins.",
        why: "A deletion is a move like any other.",
        needs: Capabilities::empty(),
        run: one_deleter_wins,
    },
    Case {
        id: "concurrency.collisions",
        promise: "Threads that create `a`, `a/b` and `a/b/c` at once never leave two of them.",
        why: "Whether names exclude each other is judged in the same step as the swap.",
        needs: Capabilities::empty(),
        run: collisions,
    },
    Case {
        id: "concurrency.refs-never-run-ahead",
        promise: "Whoever reads a ref finds the record that it points to.",
        why: "A ref moves only after everything that it reaches is there.",
        needs: Capabilities::empty(),
        run: refs_never_run_ahead,
    },
    Case {
        id: "concurrency.commits-are-seen-whole",
        promise: "Whoever reads two refs that always move together never sees the second one behind the first.",
        why: "Nothing of an atomic commit is visible before all of it is.",
        needs: Capabilities::ATOMIC_COMMIT,
        run: commits_are_seen_whole,
    },
    Case {
        id: "concurrency.the-same-records",
        promise: "Threads may put and get the same records at once.",
        why: "Two commits that are made at once share most of their nodes.",
        needs: Capabilities::empty(),
        run: the_same_records,
    },
    Case {
        id: "concurrency.put-get-and-delete",
        promise: "While threads put, get and delete the same records, every answer is the right bytes or absent.",
        why: "A sweep runs beside readers and writers.",
        needs: Capabilities::DELETE,
        run: put_get_and_delete,
    },
    Case {
        id: "concurrency.many-refs",
        promise: "Threads that move refs of their own do not disturb each other.",
        why: "Independent branches do not compete.",
        needs: Capabilities::empty(),
        run: many_refs,
    },
];

/// Runs `work` on a thread for each of `parts`, and returns what they return, in order. The threads
/// begin together: none is done before the last one has started.
pub(super) fn on_threads<P: Send, T: Send>(
    parts: Vec<P>,
    work: impl Fn(P) -> Verdict<T> + Sync,
) -> Verdict<Vec<T>> {
    let start = Barrier::new(parts.len());
    thread::scope(|scope| {
        let (work, start) = (&work, &start);
        let running: Vec<_> = parts
            .into_iter()
            .map(|part| {
                scope.spawn(move || {
                    start.wait();
                    work(part)
                })
            })
            .collect();
        let ends: Vec<_> = running
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect();
        ends.into_iter()
            .map(|end| end.unwrap_or_else(|_| Err(Failure::Setup("a thread panicked".into()))))
            .collect()
    })
}

fn counting_threads(context: &Context) -> Verdict {
    let store = context.store()?;
    let wins = context.count(50, 1_000);
    let won = on_threads(vec![(); THREADS], |()| counter::count(&store, wins))?;
    let did = format!("count to {} with {THREADS} threads", THREADS * wins);
    counter::check(&did, &store, won.concat())
}

fn one_creator_wins(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("created", THREADS);
    store.put(&all)?;
    for round in 0..context.count(20, 500) {
        let raced = name(&format!("heads/raced-{round}"));
        let swaps = on_threads(hashes(&all), |hash| {
            store.swap(&update(&raced, None, Some(hash)))
        })?;
        check_race(
            "create one ref with several threads",
            &store,
            &raced,
            &hashes(&all),
            &swaps,
        )?;
    }
    Ok(())
}

/// Exactly one of the swaps to `targets` was done, and the ref is there.
fn check_race(
    did: &str,
    store: &Store,
    raced: &prollytree_plugin_api::RefName,
    targets: &[Hash],
    swaps: &[Swap],
) -> Verdict {
    let winners: Vec<_> = targets
        .iter()
        .zip(swaps)
        .filter(|(_, swap)| **swap == Swap::Done)
        .collect();
    ensure!(winners.len() == 1, did, "{} winners", winners.len());
    let won = winners[0].0;
    store.expect_ref(did, raced, Some(*won))?;
    for swap in swaps {
        if let Swap::Lost { name, current } = swap {
            ensure!(name == raced, did, "a loser is told of `{name}`");
            ensure_same(did, &Some(*won), current)?;
        }
    }
    Ok(())
}

fn one_deleter_wins(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("moved", 3);
    store.put(&all)?;
    let at = Some(all[0].hash);
    let goals = [None, Some(all[1].hash), None, Some(all[2].hash)];
    for round in 0..context.count(20, 500) {
        let raced = name(&format!("heads/raced-{round}"));
        store.move_ref(&update(&raced, None, at))?;
        let swaps = on_threads(goals.to_vec(), |goal| store.swap(&update(&raced, at, goal)))?;
        let did = "move and delete one ref with several threads";
        let won: Vec<_> = goals
            .iter()
            .zip(&swaps)
            .filter(|(_, swap)| **swap == Swap::Done)
            .collect();
        // A second deletion may find the ref where it wants it.
        let deleted = won.iter().all(|(goal, _)| goal.is_none());
        ensure!(
            won.len() == 1 || (won.len() == 2 && deleted),
            did,
            "{} winners",
            won.len()
        );
        store.expect_ref(did, &raced, *won[0].0)?;
    }
    Ok(())
}

fn collisions(context: &Context) -> Verdict {
    let store = context.store()?;
    let item = Item::blob("target");
    store.put([&item])?;
    for round in 0..context.count(20, 500) {
        let texts = ["", "/b", "/b/c"].map(|below| format!("heads/{round}{below}"));
        let did = "create `a`, `a/b` and `a/b/c` with three threads";
        on_threads(texts.to_vec(), |text| {
            let create = update(&name(&text), None, Some(item.hash));
            match store
                .raw()
                .compare_and_swap_ref(&crate::store::CALL, &create)
            {
                Ok(_) => Ok(()),
                Err(error) if error.kind() == prollytree_plugin_api::ErrorKind::CONFLICT => Ok(()),
                Err(error) => Err(Failure::Call {
                    did: did.to_owned(),
                    error,
                }),
            }
        })?;
        let left = store.all_refs(&texts[0], 10)?;
        let left: Vec<_> = left
            .iter()
            .filter(|(name, _)| texts.iter().any(|t| t == name.as_str()))
            .collect();
        ensure!(left.len() == 1, did, "{left:?} afterwards");
    }
    Ok(())
}

fn refs_never_run_ahead(context: &Context) -> Verdict {
    let store = context.store()?;
    let main = name("heads/main");
    let writing = AtomicBool::new(true);
    let rounds = context.count(60, 2_000);
    on_threads(vec![true, false, false], |writes| {
        if !writes {
            while writing.load(Ordering::Relaxed) {
                if let Some(hash) = store.get_ref(&main)? {
                    let found = store.get(&[hash])?;
                    let did = "read a ref and its record while another thread commits";
                    ensure!(
                        found[0].is_some(),
                        did,
                        "the record {} is absent",
                        hash.short()
                    );
                }
            }
            return Ok(());
        }
        let written = (0..rounds).try_fold(None, |at, round| {
            let batch = items(&format!("commit {round}"), 8);
            store.commit_all(&batch, &[update(&main, at, Some(batch[7].hash))])?;
            Ok(Some(batch[7].hash))
        });
        writing.store(false, Ordering::Relaxed);
        written.map(drop)
    })
    .map(drop)
}

fn commits_are_seen_whole(context: &Context) -> Verdict {
    let store = context.store()?;
    let pair = ["heads/first", "heads/second"].map(name);
    let rounds = context.count(60, 2_000);
    let steps = items("step", rounds);
    let place = |at: Option<Hash>| steps.iter().position(|item| Some(item.hash) == at);
    let writing = AtomicBool::new(true);
    on_threads(vec![0, 1, 2], |role| {
        if role > 0 {
            // One reader asks for the first ref first, the other one for the second.
            let (early, late) = (&pair[role - 1], &pair[2 - role]);
            while writing.load(Ordering::Relaxed) {
                let (before, after) = (store.get_ref(early)?, store.get_ref(late)?);
                let did = "read two refs one after the other while commits move both";
                let (before, after) = (place(before), place(after));
                ensure!(
                    before <= after,
                    did,
                    "`{early}` at {before:?}, then `{late}` at {after:?}"
                );
            }
            return Ok(());
        }
        let written = steps.iter().try_fold(None, |at, item| {
            let updates = pair.clone().map(|name| update(&name, at, Some(item.hash)));
            store.commit_all([item], &updates)?;
            Ok(Some(item.hash))
        });
        writing.store(false, Ordering::Relaxed);
        written.map(drop)
    })
    .map(drop)
}

fn the_same_records(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("put by everyone", 200);
    let seeds: Vec<u64> = (0..4)
        .map(|thread| context.surroundings.seed ^ thread)
        .collect();
    on_threads(seeds, |seed| {
        let mut order = all.clone();
        Random::new(seed).shuffle(&mut order);
        for part in order.chunks(10) {
            store.put(part)?;
            store.expect_items("put and get the same records with four threads", part)?;
        }
        Ok(())
    })?;
    store.expect_items("put the same records with four threads", &all)
}

fn put_get_and_delete(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("comes and goes", 40);
    let own: Vec<Vec<Item>> = (0..THREADS)
        .map(|thread| items(&format!("kept by thread {thread}"), 40))
        .collect();
    let rounds = context.count(40, 1_000);
    let parts: Vec<usize> = (0..THREADS).collect();
    on_threads(parts, |thread| {
        let mut random = Random::new(context.surroundings.seed.wrapping_add(thread as u64));
        let did = "put, get and delete the same records with four threads";
        for round in 0..rounds {
            let item = random.pick(&all);
            match random.below(3) {
                0 => store.put([item])?,
                1 => drop(store.delete(&[item.hash], far_future())?),
                _ => {
                    let found = store.get(&[item.hash])?;
                    let right = found[0].as_ref().is_none_or(|bytes| **bytes == *item.bytes);
                    ensure!(right, did, "other bytes than were put");
                }
            }
            let mine = &own[thread][round % 40];
            store.put([mine])?;
            store.expect_items(did, std::slice::from_ref(mine))?;
        }
        Ok(())
    })?;
    for part in &own {
        store.expect_items(
            "records that no thread has deleted",
            &part[..rounds.min(40)],
        )?;
    }
    Ok(())
}

fn many_refs(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("target", 5);
    store.put(&all)?;
    let rounds = context.count(25, 500);
    let parts: Vec<usize> = (0..THREADS).collect();
    on_threads(parts, |thread| {
        let own = name(&format!("heads/of-thread-{thread}"));
        let mut at = None;
        for round in 0..rounds {
            let new = Some(all[round % all.len()].hash);
            store.move_ref(&update(&own, at, new))?;
            store.expect_ref("move refs of its own in each of four threads", &own, new)?;
            at = new;
        }
        Ok(())
    })?;
    let last = all[(rounds - 1) % all.len()].hash;
    let seen: Vec<Hash> = store
        .all_refs("heads/", 10)?
        .into_iter()
        .map(|(_, at)| at)
        .collect();
    ensure_same("list them", &vec![last; THREADS], &seen)
}
