//! Each verb, once, as people use it.

use prollytree::history::{Position, TagName};
use prollytree::store::{
    CheckoutOptions, CommitOptions, Merge, StoreError, StoreOptions, Version, VersionedStore,
};
use prollytree_plugin_api::{ErrorKind, OpenStorage, Options};

use crate::{
    branch, changed, entries, get, loaded, memory, options, reopened, rev, storage_on, store, text,
};

const FORCE: CheckoutOptions = CheckoutOptions {
    force: true,
    detach: false,
};

fn checkout(store: &mut VersionedStore, to: &str) -> Position {
    store
        .checkout(&rev(to), CheckoutOptions::default())
        .unwrap()
}

#[test]
fn a_place_without_a_store_is_not_an_empty_store() {
    let storage = storage_on(&memory());
    let error = VersionedStore::open(storage.clone(), options()).unwrap_err();
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error}");
    VersionedStore::init(storage.clone(), options()).unwrap();
    let error = VersionedStore::init(storage.clone(), options()).unwrap_err();
    assert!(matches!(error, StoreError::AlreadyExists { .. }), "{error}");
    VersionedStore::open_or_init(storage, options()).unwrap();
}

#[test]
fn staged_edits_are_seen_at_once() {
    let mut store = store();
    store.put("b", "1").unwrap();
    store.put("a", "2").unwrap();
    assert!(!store.update("c", "3").unwrap());
    assert!(store.update("a", "4").unwrap());
    assert_eq!(
        entries(&store),
        [("a".into(), "4".into()), ("b".into(), "1".into())]
    );
    assert!(store.delete(b"b").unwrap());
    assert!(!store.delete(b"b").unwrap());
    assert_eq!(
        (store.len().unwrap(), store.contains(b"b").unwrap()),
        (1, false)
    );
    assert_eq!(changed(&store), ["a"]);
}

#[test]
fn a_commit_is_found_by_the_next_session() {
    let mut store = store();
    store.put("a", "1").unwrap();
    let first = store.commit("First").unwrap();
    store.put("a", "2").unwrap();
    store.put("b", "3").unwrap();
    let second = store.commit("Second").unwrap();
    assert!(store.is_clean().unwrap());

    let store = reopened(&store);
    assert_eq!(store.head(), Some(second));
    assert!(store.is_clean().unwrap());
    assert_eq!(
        (get(&store, "a"), get(&store, "b")),
        (Some("2".into()), Some("3".into()))
    );
    let log: Vec<_> = store
        .log(&rev("HEAD"))
        .unwrap()
        .map(|item| item.unwrap())
        .collect();
    assert_eq!(
        log.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
        [second, first]
    );
    assert_eq!(log[0].1.generation, 2);
    assert_eq!(log[0].1.message, "Second");
    assert!(log[0].1.committer.time > log[1].1.committer.time);
    assert_eq!(
        text(store.at(&rev("HEAD~1")).unwrap().get(b"a").unwrap()),
        Some("1".into())
    );
}

#[test]
fn flushed_work_survives_the_session() {
    let mut store = store();
    store.put("a", "1").unwrap();
    store.commit("First").unwrap();
    store.put("a", "2").unwrap();
    store.put("b", "1").unwrap();
    let again = reopened(&store);
    assert!(
        again.is_clean().unwrap(),
        "what was not flushed is not there"
    );
    store.flush().unwrap();
    let again = reopened(&store);
    assert_eq!(changed(&again), ["a", "b"]);
    assert_eq!(get(&again, "a"), Some("2".into()));
    assert_eq!(again.root_hash().unwrap(), store.root_hash().unwrap());
}

#[test]
fn nothing_to_commit_is_an_error_unless_allowed() {
    let mut store = store();
    assert!(matches!(
        store.commit("x"),
        Err(StoreError::NothingToCommit)
    ));
    store.put("a", "1").unwrap();
    store.commit("First").unwrap();
    store.put("a", "1").unwrap();
    assert!(
        store.is_clean().unwrap(),
        "a value that is there already is no change"
    );
    assert!(matches!(
        store.commit("x"),
        Err(StoreError::NothingToCommit)
    ));
    let options = CommitOptions {
        allow_empty: true,
        message: "Empty".into(),
        ..CommitOptions::default()
    };
    let id = store.commit_with(options).unwrap();
    assert_eq!(reopened(&store).head(), Some(id));
}

