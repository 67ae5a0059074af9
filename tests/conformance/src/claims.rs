//! The other side of a capability: where it is not declared, the backend must refuse.

use prollytree_plugin_api::{Capabilities, ErrorKind};

use crate::actor::Access;
use crate::actor::peer::Peer;
use crate::case::{Failure, Verdict, ensure};
use crate::context::Context;
use crate::item::items;
use crate::store::{CALL, expect_error, name, update};

/// Checks for each of `missing` that the backend does not offer it all the same.
pub(crate) fn refuses(context: &Context, missing: Capabilities) -> Verdict {
    type Check = fn(&Context) -> Verdict;
    let checks: [(Capabilities, Check); 6] = [
        (Capabilities::LIST, refuses_list),
        (Capabilities::DELETE, refuses_delete),
        (Capabilities::ATOMIC_COMMIT, refuses_commit_of_several_refs),
        (Capabilities::SHARED_READERS, refuses_other_readers),
        (Capabilities::SHARED_WRITERS, refuses_other_writers),
        (Capabilities::DURABLE, forgets_or_keeps_whole),
    ];
    checks
        .iter()
        .filter(|(capability, _)| missing.contains(*capability))
        .try_for_each(|(_, check)| check(context))
}

fn refuses_list(context: &Context) -> Verdict {
    let store = context.store()?;
    store.put(&items("not listed", 3))?;
    expect_error(
        "list without LIST",
        store.raw().list(&CALL, None, 10),
        ErrorKind::UNSUPPORTED,
    )?;
    Ok(())
}

fn refuses_delete(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("not deleted", 3);
    store.put(&all)?;
    let guard = crate::cases::far_future();
    let result = store.raw().delete_many(&CALL, &[all[0].hash], guard);
    expect_error("delete_many without DELETE", result, ErrorKind::UNSUPPORTED)?;
    store.expect_items("delete_many without DELETE", &all)
}

fn refuses_commit_of_several_refs(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("committed", 2);
    store.put(&all)?;
    let names = [name("heads/one"), name("heads/two")];
    let updates = names
        .clone()
        .map(|name| update(&name, None, Some(all[0].hash)));
    let did = "commit of two refs without ATOMIC_COMMIT";
    expect_error(
        did,
        store.raw().commit(&CALL, &[], &updates),
        ErrorKind::UNSUPPORTED,
    )?;
    names
        .iter()
        .try_for_each(|name| store.expect_ref(did, name, None))
}

fn refuses_other_readers(context: &Context) -> Verdict {
    another_process_is_refused_or_apart(context, Access::ReadOnly)
}

fn refuses_other_writers(context: &Context) -> Verdict {
    another_process_is_refused_or_apart(context, Access::Create)
}

/// Another process is told that the store is in use, or has a store of its own.
fn another_process_is_refused_or_apart(context: &Context, access: Access) -> Verdict {
    let (place, store) = context.fresh()?;
    let all = items("of the first process", 3);
    let main = name("heads/main");
    store.commit_all(&all, &[update(&main, None, Some(all[0].hash))])?;
    let did = "open in another process a store that is open, without the capability to share it";
    match Peer::open(context, &place.options, access)? {
        Err(error) if error.kind() == ErrorKind::LOCKED => {
            let told = error
                .context("holder")
                .is_some_and(|holder| !holder.is_empty());
            ensure!(
                told,
                did,
                "an error without `holder` in its context: {error}"
            );
        }
        // A store in the memory of this process is not there for another one.
        Err(error) if error.kind() == ErrorKind::UNAVAILABLE => {}
        Err(error) => {
            let kind = error.kind().name();
            let saw = format!("error `{kind}` ({error}), where `locked` is right");
            return Err(Failure::broken(did, saw));
        }
        Ok(mut other) => {
            let seen = other.get_ref("heads/main")?.is_some() || other.finds(&all[0].hash)?;
            ensure!(
                !seen,
                did,
                "the other process sees the content: it is shared all the same"
            );
            other.commit("of the other process", "heads/other", None)?;
            store.expect_ref(did, &name("heads/other"), None)?;
        }
    }
    store.expect_items(did, &all)?;
    store.expect_ref(did, &main, Some(all[0].hash))
}

/// Without durability anything may be gone after reopening, but nothing is half there.
fn forgets_or_keeps_whole(context: &Context) -> Verdict {
    let (place, store) = context.fresh()?;
    let all = items("kept or forgotten", 3);
    let main = name("heads/main");
    store.commit_all(&all, &[update(&main, None, Some(all[0].hash))])?;
    store.close()?;
    drop(store);
    let store = context.create(&place)?;
    let did = "commit, close and open again, without DURABLE";
    match store.get_ref(&main)? {
        None => Ok(()),
        Some(hash) => {
            let right = hash == all[0].hash;
            ensure!(
                right,
                did,
                "the ref is at {}, where it never was",
                hash.short()
            );
            store.expect_items(did, &all)
        }
    }
}
