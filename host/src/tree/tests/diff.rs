//! Diffs from either end: what comes from the end is what comes from the beginning, turned round.

use std::ops::{Bound, RangeBounds};

use proptest::prelude::*;

use super::super::entries::Entries;
use super::super::node::Child;
use super::super::value::Cell;
use super::model::{OwnedChange, changes_between, changes_of, edits, key, parameters, update};
use super::proof::bounds;
use super::*;

/// Parameters under which a few entries make many levels.
fn deep() -> Parameters {
    let rule = EntryRule {
        modulus: 1,
        base: 2,
        ..EntryRule::default()
    };
    Parameters::entries(rule).unwrap()
}

/// Keys close together, so that two maps have many in common.
fn numbers(most: usize) -> impl Strategy<Value = Map> {
    let entry = (0..600_u16, 0..3_u8);
    prop::collection::vec(entry, 0..most).prop_map(|entries| {
        let entries = entries.into_iter();
        entries
            .map(|(n, value)| (n.to_be_bytes().to_vec(), vec![value; 3]))
            .collect()
    })
}

fn within(changes: &[OwnedChange], bounds: &(Bound<Key>, Bound<Key>)) -> Vec<OwnedChange> {
    let changes = changes.iter();
    changes
        .filter(|(key, ..)| bounds.contains(key))
        .cloned()
        .collect()
}

/// Takes changes from both ends in turn, as `turns` say, and puts them together.
fn from_both_ends(mut diff: Diff, turns: &[bool]) -> Vec<OwnedChange> {
    let (mut front, mut back) = (Vec::new(), Vec::new());
    for &is_back in turns.iter().cycle() {
        let (change, side) = if is_back {
            (diff.next_back(), &mut back)
        } else {
            (diff.next(), &mut front)
        };
        let Some(change) = change else { break };
        side.push(change);
    }
    assert!(diff.next().is_none() && diff.next_back().is_none());
    front.extend(back.into_iter().rev());
    changes_of(front.into_iter())
}

proptest! {
    #[test]
    fn a_diff_from_its_end_is_the_diff_turned_round(
        (parameters, others) in (parameters(), parameters()),
        (first, second) in (edits(), edits()),
        (start, end) in (key(), key()),
        turns in prop::collection::vec(any::<bool>(), 1..9),
    ) {
        let (_, storage) = new_storage();
        let (mut before, mut after) = (Map::new(), Map::new());
        update(&mut before, &first);
        update(&mut after, &first);
        update(&mut after, &second);
        let old = build(&storage, parameters, &before);
        let empty = Tree::empty(storage.clone(), parameters);
        let expected = changes_between(&before, &after);
        let bounds = (Bound::Included(start), Bound::Excluded(end));
        for new in [build(&storage, parameters, &after), build(&storage, others, &after)] {
            let mut changes = changes_of(old.diff(&new).rev());
            changes.reverse();
            prop_assert_eq!(&changes, &expected);
            let mut part = changes_of(old.diff_range::<Key, _>(&new, bounds.clone()).rev());
            part.reverse();
            prop_assert_eq!(part, within(&expected, &bounds));
            prop_assert_eq!(&from_both_ends(old.diff(&new), &turns), &expected);
            prop_assert_eq!(old.diff(&empty).rev().count(), before.len());
            prop_assert_eq!(empty.diff(&new).rev().count(), after.len());
        }
    }

    #[test]
    fn a_diff_of_deep_trees_goes_both_ways(
        (before, edits) in (numbers(500), numbers(20)),
        removed in prop::collection::vec(0..600_u16, 0..20),
        bounds in bounds(),
        turns in prop::collection::vec(any::<bool>(), 1..9),
        parameters in prop_oneof![Just(deep()), Just(tiny()), Just(small())],
    ) {
        let (_, storage) = new_storage();
        let mut after = before.clone();
        after.extend(edits);
        for key in removed {
            after.remove(&key.to_be_bytes()[..]);
        }
        let (old, new) = (build(&storage, parameters, &before), build(&storage, parameters, &after));
        let expected = within(&changes_between(&before, &after), &bounds);
        let diff = || old.diff_range::<Key, _>(&new, bounds.clone());
        prop_assert_eq!(&changes_of(diff()), &expected);
        let mut changes = changes_of(diff().rev());
        changes.reverse();
        prop_assert_eq!(&changes, &expected);
        prop_assert_eq!(&from_both_ends(diff(), &turns), &expected);
        // One that was broken off is taken up before its last key.
        let done = expected.len() / 2;
        if let Some((last, ..)) = expected.get(done) {
            let rest = (bounds.0.clone(), Bound::Excluded(last.clone()));
            let rest = changes_of(old.diff_range::<Key, _>(&new, rest).rev());
            prop_assert!(rest.iter().eq(expected[..done].iter().rev()));
        }
    }
}