#[test]
fn an_emptied_store_has_the_root_of_a_new_one() {
    let mut store = store();
    let empty = store.catalog_root().unwrap();
    store.put("a", "1").unwrap();
    store.commit("First").unwrap();
    store.delete(b"a").unwrap();
    let id = store.commit("Second").unwrap();
    assert_eq!(store.catalog_root().unwrap(), empty);
    assert_eq!(store.snapshot(id).unwrap().commit().root, empty);
}

#[test]
fn branches_are_made_switched_and_deleted() {
    let mut store = store();
    let unborn = store.branches().unwrap();
    assert_eq!(
        (unborn.len(), unborn[0].head, unborn[0].current),
        (1, None, true)
    );
    store.put("a", "1").unwrap();
    let first = store.commit("First").unwrap();
    store.create_branch(&branch("side"), &rev("HEAD")).unwrap();
    let error = store
        .create_branch(&branch("side"), &rev("HEAD"))
        .unwrap_err();
    assert!(matches!(error, StoreError::BranchExists(_)));
    assert_eq!(
        checkout(&mut store, "side"),
        Position::Branch(branch("side"))
    );
    store.put("a", "2").unwrap();
    let second = store.commit("Second").unwrap();
    assert_eq!(
        checkout(&mut reopened(&store), "main"),
        Position::Branch(branch("main"))
    );

    let mut store = reopened(&store);
    assert_eq!(
        store.current_branch(),
        Some(&branch("main")),
        "a checkout is durable"
    );
    assert_eq!(
        (store.head(), get(&store, "a")),
        (Some(first), Some("1".into()))
    );
    let error = store.delete_branch(&branch("main"), true).unwrap_err();
    assert!(matches!(error, StoreError::BranchInUse { .. }));
    let error = store.delete_branch(&branch("side"), false).unwrap_err();
    assert!(matches!(error, StoreError::NotMerged { .. }));
    assert_eq!(
        store.merge(&rev("side")).unwrap(),
        Merge::FastForward {
            from: Some(first),
            to: second
        }
    );
    assert_eq!(store.merge(&rev("side")).unwrap(), Merge::UpToDate);
    assert_eq!(get(&store, "a"), Some("2".into()));
    assert_eq!(store.delete_branch(&branch("side"), false).unwrap(), second);
    assert_eq!(reopened(&store).head(), Some(second));
}

#[test]
fn a_branch_is_renamed_also_while_it_is_unborn() {
    let mut store = store();
    store
        .rename_branch(&branch("main"), &branch("trunk"))
        .unwrap();
    store.put("a", "1").unwrap();
    let id = store.commit("First").unwrap();
    store.put("a", "2").unwrap();
    store
        .rename_branch(&branch("trunk"), &branch("dev"))
        .unwrap();
    let again = reopened(&store);
    assert_eq!(
        (again.current_branch(), again.head()),
        (Some(&branch("dev")), Some(id))
    );
    assert_eq!(changed(&again), ["a"]);
    assert_eq!(again.branches().unwrap().len(), 1);
    let error = store
        .rename_branch(&branch("gone"), &branch("x"))
        .unwrap_err();
    assert!(matches!(error, StoreError::NoSuchBranch(_)));
}

#[test]
fn a_checkout_never_loses_changes_unless_forced() {
    let mut store = store();
    store.put("a", "1").unwrap();
    store.commit("First").unwrap();
    store.put("a", "2").unwrap();
    store.commit("Second").unwrap();
    store.put("a", "3").unwrap();
    let error = store
        .checkout(&rev("HEAD~1"), CheckoutOptions::default())
        .unwrap_err();
    assert!(matches!(error, StoreError::Uncommitted { .. }));
    assert_eq!(get(&store, "a"), Some("3".into()));

    let new = store
        .checkout_new(&branch("new"), None, CheckoutOptions::default())
        .unwrap();
    assert_eq!(new, Position::Branch(branch("new")));
    assert_eq!(
        changed(&reopened(&store)),
        ["a"],
        "the same commit: the changes come along"
    );

    let position = store.checkout(&rev("HEAD~1"), FORCE).unwrap();
    assert!(matches!(position, Position::Detached(_)));
    assert_eq!(get(&store, "a"), Some("1".into()));
    assert!(reopened(&store).is_clean().unwrap());
}

