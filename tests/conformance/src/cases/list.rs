//! Listing records.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use prollytree_plugin_api::{Capabilities, Hash, Kind, RecordEntry};

use super::delete::far_future;
use crate::case::{Case, Failure, StorageCase, Verdict, ensure, ensure_same};
use crate::context::Context;
use crate::item::{Item, hashes, items};
use crate::store::Store;

pub(super) const CASES: &[StorageCase] = &[
    Case {
        id: "list.empty-store",
        promise: "The listing of a new store is empty.",
        why: "A backend keeps its own notes apart from records.",
        needs: Capabilities::LIST,
        run: empty_store,
    },
    Case {
        id: "list.kind-and-size",
        promise: "Each entry tells the record's kind and the number of its bytes.",
        why: "Garbage collection and statistics count without reading.",
        needs: Capabilities::LIST,
        run: kind_and_size,
    },
    Case {
        id: "list.in-pages",
        promise: "Pages of any size together give every record once, in ascending order of hashes.",
        why: "Copying and sweeping walk the listing; what it misses is lost.",
        needs: Capabilities::LIST,
        run: in_pages,
    },
    Case {
        id: "list.strictly-after",
        promise: "A page begins strictly after the cursor, whether or not there is such a record.",
        why: "The record that ended a page may be gone when the next one is asked for.",
        needs: Capabilities::LIST,
        run: strictly_after,
    },
    Case {
        id: "list.limit-0",
        promise: "A limit of 0 is answered by an empty page.",
        why: "An edge that would otherwise mean something else on each backend.",
        needs: Capabilities::LIST,
        run: limit_zero,
    },
    Case {
        id: "list.during-inserts",
        promise: "Records that exist throughout a walk are listed once while others are put.",
        why: "A sweep runs beside writers.",
        needs: Capabilities::LIST,
        run: during_inserts,
    },
    Case {
        id: "list.during-deletions",
        promise: "Records that exist throughout a walk are listed once while others are deleted.",
        why: "A copy is made beside a sweep.",
        needs: Capabilities::LIST.union(Capabilities::DELETE),
        run: during_deletions,
    },
    Case {
        id: "list.across-syncs",
        promise: "The listing is one, whatever is synced already and whatever is not.",
        why: "A record is on a list when it is found, not when it has reached the disk.",
        needs: Capabilities::LIST,
        run: across_syncs,
    },
];

/// What the listing of these records is.
pub(super) fn entries(items: &[Item]) -> Vec<RecordEntry> {
    let mut entries: Vec<RecordEntry> = items
        .iter()
        .map(|item| RecordEntry {
            hash: item.hash,
            kind: item.kind,
            size: item.bytes.len().try_into().expect("sizes fit in 64 bits"),
        })
        .collect();
    entries.sort_by_key(|entry| entry.hash);
    entries.dedup();
    entries
}

fn empty_store(context: &Context) -> Verdict {
    let store = context.store()?;
    ensure_same("list a new store", &Vec::new(), &store.list(None, 10)?)?;
    store.sync()?;
    ensure_same(
        "list a new store after a sync",
        &Vec::new(),
        &store.list(None, 10)?,
    )
}

fn kind_and_size(context: &Context) -> Verdict {
    let store = context.store()?;
    let kinds = [
        Kind::NODE,
        Kind::BLOB,
        Kind::COMMIT,
        Kind::TAG,
        Kind::META,
        Kind(77),
    ];
    let all: Vec<Item> = kinds
        .into_iter()
        .zip([0_usize, 1, 300, 70_000, 255, 65_536])
        .map(|(kind, size)| Item::new(kind, Vec::new(), vec![7; size]))
        .collect();
    store.put(&all)?;
    ensure_same(
        "list records of every kind",
        &entries(&all),
        &store.list_all(100)?,
    )
}

fn in_pages(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("listed", 500);
    store.put(&all[..200])?;
    store.put(&all[200..])?;
    let expected = entries(&all);
    for limit in [1, 7, 499, 500, 501, usize::MAX] {
        let did = format!("list 500 records in pages of {limit}");
        let seen = store.list_all(limit)?;
        let (right, wrong) = (expected.len(), seen.len());
        ensure!(
            seen == expected,
            did,
            "{wrong} entries, other than the {right} that were put"
        );
    }
    Ok(())
}

