//! Refs: reading them, and which names exclude each other.

use prollytree_plugin_api::{Capabilities, ErrorKind, Hash, RefName};

use crate::case::{Case, StorageCase, Verdict, ensure_same};
use crate::context::Context;
use crate::item::{Item, items};
use crate::store::{CALL, Store, expect_error, name, update};

pub(super) const CASES: &[StorageCase] = &[
    Case {
        id: "refs.absent-is-a-value",
        promise: "Reading a ref that is not there succeeds and finds nothing.",
        why: "A branch without a commit is not an error.",
        needs: Capabilities::empty(),
        run: absent_is_a_value,
    },
    Case {
        id: "refs.names-up-to-200-bytes",
        promise: "Every valid name is kept: 200 bytes in one component or in a hundred.",
        why: "Names follow one rule on every backend, so that a store can be copied to any other.",
        needs: Capabilities::empty(),
        run: longest_names,
    },
    Case {
        id: "refs.names-are-exact",
        promise: "Names that differ in case, accents or a dot are different refs.",
        why: "A file system that folds names would merge two branches into one.",
        needs: Capabilities::empty(),
        run: names_are_exact,
    },
    Case {
        id: "refs.collision-below",
        promise: "Creating `a/b` while `a` exists is a `CONFLICT` and changes nothing.",
        why: "Names exclude each other in the same way on every backend.",
        needs: Capabilities::empty(),
        run: collision_below,
    },
    Case {
        id: "refs.collision-above",
        promise: "Creating `a` while `a/b` or `a/b/c` exists is a `CONFLICT` and changes nothing.",
        why: "Names exclude each other in the same way on every backend.",
        needs: Capabilities::empty(),
        run: collision_above,
    },
    Case {
        id: "refs.collision-ends-with-deletion",
        promise: "Once `a/b` is deleted, `a` may be created, and the other way round.",
        why: "An empty folder or a stale index entry must not block a name.",
        needs: Capabilities::empty(),
        run: collision_ends,
    },
    Case {
        id: "refs.no-collision-between-neighbours",
        promise: "`a` does not collide with `ab`, `a-b/c`, `a.b` or `a0/b`.",
        why: "Only whole components count; a comparison of plain prefixes refuses good names.",
        needs: Capabilities::empty(),
        run: no_collision_between_neighbours,
    },
];

/// Stores a record for a ref to point to.
fn target(store: &Store) -> Verdict<Hash> {
    let item = Item::blob("the target of a ref");
    store.put([&item])?;
    Ok(item.hash)
}

pub(super) fn create_all(store: &Store, names: &[&str]) -> Verdict<Hash> {
    let target = target(store)?;
    names
        .iter()
        .try_for_each(|text| store.move_ref(&update(&name(text), None, Some(target))))?;
    Ok(target)
}

pub(super) fn listed(store: &Store, prefix: &str) -> Verdict<Vec<String>> {
    let refs = store.all_refs(prefix, 100)?;
    Ok(refs.into_iter().map(|(name, _)| name.to_string()).collect())
}

pub(super) fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn absent_is_a_value(context: &Context) -> Verdict {
    let store = context.store()?;
    store.expect_ref("read a ref of an empty store", &name("heads/main"), None)?;
    ensure_same(
        "list the refs of an empty store",
        &Vec::new(),
        &listed(&store, "")?,
    )?;
    create_all(&store, &["heads/main"])?;
    for absent in ["heads/mai", "heads/main2", "heads/main/x", "tags/main"] {
        store.expect_ref("create `heads/main`, read a neighbour", &name(absent), None)?;
    }
    Ok(())
}

fn longest_names(context: &Context) -> Verdict {
    let store = context.store()?;
    let names = [
        format!("heads/{}", "x".repeat(RefName::MAX_LEN - 6)),
        format!("h{}", "/y".repeat(99)),
        format!("heads/{}", "€".repeat((RefName::MAX_LEN - 6) / 3)),
        "a/b".to_owned(),
    ];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let target = create_all(&store, &names)?;
    for text in &names {
        store.expect_ref("create names of up to 200 bytes", &name(text), Some(target))?;
    }
    let mut sorted = texts(&names);
    sorted.sort();
    ensure_same(
        "list names of up to 200 bytes",
        &sorted,
        &listed(&store, "")?,
    )
}

