//! Read-only instances of stores that are there.

use prollytree_plugin_api::{Capabilities, ErrorKind};

use super::delete::far_future;
use super::list::entries;
use crate::case::{Case, StorageCase, Verdict, ensure, ensure_same};
use crate::context::{Context, Place, snapshot};
use crate::item::{Item, hashes, items};
use crate::store::{CALL, Store, expect_error, name, update};

pub(super) const CASES: &[StorageCase] = &[
    Case {
        id: "read-only.declares-itself",
        promise: "An instance that was opened read-only declares `READ_ONLY`.",
        why: "The host says so before it collects work that it cannot store.",
        needs: Capabilities::DURABLE,
        run: declares_itself,
    },
    Case {
        id: "read-only.reads",
        promise: "A read-only instance reads and lists whatever is there.",
        why: "Backups and inspections open this way.",
        needs: Capabilities::DURABLE,
        run: reads,
    },
    Case {
        id: "read-only.refuses-to-write",
        promise: "A read-only instance answers `PERMISSION_DENIED` to everything that writes, and nothing changes.",
        why: "A refusal that comes too late has already written.",
        needs: Capabilities::DURABLE,
        run: refuses_to_write,
    },
    Case {
        id: "read-only.changes-nothing-on-disk",
        promise: "Opening read-only, reading, and closing change no byte in the folder of the store.",
        why: "Evidence, backups and read-only media must be readable.",
        needs: Capabilities::DURABLE,
        run: changes_nothing_on_disk,
    },
];

/// A store that has been filled and closed.
fn filled(context: &Context) -> Verdict<(Place, Vec<Item>)> {
    let (place, store) = context.fresh()?;
    let all = items("kept", 50);
    store.commit_all(
        &all,
        &[update(&name("heads/main"), None, Some(all[0].hash))],
    )?;
    store.close()?;
    Ok((place, all))
}

fn expect_content(did: &str, store: &Store, all: &[Item]) -> Verdict {
    store.expect_items(did, all)?;
    let refs = vec![(name("heads/main"), all[0].hash)];
    ensure_same(did, &refs, &store.all_refs("", 10)?)?;
    store.expect_absent(did, &[Item::blob("never put").hash])?;
    if store.has(Capabilities::LIST) {
        ensure_same(did, &entries(all), &store.list_all(20)?)?;
    }
    Ok(())
}

fn declares_itself(context: &Context) -> Verdict {
    let (place, _) = filled(context)?;
    let store = context.read_only(&place)?;
    ensure!(
        store.has(Capabilities::READ_ONLY),
        "open read-only",
        "READ_ONLY is not declared"
    );
    store.close()
}

fn reads(context: &Context) -> Verdict {
    let (place, all) = filled(context)?;
    let store = context.read_only(&place)?;
    expect_content("fill a store, open it read-only", &store, &all)?;
    store.close()?;
    drop(store);
    let again = context.reopen(&place)?;
    expect_content("open read-only, then for writing", &again, &all)
}

fn refuses_to_write(context: &Context) -> Verdict {
    let (place, all) = filled(context)?;
    let store = context.read_only(&place)?;
    let (fresh, main) = (Item::blob("refused"), name("heads/main"));
    let (records, raw) = ([fresh.record()], store.raw());
    let moved = update(&main, Some(all[0].hash), Some(all[1].hash));
    let lost = update(&main, None, Some(all[1].hash));
    let denied = ErrorKind::PERMISSION_DENIED;
    expect_error("put_many, read-only", raw.put_many(&CALL, &records), denied)?;
    expect_error(
        "swap, read-only",
        raw.compare_and_swap_ref(&CALL, &moved),
        denied,
    )?;
    expect_error(
        "lost swap, read-only",
        raw.compare_and_swap_ref(&CALL, &lost),
        denied,
    )?;
    expect_error(
        "commit of records, read-only",
        raw.commit(&CALL, &records, &[]),
        denied,
    )?;
    expect_error(
        "commit of a ref, read-only",
        raw.commit(&CALL, &[], &[moved]),
        denied,
    )?;
    if store.has(Capabilities::DELETE) {
        let result = raw.delete_many(&CALL, &hashes(&all), far_future());
        expect_error("delete_many, read-only", result, denied)?;
    }
    expect_content("try to write, read-only", &store, &all)?;
    store.close()?;
    drop(store);
    let again = context.reopen(&place)?;
    expect_content("try to write, read-only, then reopen", &again, &all)
}

fn changes_nothing_on_disk(context: &Context) -> Verdict {
    let (place, all) = filled(context)?;
    let before = snapshot(&place.folder)?;
    let store = context.read_only(&place)?;
    expect_content("fill a store, open it read-only", &store, &all)?;
    let during = snapshot(&place.folder)?;
    store.close()?;
    drop(store);
    for (when, after) in [
        ("while it is open", during),
        ("after closing", snapshot(&place.folder)?),
    ] {
        let changed = before.iter().find(|file| !after.contains(file));
        let added = after.iter().find(|file| !before.contains(file));
        let file = changed.or(added).map(|(path, _)| path.display());
        let did = format!("open read-only and read; compare the files {when}");
        ensure!(
            file.is_none(),
            did,
            "{} is not as it was",
            file.expect("it is not none")
        );
    }
    Ok(())
}
