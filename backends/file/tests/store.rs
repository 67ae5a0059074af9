//! Opening, syncing, locking and maintaining a store.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod shared;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use prollytree_backend_file::BACKEND;
use prollytree_plugin_api::{ErrorKind, Hash, OpenStorage, Report, Swap, Timestamp};
use shared::{
    CALL, commit, get, head, journal, open, open_read_only, options, record, stat, try_open, update,
};

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read(path).unwrap())
    });
    entries.collect()
}

#[test]
fn a_commit_is_one_sync_and_a_put_none() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), 1 << 20);
    let mut syncs = stat(&store, "syncs");
    let mut before: Option<Vec<u8>> = None;
    for number in 0_u8..20 {
        let bytes = vec![number; 100];
        store.put_many(CALL, &[record(&[number])]).unwrap();
        let swap = commit(&store, before.as_deref(), &bytes).unwrap();
        assert_eq!(swap, Swap::Done);
        before = Some(bytes);
        syncs += 1;
        assert_eq!(stat(&store, "syncs"), syncs);
    }
    assert_eq!(
        commit(&store, None, b"lost").unwrap(),
        Swap::Lost {
            name: shared::name("heads/main"),
            current: before.as_deref().map(Hash::of),
        }
    );
    assert_eq!(stat(&store, "syncs"), syncs);
    store.put_many(CALL, &[record(b"put")]).unwrap();
    store.sync(CALL).unwrap();
    store.sync(CALL).unwrap();
    assert_eq!(
        stat(&store, "syncs"),
        syncs + 1,
        "there was nothing to do the second time"
    );
}

#[test]
fn a_lost_commit_leaves_no_record() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), 1 << 20);
    let updates = [
        update("heads/a", None, Some(b"x")),
        update("heads/b", Some(b"elsewhere"), Some(b"x")),
    ];
    let swap = store.commit(CALL, &[record(b"x")], &updates).unwrap();
    assert!(matches!(swap, Swap::Lost { .. }));
    assert_eq!(get(&store, Hash::of(b"x")).unwrap(), None);
    assert_eq!(stat(&store, "refs"), 0);
}

#[test]
fn a_read_only_store_changes_nothing_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path, 1 << 20);
    assert_eq!(commit(&store, None, b"one").unwrap(), Swap::Done);
    drop(store);
    fs::write(path.join("tmp-1-1"), b"left behind").unwrap();
    let before = files(&path);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o555)).unwrap();
    let store = open_read_only(&path).unwrap();
    assert_eq!(head(&store).unwrap(), Some(Hash::of(b"one")));
    store.sync(CALL).unwrap();
    let error = commit(&store, Some(b"one"), b"two").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PERMISSION_DENIED);
    let error = store.maintain(CALL, "repack", &Report::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PERMISSION_DENIED);
    drop(store);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(files(&path), before);
    drop(try_open(&path).unwrap());
    assert!(!path.join("tmp-1-1").exists(), "a writer sweeps up");
}

#[test]
fn a_place_without_a_store_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    for path in [folder.path(), &missing] {
        for error in [
            try_open(path).err().unwrap(),
            open_read_only(path).err().unwrap(),
        ] {
            assert_eq!(error.kind(), ErrorKind::UNAVAILABLE);
            assert!(error.message().contains(path.to_str().unwrap()));
        }
    }
    assert!(!missing.exists());
    fs::write(&missing, b"a file").unwrap();
    let how = OpenStorage::or_create(options(&missing, 1));
    let error = (BACKEND.open)(&how).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::INVALID_CONFIG);
    let how = OpenStorage::or_create(options(folder.path(), 1));
    let error = (BACKEND.open)(&how).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::INVALID_CONFIG);
    assert!(error.message().contains("`missing`"), "{error}");
    assert_eq!(
        files(folder.path()).len(),
        1,
        "a foreign folder is left alone"
    );
}

#[test]
fn a_store_whose_making_was_broken_off_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path(), 1 << 20));
    fs::remove_file(folder.path().join("MANIFEST")).unwrap();
    let store = open(folder.path(), 1 << 20);
    assert_eq!(commit(&store, None, b"one").unwrap(), Swap::Done);
}

