//! The catalog: many namespaces under one root.

use std::collections::BTreeMap;

use prollytree::history::{Catalog, CatalogEntry, NamespaceKey};
use prollytree::storage::RecordBatch;
use prollytree::store::StoreError;
use prollytree::tree::{Edit, Parameters, Tree};
use prollytree_plugin_api::{Hash, Kind, RefUpdate, Swap};

use crate::{memory, rev, storage_on, store};

#[test]
fn a_leaf_of_a_catalog_links_to_the_roots_of_its_namespaces() {
    let storage = storage_on(&memory());
    let mut catalog = Catalog::empty(&storage);
    let mut expected = BTreeMap::new();
    for index in 0..300 {
        let mut batch = RecordBatch::new();
        let tree = Tree::empty(storage.clone(), Parameters::default());
        let put = Edit::Put(format!("{index}").into_bytes());
        let tree = tree.apply([(b"key", put)], &mut batch).unwrap();
        let key = NamespaceKey::new(&format!("namespace {}", index * 7 % 300), "data").unwrap();
        let mut entry = CatalogEntry::plain(tree.root(), *tree.parameters());
        entry.attributes = vec![(
            "unknown".into(),
            vec![1; usize::try_from(index).unwrap() * 10],
        )];
        let before = batch.len();
        catalog = catalog.with(&key, Some(&entry), &mut batch).unwrap();
        expected.insert(key, entry);
        for node in batch.records()[before..]
            .iter()
            .filter(|_| index % 50 == 49)
        {
            assert_eq!(node.kind, Kind::NODE);
            let named = |hash: &&Hash| {
                node.bytes
                    .windows(Hash::LEN)
                    .any(|bytes| bytes == hash.as_bytes().as_slice())
            };
            let roots = expected.values().map(|entry| &entry.root).filter(named);
            assert!(roots.into_iter().all(|root| node.links.contains(root)));
        }
        storage.put(&batch).unwrap();
    }
    let found: BTreeMap<_, _> = catalog.entries().map(|entry| entry.unwrap()).collect();
    assert_eq!(found, expected);
    let reopened = Catalog::open(&storage, catalog.root()).unwrap();
    let (key, entry) = expected.first_key_value().unwrap();
    assert_eq!(reopened.entry(key).unwrap().as_ref(), Some(entry));
    let without = catalog.with(key, None, &mut RecordBatch::new()).unwrap();
    assert_ne!(without.root(), catalog.root());
}

#[test]
fn names_sort_before_facets() {
    let key = |name, facet| NamespaceKey::new(name, facet).unwrap();
    let sorted = [
        key("a", "data"),
        key("a", "index"),
        key("a b", "data"),
        key("ab", "a"),
        key("b", "a"),
    ];
    assert!(sorted.is_sorted());
    assert!(sorted.iter().map(NamespaceKey::encode).is_sorted());
}

#[test]
fn other_namespaces_survive_a_plain_session_and_foreign_ones_are_refused() {
    let mut store = store();
    store.put("a", "1").unwrap();
    let id = store.commit("First").unwrap();
    let storage = store.storage().clone();
    let first = store.snapshot(id).unwrap().commit().clone();
    let mut catalog = Catalog::open(&storage, first.root).unwrap();
    let plain = catalog.entry(&NamespaceKey::plain()).unwrap().unwrap();
    let other = CatalogEntry {
        kind: "table".into(),
        kind_version: 7,
        ..plain.clone()
    };
    let key = NamespaceKey::new("users", "data").unwrap();
    let kept = ("future".to_owned(), b"unknown".to_vec());
    let mut batch = RecordBatch::new();
    catalog = catalog.with(&key, Some(&other), &mut batch).unwrap();
    storage.put(&batch).unwrap();
    let attributed = CatalogEntry {
        attributes: vec![kept.clone()],
        ..plain.clone()
    };
    catalog = catalog
        .with(&NamespaceKey::plain(), Some(&attributed), &mut batch)
        .unwrap();
    let mut commit = first;
    (commit.parents, commit.generation, commit.root) = (vec![id], 2, catalog.root());
    let second = commit.push_to(&mut batch).unwrap();
    let name = store.current_branch().unwrap().ref_name().clone();
    let update = RefUpdate {
        name: name.clone(),
        expected: Some(id.0),
        new: Some(second.0),
    };
    assert_eq!(storage.commit(&batch, &[update]).unwrap(), Swap::Done);

    assert!(store.refresh().unwrap());
    store.put("b", "2").unwrap();
    let third = store.commit("Third").unwrap();
    store.delete(b"a").unwrap();
    store.delete(b"b").unwrap();
    store.commit("Emptied").unwrap();
    for revision in [rev(&third.to_string()), rev("HEAD")] {
        let root = store.at(&revision).unwrap().commit().root;
        let catalog = Catalog::open(&storage, root).unwrap();
        assert_eq!(catalog.entry(&key).unwrap().as_ref(), Some(&other));
        let plain = catalog.entry(&NamespaceKey::plain()).unwrap().unwrap();
        assert_eq!(
            plain.attributes,
            std::slice::from_ref(&kept),
            "what nobody knows survives"
        );
    }

    let mut batch = RecordBatch::new();
    let foreign = catalog
        .with(&NamespaceKey::plain(), Some(&other), &mut batch)
        .unwrap();
    (commit.parents, commit.generation, commit.root) = (vec![second], 3, foreign.root());
    let foreign = commit.push_to(&mut batch).unwrap();
    storage.put(&batch).unwrap();
    let error = store.at(&rev(&foreign.to_string())).unwrap_err();
    assert!(
        matches!(error, StoreError::ForeignNamespace { version: 7, .. }),
        "{error}"
    );
}
