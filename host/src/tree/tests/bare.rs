//! Trees under names.

use prollytree_plugin_api::{Hash, OpenStorage, Options};

use super::*;
use crate::storage::{Decode, StorageError};

fn place() -> Storage {
    let request = OpenStorage::or_create(Options::new());
    let backend = (prollytree_backend_memory::BACKEND.open)(&request).unwrap();
    Storage::new(backend, StorageOptions::default())
}

fn load(storage: &Storage, name: &str) -> BareTree {
    BareTree::load_config(storage, name).unwrap().unwrap()
}

#[test]
fn a_saved_tree_is_found_by_its_name_with_its_parameters() {
    let storage = place();
    assert!(BareTree::load_config(&storage, "a").unwrap().is_none());
    let mut tree = BareTree::open_or_create(&storage, "a", tiny()).unwrap();
    tree.save_config().unwrap();
    assert!(load(&storage, "a").session().is_empty().unwrap());
    let rows = (0..100_u8).map(|n| ([n], [n; 3]));
    tree.insert_batch(rows).unwrap();
    assert!(load(&storage, "a").session().is_empty().unwrap());
    tree.save_config().unwrap();
    tree.save_config().unwrap();
    let mut found = BareTree::open_or_create(&storage, "a", Parameters::default()).unwrap();
    let map: Map = (0..100_u8).map(|n| (vec![n], vec![n; 3])).collect();
    let expected = build(&storage, tiny(), &map);
    assert_eq!(found.root_hash().unwrap(), expected.root());
    assert_eq!(*found.tree().unwrap().parameters(), tiny());
    assert_eq!(found.name(), "a");
}

#[test]
fn what_was_saved_meanwhile_is_not_lost() {
    let storage = place();
    let mut ours = BareTree::open_or_create(&storage, "t", small()).unwrap();
    let mut theirs = BareTree::open_or_create(&storage, "t", small()).unwrap();
    theirs.insert("their", "row").unwrap();
    theirs.save_config().unwrap();
    ours.insert("our", "row").unwrap();
    let error = ours.save_config().unwrap_err();
    assert!(matches!(error, TreeError::TreeMoved { ref name } if name == "t"));
    assert!(ours.find(b"our").unwrap().is_some(), "the edit is there");
    assert!(load(&storage, "t").find(b"their").unwrap().is_some());
    // Merging with what is there now lets it be saved.
    let base = Tree::empty(storage.clone(), small());
    let mut now = load(&storage, "t");
    let ours = ours.tree().unwrap();
    assert_eq!(now.merge_with(&base, &ours, TakeOurs).unwrap(), []);
    now.save_config().unwrap();
    assert_eq!(load(&storage, "t").session().len().unwrap(), 2);
}

#[test]
fn whoever_saves_the_same_has_lost_nothing() {
    let storage = place();
    let open = || BareTree::open_or_create(&storage, "t", small()).unwrap();
    let (mut one, mut two) = (open(), open());
    for tree in [&mut one, &mut two] {
        tree.insert("a", "1").unwrap();
        tree.save_config().unwrap();
    }
    two.insert("b", "2").unwrap();
    two.save_config().unwrap();
    assert_eq!(load(&storage, "t").session().len().unwrap(), 2);
}

#[test]
fn a_tree_gets_another_name_unless_one_has_it() {
    let storage = place();
    let mut tree = BareTree::open_or_create(&storage, "t", small()).unwrap();
    tree.insert("a", "1").unwrap();
    tree.save_config().unwrap();
    let mut copy = BareTree::of(tree.tree().unwrap(), "copy").unwrap();
    copy.save_config().unwrap();
    copy.insert("a", "2").unwrap();
    copy.save_config().unwrap();
    let value = |name| load(&storage, name).find(b"a").unwrap().unwrap();
    assert_eq!((&*value("t"), &*value("copy")), (&b"1"[..], &b"2"[..]));
    let mut taken = BareTree::of(tree.tree().unwrap(), "copy").unwrap();
    let error = taken.save_config().unwrap_err();
    assert!(matches!(error, TreeError::TreeMoved { .. }), "{error}");
    assert_eq!(&*value("copy"), b"2");
}

#[test]
fn an_update_is_of_what_is_there() {
    let storage = place();
    let mut tree = BareTree::open_or_create(&storage, "t", small()).unwrap();
    tree.insert_batch([("a", "1"), ("b", "1"), ("a", "2")])
        .unwrap();
    assert!(!tree.update("c", "3").unwrap());
    let updated = tree.update_batch([("a", "4"), ("c", "4"), ("b", "5")]);
    assert_eq!(updated.unwrap(), 2);
    assert_eq!(tree.find(b"a").unwrap().as_deref(), Some(&b"4"[..]));
    assert!(tree.find(b"c").unwrap().is_none());
    assert!(tree.delete(b"a").unwrap() && !tree.delete(b"a").unwrap());
    let proof = tree.generate_proof(b"b").unwrap();
    assert!(tree.verify(&proof, b"b", Some(b"5")).unwrap());
    assert!(!tree.verify(&proof, b"b", None).unwrap());
    let empty = Tree::empty(storage, small());
    assert_eq!(tree.diff(&empty).unwrap().count(), 1);
}

#[test]
fn a_name_that_cannot_be_is_refused() {
    let storage = place();
    for name in ["", "a..b", "-x", "a b"] {
        let error = BareTree::open_or_create(&storage, name, small()).unwrap_err();
        assert!(matches!(error, TreeError::InvalidName { .. }), "{name}");
    }
}

#[test]
fn the_bytes_of_the_record_are_pinned() {
    let record = BareTreeRecord {
        root: Hash::of(b"root"),
        parameters: Parameters::default(),
    };
    let bytes = record.encode();
    let root = Hash::of(b"root");
    let expected = [
        b"P\x05\x01\x00\x03",
        &root.as_bytes()[..],
        b"\x28\x00",
        &Parameters::default().encode(),
    ]
    .concat();
    assert_eq!(bytes, expected);
    let read = |bytes: &[u8]| BareTreeRecord::decode(Buffer::from(bytes));
    assert_eq!(read(&bytes).unwrap(), record);
    for at in 0..bytes.len() {
        assert!(read(&bytes[..at]).is_err());
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        if let Ok(other) = read(&changed) {
            assert_eq!(other.encode(), changed);
        }
    }
    assert!(read(&[&bytes[..], b"\0"].concat()).is_err());
}

#[test]
fn a_ref_that_points_elsewhere_is_an_error() {
    let storage = place();
    let mut tree = BareTree::open_or_create(&storage, "t", small()).unwrap();
    tree.insert("a", "b").unwrap();
    let root = tree.tree().unwrap().root();
    let update = RefUpdate {
        name: RefName::new("trees/node").unwrap(),
        expected: None,
        new: Some(root),
    };
    assert_eq!(storage.swap(&update).unwrap(), Swap::Done);
    let error = BareTree::load_config(&storage, "node").unwrap_err();
    assert!(matches!(
        error,
        TreeError::Storage(StorageError::OtherKind { .. })
    ));
}
