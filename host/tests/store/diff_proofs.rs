//! Proofs of what differs between two states of a store: what they show is true and whole, and for one
//! question there is one proof.

use std::collections::BTreeSet;
use std::ops::{Bound, RangeBounds};

use prollytree::history::{Anchor, CommitId, NamespaceKey, StoreDiffProof, StoreProof};
use prollytree::store::CommitOptions;
use prollytree::tree::{DiffProof, Key, Parameters, ProofError, ProvenChange, ProvenValue};
use prollytree_plugin_api::Hash;
use proptest::prelude::*;

use crate::forged::{SEAL, joined, parts};
use crate::states::{ALL, Bounds, Map, State, bounds, maps, narrow, numbered, prices};
use crate::{memory, storage_on, store};

/// The kind of these proofs.
const KIND: u8 = 4;

/// Says whether what a proof shows is the difference of two maps, all of it, in order.
fn shows(changes: &[ProvenChange], before: &Map, after: &Map, bounds: &Bounds) -> bool {
    let is = |proven: &Option<ProvenValue>, value: Option<&Vec<u8>>| match (proven, value) {
        (None, None) => true,
        (Some(proven), Some(value)) => proven.is(value),
        _ => false,
    };
    let keys: BTreeSet<&Key> = before.keys().chain(after.keys()).collect();
    let differs = |key: &&Key| bounds.contains(*key) && before.get(*key) != after.get(*key);
    let expected = keys.into_iter().filter(differs);
    changes.iter().map(|change| &change.key).eq(expected)
        && changes.iter().all(|change| {
            is(&change.before, before.get(&change.key)) && is(&change.after, after.get(&change.key))
        })
}

