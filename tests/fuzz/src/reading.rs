//! Reading a tree of forged nodes in every way there is: no way panics, and where the entries can be
//! read at all, every way gives the same ones.

use std::cell::Cell;

use prollytree::storage::RecordBatch;
use prollytree::tree::{Change, Edit, Key, Tree, TreeError, Value};

/// Reads everything. Returns the entries if all can be read.
pub(crate) fn read(tree: &Tree) -> Option<Vec<(Key, Value)>> {
    let forward: Result<Vec<_>, TreeError> = tree.iter().collect();
    let backward: Result<Vec<_>, TreeError> = tree.iter().rev().collect();
    let _stats = tree.stats();
    let pages = [pages(tree, false), pages(tree, true)];
    for key in [&b""[..], b"row/007", b"row/0070", &[255; 9]] {
        probe(tree, key);
    }
    let Ok(entries) = forward else {
        assert!(
            backward.is_err(),
            "what cannot be read forwards can be backwards"
        );
        return None;
    };
    let [joined, mut reversed] = pages.map(|pages| pages.expect("what can be read can be paged"));
    reversed.reverse();
    assert_eq!(plain(&entries), plain(&joined), "all pages");
    assert_eq!(plain(&entries), plain(&reversed), "all pages from the end");
    let mut backward = backward.expect("what can be read forwards can be backwards");
    backward.reverse();
    assert_eq!(plain(&entries), plain(&backward), "both directions");
    assert_eq!(tree.len(), entries.len() as u64, "the number of entries");
    let bytes = |(key, value): &(Key, Value)| (key.len() + value.len()) as u64;
    assert_eq!(tree.byte_count(), entries.iter().map(bytes).sum::<u64>());
    assert!(entries.is_sorted_by(|a, b| a.0 < b.0), "keys ascend");
    for (rank, (key, value)) in entries.iter().enumerate().take(50) {
        let found = tree.get(key).expect("every node can be read");
        assert_eq!(found.as_deref(), Some(&value[..]), "a key is found");
        assert_eq!(tree.rank(key).expect("a rank"), rank as u64);
        let selected = tree.select(rank as u64).expect("an entry");
        assert_eq!(selected.map(|(key, _)| key).as_ref(), Some(key));
        let proof = tree.generate_proof(key).expect("a proof");
        assert!(proof.verify(&tree.root(), key, Some(value)), "a true proof");
    }
    let scanned = Cell::new(0);
    let visited = tree.scan::<Vec<u8>, _, ()>(.., |_, _| {
        scanned.set(scanned.get() + 1);
        std::ops::ControlFlow::Continue(())
    });
    assert!(visited.is_ok() && scanned.get() == entries.len(), "a scan");
    let proof = tree
        .generate_range_proof::<Vec<u8>, _>(..)
        .expect("a proof");
    let proven = proof.entries(&tree.root()).expect("a true proof");
    assert_eq!(proven.len(), entries.len(), "a proof of everything");
    Some(entries)
}

/// Reads everything page by page, in either direction.
fn pages(tree: &Tree, back: bool) -> Result<Vec<(Key, Value)>, TreeError> {
    let mut entries = Vec::new();
    let mut next: Option<Key> = None;
    loop {
        let place = next.as_deref();
        let page = if back {
            tree.iter().page_back(place, 3)?
        } else {
            tree.iter().page(place, 3)?
        };
        entries.extend(page.entries);
        if page.next.is_none() {
            return Ok(entries);
        }
        next = page.next;
    }
}

/// Asks for a key, present or not, and edits it; errors are welcome.
fn probe(tree: &Tree, key: &[u8]) {
    let found = tree.get(key);
    let contained = tree.contains_key(key);
    if let (Ok(found), Ok(contained)) = (&found, contained) {
        assert_eq!(found.is_some(), contained);
    }
    let _rank = tree.rank(key);
    let _count = tree.count(key..);
    if let (Ok(proof), Ok(found)) = (tree.generate_proof(key), found)
        && let Ok(proven) = proof.value(&tree.root(), key)
    {
        let agree = match (&proven, &found) {
            (Some(proven), Some(found)) => proven.is(found),
            (None, None) => true,
            _ => false,
        };
        assert!(agree, "a proof that is accepted says what the tree says");
    }
    for edit in [Edit::Put(b"new".to_vec()), Edit::Delete] {
        let mut batch = RecordBatch::new();
        let edited = tree.apply([(key.to_vec(), edit)], &mut batch);
        if let Ok(edited) = edited
            && tree.storage().put(&batch).is_ok()
        {
            // Both have most of their nodes.
            let _changes = compare(tree, &edited);
        }
    }
    let other = Tree::empty(tree.storage().clone(), *tree.parameters());
    if let (Err(_), Ok(_)) | (Ok(_), Err(_)) = compare(tree, &other) {
        panic!("a tree that is read as a whole from one end can be from the other");
    }
}

type Changes = Result<Vec<Change>, TreeError>;

/// Compares two trees from both ends; where both can be gone through, they have the same changes.
fn compare(tree: &Tree, other: &Tree) -> (Changes, Changes) {
    let changes: Changes = tree.diff(other).collect();
    let from_the_end: Changes = tree.diff(other).rev().collect();
    if let (Ok(changes), Ok(from_the_end)) = (&changes, &from_the_end) {
        assert!(changes.iter().rev().eq(from_the_end), "both directions");
    }
    (changes, from_the_end)
}

fn plain(entries: &[(Key, Value)]) -> Vec<(&[u8], &[u8])> {
    entries
        .iter()
        .map(|(key, value)| (&key[..], &value[..]))
        .collect()
}
