//! What a load in bulk holds in memory, by the bytes that it has allocated and not given back.

#![forbid(unsafe_code)]

use std::alloc::System;

use prollytree::storage::{Storage, StorageOptions};
use prollytree::tree::{BulkOptions, Parameters, Tree};
use prollytree_plugin_api::{OpenStorage, Options};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A load of several times the memory that its edits may take.
#[test]
fn a_load_holds_little_more_than_its_limit() {
    const LIMIT: usize = 4 << 20;
    const ENTRIES: usize = 100_000;
    /// What an entry takes as an edit: its bytes and what holds them.
    const EDIT: usize = 100 + 8 + 48;
    const { assert!(ENTRIES * EDIT > 3 * LIMIT) };

    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::new();
    let path = folder.path().join("store");
    options.insert("path".into(), path.to_str().unwrap().into());
    options.insert("cache".into(), "1MiB".into());
    let backend = (prollytree_backend_redb::BACKEND.open)(&OpenStorage::or_create(options));
    let storage = StorageOptions {
        cache_bytes: 1 << 20,
        ..StorageOptions::default()
    };
    let storage = Storage::new(backend.unwrap(), storage);

    let region = Region::new(ALLOCATOR);
    let held = || {
        let change = region.change();
        change
            .bytes_allocated
            .saturating_sub(change.bytes_deallocated)
    };
    let mut most = 0;
    // A step without a common factor goes through all numbers, in no order.
    let keys = (0..ENTRIES as u64).map(|n| n * 61_953 % ENTRIES as u64);
    let entries = keys.map(|n| (n.to_be_bytes().to_vec(), vec![7; 100]));
    let options = BulkOptions {
        memory: LIMIT,
        progress: Some(Box::new(|_| most = most.max(held()))),
        ..BulkOptions::default()
    };
    let tree = Tree::build_unsorted(storage, Parameters::default(), entries, options).unwrap();
    assert_eq!(tree.len(), ENTRIES as u64);
    // Besides the edits: up to 8 MiB of nodes on their way, the caches, and runs of the file.
    assert!(most > LIMIT / 2, "{most}");
    assert!(most < LIMIT + (14 << 20), "{most}");
}
