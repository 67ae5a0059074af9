//! Several instances on one store, in one process and in several: what one has done, the others
//! find.

use prollytree_plugin_api::{Capabilities, Hash, Swap};

use super::delete::{far_future, moment};
use super::list::entries;
use crate::actor::peer::Peer;
use crate::actor::{Access, counter};
use crate::case::{Case, StorageCase, Verdict, ensure, ensure_same};
use crate::context::Context;
use crate::item::{Item, hashes, items};
use crate::store::{Store, name, update};

const READERS: Capabilities = Capabilities::SHARED_READERS;
const WRITERS: Capabilities = Capabilities::SHARED_WRITERS;

pub(super) const CASES: &[StorageCase] = &[
    Case {
        id: "visibility.synced-records",
        promise: "An instance that was opened before finds records as soon as `sync` has returned.",
        why: "Before it answers `absent` an instance refreshes its view.",
        needs: READERS,
        run: synced_records,
    },
    Case {
        id: "visibility.committed-refs-and-records",
        promise: "An instance that was opened before sees refs where commits have moved them, and the records.",
        why: "A reader that is behind shows yesterday's data as today's.",
        needs: READERS,
        run: committed_refs_and_records,
    },
    Case {
        id: "visibility.swapped-and-deleted-refs",
        promise: "An instance that was opened before sees each swap and deletion of a ref that has returned.",
        why: "`None` is authoritative.",
        needs: READERS,
        run: swapped_and_deleted_refs,
    },
    Case {
        id: "visibility.listings",
        promise: "Listings of an instance that was opened before contain what was synced meanwhile.",
        why: "A copy that is made beside a writer is complete.",
        needs: READERS.union(Capabilities::LIST),
        run: listings,
    },
    Case {
        id: "visibility.deletions",
        promise: "An instance that was opened before does not find what was deleted and synced.",
        why: "It would skip writing what is gone.",
        needs: READERS.union(Capabilities::DELETE),
        run: deletions,
    },
    Case {
        id: "visibility.another-process",
        promise: "Another process that opened the store before finds synced records and moved refs.",
        why: "Sharing is between processes; nothing in the memory of one may be needed.",
        needs: READERS,
        run: another_process,
    },
    Case {
        id: "sharing.two-writers",
        promise: "Two writing instances see each other's records and refs, and lose swaps to each other.",
        why: "An instance that trusts its own copy of a ref overwrites the other's work.",
        needs: WRITERS,
        run: two_writers,
    },
    Case {
        id: "sharing.a-writer-in-another-process",
        promise: "Two writing processes see each other's records and refs, and lose swaps to each other.",
        why: "Sharing is between processes.",
        needs: WRITERS,
        run: a_writer_in_another_process,
    },
    Case {
        id: "sharing.counting-instances",
        promise: "Threads with an instance each count in one ref without losing or repeating a number.",
        why: "Compare-and-swap is linearizable between instances.",
        needs: WRITERS,
        run: counting_instances,
    },
    Case {
        id: "sharing.counting-processes",
        promise: "Processes count in one ref without losing or repeating a number.",
        why: "Compare-and-swap is linearizable between processes.",
        needs: WRITERS,
        run: counting_processes,
    },
    Case {
        id: "sharing.renewal-elsewhere",
        promise: "`delete_many` spares what another instance has renewed and synced.",
        why: "The sweep is often another process than the writer.",
        needs: WRITERS.union(Capabilities::DELETE),
        run: renewal_elsewhere,
    },
];

/// A writing instance, and a reading one that was opened before anything was written.
fn writer_and_reader(context: &Context) -> Verdict<(Store, Store)> {
    let (place, writer) = context.fresh()?;
    let reader = context.read_only(&place)?;
    Ok((writer, reader))
}

