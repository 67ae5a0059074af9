//! Naming commits, and looking at them as of a time.

use std::sync::Arc;

use prollytree::history::{
    Anchor, Commit, CommitId, Log, NamespaceKey, Person, Revision, RevisionError, Signature,
    SteppingClock, StoreProof, TagName, is_ancestor,
};
use prollytree::storage::RecordBatch;
use prollytree::store::{StoreOptions, VersionedStore};
use prollytree_plugin_api::{Capabilities, NodeStorage, Timestamp};

use crate::witness::Witness;
use crate::{START, branch, memory, options, rev, storage_on, store};

/// A store with commits that lie an hour apart, the first at `START`.
fn hourly(commits: usize) -> (VersionedStore, Vec<CommitId>, Arc<SteppingClock>) {
    let clock = Arc::new(SteppingClock::new(Timestamp(START), 0));
    let options = StoreOptions {
        clock: clock.clone(),
        ..options()
    };
    let mut store = VersionedStore::init(storage_on(&memory()), options).unwrap();
    let mut ids = Vec::new();
    for hour in 0..commits {
        clock.set(Timestamp(
            START + 3_600_000_000 * i64::try_from(hour).unwrap(),
        ));
        store.put("hour", format!("{hour}")).unwrap();
        ids.push(store.commit(format!("Hour {hour}")).unwrap());
    }
    (store, ids, clock)
}

#[test]
fn revisions_name_commits_as_in_git() {
    let (mut store, ids, _) = hourly(4);
    store
        .tag(&TagName::new("v1").unwrap(), &rev("HEAD~1"), Some("One"))
        .unwrap();
    store.create_branch(&branch("a/b"), &rev("@^^")).unwrap();
    let id = ids[2].to_string();
    let cases = [
        ("HEAD", 3),
        ("@", 3),
        ("main", 3),
        ("heads/main", 3),
        ("refs/heads/main", 3),
        ("HEAD~", 2),
        ("HEAD^", 2),
        ("HEAD~2", 1),
        ("@~1^1~1", 0),
        ("HEAD^0", 3),
        ("v1", 2),
        ("tags/v1^", 1),
        ("refs/tags/v1", 2),
        ("a/b", 1),
        ("a/b~1", 0),
        (&id, 2),
        (&id[..8], 2),
        (&id[..4], 2),
        (&id[..12].to_uppercase(), 2),
    ];
    for (text, expected) in cases {
        assert_eq!(store.resolve(&rev(text)).unwrap(), ids[expected], "{text}");
    }
    store
        .checkout(
            &rev("HEAD~3"),
            prollytree::store::CheckoutOptions::default(),
        )
        .unwrap();
    assert_eq!(store.resolve(&rev("HEAD")).unwrap(), ids[0]);
    assert_eq!(store.resolve(&Revision::from(ids[1])).unwrap(), ids[1]);
    assert_eq!(
        store.resolve(&Revision::from(&branch("main"))).unwrap(),
        ids[3]
    );
}

#[test]
fn a_revision_that_names_nothing_says_which_part_failed() {
    let (store, ids, _) = hourly(2);
    let fail = |text: &str| store.resolve(&rev(text)).unwrap_err();
    let long = "x".repeat(10_000);
    for text in [
        "nothing",
        "../../x",
        "/abs",
        "-x",
        "a..b",
        "x.lock",
        "a\0b",
        "heads/",
        "tags/main",
        &long,
    ] {
        let error = fail(text);
        assert!(
            matches!(error, RevisionError::Unknown { .. }),
            "{text}: {error}"
        );
        assert!(error.to_string().len() < 500);
    }
    let RevisionError::Unknown { digits: true, .. } = fail("abc") else {
        panic!()
    };
    assert!(fail("abc").to_string().contains("at least 4 digits"));
    let digits = "a".repeat(70);
    assert!(matches!(
        fail(&digits),
        RevisionError::Unknown { digits: false, .. }
    ));
    let absent = "0123456789abcdef".repeat(4);
    assert!(matches!(fail(&absent), RevisionError::Unknown { .. }));
    let node = store.snapshot(ids[0]).unwrap().root().to_string();
    assert!(store.resolve(&rev(&node)).is_err(), "a node is no commit");
    assert!(matches!(fail(&node[..10]), RevisionError::Unknown { .. }));

    let RevisionError::NoParent {
        step,
        commit,
        parents,
        ..
    } = fail("HEAD~2")
    else {
        panic!()
    };
    assert_eq!((step.as_str(), commit, parents), ("~2", ids[0], 0));
    let RevisionError::NoParent {
        step,
        commit,
        parents,
        ..
    } = fail("HEAD^2")
    else {
        panic!()
    };
    assert_eq!((step.as_str(), commit, parents), ("^2", ids[1], 1));
    let empty = crate::store();
    let error = empty.resolve(&rev("HEAD~1")).unwrap_err();
    assert!(matches!(error, RevisionError::Unborn { .. }), "{error}");
}

