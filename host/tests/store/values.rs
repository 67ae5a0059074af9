//! Values of any length, in a store.

use std::sync::Arc;

use prollytree::store::{StoreError, VersionedStore};
use prollytree::tree::{Parameters, Tree, TreeError};
use prollytree_plugin_api::{Capabilities, NodeStorage};

use crate::witness::Witness;
use crate::{memory, options, reopened, rev, storage_on, store};

#[test]
fn a_value_of_any_length_is_staged_compared_and_committed() {
    let mut store = store();
    let value = vec![7; 3_000_000];
    assert_eq!(store.put_reader("film", &value[..]).unwrap(), 3_000_000);
    assert!(store.get(b"film").unwrap().as_deref() == Some(&value[..]));
    // Also beside a tree in another place.
    let elsewhere = Tree::empty(storage_on(&memory()), Parameters::default());
    for before in [&elsewhere, &store.tree().clone()] {
        let changes: Result<Vec<_>, _> = store.changes_since(before).collect();
        let changes = changes.unwrap();
        assert_eq!(changes.len(), 1);
        let after = changes[0].after.as_ref().unwrap().load().unwrap();
        assert!(after[..] == value);
    }
    store.commit("a film").unwrap();
    let reader = reopened(&store).value_reader(b"film").unwrap();
    assert_eq!(reader.map(|reader| reader.len()), Some(3_000_000));
    store.clear().unwrap();
    assert!(store.is_empty().unwrap() && !store.is_clean().unwrap());
}

#[test]
fn a_key_that_is_too_long_is_refused_before_its_value_is_read() {
    struct Unread;
    impl std::io::Read for Unread {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            panic!("it is read");
        }
    }
    let error = store().put_reader(vec![0; 70_000], Unread).unwrap_err();
    assert!(matches!(
        error,
        StoreError::Tree(TreeError::KeyTooLong { len: 70_000 })
    ));
}

#[test]
fn looking_for_changes_loads_no_values() {
    let witness = Witness::new(memory(), Capabilities::empty());
    let backend: Arc<dyn NodeStorage> = witness.clone();
    let mut store = VersionedStore::init(storage_on(&backend), options()).unwrap();
    // No two pieces are the same.
    let film = |seed: u32| -> Vec<u8> {
        let words = (0..750_000).map(|n: u32| n.wrapping_mul(0x9e37_79b9) ^ seed << 24);
        words.flat_map(u32::to_le_bytes).collect()
    };
    store.put("film", film(1)).unwrap();
    store.commit("a film").unwrap();
    store.put_reader("film", &film(2)[..]).unwrap();
    store.flush().unwrap();
    let mut store = VersionedStore::open(storage_on(&backend), options()).unwrap();
    witness.take();
    assert!(!store.status().unwrap().clean);
    assert_eq!(store.changes().count(), 1);
    store.put_reader("film", &film(3)[..]).unwrap();
    assert!(!store.is_clean().unwrap());
    store.commit("another film").unwrap();
    assert_eq!(store.history(b"film", &rev("HEAD")).unwrap().count(), 2);
    let reads = witness.take().reads;
    assert!(reads <= 6, "{reads} records, none of which is a piece");
    // What is committed is put again, and taken as what it is.
    store.put("film", film(1)).unwrap();
    store.put_reader("film", &film(3)[..]).unwrap();
    assert!(store.is_clean().unwrap());
}
