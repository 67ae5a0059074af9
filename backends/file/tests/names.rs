//! The names in the folder: durable before anything is acknowledged that they lead to.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod shared;

use std::fs;

use prollytree_plugin_api::{ErrorKind, Hash, Report, Swap};
use shared::{CALL, commit, head, open, record, stat, try_open};

#[test]
fn the_names_are_forced_once_by_an_opening_before_its_first_commit() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path(), 1 << 20));
    let store = try_open(folder.path()).unwrap();
    assert_eq!(stat(&store, "syncs"), 0);
    assert_eq!(commit(&store, None, b"one").unwrap(), Swap::Done);
    assert_eq!(stat(&store, "syncs"), 2, "the folder and the journal");
    assert_eq!(commit(&store, Some(b"one"), b"two").unwrap(), Swap::Done);
    assert_eq!(stat(&store, "syncs"), 3);
}

#[test]
fn who_acknowledges_what_others_wrote_forces_the_names_too() {
    let folder = tempfile::tempdir().unwrap();
    let other = open(folder.path(), 1 << 20);
    let store = try_open(folder.path()).unwrap();
    other.put_many(CALL, &[record(b"put")]).unwrap();
    store.sync(CALL).unwrap();
    assert_eq!(stat(&store, "syncs"), 2, "the folder and the journal");
}

#[test]
fn who_follows_a_manifest_of_another_writer_forces_the_names_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), 1 << 20);
    assert_eq!(commit(&store, None, b"one").unwrap(), Swap::Done);
    let before = stat(&store, "syncs");
    let other = try_open(folder.path()).unwrap();
    other.maintain(CALL, "repack", &Report::new()).unwrap();
    assert_eq!(commit(&store, Some(b"one"), b"two").unwrap(), Swap::Done);
    assert_eq!(stat(&store, "syncs"), before + 2);
    assert_eq!(commit(&store, Some(b"two"), b"three").unwrap(), Swap::Done);
    assert_eq!(stat(&store, "syncs"), before + 3);
}

#[test]
fn nothing_is_acknowledged_while_the_names_cannot_be_forced() {
    let folder = tempfile::tempdir().unwrap();
    let (path, away) = (folder.path().join("store"), folder.path().join("away"));
    drop(open(&path, 1 << 20));
    let store = try_open(&path).unwrap();
    // The folder is not found where it was, and the files in it are open.
    fs::rename(&path, &away).unwrap();
    for _ in 0..2 {
        let error = commit(&store, None, b"one").unwrap_err();
        assert_ne!(error.kind(), ErrorKind::CORRUPT);
        assert!(error.message().contains("force a folder"), "{error}");
        assert!(store.sync(CALL).is_err());
        assert_eq!(head(&store).unwrap(), None, "nothing was written");
    }
    fs::rename(&away, &path).unwrap();
    assert_eq!(commit(&store, None, b"one").unwrap(), Swap::Done);
    drop(store);
    let store = try_open(&path).unwrap();
    assert_eq!(head(&store).unwrap(), Some(Hash::of(b"one")));
}

#[test]
fn a_journal_that_was_left_behind_goes_only_after_the_names_were_forced() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path(), 1 << 20));
    let old = folder.path().join("journal-0000000000000000");
    fs::write(&old, b"sealed, but not removed").unwrap();
    let store = try_open(folder.path()).unwrap();
    assert!(!old.exists());
    assert_eq!(stat(&store, "syncs"), 1);
    assert_eq!(commit(&store, None, b"one").unwrap(), Swap::Done);
    assert_eq!(stat(&store, "syncs"), 2, "they are durable already");
}
