//! The edges: limits, unsorted input, keys that end no node, and trees that are broken.

use std::sync::atomic::AtomicU64;

use super::super::boundary::Boundary;
use super::super::decode::LEN_LIMIT;
use super::super::entries::Entries;
use super::super::node::{Child, Totals};
use super::super::value::Cell;
use super::*;
use crate::storage::{Decode, StorageError};

fn put(key: &[u8], value: &[u8]) -> (Key, Edit) {
    (key.to_vec(), Edit::Put(value.to_vec()))
}

/// Applies edits that must fail.
fn refuse(tree: &Tree, edits: Vec<(Key, Edit)>) -> TreeError {
    tree.apply(edits, &mut RecordBatch::new()).unwrap_err()
}

#[test]
fn edits_out_of_order_are_refused() {
    let (_, storage) = new_storage();
    let tree = Tree::empty(storage, tiny());
    let error = refuse(&tree, vec![put(b"a", b""), put(b"c", b""), put(b"b", b"")]);
    assert!(matches!(error, TreeError::Unsorted { index: 2 }));
    let error = refuse(&tree, vec![put(b"a", b"1"), put(b"a", b"2")]);
    assert!(matches!(error, TreeError::Unsorted { index: 1 }));
    let entries = [(b"b".to_vec(), vec![]), (b"a".to_vec(), vec![])];
    let error = Tree::build(tree.storage().clone(), tiny(), entries).unwrap_err();
    assert!(matches!(error, TreeError::Unsorted { index: 1 }));
}

#[test]
fn keys_may_be_as_long_as_the_limit_says() {
    let (_, storage) = new_storage();
    let tree = Tree::empty(storage.clone(), Parameters::default());
    let longest_key = vec![b'k'; MAX_KEY_LEN];
    let filled = apply(&tree, [put(b"", b""), put(&longest_key, b"value")]);
    assert_eq!(filled.len(), 2);
    assert_eq!(filled.byte_count(), (MAX_KEY_LEN + 5) as u64);
    assert_eq!(
        filled.get(&longest_key).unwrap().as_deref(),
        Some(&b"value"[..])
    );

    let too_long = [longest_key.as_slice(), b"k"].concat();
    assert!(filled.get(&too_long).unwrap().is_none());
    let error = refuse(&tree, vec![put(&too_long, b"")]);
    assert!(matches!(error, TreeError::KeyTooLong { len: 65_536 }));
}

#[test]
fn the_longest_keys_make_a_tree_like_any_other() {
    let (_, storage) = new_storage();
    let map: Map = (0..40_u8)
        .map(|n| {
            (
                vec![n / 7; MAX_KEY_LEN - usize::from(n % 7)],
                vec![n; usize::from(n) * 50],
            )
        })
        .collect();
    let tree = build(&storage, Parameters::default(), &map);
    assert!(tree.depth() > 3, "two keys fill an internal node");
    assert_eq!(contents(&tree), map);
    let (first, rest) = map
        .iter()
        .next()
        .map(|(key, _)| (key.clone(), map.len() - 1))
        .unwrap();
    let smaller = apply(&tree, [(first.clone(), Edit::Delete)]);
    assert_eq!(smaller.len(), rest as u64);
    assert_eq!(
        apply(&smaller, [(first.clone(), Edit::Put(map[&first].clone()))]),
        tree
    );
}

/// Entries that weigh little and take much, before a last one that weighs as much as any can: nearly the
/// largest node that a writer makes.
#[test]
fn the_largest_node_is_read_and_comes_nowhere_near_the_limit() {
    let (_, storage) = new_storage();
    let all = NodeSize {
        target: 4 << 20,
        min: 4 << 20,
        max: 4 << 20,
    };
    let shape = Shape {
        leaf: all,
        inline_limit: Parameters::MAX_INLINE_LIMIT,
        ..Shape::default()
    };
    let parameters = Parameters::new(shape).unwrap();
    let count: u32 = (4 << 20) / 8;
    // A tail of nine bytes makes the places of tails wide, in place of two entries.
    let mut entries = vec![(vec![], vec![]), (vec![0; 17], vec![])];
    entries.extend(
        (0x0100_0000..0x0100_0000 + count - 4).map(|n: u32| (n.to_be_bytes().to_vec(), vec![])),
    );
    let last = (vec![0xff; MAX_KEY_LEN], vec![1; 64 << 10]);
    entries.push(last.clone());
    let tree = Tree::build(storage.clone(), parameters, entries.clone()).unwrap();
    let len = tree.root_node().encoded().len();
    assert_eq!((tree.depth(), tree.len()), (1, u64::from(count - 1)));
    assert!(len > 8_900_000 && len < 9_109_543, "{len} bytes");
    assert!(Node::decode(tree.root_node().bytes.clone()).is_ok());

    // One entry more would have been one too many.
    entries.pop();
    let more = [3, 4].map(|n| (vec![0xfe; n], vec![]));
    entries.extend(more);
    entries.push(last);
    assert_eq!(
        Tree::build(storage, parameters, entries).unwrap().depth(),
        2
    );
}

