//! What an instance says about itself, and the operations that it names.

use std::collections::BTreeSet;

use prollytree_plugin_api::{Capabilities, ErrorKind, Report};

use crate::case::{Case, Failure, StorageCase, Verdict, ensure, ensure_same};
use crate::context::Context;
use crate::item::{Item, items};
use crate::store::{CALL, expect_error, name, update};

pub(super) const CASES: &[StorageCase] = &[
    Case {
        id: "info.names-the-backend",
        promise: "`info` gives the registered name, a version and a preferred batch that is not empty.",
        why: "Messages and tables tell the user which engine is at work.",
        needs: Capabilities::empty(),
        run: names_the_backend,
    },
    Case {
        id: "info.is-constant",
        promise: "`info` is the same before and after work, and after closing.",
        why: "The host reads the capabilities once.",
        needs: Capabilities::empty(),
        run: is_constant,
    },
    Case {
        id: "info.ordinary-instances-write",
        promise: "An instance that was not opened read-only does not declare `READ_ONLY`, and writes.",
        why: "The host refuses commits to a store that declares it.",
        needs: Capabilities::empty(),
        run: ordinary_instances_write,
    },
    Case {
        id: "info.writers-include-readers",
        promise: "Whoever declares `SHARED_WRITERS` declares `SHARED_READERS` too.",
        why: "A process that may write beside others may certainly read beside them.",
        needs: Capabilities::empty(),
        run: writers_include_readers,
    },
    Case {
        id: "info.stats-are-named",
        promise: "`stats` succeeds; its names are different and made of lower-case letters, digits and `_`.",
        why: "Scripts read them by name.",
        needs: Capabilities::empty(),
        run: stats_are_named,
    },
    Case {
        id: "maintain.unknown-operation",
        promise: "`maintain` answers `UNSUPPORTED` for an operation that `info` does not name.",
        why: "A misspelt operation must not pass for one that was done.",
        needs: Capabilities::empty(),
        run: unknown_operation,
    },
    Case {
        id: "maintain.changes-no-content",
        promise: "Operations that `info` names are known, and leave records and refs as they are.",
        why: "Compacting and verifying are done on stores in use.",
        needs: Capabilities::empty(),
        run: changes_no_content,
    },
];

fn names_the_backend(context: &Context) -> Verdict {
    let info = context.store()?.info();
    let registered = context.subject().name().to_owned();
    ensure_same(
        "compare the name in `info` with the registered one",
        &registered,
        &info.name,
    )?;
    ensure!(!info.version.is_empty(), "info", "an empty version");
    let batch = info.batch;
    ensure!(
        batch.records > 0 && batch.bytes > 0,
        "info",
        "an empty preferred batch: {batch:?}"
    );
    Ok(())
}

fn is_constant(context: &Context) -> Verdict {
    let store = context.store()?;
    let before = store.info();
    let item = Item::blob("some work");
    store.commit_all(
        [&item],
        &[update(&name("heads/main"), None, Some(item.hash))],
    )?;
    store.sync()?;
    ensure_same("info after some work", &before, &store.info())?;
    store.close()?;
    ensure_same("info after closing", &before, &store.info())
}

fn ordinary_instances_write(context: &Context) -> Verdict {
    let store = context.store()?;
    let read_only = store.has(Capabilities::READ_ONLY);
    ensure!(
        !read_only,
        "open a store for writing",
        "an instance that declares READ_ONLY"
    );
    store.put(&items("written", 1))
}

fn writers_include_readers(context: &Context) -> Verdict {
    let declared = context.declared()?;
    let writers = declared.contains(Capabilities::SHARED_WRITERS);
    let readers = declared.contains(Capabilities::SHARED_READERS);
    ensure!(
        readers || !writers,
        "info",
        "SHARED_WRITERS without SHARED_READERS"
    );
    Ok(())
}

fn stats_are_named(context: &Context) -> Verdict {
    let store = context.store()?;
    store.put(&items("measured", 10))?;
    let stats = store.raw().stats(&CALL).map_err(Failure::call("stats"))?;
    let mut names = BTreeSet::new();
    for stat in &stats.0 {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let good = !stat.name.is_empty() && stat.name.chars().all(plain);
        ensure!(good, "stats", "the name {:?}", stat.name);
        ensure!(
            names.insert(&stat.name),
            "stats",
            "the name {:?} twice",
            stat.name
        );
    }
    Ok(())
}

fn unknown_operation(context: &Context) -> Verdict {
    let store = context.store()?;
    for operation in ["", "no-such-operation", "../verify"] {
        let result = store.raw().maintain(&CALL, operation, &Report::new());
        expect_error(
            &format!("maintain `{operation}`"),
            result,
            ErrorKind::UNSUPPORTED,
        )?;
    }
    Ok(())
}

fn changes_no_content(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("kept by maintenance", 200);
    let main = name("heads/main");
    store.commit_all(&all, &[update(&main, None, Some(all[0].hash))])?;
    for operation in store.info().operations {
        let did = format!("maintain `{operation}` without arguments");
        match store.raw().maintain(&CALL, &operation, &Report::new()) {
            Err(error) if error.kind() != ErrorKind::INVALID_ARGUMENT => {
                return Err(Failure::Call { did, error });
            }
            // An operation may demand arguments, such as where to put a backup.
            Ok(_) | Err(_) => {}
        }
        store.expect_items(&did, &all)?;
        store.expect_ref(&did, &main, Some(all[0].hash))?;
    }
    store.put(&items("put after maintenance", 3))
}
