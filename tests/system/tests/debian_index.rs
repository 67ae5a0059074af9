//! A large real table: the machine's own Debian package index, imported, updated from another
//! suite's list and compared, on every embedded backend; equal to what a plain dictionary says.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;

use prollytree::history::{Person, Revision};
use prollytree::storage::{Storage, StorageOptions};
use prollytree::store::{StoreOptions, VersionedStore};
use prollytree::tree::{Edit, ValueHandle};
use prollytree_plugin_api::{Backend, Hash, OpenStorage, Options};
use prollytree_system_tests::debian::{Index, Suite, index};

/// What happened to a key: its value before and after.
type Changed = (Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>);

#[test]
fn a_package_index_is_what_a_dictionary_says_on_every_backend() {
    let release = index(Suite::Release).unwrap();
    let security = index(Suite::Security).unwrap();
    assert!(
        release.len() > 20_000,
        "a release has tens of thousands of packages"
    );
    assert!(!security.is_empty(), "a release has security updates");

    let folder = tempfile::tempdir().unwrap();
    let backends = [
        (prollytree_backend_memory::BACKEND, None),
        (prollytree_backend_redb::BACKEND, Some("store.redb")),
        (prollytree_backend_file::BACKEND, Some("store")),
    ];
    let roots = backends.map(|(backend, path)| {
        let path = path.map(|path| folder.path().join(path));
        updated_index(&backend, path.as_deref(), &release, &security)
    });
    assert!(
        roots.iter().all(|root| *root == roots[0]),
        "one root on every backend: {roots:?}"
    );
}

/// Imports a release, brings it up to date, takes a tenth of it away; returns the last root.
fn updated_index(
    backend: &Backend,
    path: Option<&Path>,
    release: &Index,
    security: &Index,
) -> Hash {
    let mut store = fresh_store(backend, path);
    put_all(&mut store, release);
    store.commit("release").unwrap();
    put_all(&mut store, security);
    store.commit("security updates").unwrap();

    let mut updated = release.clone();
    updated.extend(security.clone());
    assert_same(&store, &updated);
    assert_eq!(
        changes(&store, "HEAD~1", "HEAD"),
        difference(release, &updated)
    );

    let gone: Vec<Vec<u8>> = updated.keys().step_by(10).cloned().collect();
    store
        .apply_many(gone.iter().map(|key| (key.clone(), Edit::Delete)))
        .unwrap();
    store.commit("every tenth is gone").unwrap();
    let mut thinned = updated.clone();
    for key in &gone {
        thinned.remove(key);
    }
    assert_same(&store, &thinned);
    assert_eq!(
        changes(&store, "HEAD~2", "HEAD"),
        difference(release, &thinned)
    );
    assert_eq!(
        changes(&store, "HEAD", "HEAD~1"),
        difference(&thinned, &updated)
    );

    let old = store.at(&"HEAD~2".parse().unwrap()).unwrap();
    assert_eq!(old.len(), release.len() as u64);
    store.root_hash().unwrap()
}

fn fresh_store(backend: &Backend, path: Option<&Path>) -> VersionedStore {
    let mut options = Options::new();
    if let Some(path) = path {
        options.insert("path".into(), path.to_str().unwrap().into());
    }
    let opened = (backend.open)(&OpenStorage::or_create(options)).unwrap();
    let storage = Storage::new(opened, StorageOptions::default());
    let tester = Person::new("Tester", "tester@example.org").unwrap();
    let options = StoreOptions {
        identity: Arc::new(tester),
        ..StoreOptions::default()
    };
    VersionedStore::init(storage, options).unwrap()
}

fn put_all(store: &mut VersionedStore, index: &Index) {
    let puts = index
        .iter()
        .map(|(key, value)| (key.clone(), Edit::Put(value.clone())));
    store.apply_many(puts).unwrap();
}

fn assert_same(store: &VersionedStore, expected: &Index) {
    assert_eq!(store.len().unwrap(), expected.len() as u64);
    let stored: Index = store
        .iter()
        .map(|entry| entry.map(|(key, value)| (key, value.to_vec())).unwrap())
        .collect();
    assert!(stored == *expected, "the store differs from the dictionary");
    for (key, value) in expected.iter().step_by(997) {
        assert_eq!(store.get(key).unwrap().as_deref(), Some(value.as_slice()));
    }
}

fn changes(store: &VersionedStore, from: &str, to: &str) -> Vec<Changed> {
    let revision = |text: &str| text.parse::<Revision>().unwrap().into();
    let bytes = |value: Option<ValueHandle>| value.map(|value| value.load().unwrap().to_vec());
    let found = store.diff(&revision(from), &revision(to)).unwrap();
    found
        .map(|change| change.unwrap())
        .map(|change| (change.key, bytes(change.before), bytes(change.after)))
        .collect()
}

/// The oracle.
fn difference(before: &Index, after: &Index) -> Vec<Changed> {
    let mut keys: Vec<&Vec<u8>> = before.keys().chain(after.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter()
        .map(|key| {
            (
                key.clone(),
                before.get(key).cloned(),
                after.get(key).cloned(),
            )
        })
        .filter(|(_, before, after)| before != after)
        .collect()
}
