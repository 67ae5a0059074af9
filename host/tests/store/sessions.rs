//! Several sessions on one storage: nothing is lost, and nothing becomes a revert.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use prollytree::history::WorktreeName;
use prollytree::storage::Storage;
use prollytree::store::{CheckoutOptions, StoreError, StoreOptions, VersionedStore};
use prollytree_plugin_api::{Capabilities, NodeStorage};

use crate::witness::{Moment, Witness};
use crate::{branch, changed, entries, get, memory, options, reopened, rev, storage_on, store};

fn in_worktree(storage: &Storage, name: &str) -> VersionedStore {
    let options = StoreOptions {
        worktree: WorktreeName::new(name).unwrap(),
        ..options()
    };
    VersionedStore::open(storage.clone(), options).unwrap()
}

/// A store with one commit, and two sessions on its branch in worktrees of their own.
fn two_sessions() -> (VersionedStore, VersionedStore) {
    let mut ours = store();
    ours.put("a", "1").unwrap();
    ours.commit("First").unwrap();
    let theirs = in_worktree(ours.storage(), "theirs");
    (ours, theirs)
}

#[test]
fn a_branch_that_moved_under_changes_refuses_the_commit_and_keeps_them() {
    let (mut ours, mut theirs) = two_sessions();
    let base = ours.head();
    ours.put("ours", "1").unwrap();
    theirs.put("theirs", "1").unwrap();
    let found = theirs.commit("Theirs").unwrap();

    for _ in 0..2 {
        let error = ours.commit("Ours").unwrap_err();
        let StoreError::BranchMoved {
            branch,
            expected,
            found: now,
        } = &error
        else {
            panic!("{error}");
        };
        assert_eq!(
            (branch.as_str(), *expected, *now),
            ("main", base, Some(found))
        );
        assert_eq!(
            changed(&ours),
            ["ours"],
            "only what this session did: nothing is reverted"
        );
    }
    ours.flush().unwrap();
    let mut ours = reopened(&ours);
    assert_eq!(
        (ours.head(), changed(&ours)),
        (base, vec!["ours".to_owned()])
    );
    assert!(ours.status().unwrap().has_moved());

    // What the message advises.
    let start = rev(&base.unwrap().to_string());
    ours.checkout_new(&branch("rescue"), Some(&start), CheckoutOptions::default())
        .unwrap();
    let rescued = ours.commit("Ours").unwrap();
    let snapshot = ours.snapshot(rescued).unwrap();
    assert_eq!(
        snapshot.keys().map(|key| key.unwrap()).collect::<Vec<_>>(),
        [&b"a"[..], b"ours"]
    );
    assert_eq!(ours.resolve(&rev("main")).unwrap(), found);
}

#[test]
fn a_worktree_without_changes_follows_its_branch() {
    let (mut ours, mut theirs) = two_sessions();
    ours.put("b", "1").unwrap();
    ours.flush().unwrap();
    ours.delete(b"b").unwrap();
    ours.flush().unwrap();
    theirs.put("a", "2").unwrap();
    let found = theirs.commit("Theirs").unwrap();
    assert_eq!(
        get(&ours, "a"),
        Some("1".into()),
        "a session sees what it opened"
    );
    assert!(ours.refresh().unwrap());
    assert!(!ours.refresh().unwrap());
    assert_eq!(
        (ours.head(), get(&ours, "a")),
        (Some(found), Some("2".into()))
    );
    assert_eq!(reopened(&ours).head(), Some(found));
}

#[test]
fn work_that_someone_else_committed_is_clean() {
    let (mut ours, mut theirs) = two_sessions();
    ours.put("a", "2").unwrap();
    ours.flush().unwrap();
    theirs.put("a", "2").unwrap();
    theirs.commit("The same").unwrap();
    theirs.put("a", "3").unwrap();
    let head = theirs.commit("More").unwrap();
    let ours = reopened(&ours);
    assert!(ours.is_clean().unwrap());
    assert_eq!(
        (ours.head(), get(&ours, "a")),
        (Some(head), Some("3".into()))
    );
}

#[test]
fn two_sessions_in_one_worktree_do_not_overwrite_each_other() {
    let mut first = store();
    first.put("a", "1").unwrap();
    let mut second = reopened(&first);
    first.flush().unwrap();
    second.put("b", "1").unwrap();
    let error = second.flush().unwrap_err();
    assert!(matches!(error, StoreError::WorkMoved { .. }), "{error}");
    assert_eq!(
        entries(&second),
        [("b".into(), "1".into())],
        "what was staged is still there"
    );
    assert_eq!(entries(&reopened(&first)), [("a".into(), "1".into())]);
}

