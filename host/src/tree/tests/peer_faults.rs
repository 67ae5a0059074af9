//! Faults that a prolly tree can have and that one had: each is noticed here, or by the test named.
//!
//! | Fault | Noticed by |
//! |---|---|
//! | a proof of one key holds with its neighbour's value, or for another key | `proof::a_proof_shows_what_the_tree_has_and_nothing_else` |
//! | a proof can be changed and still holds | `proof::every_flipped_bit_and_every_length_is_refused`, `proof::a_changed_proof_shows_nothing_that_is_not_true` |
//! | absence cannot be proven; a proof is checked with the store at hand | `a_proof_is_checked_when_the_store_is_gone` |
//! | a flipped byte is served as data | `limits::a_missing_or_changed_node_is_an_error_and_never_an_absent_key` |
//! | a lost leaf is a lot of absent keys, and the next edit panics | `keys_below_a_lost_node_are_neither_absent_nor_edited` |
//! | a read that failed is an absent key | `a_read_that_fails_is_an_error_and_never_an_absent_key` |
//! | a write that failed is passed over, and the root leads nowhere | `a_write_that_fails_gives_no_root` |
//! | a lost value is its reference, a value like a reference is another value | `a_lost_value_is_an_error_and_never_its_reference`, `a_value_that_looks_like_a_reference_or_a_node_is_a_value` |
//! | listings end after some entries, in an order that changes | `every_key_is_listed_and_always_in_the_same_order` |
//! | keys with separators in them get into the listing of others | `a_prefix_holds_what_begins_with_it_and_nothing_else` |
//! | a diff finds nothing, or visits everything | `model::a_diff_is_the_difference_of_two_maps`, `counted::a_diff_reads_what_changed_and_not_what_is_stored` |
//! | an edit visits every leaf, an append too | `counted::one_edit_reads_and_writes_a_few_nodes_whatever_the_size_of_the_tree`, `an_append_reads_and_writes_the_end_of_the_tree` |
//! | a merge visits everything | `counted::a_merge_reads_and_writes_what_both_sides_changed` |
//! | a merge loses what one side removed and the other changed | `merge::a_merge_of_trees_is_the_tree_of_the_merged_maps` |
//! | the root depends on the order of edits, or on what was there before | `model::the_root_depends_on_the_entries_and_not_on_the_history`, `model::single_edits_make_the_tree_that_a_batch_makes` |
//! | a target size of nodes has no effect, or leaves of one entry | `boundary::nodes_have_the_size_that_was_asked_for`, `default_rules_make_leaves_of_many_entries` |
//! | impossible parameters panic | `limits::impossible_parameters_are_refused_by_name` |
//! | a lookup costs a copy of the leaf | `counted::a_lookup_reads_one_node_a_level`, `a_value_in_a_leaf_is_not_copied` |
//! | threads that edit at once get in each other's way | `threads_read_and_edit_one_tree_at_once` |
//! | a tree is empty when it is opened again | `model::the_root_depends_on_the_entries_and_not_on_the_history` |

use std::thread;

use super::*;
use crate::storage::StorageError;

fn numbered(count: u32) -> Map {
    let row = |n: u32| (format!("row/{n:06}").into_bytes(), n.to_le_bytes().to_vec());
    (0..count).map(row).collect()
}

#[test]
fn a_proof_is_checked_when_the_store_is_gone() {
    let (backend, storage) = new_storage();
    let tree = build(&storage, tiny(), &numbered(100));
    let root = tree.root();
    let [present, absent] = [&b"row/000042"[..], b"row/000042x"];
    let proofs = [present, absent].map(|key| tree.generate_proof(key).unwrap().encode());
    backend.broken.store(true, Ordering::Relaxed);
    drop((tree, storage, backend));
    let [of_present, of_absent] = proofs.map(|bytes| Proof::decode(&bytes).unwrap());
    assert!(of_present.verify(&root, present, Some(&42_u32.to_le_bytes())));
    assert!(!of_present.verify(&root, present, None));
    assert!(of_absent.verify(&root, absent, None));
    assert!(!of_absent.verify(&root, present, None));
}

