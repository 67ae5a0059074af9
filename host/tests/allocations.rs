//! What reading allocates, counted: nothing for each entry of a node.

#![forbid(unsafe_code)]

use std::alloc::System;
use std::ops::ControlFlow;
use std::sync::Arc;

use prollytree::storage::{Storage, StorageOptions};
use prollytree::tree::{Parameters, Tree};
use prollytree_backend_memory::BACKEND;
use prollytree_plugin_api::{OpenStorage, Options};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Returns how often `work` allocates.
fn allocations<T>(work: impl FnOnce() -> T) -> usize {
    let region = Region::new(ALLOCATOR);
    let made = work();
    let change = region.change();
    drop(made);
    change.allocations + change.reallocations
}

fn key(n: u32) -> Vec<u8> {
    format!("a key with a number behind it {n:08}").into_bytes()
}

// One test: another one on another thread would be counted with it.
#[test]
fn nodes_are_read_in_place() {
    const COUNT: u32 = 50_000;
    let backend = (BACKEND.open)(&OpenStorage::or_create(Options::new())).unwrap();
    let storage = || Storage::new(Arc::clone(&backend), StorageOptions::default());
    let build = |count: u32| {
        let entries = (0..count).map(|n| (key(n), vec![7; 40]));
        Tree::build(storage(), Parameters::default(), entries).unwrap()
    };

    // Decoding a leaf takes as many allocations whatever is in it.
    let opened = [2, 20].map(|count| {
        let tree = build(count);
        assert_eq!(tree.depth(), 1);
        let (cold, parameters) = (storage(), *tree.parameters());
        allocations(|| Tree::open(cold, tree.root(), parameters).unwrap())
    });
    assert_eq!(opened[0], opened[1]);

    // Looking up keys takes none, and going through all entries a few in all.
    let tree = build(COUNT);
    let keys = (0..COUNT).step_by(7);
    let read = || {
        for n in keys.clone() {
            let found = tree.get_with(&key(n), <[u8]>::len).unwrap();
            assert_eq!(found, Some(40));
        }
    };
    let scan = |tree: &Tree| {
        let mut count = 0;
        let end: ControlFlow<()> = tree
            .scan::<[u8], _, _>(.., |_, _| {
                count += 1;
                ControlFlow::Continue(())
            })
            .unwrap();
        assert!(end.is_continue() && count == tree.len());
    };
    read();
    assert_eq!(allocations(read), keys.len(), "the keys that are looked up");
    let scanned = allocations(|| scan(&tree));
    assert!(scanned < 10, "{scanned}");

    // Neither do values out of line that are in memory.
    let long = (0..1_000).map(|n| (key(n), n.to_le_bytes().repeat(1_000)));
    let tree = Tree::build(storage(), Parameters::default(), long).unwrap();
    scan(&tree);
    let scanned = allocations(|| scan(&tree));
    assert!(scanned < 10, "{scanned}");
}
