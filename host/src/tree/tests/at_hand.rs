//! What is at hand is not asked for: no address, no lock, no node.

use std::ops::ControlFlow;

use super::counted::rows;
use super::*;
use crate::storage::work::{self, Work};

/// The cache has the only lock on the way down.
#[test]
fn a_warm_descent_computes_no_address_and_takes_no_lock() {
    let (backend, storage) = new_storage();
    let map = rows(20_000);
    let tree = build(&storage, Parameters::default(), &map);
    let levels = tree.stats().unwrap().levels;
    let nodes: u64 = levels.iter().map(|level| level.nodes).sum();
    let below_root = usize::try_from(nodes).unwrap() - 1;
    let tree = Tree::open(cold(&backend), tree.root(), *tree.parameters()).unwrap();
    assert!(tree.depth() > 2);
    backend.take();
    work::take();
    let read = || {
        for key in map.keys().step_by(100) {
            assert!(tree.get(key).unwrap().is_some());
            tree.rank(key).unwrap();
        }
        assert_eq!(tree.iter().count(), map.len());
        assert_eq!(tree.iter().rev().count(), map.len());
        let nothing = tree.scan::<[u8], _, ()>(.., |_, _| ControlFlow::Continue(()));
        assert!(nothing.unwrap().is_continue());
        backend.take().0
    };
    assert_eq!(read(), below_root);
    assert_eq!(work::take().addresses, below_root);
    assert_eq!(read(), 0);
    assert_eq!(work::take(), Work::default());
}

/// The cache is full of what has been asked for often when two sides are edited and merged.
#[test]
fn what_edits_have_written_is_still_at_hand_for_a_merge() {
    let (backend, storage) = new_storage();
    let map = rows(100_000);
    let tree = build(&storage, Parameters::default(), &map);
    let options = StorageOptions {
        cache_bytes: 8 << 20,
        ..StorageOptions::default()
    };
    let storage = Storage::new(Arc::clone(&backend) as _, options);
    let base = Tree::open(storage, tree.root(), *tree.parameters()).unwrap();
    for _ in 0..3 {
        for key in map.keys().step_by(2) {
            assert!(base.contains_key(key).unwrap());
        }
    }
    let side = |start| {
        let keys = map.keys().skip(start).step_by(2_000);
        apply(&base, keys.map(|key| (key.clone(), Edit::Put(vec![1; 90]))))
    };
    let (ours, theirs) = (side(0), side(1_000));
    backend.take();
    let mut batch = RecordBatch::new();
    let merged = ours.merge(&base, &theirs, LeaveConflicts, &mut batch);
    assert!(merged.unwrap().conflicts.is_empty());
    let (read, _) = backend.take();
    assert!(
        read * 5 <= batch.len(),
        "{read} read, {} written",
        batch.len()
    );
}
