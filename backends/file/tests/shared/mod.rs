//! What the tests of the file backend share: opening, small records, chance, and child processes.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use prollytree_backend_file::BACKEND;
use prollytree_plugin_api::{
    Call, Hash, Kind, NodeStorage, OpenStorage, Options, Record, RefName, RefUpdate, Result, Slot,
    Swap,
};

pub(crate) const CALL: &Call<'static> = &Call::UNLIMITED;
pub(crate) type Store = Arc<dyn NodeStorage>;

pub(crate) fn options(path: &Path, journal_size: u64) -> Options {
    let mut options = Options::new();
    options.insert("path".into(), path.to_str().unwrap().into());
    options.insert("journal_size".into(), journal_size.into());
    options
}

pub(crate) fn try_open(path: &Path) -> Result<Store> {
    (BACKEND.open)(&OpenStorage::existing(options(path, 1 << 20)))
}

pub(crate) fn open(path: &Path, journal_size: u64) -> Store {
    (BACKEND.open)(&OpenStorage::or_create(options(path, journal_size))).unwrap()
}

pub(crate) fn open_read_only(path: &Path) -> Result<Store> {
    (BACKEND.open)(&OpenStorage::existing(options(path, 1 << 20)).read_only())
}

pub(crate) fn record(bytes: &[u8]) -> Record<'_> {
    Record::new(Kind::BLOB, &[], bytes)
}

pub(crate) fn name(text: &str) -> RefName {
    RefName::new(text).unwrap()
}

pub(crate) fn update(text: &str, expected: Option<&[u8]>, new: Option<&[u8]>) -> RefUpdate {
    RefUpdate {
        name: name(text),
        expected: expected.map(Hash::of),
        new: new.map(Hash::of),
    }
}

/// Stores a record and points `heads/main` at it.
pub(crate) fn commit(store: &Store, expected: Option<&[u8]>, bytes: &[u8]) -> Result<Swap> {
    let updates = [update("heads/main", expected, Some(bytes))];
    store.commit(CALL, &[record(bytes)], &updates)
}

pub(crate) fn head(store: &Store) -> Result<Option<Hash>> {
    store.get_ref(CALL, &name("heads/main"))
}

pub(crate) fn get(store: &Store, hash: Hash) -> Result<Option<Vec<u8>>> {
    let mut out = Slot::empty(1);
    store.get_many(CALL, &[hash], &mut out)?;
    Ok(out[0].bytes().map(<[u8]>::to_vec))
}

pub(crate) fn stat(store: &Store, name: &str) -> u64 {
    store.stats(CALL).unwrap().value(name).unwrap()
}

/// Copies the files of a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// The journal of a store.
pub(crate) fn journal(folder: &Path) -> std::path::PathBuf {
    let mut journals = std::fs::read_dir(folder).unwrap().filter_map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("journal-").then_some(path)
    });
    journals.next().unwrap()
}

/// What a child is told to do: the folder and a number.
pub(crate) const TASK: &str = "PROLLYTREE_FILE_TEST";

/// Starts this test program again to run one of its tests as a child.
pub(crate) fn spawn(
    test: &str,
    folder: &Path,
    number: usize,
) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(TASK, format!("{number}:{}", folder.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

/// The task, if this process is a child.
pub(crate) fn task() -> Option<(std::path::PathBuf, usize)> {
    let task = std::env::var(TASK).ok()?;
    let (number, folder) = task.split_once(':').unwrap();
    Some((folder.into(), number.parse().unwrap()))
}
