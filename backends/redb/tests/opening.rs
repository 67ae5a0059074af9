//! Opening: what is made, what is refused and why, and who holds the file.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use common::{CALL, blob, open, options, read, refusal, step};
use prollytree_backend_redb::BACKEND;
use prollytree_conformance::Random;
use prollytree_plugin_api::{Capabilities, ErrorKind, Hash, OpenStorage, Swap, Timestamp};
use redb::{Database, TableDefinition};
use tempfile::TempDir;

const CHILD: &str = "PROLLYTREE_TEST_HOLD";

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_new_store_is_one_file_in_folders_made_for_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a/b/main.redb");
    let store = open(&path);
    assert_eq!(names(&folder.path().join("a/b")), ["main.redb"]);
    assert_eq!(store.info().location, path.display().to_string());
    store.close().unwrap();
    assert_eq!(names(&folder.path().join("a/b")), ["main.redb"]);
}

#[test]
fn stores_made_at_once_are_one_store() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("main.redb");
    let mut patient = options(&path);
    patient.insert("lock_wait".into(), "60s".into());
    std::thread::scope(|scope| {
        for number in 0..6 {
            let request = OpenStorage::or_create(patient.clone());
            scope.spawn(move || {
                let store = (BACKEND.open)(&request).unwrap();
                let mine = step(&format!("heads/{number}"), None, Some(Hash::ZERO));
                let done = store.compare_and_swap_ref(CALL, &mine).unwrap();
                assert_eq!(done, Swap::Done);
                store.close().unwrap();
            });
        }
    });
    assert_eq!(names(folder.path()), ["main.redb"]);
    assert_eq!(common::measured(&*open(&path), "refs"), 6);
}

#[test]
fn a_store_that_is_not_there_is_not_made_unasked() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sub/main.redb");
    let requests = [
        OpenStorage::existing(options(&path)),
        OpenStorage::or_create(options(&path)).read_only(),
    ];
    for request in requests {
        let error = refusal(&request);
        assert_eq!(error.kind(), ErrorKind::UNAVAILABLE);
        assert_eq!(error.context("path"), path.to_str());
    }
    assert!(names(folder.path()).is_empty());
}

#[test]
fn what_is_no_store_is_refused_and_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    let cases: &[(&str, &[u8], &str)] = &[
        ("empty", b"", "empty file"),
        ("text", b"[store]\nbackend = 'redb'\n", "another file"),
        ("short", b"redb", "another file"),
    ];
    for (name, bytes, expected) in cases {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let error = refusal(&OpenStorage::or_create(options(&path)));
        assert_eq!(error.kind(), ErrorKind::INVALID_CONFIG, "{error}");
        assert!(error.message().contains(expected), "{error}");
        assert_eq!(fs::read(&path).unwrap(), *bytes);
    }
    let file_as_folder = folder.path().join("text/main.redb");
    for path in [folder.path(), &file_as_folder] {
        let error = refusal(&OpenStorage::or_create(options(path)));
        assert_eq!(error.kind(), ErrorKind::INVALID_CONFIG, "{error}");
    }
    let endless = folder.path().join("x".repeat(10_000));
    let error = refusal(&OpenStorage::or_create(options(&endless)));
    assert_eq!(error.kind(), ErrorKind::INVALID_CONFIG, "{error}");
}

#[test]
fn a_database_of_someone_else_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("foreign.redb");
    let database = Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let table: TableDefinition<&str, u32> = TableDefinition::new("records");
    transaction
        .open_table(table)
        .unwrap()
        .insert("x", 1)
        .unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = refusal(&OpenStorage::or_create(options(&path)));
    assert_eq!(error.kind(), ErrorKind::INVALID_CONFIG);
    assert!(error.message().contains("not one of prollytree"), "{error}");
}

#[test]
fn a_store_of_a_newer_format_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("main.redb");
    open(&path).close().unwrap();
    let database = Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let table: TableDefinition<&str, u32> = TableDefinition::new("prollytree");
    let mut format = transaction.open_table(table).unwrap();
    format.insert("version", 3).unwrap();
    drop(format);
    transaction.commit().unwrap();
    drop(database);
    let error = refusal(&OpenStorage::existing(options(&path)));
    assert_eq!(error.kind(), ErrorKind::UNSUPPORTED);
    assert!(error.message().contains("newer version"), "{error}");
}

#[test]
fn a_damaged_file_gives_an_error_or_true_data() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("main.redb");
    let contents: Vec<_> = (0..200_u32).map(|i| i.to_le_bytes().repeat(50)).collect();
    let store = open(&path);
    let records: Vec<_> = contents.iter().map(|bytes| blob(bytes)).collect();
    assert_eq!(store.commit(CALL, &records, &[]).unwrap(), Swap::Done);
    store.close().unwrap();
    drop(store);
    let whole = fs::read(&path).unwrap();
    let mut random = Random::new(7);
    for round in 0..60 {
        println!("seed 7, round {round}");
        let mut bytes = whole.clone();
        if round % 3 == 0 {
            bytes.truncate(random.below(whole.len()));
        } else {
            for _ in 0..=random.below(20) {
                bytes[random.below(whole.len())] ^= 1 << random.below(8);
            }
        }
        fs::write(&path, &bytes).unwrap();
        let Ok(store) = (BACKEND.open)(&OpenStorage::existing(options(&path))) else {
            continue;
        };
        for bytes in &contents {
            // The host hashes what it reads; here a wrong answer may only be a damaged one.
            let mut slot = prollytree_plugin_api::Slot::empty(1);
            let hash = Hash::of(bytes);
            drop(store.get_many(CALL, &[hash], &mut slot));
        }
    }
}