#[test]
fn keys_below_a_lost_node_are_neither_absent_nor_edited() {
    let (backend, storage) = new_storage();
    let map = numbered(120);
    let tree = build(&storage, tiny(), &map);
    let hashes: Vec<Hash> = backend.records.lock().keys().copied().collect();
    for hash in hashes.into_iter().filter(|&hash| hash != tree.root()) {
        let bytes = backend.records.lock().remove(&hash).unwrap();
        let open = || Tree::open(cold(&backend), tree.root(), tiny()).unwrap();
        let lost = |error: &TreeError| matches!(error, TreeError::Storage(StorageError::Missing { hash: of, .. }) if *of == hash);
        let mut below = 0;
        for (key, value) in &map {
            match open().get(key) {
                Ok(found) => assert_eq!(found.as_deref(), Some(&value[..])),
                Err(error) => {
                    assert!(lost(&error), "{error:?}");
                    below += 1;
                    let edits = [(key.clone(), Edit::Put(b"new".to_vec()))];
                    let error = open().apply(edits, &mut RecordBatch::new()).unwrap_err();
                    assert!(lost(&error), "{error:?}");
                }
            }
        }
        assert!(below > 0);
        backend.records.lock().insert(hash, bytes);
    }
}

#[test]
fn a_read_that_fails_is_an_error_and_never_an_absent_key() {
    let (backend, storage) = new_storage();
    let tree = build(&storage, tiny(), &numbered(120));
    let tree = Tree::open(cold(&backend), tree.root(), tiny()).unwrap();
    backend.broken.store(true, Ordering::Relaxed);
    let failed =
        |error: &TreeError| matches!(error, TreeError::Storage(StorageError::Backend { .. }));
    for key in [&b"row/000042"[..], b"absent"] {
        assert!(failed(&tree.get(key).unwrap_err()));
        assert!(failed(&tree.contains_key(key).unwrap_err()));
        assert!(failed(&tree.rank(key).unwrap_err()));
        assert!(failed(&tree.generate_proof(key).unwrap_err()));
    }
    let found: Vec<_> = tree.iter().collect();
    assert!(failed(found.last().unwrap().as_ref().unwrap_err()));
    let empty = Tree::empty(tree.storage().clone(), tiny());
    assert!(failed(
        &empty
            .diff(&tree)
            .find_map(std::result::Result::err)
            .unwrap()
    ));
    backend.broken.store(false, Ordering::Relaxed);
    assert_eq!(contents(&tree).len(), 120);
}

#[test]
fn a_write_that_fails_gives_no_root() {
    let (backend, storage) = new_storage();
    let tree = build(&storage, tiny(), &numbered(20));
    backend.broken.store(true, Ordering::Relaxed);
    let failed =
        |error: &TreeError| matches!(error, TreeError::Storage(StorageError::Backend { .. }));
    let built = Tree::build(storage.clone(), tiny(), numbered(500));
    assert!(failed(&built.unwrap_err()));
    let many = numbered(500)
        .into_keys()
        .map(|key| (key, Edit::Put(vec![1])));
    assert!(failed(&tree.apply_stored(many).unwrap_err()));
}

#[test]
fn a_lost_value_is_an_error_and_never_its_reference() {
    let (backend, storage) = new_storage();
    let map = Map::from([
        (b"large".to_vec(), vec![7; 5_000]),
        (b"small".to_vec(), vec![7]),
    ]);
    let tree = build(&storage, Parameters::default(), &map);
    let root = tree.root();
    backend.records.lock().retain(|hash, _| *hash == root);
    let tree = Tree::open(cold(&backend), root, Parameters::default()).unwrap();
    let lost =
        |error: &TreeError| matches!(error, TreeError::Storage(StorageError::Missing { .. }));
    assert!(lost(&tree.get(b"large").unwrap_err()));
    assert!(lost(
        &tree.iter().find_map(std::result::Result::err).unwrap()
    ));
    assert_eq!(tree.get(b"small").unwrap().as_deref(), Some(&[7][..]));
}

#[test]
fn a_value_that_looks_like_a_reference_or_a_node_is_a_value() {
    let (_, storage) = new_storage();
    let other = build(&storage, Parameters::default(), &numbered(300));
    let large = vec![7; 5_000];
    let record = |value: &[u8]| [b"P\x02\x01\0\0", value].concat();
    let address = Hash::of(&record(&large));
    let reference = [address.as_bytes(), &5_000_u64.to_le_bytes()[..]].concat();
    let node = other.root_node().encoded().to_vec();
    let values = [
        record(&large),
        large,
        reference,
        other.root().as_bytes().to_vec(),
        node,
    ];
    let map: Map = (0_u8..).map(|n| vec![n]).zip(values).collect();
    let tree = build(&storage, Parameters::default(), &map);
    assert_eq!(contents(&tree), map);
    // As a record of its own, a value never has the address of a node, whatever its bytes.
    let roots = [other.root(), tree.root()];
    assert!(
        map.values()
            .all(|value| !roots.contains(&Hash::of(&record(value))))
    );
}

