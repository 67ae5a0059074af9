//! The versioned store, from the outside, on real backends.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod backends;
mod catalog;
mod counted;
mod damage;
mod diff_proofs;
mod forged;
mod interrupted;
mod model;
mod random;
mod revisions;
mod sessions;
mod states;
mod store_proofs;
mod values;
mod verbs;
mod witness;

use std::path::Path;
use std::sync::Arc;

use prollytree::history::{BranchName, Person, Revision, SteppingClock};
use prollytree::storage::{Storage, StorageOptions};
use prollytree::store::{StoreOptions, VersionedStore};
use prollytree::tree::{Value, ValueHandle};
use prollytree_plugin_api::{NodeStorage, OpenStorage, Options, Timestamp};

/// The time that the clocks of tests start at: 2024-01-01, in microseconds.
const START: i64 = 1_704_067_200_000_000;

/// A session may be handed to another thread.
const _: () = {
    const fn is_send<T: Send>() {}
    is_send::<VersionedStore>();
};

/// A backend in memory that nobody else sees.
fn memory() -> Arc<dyn NodeStorage> {
    let request = OpenStorage::or_create(Options::default());
    (prollytree_backend_memory::BACKEND.open)(&request).unwrap()
}

/// The backend in a redb file. The one before must be gone.
fn redb(path: &Path) -> Arc<dyn NodeStorage> {
    let path = path.to_str().unwrap().into();
    let request = OpenStorage::or_create(Options::from_iter([("path".to_owned(), path)]));
    (prollytree_backend_redb::BACKEND.open)(&request).unwrap()
}

fn storage_on(backend: &Arc<dyn NodeStorage>) -> Storage {
    Storage::new(Arc::clone(backend), StorageOptions::default())
}

/// Options with a clock that goes on by a second at each look, and a person who needs no set-up.
fn options() -> StoreOptions {
    StoreOptions {
        clock: Arc::new(SteppingClock::new(Timestamp(START), 1_000_000)),
        identity: Arc::new(Person::new("Ada Lovelace", "ada@example.org").unwrap()),
        ..StoreOptions::default()
    }
}

/// A new store in memory.
fn store() -> VersionedStore {
    VersionedStore::init(storage_on(&memory()), options()).unwrap()
}

/// Another session on the same storage and worktree.
fn reopened(store: &VersionedStore) -> VersionedStore {
    VersionedStore::open(store.storage().clone(), options()).unwrap()
}

fn branch(name: &str) -> BranchName {
    BranchName::new(name).unwrap()
}

fn rev(text: &str) -> Revision {
    Revision::new(text).unwrap()
}

fn text(value: Option<Value>) -> Option<String> {
    value.map(|value| String::from_utf8(value.to_vec()).unwrap())
}

fn loaded(value: Option<ValueHandle>) -> Option<String> {
    text(value.map(|value| value.load().unwrap()))
}

fn get(store: &VersionedStore, key: &str) -> Option<String> {
    text(store.get(key.as_bytes()).unwrap())
}

/// All entries, as text.
fn entries(store: &VersionedStore) -> Vec<(String, String)> {
    let utf8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    store
        .iter()
        .map(|entry| entry.unwrap())
        .map(|(key, value)| (utf8(&key), utf8(&value)))
        .collect()
}

/// The keys that uncommitted changes concern.
fn changed(store: &VersionedStore) -> Vec<String> {
    store
        .changes()
        .map(|change| String::from_utf8(change.unwrap().key).unwrap())
        .collect()
}