#[test]
fn a_branch_deleted_under_a_session_is_not_made_again_by_a_commit() {
    let (mut ours, mut theirs) = two_sessions();
    ours.checkout_new(&branch("side"), None, CheckoutOptions::default())
        .unwrap();
    ours.put("b", "1").unwrap();
    assert!(matches!(
        theirs.delete_branch(&branch("side"), true),
        Err(StoreError::BranchInUse { .. })
    ));
    let (mut late, head) = (in_worktree(ours.storage(), "late"), ours.head());
    theirs
        .rename_branch(&branch("main"), &branch("trunk"))
        .unwrap();
    theirs.delete_branch(&branch("trunk"), true).unwrap_err();
    late.checkout(&rev("trunk"), CheckoutOptions::default())
        .unwrap();
    late.put("c", "1").unwrap();
    theirs
        .checkout(&rev("side"), CheckoutOptions::default())
        .unwrap();
    // The record of `late` names the branch, so nobody deletes it; only a bare ref move can.
    assert!(theirs.delete_branch(&branch("trunk"), true).is_err());
    let update = prollytree_plugin_api::RefUpdate {
        name: branch("trunk").ref_name().clone(),
        expected: head.map(|id| id.0),
        new: None,
    };
    assert_eq!(
        ours.storage().swap(&update).unwrap(),
        prollytree_plugin_api::Swap::Done
    );
    let error = late.commit("x").unwrap_err();
    assert!(
        matches!(error, StoreError::BranchMoved { found: None, .. }),
        "{error}"
    );
}

#[test]
fn racing_commits_lose_no_update() {
    const SESSIONS: usize = 4;
    const ROUNDS: usize = 25;
    let storage = storage_on(&memory());
    VersionedStore::init(storage.clone(), options()).unwrap();
    let add_all = |session: usize| {
        let mut store = in_worktree(&storage, &format!("w{session}"));
        for round in 0..ROUNDS {
            loop {
                store
                    .put(format!("session {session}, round {round}"), "here")
                    .unwrap();
                match store.commit(format!("{session}/{round}")) {
                    Ok(_) => break,
                    Err(StoreError::BranchMoved { .. }) => store.discard().unwrap(),
                    Err(error) => panic!("{error}"),
                }
            }
        }
    };
    thread::scope(|scope| {
        for session in 0..SESSIONS {
            scope.spawn(move || add_all(session));
        }
    });
    let store = VersionedStore::open(storage, options()).unwrap();
    assert_eq!(store.len().unwrap(), (SESSIONS * ROUNDS) as u64);
    let mut commits = BTreeMap::new();
    let mut last = None;
    for item in store.log(&rev("HEAD")).unwrap() {
        let (_, commit) = item.unwrap();
        assert!(
            last.is_none_or(|time| commit.committer.time < time),
            "times grow"
        );
        last = Some(commit.committer.time);
        *commits.entry(commit.message.clone()).or_insert(0) += 1;
    }
    assert_eq!(commits.len(), SESSIONS * ROUNDS);
    assert!(commits.values().all(|count| *count == 1));
}

#[test]
fn a_branch_under_a_worktree_that_only_made_the_store_is_kept() {
    let (ours, mut theirs) = two_sessions();
    let head = ours.head();
    theirs
        .checkout_new(&branch("dev"), None, CheckoutOptions::default())
        .unwrap();
    for force in [false, true] {
        let error = theirs.delete_branch(&branch("main"), force).unwrap_err();
        assert!(matches!(error, StoreError::BranchInUse { .. }), "{error}");
    }
    let error = theirs
        .rename_branch(&branch("main"), &branch("trunk"))
        .unwrap_err();
    assert!(matches!(error, StoreError::BranchInUse { .. }), "{error}");
    assert_eq!(reopened(&ours).head(), head);
}

#[test]
fn the_default_branch_is_kept_for_worktrees_without_a_record() {
    let (mut ours, mut theirs) = two_sessions();
    ours.checkout_new(&branch("dev"), None, CheckoutOptions::default())
        .unwrap();
    let error = ours.delete_branch(&branch("main"), true).unwrap_err();
    assert!(matches!(error, StoreError::DefaultBranch(_)), "{error}");
    let error = ours
        .rename_branch(&branch("main"), &branch("trunk"))
        .unwrap_err();
    assert!(matches!(error, StoreError::DefaultBranch(_)), "{error}");
    theirs
        .rename_branch(&branch("main"), &branch("trunk"))
        .unwrap();
    let third = StoreOptions {
        worktree: WorktreeName::new("third").unwrap(),
        ..options()
    };
    let error = VersionedStore::open(ours.storage().clone(), third).unwrap_err();
    assert!(
        matches!(error, StoreError::DefaultBranchGone { .. }),
        "not an empty store: {error}"
    );
}

