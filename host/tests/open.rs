//! Opening what a configuration names, with all layers in between.

use std::fs;

use prollytree::config::{Config, ConfigRequest, Environment, StoreSettings};
use prollytree::open::{OpenError, storage};
use prollytree::plugin::{PluginError, Registry};
use prollytree::store::{StoreError, StoreOptions, VersionedStore};
use prollytree_plugin_api::{Create, ErrorKind};
use tempfile::TempDir;

fn registry() -> Registry {
    Registry::new()
        .with_backend(prollytree_backend_memory::BACKEND)
        .with_backend(prollytree_backend_redb::BACKEND)
}

fn settings(folder: &TempDir, uri: &str) -> StoreSettings {
    StoreSettings::of_uri(uri, folder.path(), Environment::default()).expect("the URI is right")
}

#[test]
fn a_store_is_opened_by_a_uri() {
    let folder = tempfile::tempdir().unwrap();
    let made = storage(
        &settings(&folder, "redb:x.redb"),
        &registry(),
        Create::IF_ABSENT,
    )
    .unwrap();
    let mut store = VersionedStore::init(made.clone(), StoreOptions::default()).unwrap();
    store.put("k", "v").unwrap();
    store.close().unwrap();
    made.close().unwrap();
    let uri = format!("redb:{}", folder.path().join("x.redb").display());
    let store = prollytree::open(&uri, &registry()).unwrap();
    assert_eq!(store.get(b"k").unwrap().as_deref(), Some(b"v".as_slice()));
}

#[test]
fn a_project_file_chooses_the_engine_and_its_options() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[store]\nbackend = \"redb\"\npath = \"data/x.redb\"\ncache = \"1MiB\"\n";
    fs::write(folder.path().join("prolly.toml"), text).unwrap();
    let config = Config::load(&ConfigRequest {
        folder: folder.path().to_owned(),
        file: None,
        store: None,
        environment: Environment::default(),
    });
    let settings = config.unwrap().store().unwrap();
    let storage = storage(&settings, &registry(), Create::IF_ABSENT).unwrap();
    assert_eq!(storage.info().name, "redb");
    assert!(folder.path().join("data/x.redb").exists());
}

#[test]
fn a_durability_that_the_backend_lacks_is_refused_at_open() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = settings(&folder, "memory:?durability=durable");
    let error = storage(&wanted, &registry(), Create::IF_ABSENT).unwrap_err();
    assert!(
        matches!(&error, OpenError::NotDurable { backend } if backend == "memory"),
        "{error}"
    );
    let wanted = settings(&folder, "redb:x.redb?durability=durable");
    storage(&wanted, &registry(), Create::IF_ABSENT).unwrap();
}

#[test]
fn what_cannot_be_opened_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let open = |uri: &str| storage(&settings(&folder, uri), &registry(), Create::NEVER);
    let error = open("rebd:x.redb").unwrap_err();
    let OpenError::Plugin(PluginError::Unknown { suggestion, .. }) = &error else {
        panic!("{error}")
    };
    assert_eq!(suggestion.as_deref(), Some("redb"));

    assert!(matches!(
        open("redb:x?lock_wiat=1s").unwrap_err(),
        OpenError::Config(_)
    ));

    let error = open("redb:absent.redb").unwrap_err();
    let OpenError::Plugin(PluginError::Opening { source, .. }) = &error else {
        panic!("{error}")
    };
    assert_eq!(source.kind(), ErrorKind::UNAVAILABLE);

    drop(
        storage(
            &settings(&folder, "redb:empty.redb"),
            &registry(),
            Create::IF_ABSENT,
        )
        .unwrap(),
    );
    let uri = format!("redb:{}", folder.path().join("empty.redb").display());
    let error = prollytree::open(&uri, &registry()).unwrap_err();
    assert!(
        matches!(error, OpenError::Store(StoreError::NotAStore { .. })),
        "{error}"
    );
}