fn synced_records(context: &Context) -> Verdict {
    let (writer, reader) = writer_and_reader(context)?;
    for round in 0..5 {
        let all = items(&format!("synced in round {round}"), 20);
        reader.expect_absent("look for records before they are put", &hashes(&all))?;
        writer.put(&all)?;
        writer.sync()?;
        let did = "put and sync in one instance, read in one that was opened before";
        reader.expect_items(did, &all)?;
        ensure_same(did, &vec![true; 20], &reader.contains(&hashes(&all))?)?;
    }
    Ok(())
}

fn committed_refs_and_records(context: &Context) -> Verdict {
    let (writer, reader) = writer_and_reader(context)?;
    let main = name("heads/main");
    let mut at = None;
    for round in 0..5 {
        let all = items(&format!("committed in round {round}"), 10);
        reader.expect_ref("look for a ref before it moves", &main, at)?;
        let new = Some(all[9].hash);
        writer.commit_all(&all, &[update(&main, at, new)])?;
        let did = "commit in one instance, read in one that was opened before";
        reader.expect_ref(did, &main, new)?;
        reader.expect_items(did, &all)?;
        at = new;
    }
    Ok(())
}

fn swapped_and_deleted_refs(context: &Context) -> Verdict {
    let (writer, reader) = writer_and_reader(context)?;
    let all = items("target", 2);
    writer.put(&all)?;
    writer.sync()?;
    let (main, a, b) = (name("heads/main"), Some(all[0].hash), Some(all[1].hash));
    let steps = [None, a, b, None, b, a, None];
    for pair in steps.windows(2) {
        writer.move_ref(&update(&main, pair[0], pair[1]))?;
        let did = "swap in one instance, read in one that was opened before";
        reader.expect_ref(did, &main, pair[1])?;
        let listed: Vec<Hash> = reader
            .all_refs("heads/", 10)?
            .into_iter()
            .map(|(_, hash)| hash)
            .collect();
        ensure_same(did, &pair[1].into_iter().collect(), &listed)?;
    }
    Ok(())
}

fn listings(context: &Context) -> Verdict {
    let (writer, reader) = writer_and_reader(context)?;
    let all = items("listed elsewhere", 90);
    for upto in [30, 60, 90] {
        writer.put(&all[upto - 30..upto])?;
        writer.sync()?;
        let did = "put and sync in one instance, list in one that was opened before";
        ensure_same(did, &entries(&all[..upto]), &reader.list_all(40)?)?;
    }
    Ok(())
}

fn deletions(context: &Context) -> Verdict {
    let (writer, reader) = writer_and_reader(context)?;
    let all = items("deleted elsewhere", 20);
    writer.put(&all)?;
    writer.sync()?;
    reader.expect_items("put and sync elsewhere", &all)?;
    writer.delete(&hashes(&all[..10]), far_future())?;
    writer.sync()?;
    let did = "delete and sync in one instance, read in one that was opened before";
    reader.expect_absent(did, &hashes(&all[..10]))?;
    reader.expect_items(did, &all[10..])
}

fn another_process(context: &Context) -> Verdict {
    let (place, writer) = context.fresh()?;
    let mut reader = Peer::start(context, &place.options, Access::ReadOnly)?;
    let main = "heads/main";
    let mut at = None;
    for round in 0..5 {
        let item = Item::numbered("written beside another process", round);
        let did = "write in one process, read in one that was opened before";
        ensure!(
            !reader.finds(&item.hash)?,
            did,
            "a record that was not put yet"
        );
        if round % 2 == 0 {
            writer.put([&item])?;
            writer.sync()?;
            writer.move_ref(&update(&name(main), at, Some(item.hash)))?;
        } else {
            writer.commit_all([&item], &[update(&name(main), at, Some(item.hash))])?;
        }
        at = Some(item.hash);
        ensure!(
            reader.get_ref(main)? == at,
            did,
            "the ref is not where it was moved"
        );
        ensure!(reader.finds(&item.hash)?, did, "the record is absent");
    }
    writer.move_ref(&update(&name(main), at, None))?;
    let seen = reader.get_ref(main)?;
    ensure_same("delete a ref, read it in another process", &None, &seen)
}

