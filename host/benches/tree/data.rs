//! Trees, and what is changed in them: the same in every run.

use prollytree::storage::{RecordBatch, Storage, StorageOptions};
use prollytree::tree::{Edit, Parameters, Tree};
use prollytree_backend_memory::BACKEND;
use prollytree_plugin_api::{OpenStorage, Options};

/// Keys are looked up and changed in steps of this, which has no factor in common with the sizes.
pub(crate) const STEP: u64 = 7_919;

pub(crate) fn storage() -> Storage {
    let backend = (BACKEND.open)(&OpenStorage::or_create(Options::new())).expect("memory opens");
    Storage::new(backend, StorageOptions::default())
}

/// A tree whose leaves have been looked into, so that they are at hand.
pub(crate) fn tree(size: u64) -> Tree {
    let mut entries = entries(size);
    entries.sort();
    let tree =
        Tree::build(storage(), Parameters::default(), entries).expect("the entries are sorted");
    // A leaf has some forty entries, so that this misses few.
    for number in (0..size).step_by(8) {
        tree.get(&key(number)).expect("memory reads");
    }
    tree
}

/// Entries in no order.
pub(crate) fn entries(size: u64) -> Vec<(Vec<u8>, Vec<u8>)> {
    (0..size)
        .map(|number| (key(number), value(number)))
        .collect()
}

/// New values for keys all over the tree, which are others for each start that is `count` away.
pub(crate) fn scattered(tree: &Tree, start: u64, count: u64) -> Vec<(Vec<u8>, Edit)> {
    let number = |index| (start + index) * STEP % tree.len();
    let mut edits: Vec<_> = (0..count)
        .map(|index| (key(number(index)), put(start)))
        .collect();
    edits.sort_by(|(one, _), (other, _)| one.cmp(other));
    edits
}

/// Applies edits and stores what they write.
pub(crate) fn apply(tree: &Tree, edits: Vec<(Vec<u8>, Edit)>) -> Tree {
    let mut batch = RecordBatch::new();
    let next = tree.apply(edits, &mut batch).expect("the edits are sorted");
    tree.storage().put(&batch).expect("memory stores records");
    next
}

/// Sixteen bytes, as if at random (splitmix64): what a merge changes on either side must not lie
/// beside what the other does, as it would if numbers were only multiplied.
pub(crate) fn key(number: u64) -> Vec<u8> {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    [(mixed ^ (mixed >> 31)).to_be_bytes(), number.to_be_bytes()].concat()
}

/// A hundred bytes.
pub(crate) fn value(number: u64) -> Vec<u8> {
    format!("{number:0100}").into_bytes()
}

pub(crate) fn put(round: u64) -> Edit {
    Edit::Put(value(u64::MAX - round))
}
