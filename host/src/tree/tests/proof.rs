//! Proofs: what they show is true, and what is not true no proof shows.

use std::ops::{Bound, RangeBounds};

use proptest::prelude::*;

use super::super::proof::bytes::seal;
use super::*;

fn values(proven: Vec<(Key, ProvenValue)>, map: &Map) -> Map {
    let value = |(key, proven): (Key, ProvenValue)| {
        let value = match proven {
            ProvenValue::Whole(value) => value,
            // The proof says which bytes they are; the map has them.
            outside @ ProvenValue::Outside { .. } => {
                assert!(outside.is(&map[&key]));
                map[&key].clone()
            }
        };
        (key, value)
    };
    proven.into_iter().map(value).collect()
}

fn bounds_of(proof: &Proof) -> (Bound<Key>, Bound<Key>) {
    let (start, end) = proof.bounds();
    (start.map(<[u8]>::to_vec), end.map(<[u8]>::to_vec))
}

fn within(map: &Map, bounds: &(Bound<Key>, Bound<Key>)) -> Map {
    let inside = map.iter().filter(|(key, _)| bounds.contains(*key));
    inside
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

pub(super) fn keys() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0_u8..4, 0..5)
}

fn maps() -> impl Strategy<Value = Map> {
    let value = prop_oneof![
        5 => prop::collection::vec(any::<u8>(), 0..6),
        1 => Just(vec![b'v'; 3_000]),
    ];
    prop::collection::btree_map(keys(), value, 0..120)
}

pub(super) fn bounds() -> impl Strategy<Value = (Bound<Key>, Bound<Key>)> {
    let bound = || {
        prop_oneof![
            Just(Bound::Unbounded),
            keys().prop_map(Bound::Included),
            keys().prop_map(Bound::Excluded),
        ]
    };
    (bound(), bound())
}