#[test]
fn commits_of_a_detached_worktree_move_it_alone() {
    let mut store = store();
    store.put("a", "1").unwrap();
    let first = store.commit("First").unwrap();
    let detach = CheckoutOptions {
        detach: true,
        ..CheckoutOptions::default()
    };
    assert_eq!(
        store.checkout(&rev("main"), detach).unwrap(),
        Position::Detached(first)
    );
    store.put("a", "2").unwrap();
    let second = store.commit("Second").unwrap();
    let again = reopened(&store);
    assert_eq!(again.position(), &Position::Detached(second));
    assert_eq!(again.resolve(&rev("main")).unwrap(), first);
    assert!(again.is_clean().unwrap());
}

#[test]
fn an_orphan_branch_begins_with_nothing() {
    let mut store = store();
    store.put("a", "1").unwrap();
    store.commit("First").unwrap();
    store
        .checkout_orphan(&branch("pages"), CheckoutOptions::default())
        .unwrap();
    let mut store = reopened(&store);
    assert!(store.is_empty().unwrap() && store.status().unwrap().is_unborn());
    store.put("b", "1").unwrap();
    let id = store.commit("Pages").unwrap();
    assert_eq!(store.snapshot(id).unwrap().commit().generation, 1);
    let diff: Vec<_> = store
        .diff(&rev("main").into(), &rev("pages").into())
        .unwrap()
        .map(|c| c.unwrap().key)
        .collect();
    assert_eq!(diff, [b"a", b"b"]);
    let Err(StoreError::Diverged { .. }) = store.merge(&rev("main")) else {
        panic!()
    };
}

#[test]
fn tags_name_commits_with_and_without_a_message() {
    let mut store = store();
    store.put("a", "1").unwrap();
    let id = store.commit("First").unwrap();
    let (light, annotated) = (
        TagName::new("light").unwrap(),
        TagName::new("v1.0").unwrap(),
    );
    store.tag(&light, &rev("HEAD"), None).unwrap();
    store
        .tag(&annotated, &rev("light"), Some("First release"))
        .unwrap();
    let error = store.tag(&light, &rev("HEAD"), None).unwrap_err();
    assert!(matches!(error, StoreError::TagExists(_)));
    let tags = store.tags().unwrap();
    assert_eq!(
        tags.iter()
            .map(|tag| (tag.name.as_str(), tag.target))
            .collect::<Vec<_>>(),
        [("light", id), ("v1.0", id)]
    );
    assert_eq!(
        tags[1].annotation.as_ref().unwrap().message,
        "First release"
    );
    assert_eq!(store.resolve(&rev("v1.0~0")).unwrap(), id);
    assert_eq!(store.delete_tag(&annotated).unwrap(), id);
    assert!(matches!(
        store.delete_tag(&annotated),
        Err(StoreError::NoSuchTag(_))
    ));
}

#[test]
fn the_history_of_a_key_lists_the_commits_that_changed_it() {
    let mut store = store();
    for (key, value) in [("a", "1"), ("b", "1"), ("a", "2"), ("b", "2")] {
        store.put(key, value).unwrap();
        store.commit(format!("{key} = {value}")).unwrap();
    }
    store.delete(b"a").unwrap();
    store.commit("no a").unwrap();
    let versions: Vec<_> = store
        .history(b"a", &rev("HEAD"))
        .unwrap()
        .map(|v| v.unwrap())
        .collect();
    let said: Vec<_> = versions
        .iter()
        .map(|v| (v.commit.summary(), loaded(v.value.clone())))
        .collect();
    assert_eq!(
        said,
        [
            ("no a", None),
            ("a = 2", Some("2".into())),
            ("a = 1", Some("1".into()))
        ]
    );
    let shown = store.show(&rev("HEAD~1")).unwrap();
    let changes: Vec<_> = shown.changes.map(|change| change.unwrap()).collect();
    assert_eq!(changes.len(), 1);
    assert_eq!(loaded(changes[0].before.clone()), Some("1".into()));
    let keys: Vec<_> = store
        .keys_at(&rev("HEAD~1"))
        .unwrap()
        .map(|key| key.unwrap())
        .collect();
    assert_eq!(keys, [b"a", b"b"]);
}

