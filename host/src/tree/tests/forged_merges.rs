//! Merges of trees that somebody forged: they fail, or make a tree whose reader finds what is wrong.

use super::*;
use crate::tree::entries::Entries;
use crate::tree::key::KeyRef;
use crate::tree::node::{Child, Totals};
use crate::tree::value::Cell;

/// Leaves of a few entries below one root.
fn flat() -> Parameters {
    Parameters::new(Shape {
        measure: Measure::Entries,
        leaf: NodeSize {
            target: 4,
            min: 1,
            max: 8,
        },
        internal: NodeSize {
            target: 1_000,
            min: 900,
            max: 2_000,
        },
        ..Shape::default()
    })
    .unwrap()
}

fn key(n: u16) -> Key {
    [&b"same"[..], &n.to_be_bytes(), b"and more"].concat()
}

/// Makes a node, and what its parent says of it.
fn node(tree: &Tree, batch: &mut RecordBatch, entries: &Entries) -> Child {
    let content = entries.content();
    let bytes = content.node(tree.parameters().fingerprint());
    let kind = prollytree_plugin_api::Kind::NODE;
    Child {
        hash: batch.push(kind, content.links(), bytes.encoded().to_vec()),
        totals: content.totals,
    }
}

/// Makes a tree with a root of these children, if their keys are in order.
fn rooted(tree: &Tree, mut batch: RecordBatch, children: &[(Key, Child)]) -> Option<Tree> {
    let mut entries = Entries::new(1);
    for (key, child) in children {
        if (entries.last_key()).is_some_and(|last| last >= KeyRef::from(&key[..])) {
            return None;
        }
        entries.push_child(key, *child);
    }
    let root = node(tree, &mut batch, &entries).hash;
    tree.storage().put(&batch).unwrap();
    let tree = Tree::open(tree.storage().clone(), root, *tree.parameters());
    Some(tree.unwrap())
}

fn children(tree: &Tree) -> Vec<(Key, Child)> {
    let root = tree.root_node();
    let child = |index| (root.key(index).to_key(), root.child(index));
    (0..root.len()).map(child).collect()
}

/// Makes a tree whose root says something else of one of its children.
fn forged(tree: &Tree, at: usize, lie: fn(&mut Key, &mut Child)) -> Option<Tree> {
    let mut children = children(tree);
    let (key, child) = &mut children[at];
    lie(key, child);
    rooted(tree, RecordBatch::new(), &children)
}

/// Makes a tree whose root has a child end where it begins, so that the next one, which is another,
/// begins in the middle of it.
fn overlapping(tree: &Tree, at: usize) -> Option<Tree> {
    let mut children = children(tree);
    let (last, child) = children[at].clone();
    let next_last = children.get(at + 1)?.0.clone();
    let first = tree.storage().load::<Node>(&child.hash).unwrap();
    children[at].0 = first.key(0).to_key()[..6].to_vec();
    let (mut batch, mut entries) = (RecordBatch::new(), Entries::new(0));
    for key in [&[&last[..6], &[1]].concat(), &next_last] {
        entries.push_cell(key, &Cell::Inline(b"forged"));
    }
    children[at + 1].1 = node(tree, &mut batch, &entries);
    rooted(tree, batch, &children)
}

/// What a root may say of a child that is not so.
const LIES: [fn(&mut Key, &mut Child); 4] = [
    // A key that comes before all of the child, shorter than what keys have in common; one among the
    // child's own; one behind it.
    |key, _| key.truncate(6),
    |key, _| key[5] -= 1,
    |key, _| key.push(0),
    |_, child| {
        child.totals = Totals {
            entries: child.totals.entries + 1,
            ..child.totals
        }
    },
];

#[test]
fn a_forged_root_is_found_or_stays_what_it_is() {
    let (_, storage) = new_storage();
    let map: Map = (0..80).map(|n| (key(n * 3), vec![1])).collect();
    let base = build(&storage, flat(), &map);
    assert_eq!(base.depth(), 2);
    let edited = |step: u16, side: u8| {
        let edits = (0..80_u16).step_by(step.into()).map(|n| match n % 3 {
            0 => (key(n * 3 + 1), Edit::Put(vec![side])),
            1 => (key(n * 3), Edit::Delete),
            _ => (key(n * 3), Edit::Put(vec![side])),
        });
        apply(&base, edits)
    };
    let mut found = 0;
    for (one, other) in [(7, 11), (2, 5), (5, 3), (3, 7), (13, 4), (1, 17)] {
        let honest = [base.clone(), edited(one, 2), edited(other, 3)];
        found += refused(&honest);
    }
    assert!(found > 3_000, "{found}");
}

/// Forges each child of each root in every way, and returns how often that is found.
fn refused(honest: &[Tree; 3]) -> usize {
    let mut found = 0;
    for side in 0..3 {
        for child in 0..honest[side].root_node().len() {
            let lies = LIES.iter().map(|lie| forged(&honest[side], child, *lie));
            for forged in lies.chain([overlapping(&honest[side], child)]).flatten() {
                let mut trees = honest.clone();
                trees[side] = forged;
                found += refusals(&trees);
            }
        }
    }
    found
}

/// Merges three trees one with the other, reads what comes out, and returns how often that fails.
fn refusals(trees: &[Tree; 3]) -> usize {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [2, 1, 0]];
    let refused = orders.iter().filter(|order| {
        let mut batch = RecordBatch::new();
        let [base, ours, theirs] = order.map(|tree| &trees[tree]);
        let merged = ours.merge(base, theirs, LeaveConflicts, &mut batch);
        let read = merged.and_then(|merged| {
            ours.storage().put(&batch).unwrap();
            merged.tree.iter().try_for_each(|entry| entry.map(drop))
        });
        match read {
            Ok(()) => false,
            Err(TreeError::Inconsistent { .. }) => true,
            Err(error) => panic!("{error}"),
        }
    });
    refused.count()
}
