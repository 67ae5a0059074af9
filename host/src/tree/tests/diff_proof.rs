//! Proofs of differences: what they show is true and whole, and what is not no proof shows.

use std::ops::{Bound, RangeBounds};

use proptest::prelude::*;

use super::super::proof::bytes::seal;
use super::proof::{bounds, forged, keys};
use super::*;

type Sides = BTreeMap<Key, [Option<Vec<u8>>; 2]>;

fn difference(before: &Map, after: &Map, bounds: &(Bound<Key>, Bound<Key>)) -> Sides {
    let keys = before.keys().chain(after.keys());
    let sides = keys.map(|key| (key, [before.get(key), after.get(key)]));
    sides
        .filter(|(key, [old, new])| bounds.contains(*key) && old != new)
        .map(|(key, sides)| (key.clone(), sides.map(Option::<&Vec<u8>>::cloned)))
        .collect()
}

/// Says whether what a proof shows is the difference, all of it, in order.
fn shows(changes: &[ProvenChange], expected: &Sides) -> bool {
    let is = |proven: &Option<ProvenValue>, value: &Option<Vec<u8>>| match (proven, value) {
        (None, None) => true,
        (Some(proven), Some(value)) => proven.is(value),
        _ => false,
    };
    changes.len() == expected.len()
        && (changes.iter().zip(expected)).all(|(change, (key, [before, after]))| {
            change.key == *key && is(&change.before, before) && is(&change.after, after)
        })
}

fn maps() -> impl Strategy<Value = Map> {
    let value = prop_oneof![
        5 => prop::collection::vec(any::<u8>(), 0..6),
        1 => Just(vec![b'v'; 3_000]),
        1 => Just(vec![b'w'; 40]),
    ];
    prop::collection::btree_map(keys(), value, 0..120)
}