#[test]
fn a_node_is_shorter_than_its_limit() {
    let node_of = |len: usize| {
        let mut entries = Entries::new(0);
        let around = 32 + 8;
        let value = vec![7; len - around];
        entries.push_cell(b"", &Cell::Inline(&value));
        let node = entries.content().node(tiny().fingerprint());
        let bytes = node.bytes.clone();
        assert_eq!(bytes.len(), len);
        Node::decode(bytes)
    };
    assert!(node_of(LEN_LIMIT - 1).is_ok());
    let error = node_of(LEN_LIMIT).unwrap_err();
    assert!(error.to_string().contains("16 MiB"), "{error}");
}

#[test]
fn equal_values_out_of_line_are_stored_once() {
    let (backend, storage) = new_storage();
    let value = vec![9; 10_000];
    let map: Map = (0..10_u8).map(|n| (vec![n], value.clone())).collect();
    let tree = build(&storage, Parameters::default(), &map);
    assert_eq!(tree.stats().unwrap().blobs, 1);
    assert_eq!(backend.records.lock().len(), 2, "a leaf and a blob");
    assert_eq!(contents(&tree), map);
}

/// Keys that were chosen to end no node give nodes of the greatest size, and a right tree.
#[test]
fn keys_that_end_no_node_make_the_same_tree_by_any_history() {
    let (_, storage) = new_storage();
    let parameters = small();
    let next = AtomicU64::new(0);
    let mut boundary = Boundary::new(&parameters, 0);
    let mut entries = Vec::new();
    for _ in 0..600 {
        let key = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed).to_be_bytes())
            .take(10_000)
            .find(|key| !boundary.clone().ends_with(16, || key.as_slice()));
        if let Some(key) = key {
            boundary.ends_with(16, || &key);
            entries.push((key.to_vec(), vec![1; 8]));
        } else {
            boundary = Boundary::new(&parameters, 0);
        }
    }
    assert!(entries.len() > 500);
    let map: Map = entries.iter().cloned().collect();
    let tree = build(&storage, parameters, &map);
    assert!(
        tree.stats().unwrap().levels[0].nodes < 40,
        "nodes are as large as they may be"
    );
    let mut grown = Tree::empty(storage.clone(), parameters);
    for (key, value) in entries.iter().rev() {
        grown = apply(&grown, [(key.clone(), Edit::Put(value.clone()))]);
    }
    assert_eq!(grown, tree);
    let half: Map = entries.iter().step_by(2).cloned().collect();
    let removed = entries
        .iter()
        .skip(1)
        .step_by(2)
        .map(|(key, _)| (key.clone(), Edit::Delete));
    assert_eq!(apply(&tree, removed), build(&storage, parameters, &half));
}

#[test]
fn an_empty_tree_is_read_without_a_store_and_stored_with_the_first_edits() {
    let (backend, storage) = new_storage();
    let tree = Tree::empty(storage.clone(), Parameters::default());
    assert!(tree.is_empty() && tree.get(b"").unwrap().is_none() && tree.iter().next().is_none());
    assert_eq!(backend.take(), (0, 0));
    let stored = apply(&tree, []);
    assert_eq!(stored, tree);
    assert!(storage.load::<Node>(&tree.root()).is_ok());
    assert_ne!(
        tree,
        Tree::empty(storage, tiny()),
        "parameters are part of the root"
    );
}

#[test]
fn a_tree_opens_with_its_own_parameters_only() {
    let (_, storage) = new_storage();
    let map = Map::from([(b"key".to_vec(), b"value".to_vec())]);
    let root = build(&storage, tiny(), &map).root();
    let error = Tree::open(storage.clone(), root, small()).unwrap_err();
    assert!(matches!(error, TreeError::WrongParameters { root: of } if of == root));
    let absent = Tree::open(storage, Hash::of(b"absent"), tiny()).unwrap_err();
    assert!(matches!(
        absent,
        TreeError::Storage(StorageError::Missing { .. })
    ));
}

#[test]
fn a_missing_or_changed_node_is_an_error_and_never_an_absent_key() {
    let (backend, storage) = new_storage();
    let map: Map = (0..200_u8).map(|n| (vec![n], vec![n; 5])).collect();
    let tree = build(&storage, tiny(), &map);
    let hashes: Vec<Hash> = backend.records.lock().keys().copied().collect();
    for hash in hashes.into_iter().filter(|&hash| hash != tree.root()) {
        let bytes = backend.records.lock().remove(&hash).unwrap();
        let open = || Tree::open(cold(&backend), tree.root(), tiny()).unwrap();
        let found: Vec<_> = open().iter().collect();
        let missing = |error: &TreeError| matches!(error, TreeError::Storage(StorageError::Missing { hash: of, .. }) if *of == hash);
        assert!(missing(found.last().unwrap().as_ref().unwrap_err()));
        assert!(missing(&open().stats().unwrap_err()));
        let mut changed = bytes.clone();
        *changed.last_mut().unwrap() ^= 1;
        backend.records.lock().insert(hash, changed);
        let error = open().iter().find_map(std::result::Result::err).unwrap();
        assert!(matches!(
            error,
            TreeError::Storage(StorageError::Corrupt { .. })
        ));
        backend.records.lock().insert(hash, bytes);
    }
}

