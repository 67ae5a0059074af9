//! What a million entries hold in memory while they are built and when they have been read, by the bytes
//! that are allocated and not given back.

#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::alloc::System;
use std::cell::Cell;
use std::ops::ControlFlow;
use std::path::Path;

use prollytree::storage::{Storage, StorageOptions};
use prollytree::tree::{Parameters, Tree};
use prollytree_plugin_api::{OpenStorage, Options};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ENTRIES: usize = 1_000_000;
const MIB: usize = 1 << 20;
/// Of keys and values.
const BYTES: usize = ENTRIES * (16 + 100);

/// Counts what is held from some moment on.
struct Held(Region<'static, System>);

impl Held {
    fn now(&self) -> usize {
        let change = self.0.change();
        change
            .bytes_allocated
            .saturating_sub(change.bytes_deallocated)
    }
}

fn in_memory() -> Storage {
    let opened = (prollytree_backend_memory::BACKEND.open)(&OpenStorage::or_create(Options::new()));
    Storage::new(opened.unwrap(), StorageOptions::default())
}

fn in_file(folder: &Path, cache_bytes: usize) -> Storage {
    let path = folder.join("store");
    let options = [("path", path.to_str().unwrap()), ("cache", "1MiB")];
    let options = options.map(|(name, value)| (name.into(), value.into()));
    let options = OpenStorage::or_create(options.into_iter().collect());
    let opened = (prollytree_backend_redb::BACKEND.open)(&options);
    let options = StorageOptions {
        cache_bytes: cache_bytes as u64,
        ..StorageOptions::default()
    };
    Storage::new(opened.unwrap(), options)
}

/// Builds the tree of all entries. Returns it, and the most that was held meanwhile.
fn built(storage: Storage, held: &Held) -> (Tree, usize) {
    let most = Cell::new(0);
    let entries = (0..ENTRIES as u64).map(|n| {
        if n.is_multiple_of(1_000) {
            most.set(held.now().max(most.get()));
        }
        let key = u128::from(n).to_be_bytes().to_vec();
        (key, vec![n.to_le_bytes()[0]; 100])
    });
    let tree = Tree::build(storage, Parameters::default(), entries).unwrap();
    (tree, most.get())
}

/// Reads everything twice. Returns what is held after that.
fn held_when_read(tree: &Tree, held: &Held) -> usize {
    for _ in 0..2 {
        let mut bytes = 0;
        let flow = tree.scan::<[u8], _, ()>(.., |key, value| {
            bytes += key.len() + value.len();
            ControlFlow::Continue(())
        });
        assert!(flow.unwrap().is_continue());
        assert_eq!(bytes, BYTES);
    }
    held.now()
}

/// One test for all of it: what is allocated is counted for the whole process.
#[test]
fn a_million_entries_hold_what_they_are_or_what_the_cache_may() {
    let held = Held(Region::new(ALLOCATOR));

    // The engine `memory` holds the nodes, and nothing else grows with them.
    let (tree, most) = built(in_memory(), &held);
    assert!(most > BYTES * 9 / 10, "{most}");
    assert!(most < BYTES * 108 / 100 + 32 * MIB, "{most}");
    drop(tree);
    assert!(held.now() < 4 * MIB, "{}", held.now());

    // What lies in a file is held in parts only while it is built.
    let folder = tempfile::tempdir().unwrap();
    let storage = in_file(folder.path(), 16 * MIB);
    let (tree, most) = built(storage.clone(), &held);
    storage.sync().unwrap();
    assert!(most < 64 * MIB, "{most}");

    // Read, it is in the cache as far as that goes; beside it are internal nodes, a quarter as much.
    let (root, parameters) = (tree.root(), *tree.parameters());
    drop((tree, storage));
    for cache in [4, 16] {
        let storage = in_file(folder.path(), cache * MIB);
        let empty = held.now();
        let tree = Tree::open(storage, root, parameters).unwrap();
        let small = held_when_read(&tree, &held) - empty;
        assert!(small < cache * MIB * 5 / 4 + 2 * MIB, "{cache}: {small}");
    }
    let storage = in_file(folder.path(), 256 * MIB);
    let tree = Tree::open(storage, root, parameters).unwrap();
    let large = held_when_read(&tree, &held);
    assert!(large > BYTES * 9 / 10, "{large}");
    assert!(large < BYTES * 110 / 100 + 8 * MIB, "{large}");
}