/// A map and a version of it in which a few entries are other ones.
fn versions() -> impl Strategy<Value = (Map, Map)> {
    (maps(), maps(), 0_usize..6).prop_map(|(map, other, count)| {
        let mut changed = map.clone();
        for (index, (key, value)) in other.into_iter().take(count).enumerate() {
            if index % 3 == 2 {
                changed.pop_first();
            }
            changed.insert(key, value);
        }
        (map, changed)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_proof_shows_the_difference_and_that_there_is_no_other(
        (before, after) in versions(),
        bounds in bounds(),
        alike in prop::bool::weighted(0.8),
    ) {
        let (backend, storage) = new_storage();
        let other = if alike { tiny() } else { small() };
        let (old, new) = (build(&storage, tiny(), &before), build(&storage, other, &after));
        let proof = old.generate_diff_range_proof::<Vec<u8>, _>(&new, bounds.clone()).unwrap();
        prop_assert_eq!(&DiffProof::decode(&proof.encode()).unwrap(), &proof);
        backend.broken.store(true, Ordering::Relaxed);
        let (old, new) = (old.root(), new.root());
        let changes = proof.changes_in(bounds.clone(), &old, &new).unwrap();
        prop_assert!(shows(&changes, &difference(&before, &after, &bounds)));
        let nowhere = Hash::of(b"other");
        let changes = |old, new| proof.changes_in(bounds.clone(), old, new);
        prop_assert!(changes(&nowhere, &new).is_err());
        prop_assert!(changes(&old, &nowhere).is_err());
        prop_assert!(old == new || changes(&old, &old).is_err());
        let whole = (Bound::Unbounded, Bound::Unbounded);
        prop_assert!(bounds == whole || proof.changes(&old, &new) == Err(ProofError::NotCovered));
        prop_assert!(Proof::decode(&proof.encode()).is_err());
    }

    /// Whatever is done to the bytes: what is still accepted is true.
    #[test]
    fn a_changed_proof_of_a_difference_shows_nothing_that_is_not_true(
        (before, after) in versions(),
        bounds in bounds(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
        moved in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let (_, storage) = new_storage();
        let (old, new) = (build(&storage, tiny(), &before), build(&storage, tiny(), &after));
        let proof = old.generate_diff_range_proof::<Vec<u8>, _>(&new, bounds.clone()).unwrap();
        let changes_of = |proof: &DiffProof| proof.changes_in(bounds.clone(), &old.root(), &new.root());
        let mut forged = forged(proof.encode(), changes, cut).to_vec();
        if !proof.clone().nodes().is_empty() {
            let (mut swapped, mut twice, mut without) = (proof.clone(), proof.clone(), proof.clone());
            let len = swapped.nodes().len();
            let (one, other) = (moved.0.index(len), moved.1.index(len));
            swapped.nodes().swap(one, other);
            let again = twice.nodes()[one].clone();
            twice.nodes().insert(other, again);
            without.nodes().remove(one);
            for proof in [&twice, &without] {
                prop_assert!(changes_of(proof).is_err());
            }
            forged.push(swapped.encode());
        }
        for bytes in forged {
            let Ok(proof) = DiffProof::decode(&bytes) else { continue };
            if let Ok(changes) = changes_of(&proof) {
                prop_assert!(shows(&changes, &difference(&before, &after, &bounds)));
            }
        }
    }
}

#[test]
fn a_proof_of_few_changes_holds_few_nodes() {
    let (_, storage) = new_storage();
    let map: Map = (0..20_000_u32)
        .map(|n| (n.to_be_bytes().to_vec(), vec![1; 60]))
        .collect();
    let tree = build(&storage, Parameters::default(), &map);
    let edits = [5_000_u32, 15_000].map(|n| (n.to_be_bytes().to_vec(), Edit::Delete));
    let edited = apply(&tree, edits);
    let mut proof = tree.generate_diff_proof(&edited).unwrap();
    assert!(
        proof.nodes().len() <= 2 * 2 * tree.depth(),
        "{}",
        proof.nodes().len()
    );
    let changes = proof.changes(&tree.root(), &edited.root()).unwrap();
    assert_eq!(changes.len(), 2);
    let same = tree.generate_diff_proof(&tree).unwrap();
    assert_eq!(same.changes(&tree.root(), &tree.root()), Ok(Vec::new()));
    assert_eq!(same.encode().len(), 8 + 2 + 2 * 5 + 4 + 8);
}

/// A proof, and what it was made for.
#[derive(Clone)]
struct Asked {
    proof: DiffProof,
    bounds: (Bound<Key>, Bound<Key>),
    roots: [Hash; 2],
}

impl Asked {
    fn is_answered_by(&self, proof: &DiffProof) -> bool {
        let [old, new] = &self.roots;
        proof.changes_in(self.bounds.clone(), old, new).is_ok()
    }

    fn is_answered_by_bytes(&self, bytes: &[u8]) -> bool {
        DiffProof::decode(bytes).is_ok_and(|proof| self.is_answered_by(&proof))
    }
}

/// Proofs of differences between several trees.
fn questions() -> Vec<Asked> {
    let (_, storage) = new_storage();
    let map: Map = (0..40_u8).map(|n| (vec![n], vec![n; 3])).collect();
    let tree = build(&storage, tiny(), &map);
    let edits = [(vec![7], Edit::Put(vec![0])), (vec![30], Edit::Delete)];
    let edited = apply(&tree, edits);
    let empty = Tree::empty(storage.clone(), tiny());
    let other = build(&storage, small(), &map);
    let all = (Bound::Unbounded, Bound::Unbounded);
    let part = (Bound::Excluded(vec![4]), Bound::Included(vec![25]));
    let pairs = [
        (&tree, &edited, &all),
        (&tree, &edited, &part),
        (&edited, &tree, &all),
        (&tree, &empty, &all),
        (&tree, &other, &part),
        (&tree, &tree, &all),
    ];
    let asked = pairs.map(|(old, new, bounds)| {
        let proof = old.generate_diff_range_proof::<Key, _>(new, bounds.clone());
        Asked {
            proof: proof.unwrap(),
            bounds: bounds.clone(),
            roots: [old.root(), new.root()],
        }
    });
    asked.to_vec()
}

/// Every bit of a proof counts, also if whoever changed it made its seal right: for one question, one
/// sequence of bytes is a proof.
#[test]
fn every_flipped_bit_of_a_proof_of_a_difference_is_noticed() {
    for (index, asked) in questions().iter().enumerate() {
        let accepts = |bytes: &[u8]| asked.is_answered_by_bytes(bytes);
        let bytes = asked.proof.encode();
        let sealed = |bytes: &[u8]| [bytes, &seal(bytes)].concat();
        let inside = &bytes[..bytes.len() - 8];
        assert!(accepts(&bytes) && sealed(inside) == bytes);
        for at in 0..bytes.len() {
            // Every bit of one, one bit of each byte of the others.
            for bit in if index == 0 { 0..8 } else { at % 8..at % 8 + 1 } {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                assert!(!accepts(&flipped), "bit {bit} of byte {at}");
                let flipped = sealed(&flipped[..inside.len()]);
                assert!(
                    at >= inside.len() || !accepts(&flipped),
                    "bit {bit} of byte {at}"
                );
            }
            assert!(!accepts(&bytes[..at]), "{at} bytes");
        }
        for len in 0..inside.len() {
            assert!(!accepts(&sealed(&inside[..len])), "{len} bytes");
        }
        assert!(!accepts(&sealed(&[inside, &[0]].concat())));
    }
}

#[test]
fn nodes_of_other_proofs_are_no_part_of_a_proof_of_a_difference() {
    let questions = questions();
    for asked in &questions {
        let mut mixed = asked.proof.clone();
        let own = mixed.nodes().clone();
        for other in &questions {
            let foreign = other.proof.clone().nodes().clone();
            for count in 0..=own.len() {
                // The beginning of one and the end of the other.
                *mixed.nodes() = [&own[..count], &foreign[count.min(foreign.len())..]].concat();
                let same = *mixed.nodes() == own;
                assert_eq!(asked.is_answered_by(&mixed), same, "from node {count}");
            }
            for count in 0..own.len() {
                for node in foreign.iter().filter(|node| **node != own[count]) {
                    mixed.nodes().clone_from(&own);
                    mixed.nodes()[count] = node.clone();
                    assert!(!asked.is_answered_by(&mixed), "node {count}");
                }
            }
        }
    }
}

/// Whoever sends a proof might say less than what was asked.
#[test]
fn a_proof_about_another_range_hides_nothing() {
    let (_, storage) = new_storage();
    let map: Map = (0..40_u8).map(|n| (vec![n], vec![n; 3])).collect();
    let tree = build(&storage, tiny(), &map);
    let edited = apply(&tree, [(vec![7], Edit::Put(vec![0]))]);
    let (old, new) = (tree.root(), edited.root());
    let elsewhere = tree
        .generate_diff_range_proof(&edited, &[200][..]..)
        .unwrap();
    assert_eq!(elsewhere.changes(&old, &new), Err(ProofError::NotCovered));
    assert_eq!(
        elsewhere.changes_in(&[200][..].., &old, &new),
        Ok(Vec::new())
    );
    assert_eq!(elsewhere.bounds().0, Bound::Included(&[200][..]));
    let other = elsewhere.changes_in(&[201][..].., &old, &new);
    assert_eq!(other, Err(ProofError::NotCovered));
}

#[test]
fn the_bytes_of_a_proof_of_a_difference_are_pinned() {
    let (_, storage) = new_storage();
    let map: Map = (0..40_u8).map(|n| (vec![n], vec![n; 3])).collect();
    let tree = build(&storage, tiny(), &map);
    let edited = apply(&tree, (0..40_u8).map(|n| (vec![n], Edit::Put(vec![n; 2]))));
    // Behind the last key of a child, where bounds are easily one off.
    let start = tree.root_node().key(0).to_key();
    let range = (Bound::Excluded(start), Bound::Included(vec![30]));
    let whole = tree.generate_diff_proof(&edited).unwrap().encode();
    let part = tree.generate_diff_range_proof::<Key, _>(&edited, range);
    let part = part.unwrap().encode();
    let hashes = [whole, part].map(|bytes| Hash::of(&bytes).short());
    assert_eq!(hashes, ["2997b019d097", "545f7df99a88"]);
}