#[test]
fn a_forged_tree_is_an_error_wherever_it_contradicts_itself() {
    let (_, storage) = new_storage();
    let parameters = tiny();
    let mut batch = RecordBatch::new();
    let mut leaf = |keys: &[&[u8]]| {
        let mut entries = Entries::new(0);
        for key in keys {
            entries.push_cell(key, &Cell::Inline(b"v"));
        }
        let bytes = entries
            .content()
            .node(parameters.fingerprint())
            .encoded()
            .to_vec();
        let hash = batch.push(prollytree_plugin_api::Kind::NODE, vec![], bytes);
        Child {
            hash,
            totals: entries.content().totals,
        }
    };
    let (low, high) = (leaf(&[b"a", b"c"]), leaf(&[b"b", b"z"]));
    let lied = Child {
        totals: Totals {
            entries: 3,
            bytes: 4,
        },
        ..low
    };
    let forged: [&[(&[u8], Child)]; 4] = [
        &[(b"c", low), (b"z", high)],
        &[(b"d", low), (b"z", high)],
        &[(b"c", lied), (b"z", high)],
        &[(b"z", high)],
    ];
    for children in forged {
        let mut entries = Entries::new(1);
        for (key, child) in children {
            entries.push_child(key, *child);
        }
        let bytes = entries
            .content()
            .node(parameters.fingerprint())
            .encoded()
            .to_vec();
        let root = batch.push(
            prollytree_plugin_api::Kind::NODE,
            entries.content().links(),
            bytes,
        );
        storage.put(&batch).unwrap();
        let error = Tree::open(storage.clone(), root, parameters).and_then(|tree| {
            tree.iter().collect::<std::result::Result<Vec<_>, _>>()?;
            Ok(())
        });
        assert!(
            matches!(error, Err(TreeError::Inconsistent { .. })),
            "{error:?}"
        );
        if let Ok(tree) = Tree::open(storage.clone(), root, parameters) {
            let edits = [put(b"a", b"new"), put(b"y", b"new")];
            let error = tree.apply(edits, &mut RecordBatch::new()).unwrap_err();
            assert!(matches!(error, TreeError::Inconsistent { .. }), "{error:?}");
            let empty = Tree::empty(storage.clone(), parameters);
            let error = tree.sharing(&empty).unwrap_err();
            assert!(matches!(error, TreeError::Inconsistent { .. }), "{error:?}");
        }
    }
}

#[test]
fn impossible_parameters_are_refused_by_name() {
    let field = |shape| match Parameters::new(shape) {
        Err(TreeError::InvalidParameters { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    let default = Shape::default();
    let size = |target, min, max| NodeSize { target, min, max };
    assert_eq!(
        field(Shape {
            leaf: size(0, 0, 0),
            ..default
        }),
        "leaf.target"
    );
    assert_eq!(
        field(Shape {
            leaf: size(100, 101, 200),
            ..default
        }),
        "leaf.min"
    );
    assert_eq!(
        field(Shape {
            internal: size(100, 50, 99),
            ..default
        }),
        "internal.max"
    );
    assert_eq!(
        field(Shape {
            inline_limit: 65_537,
            ..default
        }),
        "inline_limit"
    );
    let rule = EntryRule::default();
    for rule in [
        EntryRule { base: 1, ..rule },
        EntryRule { modulus: 0, ..rule },
        EntryRule {
            min_chunk_size: 65,
            ..rule
        },
        EntryRule {
            max_chunk_size: 63,
            ..rule
        },
        EntryRule {
            base: u32::MAX,
            ..rule
        },
    ] {
        assert!(Parameters::entries(rule).is_err(), "{rule:?}");
    }
    assert!(
        Parameters::entries(EntryRule {
            modulus: 1,
            base: 2,
            ..rule
        })
        .is_ok()
    );
}

/// Its encoding would be refused by whoever reads it.
#[test]
fn a_proof_of_a_range_whose_bound_is_longer_than_any_key_is_refused() {
    let (_, storage) = new_storage();
    let tree = Tree::empty(storage.clone(), small());
    let other = Tree::build(storage, small(), [(b"a".to_vec(), vec![])]).unwrap();
    let long = vec![0; MAX_KEY_LEN + 1];
    let refused = |error| matches!(error, TreeError::KeyTooLong { len: 65_536 });
    assert!(refused(tree.generate_proof(&long).unwrap_err()));
    assert!(refused(
        tree.generate_range_proof::<Key, _>(..&long).unwrap_err()
    ));
    let error = tree.generate_diff_range_proof::<Key, _>(&other, &long..);
    assert!(refused(error.unwrap_err()));
    let longest = &long[1..];
    let proof = tree.generate_proof(longest).unwrap().encode();
    assert!(
        Proof::decode(&proof)
            .unwrap()
            .verify(&tree.root(), longest, None)
    );
}
