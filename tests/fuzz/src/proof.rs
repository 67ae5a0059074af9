//! Any bytes as a proof: refused, or canonical; and what it shows against a root that is known is
//! true. Whoever forges a proof makes its seal right, so each input is tried with the right one too.

use std::ops::{Bound, RangeBounds};

use prollytree::history::{Anchor, Catalog, NamespaceKey, ProofSide, StoreDiffProof, StoreProof};
use prollytree::tree::{DiffProof, Proof, ProofError, ProvenChange, ProvenValue, Tree};
use prollytree_plugin_api::Hash;

use crate::known::{Known, known};

/// The bytes of a seal.
const SEAL: usize = 8;

pub(crate) fn run(bytes: &[u8]) -> bool {
    let known = known();
    let about = |bytes: &[u8]| {
        about_tree(known, bytes)
            | about_store(known, bytes)
            | about_difference(known, bytes)
            | about_states(known, bytes)
    };
    about(bytes) | about(&sealed(bytes))
}

fn about_tree(known: &Known, bytes: &[u8]) -> bool {
    let Ok(proof) = Proof::decode(bytes) else {
        return false;
    };
    assert!(proof.encode() == bytes, "two encodings of one proof");
    let root = known.tree.root();
    match proof.entries_in::<[u8], _>(proof.bounds(), &root) {
        Ok(entries) => {
            let covered = known.map.iter().filter(|(key, _)| proof.covers(key));
            assert!(
                entries.len() == covered.clone().count(),
                "all that it covers"
            );
            for ((key, proven), (known_key, value)) in entries.iter().zip(covered) {
                assert!(key == known_key && proven.is(value), "a true entry");
            }
        }
        // Nobody knows this root; that it can be checked is all that is asked.
        Err(ProofError::WrongRoot { found, .. }) => {
            if let Ok(entries) = proof.entries_in::<[u8], _>(proof.bounds(), &found) {
                assert!(entries.is_sorted_by(|a, b| a.0 < b.0), "keys ascend");
                assert!(entries.iter().all(|(key, _)| proof.covers(key)));
            }
        }
        Err(_) => {}
    }
    for key in known.map.keys().step_by(9) {
        assert!(
            !proof.verify(&root, key, None),
            "no key of the tree is absent"
        );
        assert!(!proof.verify(&root, key, Some(b"forged")), "a forged value");
    }
    assert!(
        !proof.verify(&root, b"absent", Some(b"forged")),
        "a forged entry"
    );
    true
}

fn about_store(known: &Known, bytes: &[u8]) -> bool {
    let Ok(proof) = StoreProof::decode(bytes) else {
        return false;
    };
    assert!(proof.encode() == bytes, "two encodings of one proof");
    let plain = NamespaceKey::plain();
    let absent = absent();
    for anchor in [Anchor::Commit(known.commit), Anchor::Root(known.catalog)] {
        if let Ok(entries) = proof.entries_in::<[u8], _>(proof.bounds(), anchor, &plain) {
            let (start, end) = proof.bounds();
            let bounds = (start.map(<[u8]>::to_vec), end.map(<[u8]>::to_vec));
            let covered = known.map.keys().filter(|key| bounds.contains(*key));
            assert!(entries.len() == covered.count(), "all of its range");
            assert!(
                entries
                    .iter()
                    .all(|(key, proven)| is_known(known, key, proven))
            );
        }
        for key in known.map.keys().step_by(9) {
            assert!(
                !proof.verify(anchor, &plain, key, None),
                "no key of the store is absent"
            );
            assert!(
                !proof.verify(anchor, &absent, key, Some(b"forged")),
                "a forged value"
            );
        }
        if let Ok(entries) = proof.entries_in::<[u8], _>(proof.bounds(), anchor, &absent) {
            assert!(entries.is_empty(), "there is no such namespace");
        }
    }
    true
}

fn about_difference(known: &Known, bytes: &[u8]) -> bool {
    let Ok(proof) = DiffProof::decode(bytes) else {
        return false;
    };
    assert!(proof.encode() == bytes, "two encodings of one proof");
    let (before, after) = (known.tree.root(), known.edited.root());
    let range = proof.bounds();
    let Ok(changes) = proof.changes_in::<[u8], _>(range, &before, &after) else {
        return true;
    };
    assert_true(known, &changes, range);
    true
}

fn about_states(known: &Known, bytes: &[u8]) -> bool {
    let Ok(proof) = StoreDiffProof::decode(bytes) else {
        return false;
    };
    assert!(proof.encode() == bytes, "two encodings of one proof");
    let plain = NamespaceKey::plain();
    let absent = absent();
    let range = proof.bounds();
    let before = [Anchor::Commit(known.commit), Anchor::Root(known.catalog)];
    let after = Anchor::Root(known.edited_catalog);
    for before in before {
        let shown =
            |before, after, namespace| proof.changes_in::<[u8], _>(range, before, after, namespace);
        if let Ok(changes) = shown(before, after, &plain) {
            assert_true(known, &changes, range);
        }
        let nothing = [
            shown(before, before, &plain),
            shown(before, after, &absent),
            shown(before, before, &absent),
        ];
        assert!(
            nothing.iter().flatten().all(Vec::is_empty),
            "nothing differs"
        );
    }
    true
}