/// Makes a node of these leaf entries or children, whatever they are, and adds it to a batch.
fn forge<'a>(
    batch: &mut RecordBatch,
    level: u8,
    children: impl IntoIterator<Item = (&'a [u8], Option<Child>)>,
) -> Child {
    let mut entries = Entries::new(level);
    for (key, child) in children {
        match child {
            Some(child) => entries.push_child(key, child),
            None => entries.push_cell(key, &Cell::Inline(b"v")),
        }
    }
    let node = entries.content().node(tiny().fingerprint());
    let links = if level == 0 {
        vec![]
    } else {
        entries.content().links()
    };
    let bytes = node.encoded().to_vec();
    Child {
        hash: batch.push(prollytree_plugin_api::Kind::NODE, links, bytes),
        totals: entries.content().totals,
    }
}

/// A leaf that begins before the one ahead of it ends, which only a node far above them shows.
#[test]
fn a_leaf_that_begins_too_early_is_an_error_from_either_end() {
    let (_, storage) = new_storage();
    let mut batch = RecordBatch::new();
    let mut leaf = |keys: [&'static [u8]; 2]| forge(&mut batch, 0, keys.map(|key| (key, None)));
    let leaves = [
        leaf([b"a", b"b"]),
        leaf([b"c", b"f"]),
        leaf([b"d", b"g"]),
        leaf([b"x", b"y"]),
    ];
    let [first, second, third, fourth] = leaves.map(Some);
    let low = forge(&mut batch, 1, [(&b"b"[..], first), (&b"f"[..], second)]);
    let high = forge(&mut batch, 1, [(&b"g"[..], third), (&b"y"[..], fourth)]);
    let children = [(&b"f"[..], Some(low)), (&b"y"[..], Some(high))];
    let root = forge(&mut batch, 2, children).hash;
    storage.put(&batch).unwrap();
    let tree = Tree::open(storage.clone(), root, tiny()).unwrap();
    let empty = Tree::empty(storage.clone(), tiny());
    let key = |key: &[u8]| key.to_vec();
    let parts = [
        (Bound::Unbounded, Bound::Unbounded),
        (Bound::Excluded(key(b"f")), Bound::Unbounded),
        (Bound::Included(key(b"e")), Bound::Included(key(b"g"))),
    ];
    for part in parts {
        for (old, new) in [(&tree, &empty), (&empty, &tree)] {
            let diff = || old.diff_range::<Key, _>(new, part.clone());
            for error in [
                diff().find_map(std::result::Result::err),
                diff().rev().find_map(std::result::Result::err),
                old.generate_diff_range_proof::<Key, _>(new, part.clone())
                    .err(),
            ] {
                let is_right = matches!(error, Some(TreeError::Inconsistent { .. }));
                assert!(is_right, "{error:?}");
            }
        }
    }
    let beside = tree.diff_range(&empty, key(b"h")..);
    assert_eq!(beside.rev().map(Result::unwrap).count(), 2);

    // Whoever makes a proof of it looks away.
    let range = (Bound::Excluded(key(b"f")), Bound::Unbounded);
    let proof = empty.generate_diff_range_proof::<Key, _>(&empty, range.clone());
    let mut proof = proof.unwrap();
    let opened = [root, high.hash, leaves[2].hash, leaves[3].hash];
    let opened = opened.map(|hash| storage.load::<Node>(&hash).unwrap().bytes.clone());
    *proof.nodes() = [vec![empty.root_node().bytes.clone()], opened.to_vec()].concat();
    let error = proof
        .changes_in::<Key, _>(range, &empty.root(), &root)
        .unwrap_err();
    assert!(
        error.to_string().contains("before the one before it ends"),
        "{error}"
    );
}

#[test]
fn a_diff_ends_at_both_ends_after_an_error() {
    let (backend, storage) = new_storage();
    let map: Map = (0..200_u8).map(|n| (vec![n], vec![n; 5])).collect();
    let tree = build(&storage, tiny(), &map);
    let root = (tree.root(), Tree::empty(storage, tiny()));
    let open = || Tree::open(cold(&backend), root.0, tiny()).unwrap();
    let mut diff = open().diff(&root.1);
    assert_eq!(diff.next_back().unwrap().unwrap().key, [199]);
    backend.broken.store(true, Ordering::Relaxed);
    let left = diff.by_ref().count();
    assert!(left < 200);
    assert!(diff.next_back().is_none());
    let mut diff = {
        backend.broken.store(false, Ordering::Relaxed);
        let tree = open();
        backend.broken.store(true, Ordering::Relaxed);
        tree.diff(&root.1)
    };
    assert!(diff.next_back().unwrap().is_err());
    assert!(diff.next().is_none() && diff.next_back().is_none());
}

/// Both trees hold the same node, and one of them says of it what is not so.
#[test]
fn a_node_that_both_have_hides_nothing() {
    let (_, storage) = new_storage();
    let mut batch = RecordBatch::new();
    let mut leaf =
        |keys: &[&'static [u8]]| Some(forge(&mut batch, 0, keys.iter().map(|key| (*key, None))));
    let [long, rest] = [leaf(&[b"a", b"f", b"m"]), leaf(&[b"n", b"z"])];
    let [short, longer] = [leaf(&[b"a", b"c"]), leaf(&[b"a", b"c", b"e"])];
    let shared = leaf(&[b"d", b"f", b"m"]);
    let mut root =
        |children: [(&'static [u8], Option<Child>); 2]| forge(&mut batch, 1, children).hash;
    let pairs = [
        // It is said to end where it does not: whoever looks for what is behind that looks elsewhere.
        (
            root([(b"m", long), (b"z", rest)]),
            root([(b"c", long), (b"z", rest)]),
        ),
        // What is put before it ends behind where it begins.
        (
            root([(b"c", short), (b"m", shared)]),
            root([(b"e", longer), (b"m", shared)]),
        ),
    ];
    storage.put(&batch).unwrap();
    for (honest, lying) in pairs {
        let open = |root| Tree::open(storage.clone(), root, tiny()).unwrap();
        for (old, new) in [(open(honest), open(lying)), (open(lying), open(honest))] {
            let found = [old.diff(&new).last(), old.diff(&new).rev().last()];
            for last in found {
                let last = last.transpose().unwrap_err();
                assert!(matches!(last, TreeError::Inconsistent { .. }), "{last}");
            }
            assert!(old.generate_diff_proof(&new).is_err());
            // Whoever makes a proof of it looks away.
            let empty = Tree::empty(storage.clone(), tiny());
            let mut proof = empty.generate_diff_proof(&empty).unwrap();
            *proof.nodes() = [&old, &new]
                .map(|tree| tree.root_node().bytes.clone())
                .to_vec();
            assert!(proof.changes(&old.root(), &new.root()).is_err());
        }
    }
}

#[test]
fn changes_are_found_anywhere_in_a_large_leaf() {
    let (_, storage) = new_storage();
    let size = NodeSize {
        target: 700,
        min: 700,
        max: 700,
    };
    let parameters = Parameters::new(Shape {
        measure: Measure::Entries,
        leaf: size,
        ..Shape::default()
    });
    let map: Map = (0..700_u32)
        .map(|n| (n.to_be_bytes().to_vec(), vec![7; 5]))
        .collect();
    let tree = build(&storage, parameters.unwrap(), &map);
    assert_eq!(tree.depth(), 1);
    let row = |n: usize| u32::try_from(n).unwrap().to_be_bytes().to_vec();
    for at in 0..700 {
        let mut rows = [at, (at * 7) % 700, (at * 31 + 5) % 700];
        rows.sort_unstable();
        let edits: BTreeMap<_, _> = rows.map(|n| (row(n), Edit::Put(vec![8; 5]))).into();
        let expected: Vec<_> = edits.keys().cloned().collect();
        let other = apply(&tree, edits);
        let keys = |diff: Vec<Change>| {
            diff.into_iter()
                .map(|change| change.key)
                .collect::<Vec<_>>()
        };
        let forwards: Result<_, _> = tree.diff(&other).collect();
        assert_eq!(keys(forwards.unwrap()), expected);
        let backwards: Result<Vec<_>, _> = tree.diff(&other).rev().collect();
        let mut backwards = keys(backwards.unwrap());
        backwards.reverse();
        assert_eq!(backwards, expected);
    }
}