fn first_after(store: &Store, after: &Hash) -> Verdict<Option<Hash>> {
    Ok(store.list(Some(after), 1)?.first().map(|entry| entry.hash))
}

fn strictly_after(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("after", 20);
    store.put(&all)?;
    let expected = entries(&all);
    for pair in expected.windows(2) {
        let next = Some(pair[1].hash);
        ensure_same(
            "list after a stored record",
            &next,
            &first_after(&store, &pair[0].hash)?,
        )?;
    }
    for _ in 0..20 {
        let cursor = Hash::of(&context.random().bytes(8));
        let next = expected
            .iter()
            .map(|entry| entry.hash)
            .find(|hash| *hash > cursor);
        ensure_same(
            "list after a hash that is not stored",
            &next,
            &first_after(&store, &cursor)?,
        )?;
    }
    let first = expected.first().map(|entry| entry.hash);
    ensure_same(
        "list after 32 zero bytes",
        &first,
        &first_after(&store, &Hash::ZERO)?,
    )?;
    let end = Hash::new([0xff; Hash::LEN]);
    ensure_same(
        "list after 32 bytes of 255",
        &None,
        &first_after(&store, &end)?,
    )
}

fn limit_zero(context: &Context) -> Verdict {
    let store = context.store()?;
    store.put(&items("limit", 5))?;
    ensure_same("list with a limit of 0", &Vec::new(), &store.list(None, 0)?)?;
    let after = Hash::ZERO;
    ensure_same(
        "the same after a cursor",
        &Vec::new(),
        &store.list(Some(&after), 0)?,
    )
}

fn during_inserts(context: &Context) -> Verdict {
    let store = context.store()?;
    let lasting = items("there throughout", 400);
    store.put(&lasting)?;
    let coming = items("comes meanwhile", 4_000);
    walk_beside(&store, &lasting, &coming, |part| store.put(part))
}

fn during_deletions(context: &Context) -> Verdict {
    let store = context.store()?;
    let lasting = items("there throughout", 400);
    let going = items("goes meanwhile", 4_000);
    store.put(lasting.iter().chain(&going))?;
    walk_beside(&store, &lasting, &going, |part| {
        store.delete(&hashes(part), far_future()).map(drop)
    })
}

/// Walks the listing while another thread does `work` to `others`, twenty at a time.
fn walk_beside(
    store: &Store,
    lasting: &[Item],
    others: &[Item],
    work: impl Fn(&[Item]) -> Verdict + Sync,
) -> Verdict {
    let walking = AtomicBool::new(true);
    let (walks, worked) = thread::scope(|scope| {
        let working = scope.spawn(|| {
            let mut parts = others
                .chunks(20)
                .take_while(|_| walking.load(Ordering::Relaxed));
            parts.try_for_each(&work)
        });
        let walks = [13, 50, 101].map(|limit| store.list_all(limit));
        walking.store(false, Ordering::Relaxed);
        (walks, working.join())
    });
    worked.map_err(|_| Failure::Setup("the working thread panicked".into()))??;
    let known: BTreeSet<Hash> = lasting.iter().chain(others).map(|item| item.hash).collect();
    for walk in walks {
        let did = "walk the listing while another thread puts or deletes other records";
        let seen: BTreeSet<Hash> = walk?.iter().map(|entry| entry.hash).collect();
        let missed = lasting
            .iter()
            .filter(|item| !seen.contains(&item.hash))
            .count();
        ensure!(
            missed == 0,
            did,
            "{missed} of {} lasting records are missing",
            lasting.len()
        );
        ensure!(seen.is_subset(&known), did, "entries that nobody put");
    }
    Ok(())
}

fn across_syncs(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("across syncs", 90);
    for part in all.chunks(30) {
        store.put(part)?;
        store.sync()?;
        store.put(&part[..10])?;
    }
    let expected = entries(&all);
    let seen = store.list_all(25)?;
    let (right, count) = (expected.len(), seen.len());
    ensure!(
        seen == expected,
        "list records of three syncs",
        "{count} entries, not {right}"
    );
    Ok(())
}