#[test]
fn a_commit_whose_answer_was_lost_is_done_even_if_others_went_on_from_it() {
    let witness = Witness::new(memory(), Capabilities::empty());
    let backend: Arc<dyn NodeStorage> = witness.clone();
    let mut ours = VersionedStore::init(storage_on(&backend), options()).unwrap();
    ours.put("a", "1").unwrap();
    ours.commit("First").unwrap();
    let mut theirs = in_worktree(ours.storage(), "theirs");
    witness.meanwhile(Moment::AfterAndLost, move || {
        theirs.refresh().unwrap();
        theirs.put("theirs", "1").unwrap();
        theirs.commit("On top").unwrap();
    });
    ours.put("ours", "1").unwrap();
    let id = ours.commit("Ours").unwrap();
    assert_eq!(ours.head(), Some(id));
    assert!(changed(&ours).is_empty());
    assert!(ours.refresh().unwrap(), "the branch has moved on since");
    let messages: Vec<_> = ours
        .log(&rev("HEAD"))
        .unwrap()
        .map(|item| item.unwrap().1.message.clone())
        .collect();
    assert_eq!(messages, ["On top", "Ours", "First"], "each once");
}

#[test]
fn a_checkout_that_is_refused_leaves_no_branch_behind() {
    let mut ours = store();
    ours.put("a", "1").unwrap();
    ours.commit("First").unwrap();
    let mut other = reopened(&ours);
    other.put("b", "2").unwrap();
    other.flush().unwrap();
    let error = ours
        .checkout_new(&branch("side"), None, CheckoutOptions::default())
        .unwrap_err();
    assert!(matches!(error, StoreError::WorkMoved { .. }), "{error}");
    let names: Vec<_> = ours.branches().unwrap();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn a_branch_can_move_below_its_own_name_and_back() {
    let mut ours = store();
    ours.put("a", "1").unwrap();
    let head = ours.commit("First").unwrap();
    ours.rename_branch(&branch("main"), &branch("main/one"))
        .unwrap();
    assert_eq!(ours.current_branch(), Some(&branch("main/one")));
    ours.rename_branch(&branch("main/one"), &branch("main"))
        .unwrap();
    ours.create_branch(&branch("side"), &rev("HEAD")).unwrap();
    ours.rename_branch(&branch("side"), &branch("side/two/three"))
        .unwrap();
    let ours = reopened(&ours);
    let branches = ours.branches().unwrap();
    let names: Vec<_> = branches
        .iter()
        .map(|branch| (branch.name.as_str(), branch.head))
        .collect();
    assert_eq!(
        names,
        [("main", Some(head)), ("side/two/three", Some(head))]
    );
}

#[test]
fn a_branch_that_someone_checks_out_at_the_same_moment_is_not_deleted() {
    let witness = Witness::new(memory(), Capabilities::empty());
    let backend: Arc<dyn NodeStorage> = witness.clone();
    let mut ours = VersionedStore::init(storage_on(&backend), options()).unwrap();
    ours.put("a", "1").unwrap();
    let head = ours.commit("First").unwrap();
    ours.create_branch(&branch("side"), &rev("HEAD")).unwrap();
    for rename in [false, true] {
        let mut theirs = in_worktree(ours.storage(), "theirs");
        theirs
            .checkout(&rev("main"), CheckoutOptions::default())
            .unwrap();
        witness.meanwhile(Moment::Before, move || {
            theirs
                .checkout(&rev("side"), CheckoutOptions::default())
                .unwrap();
        });
        let done = if rename {
            ours.rename_branch(&branch("side"), &branch("other"))
        } else {
            ours.delete_branch(&branch("side"), true).map(drop)
        };
        let error = done.unwrap_err();
        assert!(matches!(error, StoreError::RefMoved { .. }), "{error}");
        let theirs = in_worktree(ours.storage(), "theirs");
        assert_eq!(theirs.current_branch(), Some(&branch("side")));
        assert_eq!(theirs.head(), Some(head));
    }
}
