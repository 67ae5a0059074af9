//! Proofs of what a store has, changed by somebody who knows how they are made and gives them the
//! seals that belong to them: each is refused, or shows what is true.

use std::ops::{Bound, RangeBounds};

use prollytree::history::{NamespaceKey, StoreProof};
use prollytree::tree::{Key, ProofError, Tree};

use crate::forged::{SEAL, joined, parts, sealed};
use crate::states::{ALL, Bounds, Map, State, narrow, numbered, prices};
use crate::{memory, storage_on};

/// The kind of these proofs.
const KIND: u8 = 2;

/// The parts of these proofs.
const PARTS: usize = 3;

/// States of one store.
struct Known {
    states: Vec<State>,
    /// What the namespace beside that of the states has in each of them.
    other: Map,
    other_tree: Tree,
}

/// A question, and the proof that answers it.
struct Asked {
    state: usize,
    namespace: NamespaceKey,
    bounds: Bounds,
    proof: Vec<u8>,
}

impl Known {
    /// States that differ in a few keys, have no keys, or lack the namespace; each known as a commit
    /// and as the root of a catalog.
    fn new() -> Self {
        let storage = storage_on(&memory());
        let mut map = numbered(40, 1);
        // A proof holds no more than the address of this value.
        map.insert(vec![20], vec![b'v'; 3_000]);
        let old = map.clone();
        map.insert(vec![7], vec![2]);
        map.remove(&vec![30][..]);
        let maps = [Some(old), Some(map), Some(Map::new()), None];
        let both_ways = |map: &Option<Map>| {
            [true, false].map(|by_commit| State::new(&storage, narrow(), map.as_ref(), by_commit))
        };
        let other = Map::from([(b"other".to_vec(), vec![])]);
        Self {
            states: maps.iter().flat_map(both_ways).collect(),
            other_tree: Tree::build(storage.clone(), narrow(), other.clone()).unwrap(),
            other,
        }
    }

    fn ask(&self, state: usize, namespace: NamespaceKey, bounds: Bounds) -> Asked {
        let side = self.states[state].side();
        let tree = if namespace == prices() {
            side.tree
        } else {
            Some(&self.other_tree)
        };
        let range = bounds.clone();
        let proof =
            StoreProof::generate::<Key, _>(side.commit, side.catalog, &namespace, tree, range);
        Asked {
            state,
            namespace,
            bounds,
            proof: proof.unwrap().encode(),
        }
    }

    /// Asks for keys and ranges of each state.
    fn questions(&self) -> Vec<Asked> {
        let one = |n: u8| (Bound::Included(vec![n]), Bound::Included(vec![n]));
        let part = (Bound::Excluded(vec![4]), Bound::Included(vec![25]));
        let bounds = [ALL, one(7), one(20), one(30), one(99), part];
        let about = |state| {
            let prices = bounds.iter().map(move |bounds| (prices(), bounds.clone()));
            let others = [(NamespaceKey::plain(), ALL)];
            (prices.chain(others)).map(move |(name, bounds)| self.ask(state, name, bounds))
        };
        (0..self.states.len()).flat_map(about).collect()
    }

    /// Panics if a proof shows something of a state that is not true.
    fn check(&self, proof: &StoreProof, state: usize, namespace: &NamespaceKey) {
        let State { map, anchor, .. } = &self.states[state];
        let map = if *namespace == prices() {
            map
        } else {
            &self.other
        };
        let entries = proof.entries_in::<[u8], _>(proof.bounds(), *anchor, namespace);
        let bounds = bounds_of(proof);
        if let Ok(entries) = &entries {
            let inside = || map.iter().filter(|(key, _)| bounds.contains(*key));
            assert!(
                entries
                    .iter()
                    .map(|(key, _)| key)
                    .eq(inside().map(|(key, _)| key))
            );
            let mut values = entries.iter().zip(inside());
            assert!(values.all(|((_, proven), (_, value))| proven.is(value)));
        }
        for key in [&[7][..], &[20], &[30], &[99], b"other"] {
            let covered = bounds.contains(&key.to_vec());
            match proof.value(*anchor, namespace, key) {
                Ok(found) => {
                    assert!(entries.is_ok() && covered, "{key:?}");
                    let value = map.get(key);
                    assert_eq!(found.is_some(), value.is_some(), "{key:?}");
                    assert!(
                        found
                            .zip(value)
                            .is_none_or(|(proven, value)| proven.is(value))
                    );
                }
                Err(ProofError::NotCovered) => {}
                Err(error) => assert!(entries.is_err(), "{error}"),
            }
        }
    }

