//! Nothing above the storage can tell which backend it runs on.

use std::sync::Arc;

use prollytree::history::CommitId;
use prollytree::store::VersionedStore;
use prollytree_plugin_api::{Hash, NodeStorage};

use crate::{entries, memory, options, redb, storage_on};

/// Makes three commits in two sessions; returns what identifies the result.
fn work(open: impl Fn() -> Arc<dyn NodeStorage>) -> (Vec<CommitId>, Hash, Vec<(String, String)>) {
    let mut ids = Vec::new();
    let options = options();
    for session in 0..3 {
        let mut store = VersionedStore::open_or_init(storage_on(&open()), options.clone()).unwrap();
        for row in 0..300 {
            store
                .put(
                    format!("row {:03}", row * (session + 1) % 300),
                    format!("{session}"),
                )
                .unwrap();
        }
        ids.push(store.commit(format!("Session {session}")).unwrap());
        store.put("flushed", "v".repeat(3000)).unwrap();
        store.storage().sync().unwrap();
        store.close().unwrap();
    }
    let store = VersionedStore::open(storage_on(&open()), options).unwrap();
    (ids, store.catalog_root().unwrap(), entries(&store))
}

#[test]
fn ids_and_roots_are_the_same_on_every_backend() {
    let in_memory = memory();
    let expected = work(|| Arc::clone(&in_memory));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let on_disk = work(|| redb(&path));
    assert_eq!(on_disk, expected);
}
