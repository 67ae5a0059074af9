//! Values of any length, in a store.

use prollytree::store::StoreError;
use prollytree::tree::{Parameters, Tree, TreeError};

use crate::{memory, reopened, storage_on, store};

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
        assert!(changes.len() == 1 && changes[0].after.as_deref() == Some(&value[..]));
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