/// A namespace that no known state has.
fn absent() -> NamespaceKey {
    NamespaceKey::new("absent", "data").expect("a valid name")
}

/// Checks that what a proof shows is what differs between the known trees in a range, all of it.
fn assert_true(known: &Known, changes: &[ProvenChange], range: (Bound<&[u8]>, Bound<&[u8]>)) {
    let all = known.tree.diff_range::<[u8], _>(&known.edited, range);
    assert!(
        changes.len() == all.count(),
        "all that differs in the range"
    );
    assert!(changes.is_sorted_by(|a, b| a.key < b.key), "keys ascend");
    for change in changes {
        let is = |proven: &Option<ProvenValue>, tree: &Tree| {
            let value = tree.get(&change.key).expect("a tree that can be read");
            match (proven, value) {
                (None, None) => true,
                (Some(proven), Some(value)) => proven.is(&value),
                _ => false,
            }
        };
        assert!(is(&change.before, &known.tree), "a true value before");
        assert!(is(&change.after, &known.edited), "a true value after");
        assert!(change.before != change.after, "a change");
    }
}

fn is_known(known: &Known, key: &[u8], proven: &ProvenValue) -> bool {
    known.map.get(key).is_some_and(|value| proven.is(value))
}

/// Returns the bytes with the seal that they should have, also inside of a proof about a store or about
/// two states of one.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    seal(&mut bytes);
    let parts = match bytes.get(9) {
        Some(2) => 3,
        Some(4) => 5,
        _ => 0,
    };
    if parts > 0 {
        let end = bytes.len().saturating_sub(SEAL);
        let mut at = 10;
        for _ in 0..parts {
            let Some(len) = bytes.get(at..at + 4) else {
                break;
            };
            let len = u32::from_le_bytes(len.try_into().expect("four bytes")) as usize;
            at += 4;
            if len > end.saturating_sub(at) {
                break;
            }
            seal(&mut bytes[at..at + len]);
            at += len;
        }
        seal(&mut bytes);
    }
    bytes
}

fn seal(bytes: &mut [u8]) {
    if bytes.starts_with(b"PROLPROF") && bytes.len() >= 8 + SEAL {
        let (fields, seal) = bytes.split_at_mut(bytes.len() - SEAL);
        seal.copy_from_slice(&Hash::of(fields).as_bytes()[..SEAL]);
    }
}

pub(crate) fn seeds() -> Vec<(String, Vec<u8>)> {
    let known = known();
    let mut seeds = Vec::new();
    let keys: [(&str, &[u8]); 5] = [
        ("present", b"row/017"),
        ("outside", b"row/long"),
        ("absent", b"row/0170"),
        ("first", b""),
        ("behind-all", &[255; 21]),
    ];
    for (name, key) in keys {
        let proof = known.tree.generate_proof(key).expect("a proof");
        seeds.push((format!("tree-{name}"), proof.encode()));
    }
    let range = known
        .tree
        .generate_range_proof(&b"row/010"[..]..&b"row/019"[..]);
    seeds.push(("tree-range".to_owned(), range.expect("a proof").encode()));
    let between = known.tree.generate_diff_proof(&known.edited);
    seeds.push(("difference".to_owned(), between.expect("a proof").encode()));
    let part =
        (known.tree).generate_diff_range_proof(&known.edited, &b"row/010"[..]..&b"row/05"[..]);
    seeds.push((
        "difference-part".to_owned(),
        part.expect("a proof").encode(),
    ));
    let all = known.tree.generate_range_proof::<[u8], _>(..);
    seeds.push(("tree-all".to_owned(), all.expect("a proof").encode()));
    let snapshot = known.store.snapshot(known.commit).expect("a snapshot");
    for (name, key) in &keys[..3] {
        let proof = snapshot.generate_proof(key).expect("a proof");
        seeds.push((format!("store-{name}"), proof.encode()));
    }
    let catalog = |root| Catalog::open(known.store.storage(), root).expect("a catalog");
    let edited = catalog(known.edited_catalog);
    let catalog = catalog(known.catalog);
    let absent = absent();
    let none = StoreProof::generate::<[u8], _>(None, &catalog, &absent, None, ..);
    seeds.push((
        "store-no-namespace".to_owned(),
        none.expect("a proof").encode(),
    ));
    let commit = Some(snapshot.commit());
    let side = |commit, catalog, tree| ProofSide {
        commit,
        catalog,
        tree,
    };
    let (before, after) = (
        side(commit, &catalog, Some(&known.tree)),
        side(None, &edited, Some(&known.edited)),
    );
    let (unnamed, nowhere) = (side(None, &catalog, None), side(None, &edited, None));
    let part = (
        Bound::Included(&b"row/010"[..]),
        Bound::Excluded(&b"row/05"[..]),
    );
    let plain = NamespaceKey::plain();
    for (name, before, after, namespace, range) in [
        ("states", before, after, &plain, all_keys()),
        ("states-part", before, after, &plain, part),
        ("states-no-namespace", unnamed, nowhere, &absent, all_keys()),
    ] {
        let proof = StoreDiffProof::generate::<[u8], _>(before, after, namespace, range);
        seeds.push((name.to_owned(), proof.expect("a proof").encode()));
    }
    seeds
}

fn all_keys<'a>() -> (Bound<&'a [u8]>, Bound<&'a [u8]>) {
    (Bound::Unbounded, Bound::Unbounded)
}
