//! Listing refs.

use prollytree_plugin_api::Capabilities;

use super::refs::{create_all, listed, texts};
use crate::case::{Case, StorageCase, Verdict, ensure, ensure_same};
use crate::context::Context;
use crate::item::items;
use crate::store::{name, update};

pub(super) const CASES: &[StorageCase] = &[
    Case {
        id: "refs.list-is-ordered",
        promise: "`list_refs` gives names in ascending order of their bytes, with their targets.",
        why: "Walks go on after the last name of a page; another order loses refs.",
        needs: Capabilities::empty(),
        run: list_is_ordered,
    },
    Case {
        id: "refs.list-prefix-is-plain-text",
        promise: "The prefix need not end at a slash and is no pattern.",
        why: "`_`, `%` and case mean something to some engines and nothing here.",
        needs: Capabilities::empty(),
        run: prefix_is_plain_text,
    },
    Case {
        id: "refs.list-after",
        promise: "`list_refs` begins strictly after `after`, whether or not that ref exists.",
        why: "The ref that ended a page may be gone when the next one is asked for.",
        needs: Capabilities::empty(),
        run: list_after,
    },
    Case {
        id: "refs.list-in-pages",
        promise: "Pages of any size together give every ref once; a limit of 0 gives an empty page.",
        why: "Garbage collection starts at the refs: one that is missed is data that is lost.",
        needs: Capabilities::empty(),
        run: list_in_pages,
    },
    Case {
        id: "refs.list-follows-moves",
        promise: "`list_refs` shows what every swap that returned before has done.",
        why: "A sweep that works from an old list deletes what is in use.",
        needs: Capabilities::empty(),
        run: list_follows_moves,
    },
];

fn list_is_ordered(context: &Context) -> Verdict {
    let store = context.store()?;
    let names = [
        "work/default",
        "heads/b",
        "heads/a/y",
        "heads/a-x",
        "tags/v1.10",
        "tags/v1.9",
        "heads/Z",
        "heads/a0",
        "heads/\u{e9}",
        "heads/z",
        "tags/v1",
    ];
    let records = items("target", names.len());
    store.put(&records)?;
    let mut expected = Vec::new();
    for (text, item) in names.iter().zip(&records) {
        store.move_ref(&update(&name(text), None, Some(item.hash)))?;
        expected.push((name(text), item.hash));
    }
    expected.sort();
    ensure_same(
        "create refs in no order, then list",
        &expected,
        &store.all_refs("", 100)?,
    )
}

fn prefix_is_plain_text(context: &Context) -> Verdict {
    let store = context.store()?;
    create_all(
        &store,
        &[
            "heads/main",
            "heads/maint",
            "heads/m_x",
            "heads/mix",
            "heads/100%",
            "heads/Main",
            "tags/m",
        ],
    )?;
    let cases: &[(&str, &[&str])] = &[
        ("heads/mai", &["heads/main", "heads/maint"]),
        ("heads/main", &["heads/main", "heads/maint"]),
        ("heads/maint", &["heads/maint"]),
        ("heads/maint/", &[]),
        ("heads/m_", &["heads/m_x"]),
        ("heads/100%", &["heads/100%"]),
        ("h%", &[]),
        ("heads/*", &[]),
        ("heads/M", &["heads/Main"]),
        ("t", &["tags/m"]),
        ("tags/", &["tags/m"]),
        ("x", &[]),
        ("../", &[]),
        ("/", &[]),
        ("heads/main\0", &[]),
        ("heads/..", &[]),
    ];
    for (prefix, expected) in cases {
        let did = format!("list refs of the prefix {prefix:?}");
        ensure_same(&did, &texts(expected), &listed(&store, prefix)?)?;
    }
    Ok(())
}

fn list_after(context: &Context) -> Verdict {
    let store = context.store()?;
    create_all(&store, &["heads/a", "heads/c", "heads/e", "tags/b"])?;
    let cases: &[(&str, &str, &[&str])] = &[
        ("", "heads/a", &["heads/c", "heads/e", "tags/b"]),
        ("", "heads/b", &["heads/c", "heads/e", "tags/b"]),
        ("", "tags/b", &[]),
        ("heads/", "heads/c", &["heads/e"]),
        ("heads/", "heads/c/x", &["heads/e"]),
        ("heads/", "heads/e", &[]),
        ("heads/", "tags/a", &[]),
        ("heads/", "a/b", &["heads/a", "heads/c", "heads/e"]),
        ("tags/", "heads/c", &["tags/b"]),
    ];
    for (prefix, after, expected) in cases {
        let page = store.list_refs(prefix, Some(&name(after)), 100)?;
        let seen: Vec<String> = page.into_iter().map(|(name, _)| name.to_string()).collect();
        let did = format!("list refs of prefix `{prefix}` after `{after}`");
        ensure!(
            !seen.is_empty() || expected.is_empty(),
            did,
            "an empty page"
        );
        ensure!(
            texts(expected).starts_with(&seen),
            did,
            "{seen:?}, where {expected:?} is right"
        );
    }
    Ok(())
}

fn list_in_pages(context: &Context) -> Verdict {
    let store = context.store()?;
    let names: Vec<String> = (0..50).map(|number| format!("tags/v{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    create_all(&store, &names)?;
    create_all(&store, &["heads/before", "work/behind"])?;
    ensure_same(
        "list with a limit of 0",
        &0,
        &store.list_refs("tags/", None, 0)?.len(),
    )?;
    for limit in [1, 7, 49, 50, 51, usize::MAX] {
        let seen: Vec<String> = store
            .all_refs("tags/", limit)?
            .into_iter()
            .map(|(name, _)| name.to_string())
            .collect();
        ensure_same(
            &format!("list 50 refs in pages of {limit}"),
            &texts(&names),
            &seen,
        )?;
    }
    Ok(())
}

fn list_follows_moves(context: &Context) -> Verdict {
    let store = context.store()?;
    let records = items("target", 2);
    store.put(&records)?;
    let (main, other) = (name("heads/main"), name("heads/other"));
    let (first, second) = (records[0].hash, records[1].hash);
    store.move_ref(&update(&main, None, Some(first)))?;
    ensure_same(
        "create a ref",
        &vec![(main.clone(), first)],
        &store.all_refs("", 10)?,
    )?;
    store.move_ref(&update(&main, Some(first), Some(second)))?;
    ensure_same(
        "move it",
        &vec![(main.clone(), second)],
        &store.all_refs("", 10)?,
    )?;
    store.move_ref(&update(&other, None, Some(first)))?;
    store.move_ref(&update(&main, Some(second), None))?;
    ensure_same(
        "delete it, create another",
        &vec![(other, first)],
        &store.all_refs("", 10)?,
    )
}