/// A map and mostly a version of it in which a few entries are other ones.
fn versions() -> impl Strategy<Value = [Option<Map>; 2]> {
    (maps(), maps(), prop::option::weighted(0.7, 0_usize..6)).prop_map(|(map, other, count)| {
        let (Some(old), Some(new), Some(count)) = (&map, &other, count) else {
            return [map, other];
        };
        let mut changed = old.clone();
        changed.extend(new.clone().into_iter().take(count));
        (0..count / 2).for_each(|_| drop(changed.pop_last()));
        [map, Some(changed)]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn a_proof_shows_the_difference_of_two_states_and_that_there_is_no_other(
        maps in versions(),
        bounds in bounds(),
        alike in prop::bool::weighted(0.7),
        by_commit in any::<[bool; 2]>(),
    ) {
        let storage = storage_on(&memory());
        let other = if alike { narrow() } else { Parameters::default() };
        let before = State::new(&storage, narrow(), maps[0].as_ref(), by_commit[0]);
        let after = State::new(&storage, other, maps[1].as_ref(), by_commit[1]);
        let proof = before.proof(&after, &bounds);
        let bytes = proof.encode();
        prop_assert_eq!(&StoreDiffProof::decode(&bytes).unwrap(), &proof);
        prop_assert_eq!(&joined(KIND, parts(&bytes)), &bytes);
        let changes_in = |bounds: &Bounds, before, after, namespace: &NamespaceKey| {
            proof.changes_in::<Key, _>(bounds.clone(), before, after, namespace)
        };
        let changes = changes_in(&bounds, before.anchor, after.anchor, &prices()).unwrap();
        prop_assert!(shows(&changes, &before.map, &after.map, &bounds));

        let refused = |before, after| changes_in(&bounds, before, after, &prices()).is_err();
        prop_assert!(before.anchor == after.anchor || refused(after.anchor, before.anchor));
        let nowhere = Hash::of(b"nowhere");
        for nowhere in [Anchor::Root(nowhere), Anchor::Commit(CommitId(nowhere))] {
            prop_assert!(refused(nowhere, after.anchor) && refused(before.anchor, nowhere));
        }
        let (old, new) = (before.anchor, after.anchor);
        for other in [NamespaceKey::plain(), NamespaceKey::new("prices", "index").unwrap()] {
            let found = changes_in(&bounds, old, new, &other);
            prop_assert_eq!(found, Err(ProofError::NotCovered));
        }
        let found = changes_in(&ALL, old, new, &prices());
        prop_assert!(bounds == ALL || found == Err(ProofError::NotCovered));
    }

    /// Whatever is done to the bytes, whoever asks this question accepts no other ones.
    #[test]
    fn no_other_bytes_are_a_proof_of_the_same(
        maps in versions(),
        bounds in bounds(),
        by_commit in any::<[bool; 2]>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
        moved in (0..5_usize, 0..5_usize),
        of_other in prop::option::of(0..5_usize),
    ) {
        let storage = storage_on(&memory());
        let [before, after] =
            [0, 1].map(|n| State::new(&storage, narrow(), maps[n].as_ref(), by_commit[n]));
        let bytes = before.proof(&after, &bounds).encode();
        let mut forged = parts(&bytes);
        let mut other = parts(&after.proof(&before, &bounds).encode());
        if let Some(part) = of_other {
            std::mem::swap(&mut forged[part], &mut other[part]);
        }
        forged.swap(moved.0, moved.1);
        for (index, (at, byte)) in changes.into_iter().enumerate() {
            let part = &mut forged[(moved.0 + index) % 5];
            if !part.is_empty() {
                let at = at.index(part.len());
                part[at] = byte;
            }
        }
        if let Some(cut) = cut {
            let part = &mut forged[moved.1];
            part.truncate(cut.index(part.len() + 1));
        }
        let forged = joined(KIND, forged);
        let shown = StoreDiffProof::decode(&forged).and_then(|proof| {
            proof.changes_in::<Key, _>(bounds, before.anchor, after.anchor, &prices())
        });
        prop_assert_eq!(shown.is_ok(), forged == bytes);
    }
}

/// Two states of a store that differ in two keys, as commits.
fn two_states() -> [State; 2] {
    let storage = storage_on(&memory());
    let mut map = numbered(40, 1);
    let before = State::new(&storage, narrow(), Some(&map), true);
    map.insert(vec![7], vec![2]);
    map.remove(&vec![30][..]);
    [before, State::new(&storage, narrow(), Some(&map), true)]
}

#[test]
fn every_flipped_bit_and_every_length_of_a_proof_of_two_states_is_refused() {
    let [before, after] = two_states();
    let bytes = before.proof(&after, &ALL).encode();
    let accepts = |bytes: &[u8]| {
        StoreDiffProof::decode(bytes)
            .and_then(|proof| proof.changes(before.anchor, after.anchor, &prices()))
            .is_ok()
    };
    assert!(accepts(&bytes));
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(!accepts(&bytes), "bit {bit}");
    }
    for len in 0..bytes.len() {
        assert!(!accepts(&bytes[..len]), "length {len}");
    }
    // With the seals that belong to it, too.
    let parts = parts(&bytes);
    for (part, len) in parts.iter().map(Vec::len).enumerate() {
        let inside = if part % 2 == 0 && part < 4 {
            len
        } else {
            len - SEAL
        };
        for at in 0..inside {
            let mut parts = parts.clone();
            parts[part][at] ^= 0x10;
            assert!(!accepts(&joined(KIND, parts)), "byte {at} of part {part}");
        }
    }
}

#[test]
fn a_proof_of_two_states_says_what_is_wrong_with_it() {
    let [before, after] = two_states();
    let proof = before.proof(&after, &ALL);
    let (old, new) = (before.anchor, after.anchor);
    let (Anchor::Commit(first), Anchor::Commit(second)) = (old, new) else {
        panic!("both are commits");
    };
    let error = proof.changes(new, old, &prices()).unwrap_err();
    let (expected, found) = (second.0, first.0);
    assert_eq!(error, ProofError::OtherCommit { expected, found });
    assert!(
        error
            .to_string()
            .contains(&format!("about the commit {first}"))
    );
    let root = Anchor::Root(before.catalog.root());
    let error = proof.changes(root, new, &prices()).unwrap_err();
    assert!(
        error.to_string().contains("anchored in something else"),
        "{error}"
    );

    let part = before.proof(&after, &(Bound::Included(vec![8]), Bound::Unbounded));
    assert_eq!(part.bounds(), (Bound::Included(&[8][..]), Bound::Unbounded));
    assert_eq!(
        part.changes(old, new, &prices()),
        Err(ProofError::NotCovered)
    );
    let changes = part.changes_in(&[8][..].., old, new, &prices()).unwrap();
    assert_eq!(changes.len(), 1, "what lies before the range is not told");

    // A difference of other trees, and the range of a proof of which the rest is whole.
    let mut forged = parts(&proof.encode());
    let other = after.proof(&before, &ALL).encode();
    forged[4] = parts(&other).remove(4);
    let error = StoreDiffProof::decode(&joined(KIND, forged)).unwrap();
    let error = error.changes(old, new, &prices()).unwrap_err();
    assert!(matches!(error, ProofError::WrongRoot { .. }), "{error}");

    let bytes = proof.encode();
    assert!(StoreProof::decode(&bytes).is_err() && DiffProof::decode(&bytes).is_err());
    let other = before.tree.as_ref().unwrap().generate_proof(&[7]).unwrap();
    let error = StoreDiffProof::decode(&other.encode()).unwrap_err();
    assert!(error.to_string().contains("of another kind"), "{error}");
}

#[test]
fn a_namespace_that_a_state_lacks_has_no_entries_there() {
    let storage = storage_on(&memory());
    let map = numbered(40, 1);
    let without = State::new(&storage, Parameters::default(), None, true);
    let with = State::new(&storage, narrow(), Some(&map), false);
    for (before, after) in [(&without, &with), (&with, &without), (&without, &without)] {
        let proof = before.proof(after, &ALL);
        let changes = proof
            .changes(before.anchor, after.anchor, &prices())
            .unwrap();
        assert!(shows(&changes, &before.map, &after.map, &ALL));
    }
    // Whoever forges a proof cannot keep the namespace from it.
    let mut forged = parts(&without.proof(&with, &ALL).encode());
    forged[2..4].clone_from_slice(&parts(&without.proof(&without, &ALL).encode())[..2]);
    let forged = StoreDiffProof::decode(&joined(KIND, forged)).unwrap();
    assert!(
        forged
            .changes(without.anchor, with.anchor, &prices())
            .is_err()
    );
}

#[test]
fn two_commit_ids_are_enough_to_check_what_has_changed() {
    let mut store = store();
    let allow_empty = CommitOptions {
        allow_empty: true,
        ..CommitOptions::default()
    };
    let empty = store.commit_with(allow_empty).unwrap();
    for n in 0..20_000 {
        store
            .put(format!("key-{n:05}"), format!("value {n}"))
            .unwrap();
    }
    let first = store.commit("First").unwrap();
    store.put("key-00007", "another").unwrap();
    store.delete(b"key-15000").unwrap();
    let second = store.commit("Second").unwrap();
    let plain = NamespaceKey::plain();
    let at = |id| store.snapshot(id).unwrap();
    let proof = at(first).generate_diff_proof(&at(second)).unwrap();
    let bytes = proof.encode();
    let depth = at(first).tree().depth();
    assert!(bytes.len() < 2 * 2 * depth * 8_000, "{} bytes", bytes.len());
    let read = StoreDiffProof::decode(&bytes).unwrap();
    let (before, after) = (Anchor::Commit(first), Anchor::Commit(second));
    let changes = read.changes(before, after, &plain).unwrap();
    let keys: Vec<_> = changes.iter().map(|change| change.key.as_slice()).collect();
    assert_eq!(keys, [&b"key-00007"[..], b"key-15000"]);
    assert!(changes[0].before.as_ref().unwrap().is(b"value 7"));
    assert_eq!(changes[1].after, None);

    let range = &b"key-1"[..]..&b"key-2"[..];
    let part = at(first)
        .generate_diff_range_proof(&at(second), range.clone())
        .unwrap();
    let changes = part.changes_in(range, before, after, &plain).unwrap();
    assert_eq!(changes.len(), 1);
    assert!(part.encode().len() < bytes.len());

    let all = at(empty).generate_diff_proof(&at(first)).unwrap();
    let all = all.changes(Anchor::Commit(empty), before, &plain).unwrap();
    assert_eq!(all.len(), 20_000);
    let none = at(first).generate_diff_proof(&at(first)).unwrap();
    assert_eq!(none.changes(before, before, &plain), Ok(Vec::new()));
}

#[test]
fn the_bytes_of_a_proof_of_two_states_are_pinned() {
    let [before, after] = two_states();
    let whole = before.proof(&after, &ALL).encode();
    assert_eq!(&whole[..10], b"PROLPROF\x01\x04");
    let storage = storage_on(&memory());
    let [with, without] =
        [Some(numbered(9, 1)), None].map(|map| State::new(&storage, narrow(), map.as_ref(), false));
    let added = without
        .proof(&with, &(Bound::Excluded(vec![1]), Bound::Included(vec![6])))
        .encode();
    assert_eq!(added[10..14], [0; 4], "no commit");
    let hashes = [whole, added].map(|bytes| Hash::of(&bytes).short());
    assert_eq!(hashes, ["95ad443d399f", "c27e0564c753"]);
}