#[test]
fn a_name_of_a_branch_and_a_tag_is_ambiguous_unless_they_agree() {
    let (store, ids, _) = hourly(2);
    store.create_branch(&branch("both"), &rev("HEAD")).unwrap();
    store
        .tag(&TagName::new("both").unwrap(), &rev("HEAD"), None)
        .unwrap();
    assert_eq!(store.resolve(&rev("both")).unwrap(), ids[1]);
    store.delete_tag(&TagName::new("both").unwrap()).unwrap();
    store
        .tag(&TagName::new("both").unwrap(), &rev("HEAD~1"), None)
        .unwrap();
    let error = store.resolve(&rev("both")).unwrap_err();
    let RevisionError::Ambiguous { candidates, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(candidates, &["`heads/both`", "`tags/both`"]);
    assert_eq!(store.resolve(&rev("tags/both")).unwrap(), ids[0]);
    assert_eq!(store.resolve(&rev("heads/both")).unwrap(), ids[1]);
}

#[test]
fn short_ids_are_found_with_and_without_a_listing() {
    for hidden in [Capabilities::empty(), Capabilities::LIST] {
        let backend: Arc<dyn NodeStorage> = Witness::new(memory(), hidden);
        let storage = storage_on(&backend);
        let mut store = VersionedStore::init(storage, options()).unwrap();
        let mut ids = Vec::new();
        // Enough commits for two whose ids begin with the same four digits.
        for round in 0..600 {
            store.put("round", format!("{round}")).unwrap();
            ids.push(store.commit("").unwrap());
        }
        ids.sort();
        let (mut alike, mut unlike) = (0, 0);
        for pair in ids.windows(2) {
            let (first, second) = (pair[0].to_string(), pair[1].to_string());
            let shared = first
                .bytes()
                .zip(second.bytes())
                .take_while(|(a, b)| a == b)
                .count();
            if shared < 4 {
                continue;
            }
            alike += 1;
            let error = store.resolve(&rev(&first[..4])).unwrap_err();
            let RevisionError::Ambiguous { candidates, .. } = &error else {
                panic!("{error}")
            };
            assert!(candidates.contains(&format!("`{first}`")), "{error}");
            assert_eq!(store.resolve(&rev(&first[..=shared])).unwrap(), pair[0]);
        }
        for id in ids.iter().step_by(97) {
            unlike += 1;
            assert_eq!(store.resolve(&rev(&id.to_string()[..16])).unwrap(), *id);
        }
        assert!(alike > 0 && unlike > 0, "{alike} {unlike}");
    }
}

#[test]
fn a_moment_names_the_last_commit_at_or_before_it() {
    let (store, ids, clock) = hourly(5);
    clock.set(Timestamp(START + 4 * 3_600_000_000 + 60_000_000));
    let cases = [
        ("@{2024-01-01T00:00:00Z}", 0),
        ("@{2024-01-01T00:59:59.999999Z}", 0),
        ("@{2024-01-01T01:00:00Z}", 1),
        ("main@{2024-01-01 03:30}", 3),
        ("main@{2024-01-01 03:30}~2", 1),
        ("HEAD~1@{2024-01-02}", 3),
        ("@{now}", 4),
        ("@{2 hours ago}", 2),
        ("@{3.hours.ago}", 1),
    ];
    for (text, expected) in cases {
        assert_eq!(store.resolve(&rev(text)).unwrap(), ids[expected], "{text}");
    }
    let error = store.resolve(&rev("main@{2023-12-31}")).unwrap_err();
    assert!(
        matches!(error, RevisionError::BeforeHistory { .. }),
        "{error}"
    );
    let hour = store
        .at(&rev("@{3 hours ago}"))
        .unwrap()
        .get(b"hour")
        .unwrap();
    assert_eq!(hour.as_deref(), Some(&b"1"[..]));
}

#[test]
fn times_grow_along_a_branch_whatever_the_clock_says() {
    let (mut store, ids, clock) = hourly(3);
    clock.set(Timestamp(START));
    store.put("hour", "back").unwrap();
    let id = store.commit("The clock was put back").unwrap();
    let time = |id| store.snapshot(id).unwrap().commit().committer.time.0;
    assert_eq!(time(id), time(ids[2]) + 1);
    assert_eq!(store.snapshot(id).unwrap().commit().author.time.0, time(id));
}

/// Writes commits by hand: each is named by a letter, and lists its parents.
fn graph(store: &VersionedStore, commits: &[(&str, &str)]) -> impl Fn(&str) -> CommitId + use<> {
    let person = Person::new("Ada", "").unwrap();
    let mut made: Vec<(String, CommitId, Commit)> = Vec::new();
    let mut batch = RecordBatch::new();
    let root = store.snapshot(store.head().unwrap()).unwrap().commit().root;
    for (index, (name, parents)) in commits.iter().enumerate() {
        let time = Timestamp(START + i64::try_from(index).unwrap());
        let found: Vec<_> = (parents.chars())
            .map(|parent| {
                made.iter()
                    .find(|(name, ..)| *name == parent.to_string())
                    .unwrap()
            })
            .collect();
        let commit = Commit {
            root,
            aux: None,
            parents: found.iter().map(|(_, id, _)| *id).collect(),
            generation: 1 + found
                .iter()
                .map(|(.., commit)| commit.generation)
                .max()
                .unwrap_or(0),
            author: Signature::new(person.clone(), time, 0),
            committer: Signature::new(person.clone(), time, 0),
            message: (*name).to_owned(),
            extra: Vec::new(),
        };
        made.push((
            (*name).to_owned(),
            commit.push_to(&mut batch).unwrap(),
            commit,
        ));
    }
    store.storage().put(&batch).unwrap();
    move |name| made.iter().find(|(found, ..)| found == name).unwrap().1
}

#[test]
fn the_log_gives_every_commit_once_and_before_its_ancestors() {
    let mut store = store();
    store.put("a", "1").unwrap();
    store.commit("x").unwrap();
    //  a - b - d - f     a second root r joins in g
    //    \ c - e -/ \
    //         r ---- g
    let commits = [
        ("a", ""),
        ("b", "a"),
        ("c", "a"),
        ("d", "b"),
        ("e", "c"),
        ("r", ""),
        ("f", "de"),
        ("g", "fr"),
    ];
    let id = graph(&store, &commits);
    let log = |starts: &[&str]| -> String {
        let starts: Vec<_> = starts.iter().map(|name| id(name)).collect();
        Log::new(store.storage(), starts)
            .map(|item| item.unwrap().1.message.clone())
            .collect()
    };
    assert_eq!(log(&["g"]), "gfedcbra");
    assert_eq!(log(&["b", "c", "b"]), "cba");
    assert_eq!(log(&[]), "");
    for (ancestor, descendant, expected) in [
        ("a", "g", true),
        ("r", "g", true),
        ("r", "f", false),
        ("e", "d", false),
        ("d", "e", false),
        ("g", "a", false),
        ("f", "f", true),
        ("c", "f", true),
        ("b", "c", false),
    ] {
        let found = is_ancestor(store.storage(), id(ancestor), id(descendant)).unwrap();
        assert_eq!(found, expected, "{ancestor} {descendant}");
    }
    let second = rev(&format!("{}^2", id("f")));
    assert_eq!(store.resolve(&second).unwrap(), id("e"));
}

#[test]
fn a_commit_id_is_enough_to_check_what_a_commit_has() {
    let mut store = store();
    let empty = store
        .commit_with(prollytree::store::CommitOptions {
            allow_empty: true,
            ..Default::default()
        })
        .unwrap();
    for n in 0..2_000 {
        store
            .put(format!("key-{n:05}"), format!("value {n}"))
            .unwrap();
    }
    let first = store.commit("First").unwrap();
    store.put("key-00007", "another").unwrap();
    let second = store.commit("Second").unwrap();
    let plain = NamespaceKey::plain();
    let at = |id| store.snapshot(id).unwrap();
    let (key, old, new) = (&b"key-00007"[..], &b"value 7"[..], &b"another"[..]);
    let proof = at(first).generate_proof(key).unwrap();
    let read = StoreProof::decode(&proof.encode()).unwrap();
    assert_eq!(read, proof);
    let shows = |id, value| read.verify(Anchor::Commit(id), &plain, key, value);
    assert!(shows(first, Some(old)));
    assert!(!shows(first, Some(new)) && !shows(first, None));
    assert!(!shows(second, Some(old)), "it is about the other commit");
    let root = store.snapshot(first).unwrap().commit().root;
    assert!(!read.verify(Anchor::Root(root), &plain, key, Some(old)));
    let other = NamespaceKey::new("other", "data").unwrap();
    assert!(!read.verify(Anchor::Commit(first), &other, key, Some(old)));

    let absent = at(second).generate_proof(b"nothing").unwrap();
    assert!(absent.verify(Anchor::Commit(second), &plain, b"nothing", None));
    let nowhere = at(empty).generate_proof(key).unwrap();
    assert!(nowhere.verify(Anchor::Commit(empty), &plain, key, None));

    let bytes = proof.encode();
    for at in 0..bytes.len() {
        assert!(StoreProof::decode(&bytes[..at]).is_err(), "{at} bytes");
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x10;
        assert!(StoreProof::decode(&bytes).is_err(), "byte {at}");
    }
}