    /// Says whether bytes answer a question. What they show beside that is true, too.
    fn accepts(&self, asked: &Asked, bytes: &[u8]) -> bool {
        let Ok(proof) = StoreProof::decode(bytes) else {
            return false;
        };
        assert_eq!(proof.encode(), bytes, "two encodings of one proof");
        for namespace in [prices(), NamespaceKey::plain()] {
            self.check(&proof, asked.state, &namespace);
        }
        let state = &self.states[asked.state];
        let same = bounds_of(&proof) == asked.bounds;
        let lacks = asked.namespace == prices() && state.tree.is_none();
        (same || lacks)
            && proof
                .entries_in::<[u8], _>(proof.bounds(), state.anchor, &asked.namespace)
                .is_ok()
    }
}

fn bounds_of(proof: &StoreProof) -> Bounds {
    let (start, end) = proof.bounds();
    (start.map(<[u8]>::to_vec), end.map(<[u8]>::to_vec))
}

#[test]
fn every_changed_byte_of_a_proof_about_a_store_is_refused_or_shows_what_is_true() {
    let known = Known::new();
    // Not all of them, but of each state and each question some.
    for (index, asked) in known.questions().iter().enumerate().skip(1).step_by(5) {
        assert!(known.accepts(asked, &asked.proof), "question {index}");
        let parts = parts(&asked.proof);
        assert_eq!(joined(KIND, parts.clone()), asked.proof);
        // Every bit of one, one bit of each byte of the others.
        let bits = |at: usize| if index == 1 { 0..8 } else { at % 8..at % 8 + 1 };
        // The seal around the parts, whose lengths are changed too.
        for at in 0..asked.proof.len() - SEAL {
            for bit in bits(at) {
                let mut bytes = asked.proof[..asked.proof.len() - SEAL].to_vec();
                bytes[at] ^= 1 << bit;
                assert!(
                    !known.accepts(asked, &sealed(bytes)),
                    "question {index}, byte {at}"
                );
            }
        }
        // And the seals of the parts.
        for part in 0..PARTS {
            for at in 0..parts[part].len() {
                for bit in bits(at) {
                    let mut parts = parts.clone();
                    parts[part][at] ^= 1 << bit;
                    let bytes = joined(KIND, parts);
                    let accepted = known.accepts(asked, &bytes);
                    let told = format!("question {index}, byte {at} of part {part}");
                    assert_eq!(accepted, bytes == asked.proof, "{told}");
                }
            }
        }
    }
}

#[test]
fn every_cut_part_of_a_proof_about_a_store_is_refused() {
    let known = Known::new();
    for asked in known.questions().iter().step_by(3) {
        let parts = parts(&asked.proof);
        for part in 0..PARTS {
            for len in 0..parts[part].len() {
                let mut parts = parts.clone();
                parts[part].truncate(len);
                let bytes = joined(KIND, parts);
                assert!(!known.accepts(asked, &bytes), "{len} bytes of part {part}");
            }
        }
    }
}

#[test]
fn parts_of_other_proofs_show_nothing_that_is_not_true() {
    let known = Known::new();
    let questions = known.questions();
    let mut exchanged = 0;
    for asked in &questions {
        for other in &questions {
            let (own, foreign) = (parts(&asked.proof), parts(&other.proof));
            for which in 0..1 << PARTS {
                let part = |n: usize| [&own, &foreign][which >> n & 1][n].clone();
                let bytes = joined(KIND, (0..PARTS).map(part).collect());
                let accepted = known.accepts(asked, &bytes);
                assert_eq!(accepted, bytes == asked.proof, "parts {which:03b}");
                if let Ok(proof) = StoreProof::decode(&bytes) {
                    known.check(&proof, other.state, &other.namespace);
                    exchanged += 1;
                }
            }
        }
        // And its own in other places.
        let own = parts(&asked.proof);
        for order in 0..PARTS.pow(3) {
            let order = [order / 9, order / 3 % 3, order % 3];
            let bytes = joined(KIND, order.map(|part| own[part].clone()).to_vec());
            assert_eq!(
                known.accepts(asked, &bytes),
                bytes == asked.proof,
                "{order:?}"
            );
        }
    }
    assert!(
        exchanged > questions.len().pow(2),
        "most of them can be read"
    );
}