#[test]
fn work_is_compared_with_any_revision_both_ways() {
    let mut store = store();
    store.put("a", "1").unwrap();
    store.put("b", "1").unwrap();
    store.commit("First").unwrap();
    store.put("a", "2").unwrap();
    store.commit("Second").unwrap();
    store.put("a", "1").unwrap();
    store.put("c", "1").unwrap();
    store.delete(b"b").unwrap();
    let diff = |from: Version, to: Version| -> Vec<_> {
        let changes = store
            .diff(&from, &to)
            .unwrap()
            .map(|change| change.unwrap());
        changes
            .map(|c| {
                (
                    String::from_utf8(c.key).unwrap(),
                    loaded(c.before),
                    loaded(c.after),
                )
            })
            .collect()
    };
    let one = || Some("1".to_owned());
    let since_first = diff(rev("HEAD~1").into(), Version::Work);
    assert_eq!(
        since_first,
        [("b".into(), one(), None), ("c".into(), None, one())]
    );
    let back = diff(Version::Work, rev("HEAD~1").into());
    assert_eq!(back, [("b".into(), None, one()), ("c".into(), one(), None)]);
    assert_eq!(changed(&store), ["a", "b", "c"]);
    assert!(diff(Version::Work, Version::Work).is_empty());
}

#[test]
fn more_edits_than_memory_are_written_as_they_come() {
    let small = StoreOptions {
        staging_bytes: 2000,
        ..options()
    };
    let mut spilling = VersionedStore::init(storage_on(&memory()), small).unwrap();
    let mut plain = store();
    for index in 0..500 {
        let (key, value) = (
            format!("key {:03}", index * 7 % 500),
            format!("value {index}"),
        );
        spilling.put(key.clone(), value.clone()).unwrap();
        plain.put(key, value).unwrap();
    }
    assert_eq!(spilling.root_hash().unwrap(), plain.root_hash().unwrap());
    assert_eq!(spilling.commit("x").unwrap(), plain.commit("x").unwrap());
    assert_eq!(entries(&reopened(&spilling)), entries(&plain));
}

#[test]
fn a_store_that_is_opened_for_reading_can_be_read_and_closed() {
    let name = ("name".to_owned(), "read-only in verbs".into());
    let request = OpenStorage::or_create(Options::from_iter([name]));
    let open = |request: &OpenStorage| {
        storage_on(&(prollytree_backend_memory::BACKEND.open)(request).unwrap())
    };
    let mut store = VersionedStore::init(open(&request), options()).unwrap();
    store.put("a", "1").unwrap();
    let id = store.commit("First").unwrap();
    let storage = open(&request.read_only());
    let mut reader = VersionedStore::open(storage.clone(), options()).unwrap();
    assert_eq!(
        (reader.head(), get(&reader, "a")),
        (Some(id), Some("1".into()))
    );
    assert!(reader.status().unwrap().clean);
    reader.flush().unwrap();
    reader.put("a", "2").unwrap();
    let refused = |error: StoreError| {
        matches!(&error, StoreError::Storage(error)
            if error.backend_kind() == Some(ErrorKind::PERMISSION_DENIED))
    };
    assert!(refused(reader.commit("x").unwrap_err()));
    assert!(refused(reader.flush().unwrap_err()));
    let error = VersionedStore::init(storage, options()).unwrap_err();
    assert!(matches!(error, StoreError::AlreadyExists { .. }), "{error}");
}

#[test]
fn a_branch_below_another_is_refused_by_name() {
    let mut store = store();
    store.put("a", "1").unwrap();
    store.commit("First").unwrap();
    let error = store
        .create_branch(&branch("main/x"), &rev("HEAD"))
        .unwrap_err();
    assert!(error.to_string().contains("`heads/main` exists"), "{error}");
}

#[test]
fn stats_count_entries_commits_and_refs() {
    let mut store = store();
    store.put("a", "12").unwrap();
    store.commit("First").unwrap();
    store.put("b", "3").unwrap();
    store.commit("Second").unwrap();
    let stats = store.stats(None).unwrap();
    assert_eq!((stats.entries, stats.bytes, stats.depth), (2, 5, 1));
    assert_eq!((stats.commits, stats.branches, stats.tags), (2, 1, 0));
    assert_eq!(stats.backend.name, "memory");
    assert_eq!(store.stats(Some(&rev("HEAD~1"))).unwrap().entries, 1);
}