#[test]
fn reading_only_changes_no_byte_and_refuses_to_write() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("main.redb");
    let store = open(&path);
    let record = blob(b"kept");
    let create = step("heads/main", None, Some(record.hash));
    let done = store.commit(CALL, &[record], std::slice::from_ref(&create));
    assert_eq!(done.unwrap(), Swap::Done);
    store.close().unwrap();
    let before = fs::read(&path).unwrap();

    let request = OpenStorage::existing(options(&path)).read_only();
    let store = (BACKEND.open)(&request).unwrap();
    let beside = (BACKEND.open)(&request).unwrap();
    assert!(store.info().capabilities.contains(Capabilities::READ_ONLY));
    assert_eq!(read(&*store, record.hash).as_deref(), Some(&b"kept"[..]));
    assert_eq!(read(&*beside, record.hash).as_deref(), Some(&b"kept"[..]));
    let refused = [
        store.put_many(CALL, &[record]).unwrap_err(),
        store.delete_many(CALL, &[], Timestamp(0)).unwrap_err(),
        store.compare_and_swap_ref(CALL, &create).unwrap_err(),
        store.commit(CALL, &[], &[]).unwrap_err(),
        store
            .maintain(CALL, "compact", &serde_json::Map::new())
            .unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.kind(), ErrorKind::PERMISSION_DENIED);
    }
    store.sync(CALL).unwrap();
    store
        .maintain(CALL, "verify", &serde_json::Map::new())
        .unwrap();
    drop((store, beside));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_second_instance_in_this_process_is_told_so() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("main.redb");
    let first = open(&path);
    for request in [
        OpenStorage::or_create(options(&path)),
        OpenStorage::existing(options(&path)).read_only(),
    ] {
        let error = refusal(&request);
        assert_eq!(error.kind(), ErrorKind::LOCKED);
        let holder = error.context("holder").unwrap();
        assert!(holder.contains("this process"), "{holder}");
    }
    first.close().unwrap();
    open(&path).close().unwrap();
}

/// What the child of the test below does: hold the store until the parent says otherwise.
#[test]
fn child_holds_the_store() {
    let Ok(path) = std::env::var(CHILD) else {
        return;
    };
    let store = open(Path::new(&path));
    println!("\nholding");
    std::io::stdout().flush().unwrap();
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    store.close().unwrap();
}

fn spawn(path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_holds_the_store", "--nocapture"])
        .env(CHILD, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn holding(path: &Path) -> Child {
    let mut child = spawn(path);
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let held = lines.any(|line| line.unwrap() == "holding");
    assert!(held, "the child ended without holding the store");
    child
}

#[test]
fn another_process_waits_and_is_told_who_holds_the_store() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("main.redb");
    let mut child = holding(&path);
    let error = refusal(&OpenStorage::or_create(options(&path)));
    assert_eq!(error.kind(), ErrorKind::LOCKED);
    assert!(error.is_retryable());
    if cfg!(target_os = "linux") {
        let holder = error.context("holder").unwrap();
        assert!(
            holder.ends_with(&format!("(pid {})", child.id())),
            "{holder}"
        );
    }

    let mut patient = options(&path);
    patient.insert("lock_wait".into(), "60s".into());
    let waiting = std::thread::spawn(move || (BACKEND.open)(&OpenStorage::existing(patient)));
    child.stdin.take().unwrap().write_all(b"end\n").unwrap();
    waiting.join().unwrap().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_killed_holder_leaves_no_lock_but_a_file_to_repair() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("main.redb");
    let mut child = holding(&path);
    child.kill().unwrap();
    child.wait().unwrap();
    let left = fs::read(&path).unwrap();
    let reading = OpenStorage::existing(options(&path)).read_only();
    let error = refusal(&reading);
    assert_eq!(error.kind(), ErrorKind::UNAVAILABLE);
    assert!(error.message().contains("for writing"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), left, "reading repairs nothing");
    open(&path).close().unwrap();
    (BACKEND.open)(&reading).unwrap();
}

#[test]
fn a_kill_while_a_store_is_made_leaves_a_whole_one_or_none() {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = u64::from(since.subsec_nanos());
    println!("seed {seed}");
    let mut random = Random::new(seed);
    for _ in 0..12 {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("main.redb");
        let mut child = spawn(&path);
        let moment = Duration::from_micros(random.below(15_000) as u64);
        std::thread::sleep(moment);
        child.kill().unwrap();
        child.wait().unwrap();
        let store = open(&path);
        let done = store.compare_and_swap_ref(CALL, &step("heads/a", None, Some(Hash::ZERO)));
        assert_eq!(done.unwrap(), Swap::Done, "killed after {moment:?}");
    }
}