/// Changes bytes of a proof and cuts it off. Returns it as it is then, and with the seal that whoever
/// forges a proof would give it.
pub(super) fn forged(
    mut bytes: Vec<u8>,
    changes: Vec<(prop::sample::Index, u8)>,
    cut: Option<prop::sample::Index>,
) -> [Vec<u8>; 2] {
    for (at, byte) in changes {
        let at = at.index(bytes.len());
        bytes[at] = byte;
    }
    if let Some(cut) = cut {
        bytes.truncate(cut.index(bytes.len()));
    }
    let mut sealed = bytes[..bytes.len().saturating_sub(8)].to_vec();
    sealed.extend(seal(&sealed));
    [bytes, sealed]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn a_proof_shows_what_the_tree_has_and_nothing_else(
        map in maps(),
        probes in prop::collection::vec(keys(), 1..8),
        bounds in bounds(),
    ) {
        let (_, storage) = new_storage();
        let tree = build(&storage, tiny(), &map);
        let root = tree.root();
        for key in map.keys().step_by(7).chain(&probes) {
            let proof = tree.generate_proof(key).unwrap();
            let value = map.get(key);
            prop_assert!(proof.verify(&root, key, value.map(Vec::as_slice)));
            prop_assert_eq!(&Proof::decode(&proof.encode()).unwrap(), &proof);
            // Another value, another key, another tree.
            prop_assert!(!proof.verify(&root, key, Some(b"forged")));
            if value.is_some() {
                prop_assert!(!proof.verify(&root, key, None));
            }
            prop_assert!(!proof.verify(&Hash::of(b"other"), key, value.map(Vec::as_slice)));
            for (other, value) in map.iter().take(20).filter(|(other, _)| *other != key) {
                prop_assert!(!proof.verify(&root, other, Some(value)));
                let lie = map.get(key) != Some(value);
                prop_assert!(!lie || !proof.verify(&root, key, Some(value)), "a neighbour's value");
            }
        }
        let proof = tree.generate_range_proof::<Vec<u8>, _>(bounds.clone()).unwrap();
        prop_assert_eq!(&bounds_of(&proof), &bounds);
        let entries = proof.entries_in::<[u8], _>(proof.bounds(), &root).unwrap();
        prop_assert_eq!(values(entries, &map), within(&map, &bounds));
        // Who asks for another range gets none, and not a part of it.
        let all = (Bound::Unbounded, Bound::Unbounded);
        prop_assert_eq!(proof.entries(&root).is_ok(), bounds == all);
        let wider = (Bound::Unbounded, bounds.1.clone());
        prop_assert_eq!(proof.entries_in::<Key, _>(wider.clone(), &root).is_ok(), bounds == wider);
    }

    /// Whatever is done to the bytes: what is still accepted is true.
    #[test]
    fn a_changed_proof_shows_nothing_that_is_not_true(
        map in maps(),
        bounds in bounds(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
        moved in prop::option::of((any::<prop::sample::Index>(), any::<prop::sample::Index>())),
    ) {
        let (_, storage) = new_storage();
        let tree = build(&storage, tiny(), &map);
        let proof = tree.generate_range_proof::<Vec<u8>, _>(bounds).unwrap();
        let mut forged = forged(proof.encode(), changes, cut).to_vec();
        if let Some((one, other)) = moved {
            let mut proof = proof.clone();
            let len = proof.nodes().len();
            proof.swap_nodes(one.index(len), other.index(len));
            forged.push(proof.encode());
        }
        for bytes in forged {
            if let Ok(proof) = Proof::decode(&bytes)
                && let Ok(entries) = proof.entries_in::<[u8], _>(proof.bounds(), &tree.root())
            {
                prop_assert_eq!(values(entries, &map), within(&map, &bounds_of(&proof)));
            }
        }
    }
}

#[test]
fn every_flipped_bit_and_every_length_is_refused() {
    let (_, storage) = new_storage();
    let map: Map = (0_u8..60).map(|n| (vec![n], vec![n; 3])).collect();
    let tree = build(&storage, tiny(), &map);
    assert!(tree.depth() >= 3);
    let (root, key, value) = (tree.root(), [33_u8], [33_u8; 3]);
    let proof = tree.generate_proof(&key).unwrap().encode();
    let shows = |bytes: &[u8]| {
        Proof::decode(bytes).is_ok_and(|proof| proof.verify(&root, &key, Some(&value)))
    };
    assert!(shows(&proof));
    for at in 0..proof.len() {
        for bit in 0..8 {
            let mut bytes = proof.clone();
            bytes[at] ^= 1 << bit;
            assert!(!shows(&bytes), "bit {bit} of byte {at}");
        }
        assert!(!shows(&proof[..at]), "{at} bytes");
    }
    // Who forges a proof makes its seal right, and still shows no lie.
    for at in 0..proof.len() - 8 {
        for bit in 0..8 {
            let mut bytes = proof[..proof.len() - 8].to_vec();
            bytes[at] ^= 1 << bit;
            bytes.extend(seal(&bytes));
            let Ok(forged) = Proof::decode(&bytes) else {
                continue;
            };
            for (key, value) in &map {
                assert!(!forged.verify(&root, key, None), "bit {bit} of byte {at}");
                let lie = [&value[..], &[0]].concat();
                assert!(
                    !forged.verify(&root, key, Some(&lie)),
                    "bit {bit} of byte {at}"
                );
            }
            assert!(
                !forged.verify(&root, &[61], Some(&value)),
                "bit {bit} of byte {at}"
            );
        }
    }
    assert!(!shows(&[&proof[..], &[0]].concat()));
    assert!(!shows(&tree.generate_proof(&[34]).unwrap().encode()));
    let older = apply(&tree, [(vec![33], Edit::Delete)]);
    assert!(!shows(&older.generate_proof(&key).unwrap().encode()));
    let absent = older.generate_proof(&key).unwrap();
    assert!(absent.verify(&older.root(), &key, None));
}

#[test]
fn errors_tell_what_is_wrong_with_a_proof() {
    let (_, storage) = new_storage();
    let map: Map = (0_u8..60).map(|n| (vec![n], vec![n; 3])).collect();
    let tree = build(&storage, tiny(), &map);
    let proof = tree.generate_proof(&[7]).unwrap();
    assert_eq!(proof.value(&tree.root(), &[8]), Err(ProofError::NotCovered));
    let other = Hash::of(b"other");
    assert!(matches!(
        proof.value(&other, &[7]),
        Err(ProofError::WrongRoot { found, .. }) if found == tree.root()
    ));
    let mut bytes = proof.encode();
    bytes.truncate(bytes.len() - 8);
    *bytes.last_mut().unwrap() ^= 1;
    bytes.extend(seal(&bytes));
    let broken = Proof::decode(&bytes).unwrap();
    assert!(matches!(
        broken.value(&tree.root(), &[7]),
        Err(ProofError::Broken(_))
    ));
    assert!(matches!(
        Proof::decode(b"nonsense"),
        Err(ProofError::Malformed(_))
    ));
}

#[test]
fn a_proof_of_a_later_version_is_named_as_such() {
    let (_, storage) = new_storage();
    let map: Map = (0_u8..3).map(|n| (vec![n], vec![n; 3])).collect();
    let tree = build(&storage, tiny(), &map);
    let whole = tree.generate_proof(&[7]).unwrap().encode();
    let other_version = |part| ProofError::OtherVersion {
        part,
        found: 2,
        known: 1,
    };
    let mut later = whole.clone();
    later[8] = 2;
    assert_eq!(Proof::decode(&later), Err(other_version("proof")));
    assert_eq!(DiffProof::decode(&later), Err(other_version("proof")));

    // A root that is known, in a form that is not.
    let start = whole
        .windows(4)
        .position(|part| part == b"P\x01\x01\0")
        .unwrap();
    let mut later = whole[..whole.len() - 8].to_vec();
    later[start + 2] = 2;
    let root = Hash::of(&later[start..]);
    later.extend(seal(&later));
    let proof = Proof::decode(&later).unwrap();
    let error = proof.value(&root, &[7]).unwrap_err();
    assert_eq!(error, other_version("node"));
    assert!(
        error.to_string().contains("format version 2 (node)"),
        "{error}"
    );
    assert!(!proof.verify(&root, &[7], None));
    assert!(matches!(
        proof.value(&tree.root(), &[7]),
        Err(ProofError::WrongRoot { .. })
    ));
}

#[test]
fn a_proof_holds_a_node_for_each_level() {
    let (backend, storage) = new_storage();
    let map: Map = (0_u32..30_000)
        .map(|n| {
            (
                Hash::of(&n.to_le_bytes()).as_bytes()[..16].to_vec(),
                vec![7; 100],
            )
        })
        .collect();
    let tree = build(&storage, Parameters::default(), &map);
    let tree = Tree::open(cold(&backend), tree.root(), *tree.parameters()).unwrap();
    backend.take();
    let key = map.keys().nth(12_345).unwrap();
    let proof = tree.generate_proof(key).unwrap();
    assert_eq!(backend.take().0, tree.depth() - 1);
    assert_eq!(proof.nodes().len(), tree.depth());
    assert!(proof.encode().len() < 16 << 10, "{}", proof.encode().len());
    // Behind the last key, too.
    let beyond = tree.generate_proof(&[255; 20]).unwrap();
    assert!(beyond.verify(&tree.root(), &[255; 20], None));
    assert_eq!(beyond.nodes().len(), tree.depth());
}

#[test]
fn the_bytes_of_a_proof_are_pinned() {
    let (_, storage) = new_storage();
    let map: Map = (0_u8..9).map(|n| (vec![n], vec![n; 3])).collect();
    let tree = build(&storage, tiny(), &map);
    let proof = tree.generate_proof(&[4]).unwrap().encode();
    assert_eq!(
        &proof[..24],
        b"PROLPROF\x01\x01\x01\x01\0\0\0\x04\x01\x01\0\0\0\x04\x03\0"
    );
    assert_eq!(Hash::of(&proof).short(), "152354b698fc");
}