#[test]
fn every_key_is_listed_and_always_in_the_same_order() {
    let (backend, storage) = new_storage();
    let map = numbered(5_000);
    let tree = build(&storage, Parameters::default(), &map);
    for _ in 0..3 {
        let tree = Tree::open(cold(&backend), tree.root(), Parameters::default()).unwrap();
        let keys: Vec<_> = tree.iter().map(|entry| entry.unwrap().0).collect();
        assert!(keys.iter().eq(map.keys()));
        let mut after = None;
        let mut paged = 0;
        loop {
            let page = tree.iter().page(after.as_deref(), 999).unwrap();
            paged += page.entries.len();
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(paged, map.len());
    }
}

#[test]
fn a_prefix_holds_what_begins_with_it_and_nothing_else() {
    let (_, storage) = new_storage();
    let keys: [&[u8]; 12] = [
        b"",
        b"a",
        b"a:",
        b"a:1",
        b"a:row",
        b"a:row:1",
        b"a;",
        b"aa:1",
        b"\xff",
        b"\xff:",
        b"\xff\xff",
        b"b:a:1",
    ];
    let map: Map = keys
        .into_iter()
        .map(|key| (key.to_vec(), key.to_vec()))
        .collect();
    let tree = build(&storage, tiny(), &map);
    for prefix in keys {
        let found: Vec<_> = tree.prefix(prefix).map(|entry| entry.unwrap().0).collect();
        let expected: Vec<_> = map
            .keys()
            .filter(|key| key.starts_with(prefix))
            .cloned()
            .collect();
        assert_eq!(found, expected, "{prefix:?}");
    }
}

#[test]
fn an_append_reads_and_writes_the_end_of_the_tree() {
    let (backend, storage) = new_storage();
    let tree = build(&storage, Parameters::default(), &numbered(60_000));
    let depth = tree.depth();
    let tree = Tree::open(cold(&backend), tree.root(), Parameters::default()).unwrap();
    backend.take();
    apply(&tree, [(b"row/999999".to_vec(), Edit::Put(vec![1]))]);
    let (reads, writes) = backend.take();
    assert!(
        reads <= depth && writes <= 2 * depth,
        "{reads} and {writes} at depth {depth}"
    );
}

#[test]
fn default_rules_make_leaves_of_many_entries() {
    let (_, storage) = new_storage();
    let rule = EntryRule::default();
    assert_eq!(rule.pattern, 0);
    for rule in [rule, EntryRule { pattern: 9, ..rule }] {
        let tree = build(
            &storage,
            Parameters::entries(rule).unwrap(),
            &numbered(5_000),
        );
        let stats = tree.stats().unwrap();
        let leaves = stats.levels.first().unwrap().nodes;
        assert!((40..160).contains(&leaves), "{leaves} leaves");
    }
    assert!(
        Parameters::entries(EntryRule {
            min_chunk_size: 0,
            ..rule
        })
        .is_err()
    );
}

#[test]
fn a_value_in_a_leaf_is_not_copied() {
    let (_, storage) = new_storage();
    let tree = build(&storage, Parameters::default(), &numbered(20));
    let leaf = tree.root_node().encoded().as_ptr_range();
    let value = tree.get(b"row/000007").unwrap().unwrap();
    assert!(leaf.contains(&value.as_ptr()));
}

#[test]
fn threads_read_and_edit_one_tree_at_once() {
    let (_, storage) = new_storage();
    let map = numbered(500);
    let tree = build(&storage, tiny(), &map);
    let edited: Vec<Tree> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4_u8)
            .map(|thread| {
                let tree = &tree;
                scope.spawn(move || {
                    (0..10_u8).fold(tree.clone(), |tree, n| {
                        assert!(tree.get(b"row/000250").unwrap().is_some());
                        apply(&tree, [(vec![thread, n], Edit::Put(vec![n]))])
                    })
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(contents(&tree), map);
    for (thread, edited) in edited.iter().enumerate() {
        let mut expected = map.clone();
        expected.extend((0..10_u8).map(|n| (vec![u8::try_from(thread).unwrap(), n], vec![n])));
        assert_eq!(contents(edited), expected);
    }
}