fn two_writers(context: &Context) -> Verdict {
    let (place, one) = context.fresh()?;
    let two = context.reopen(&place)?;
    let main = name("heads/main");
    let mut at = None;
    for round in 0..10 {
        let (us, them) = if round % 2 == 0 {
            (&one, &two)
        } else {
            (&two, &one)
        };
        let item = Item::numbered("written by one of two", round);
        let did = "commit in one of two writing instances, look from the other one";
        us.commit_all([&item], &[update(&main, at, Some(item.hash))])?;
        let stale = Item::numbered("written too late", round);
        let late = them.commit([&stale], &[update(&main, at, Some(stale.hash))])?;
        let lost = Swap::Lost {
            name: main.clone(),
            current: Some(item.hash),
        };
        ensure_same(
            "swap from where the other instance has moved away",
            &lost,
            &late,
        )?;
        them.expect_ref(did, &main, Some(item.hash))?;
        them.expect_items(did, std::slice::from_ref(&item))?;
        at = Some(item.hash);
    }
    Ok(())
}

fn a_writer_in_another_process(context: &Context) -> Verdict {
    let (place, ours) = context.fresh()?;
    let mut theirs = Peer::start(context, &place.options, Access::Write)?;
    let main = "heads/main";
    let mut at = None;
    for round in 0..6 {
        let text = format!("written in another process, round {round}");
        let item = Item::blob(&*text);
        let did = "commit in another process, look from this one";
        ours.expect_absent("look before it is written", &[item.hash])?;
        ensure!(theirs.commit(&text, main, at)?, did, "the commit was lost");
        ours.expect_ref(did, &name(main), Some(item.hash))?;
        ours.expect_items(did, std::slice::from_ref(&item))?;
        let next = Item::numbered("written in this process", round);
        ours.commit_all(
            [&next],
            &[update(&name(main), Some(item.hash), Some(next.hash))],
        )?;
        let did = "commit in this process, look from another one";
        ensure!(
            !theirs.commit("too late", main, Some(item.hash))?,
            did,
            "a swap that should lose"
        );
        ensure!(
            theirs.get_ref(main)? == Some(next.hash),
            did,
            "the ref is elsewhere"
        );
        ensure!(theirs.finds(&next.hash)?, did, "the record is absent");
        at = Some(next.hash);
    }
    theirs.put("put and synced in another process")?;
    let item = Item::blob("put and synced in another process");
    ours.expect_items("put and sync in another process", &[item])
}

fn counting_instances(context: &Context) -> Verdict {
    let (place, store) = context.fresh()?;
    let wins = context.count(25, 500);
    let instances: Verdict<Vec<Store>> = (0..3).map(|_| context.reopen(&place)).collect();
    let won = super::concurrency::on_threads(instances?, |store| counter::count(&store, wins))?;
    let did = format!(
        "count to {} with three instances in three threads",
        3 * wins
    );
    counter::check(&did, &store, won.concat())
}

fn counting_processes(context: &Context) -> Verdict {
    let (place, store) = context.fresh()?;
    let wins = context.count(25, 500);
    let mut peers: Vec<Peer> = (0..2)
        .map(|_| Peer::start(context, &place.options, Access::Write))
        .collect::<Verdict<_>>()?;
    peers
        .iter_mut()
        .try_for_each(|peer| peer.begin_to_count(wins))?;
    let mut won = counter::count(&store, wins)?;
    for peer in &mut peers {
        won.extend(peer.counted()?);
    }
    let did = format!("count to {} with three processes", 3 * wins);
    counter::check(&did, &store, won)
}

fn renewal_elsewhere(context: &Context) -> Verdict {
    let (place, one) = context.fresh()?;
    let two = context.reopen(&place)?;
    let all = items("renewed elsewhere", 10);
    one.put(&all)?;
    one.sync()?;
    let guard = moment();
    two.put(&all[..4])?;
    two.sync()?;
    let deleted = one.delete(&hashes(&all), guard)?;
    let did = "put 10 records, take the time, store 4 again in another instance, delete all";
    one.expect_items(did, &all[..4])?;
    ensure_same(did, &6, &deleted)
}