#[test]
fn the_holder_of_the_lock_is_named() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path(), 1 << 20));
    let mut options = options(folder.path(), 1 << 20);
    options.insert("lock_wait".into(), "20ms".into());
    let store = (BACKEND.open)(&OpenStorage::existing(options)).unwrap();
    let lock = fs::File::options()
        .write(true)
        .open(folder.path().join("LOCK"))
        .unwrap();
    lock.lock().unwrap();
    let error = commit(&store, None, b"one").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LOCKED);
    let holder = error.context("holder").unwrap();
    assert!(
        holder.contains(&format!("(pid {})", std::process::id())),
        "{holder}"
    );
    assert_eq!(head(&store).unwrap(), None, "readers do not wait");
    lock.unlock().unwrap();
    assert_eq!(commit(&store, None, b"one").unwrap(), Swap::Done);
}

#[test]
fn repacking_gives_deleted_room_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), 1 << 20);
    let all: Vec<_> = (0_u8..100).map(|number| vec![number; 1000]).collect();
    let records: Vec<_> = all.iter().map(|bytes| record(bytes)).collect();
    store.put_many(CALL, &records).unwrap();
    store.maintain(CALL, "repack", &Report::new()).unwrap();
    assert_eq!(stat(&store, "packs"), 1);
    let hashes: Vec<_> = records.iter().map(|record| record.hash).collect();
    let later = Timestamp(i64::MAX);
    assert_eq!(store.delete_many(CALL, &hashes[..90], later).unwrap(), 90);
    let before = stat(&store, "bytes_on_disk");
    let other = try_open(folder.path()).unwrap();
    store.maintain(CALL, "repack", &Report::new()).unwrap();
    assert!(stat(&store, "bytes_on_disk") < before / 5);
    for store in [store, other, try_open(folder.path()).unwrap()] {
        assert_eq!(stat(&store, "records"), 10);
        assert_eq!(get(&store, hashes[95]).unwrap().as_ref(), Some(&all[95]));
        assert_eq!(get(&store, hashes[5]).unwrap(), None);
    }
}

#[test]
fn a_backup_made_while_others_write_opens_at_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path, 2000);
    let number = |number: u32| number.to_le_bytes().repeat(20);
    assert_eq!(commit(&store, None, &number(0)).unwrap(), Swap::Done);
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let store = try_open(&path).unwrap();
            for at in 0..300 {
                let swap = commit(&store, Some(&number(at)), &number(at + 1));
                assert_eq!(swap.unwrap(), Swap::Done);
            }
        });
        for copy in 0..5 {
            let to = folder.path().join(format!("copy-{copy}"));
            let mut args = Report::new();
            args.insert("to".into(), to.to_str().unwrap().into());
            store.maintain(CALL, "backup", &args).unwrap();
            let again = store.maintain(CALL, "backup", &args).unwrap_err();
            assert_eq!(again.kind(), ErrorKind::INVALID_ARGUMENT);
            let backup = try_open(&to).unwrap();
            let bytes = get(&backup, head(&backup).unwrap().unwrap())
                .unwrap()
                .unwrap();
            let last = u32::from_le_bytes(*bytes.first_chunk().unwrap());
            for earlier in 0..=last {
                let bytes = number(earlier);
                assert_eq!(get(&backup, Hash::of(&bytes)).unwrap(), Some(bytes));
            }
            assert_eq!(
                commit(&backup, Some(&number(last)), b"on").unwrap(),
                Swap::Done
            );
        }
        writing.join().unwrap();
    });
}

#[test]
fn verify_names_what_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), 1 << 20);
    assert_eq!(commit(&store, None, b"sound").unwrap(), Swap::Done);
    let swap = commit(&store, Some(b"sound"), b"damaged").unwrap();
    assert_eq!(swap, Swap::Done);
    let sound = store.maintain(CALL, "verify", &Report::new()).unwrap();
    assert_eq!(sound["records"], 2);
    assert_eq!(sound["damaged"].as_array().unwrap().len(), 0);
    let path = journal(folder.path());
    let mut bytes = fs::read(&path).unwrap();
    let place = bytes
        .windows(7)
        .position(|seven| seven == b"damaged")
        .unwrap();
    bytes[place] ^= 1;
    fs::write(&path, bytes).unwrap();
    let report = store.maintain(CALL, "verify", &Report::new()).unwrap();
    let damaged = report["damaged"][0].as_str().unwrap();
    assert!(
        damaged.contains(&Hash::of(b"damaged").to_string()),
        "{damaged}"
    );
}