fn names_are_exact(context: &Context) -> Verdict {
    let store = context.store()?;
    let names = [
        "heads/Main",
        "heads/main",
        "heads/MAIN",
        "heads/main.",
        "heads/ma\u{308}in",
        "heads/m\u{e4}in",
        "heads/main-",
        "heads/m%61in",
        "heads/main@",
        "heads/\u{1f333}",
    ];
    let names: Vec<&str> = names
        .into_iter()
        .filter(|name| RefName::new(name).is_ok())
        .collect();
    let records = items("target", names.len());
    store.put(&records)?;
    for (text, item) in names.iter().zip(&records) {
        store.move_ref(&update(&name(text), None, Some(item.hash)))?;
    }
    for (text, item) in names.iter().zip(&records) {
        store.expect_ref("create names that look alike", &name(text), Some(item.hash))?;
    }
    Ok(())
}

fn expect_collision(store: &Store, existing: &str, wanted: &str, target: Hash) -> Verdict {
    let did = format!("create `{wanted}` while `{existing}` exists");
    let attempt = update(&name(wanted), None, Some(target));
    let result = store.raw().compare_and_swap_ref(&CALL, &attempt);
    expect_error(&did, result, ErrorKind::CONFLICT)?;
    let result = store.raw().commit(&CALL, &[], &[attempt]);
    expect_error(&format!("{did}, by commit"), result, ErrorKind::CONFLICT)?;
    store.expect_ref(&did, &name(wanted), None)?;
    store.expect_ref(&did, &name(existing), Some(target))
}

fn collision_below(context: &Context) -> Verdict {
    let store = context.store()?;
    let target = create_all(&store, &["heads/a"])?;
    expect_collision(&store, "heads/a", "heads/a/b", target)?;
    expect_collision(&store, "heads/a", "heads/a/b/c/d", target)?;
    ensure_same(
        "list after collisions",
        &texts(&["heads/a"]),
        &listed(&store, "")?,
    )
}

fn collision_above(context: &Context) -> Verdict {
    let store = context.store()?;
    let target = create_all(&store, &["heads/a/b", "heads/c/d/e"])?;
    expect_collision(&store, "heads/a/b", "heads/a", target)?;
    expect_collision(&store, "heads/c/d/e", "heads/c/d", target)?;
    expect_collision(&store, "heads/c/d/e", "heads/c", target)?;
    let expected = texts(&["heads/a/b", "heads/c/d/e"]);
    ensure_same("list after collisions", &expected, &listed(&store, "")?)
}

fn collision_ends(context: &Context) -> Verdict {
    let store = context.store()?;
    let target = create_all(&store, &["heads/a/b/c"])?;
    let steps = [
        ("heads/a/b/c", "heads/a"),
        ("heads/a", "heads/a/b"),
        ("heads/a/b", "heads/a"),
    ];
    for (old, new) in steps {
        store.move_ref(&update(&name(old), Some(target), None))?;
        store.move_ref(&update(&name(new), None, Some(target)))?;
        let did = format!("delete `{old}`, then create `{new}`");
        ensure_same(&did, &texts(&[new]), &listed(&store, "")?)?;
    }
    Ok(())
}

fn no_collision_between_neighbours(context: &Context) -> Verdict {
    let store = context.store()?;
    let mut names = [
        "heads/a",
        "heads/ab",
        "heads/a-b/c",
        "heads/a.b",
        "heads/a0/b",
        "heads/A/b",
    ];
    create_all(&store, &names)?;
    names.sort_unstable();
    ensure_same(
        "create names that only begin alike",
        &texts(&names),
        &listed(&store, "")?,
    )
}
