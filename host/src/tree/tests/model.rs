//! Random histories: whatever happens to a tree, it is the tree that its entries alone make.

use std::ops::{Bound, ControlFlow, RangeBounds};

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;

/// A key and its values before and after.
pub(super) type OwnedChange = (Key, Option<Vec<u8>>, Option<Vec<u8>>);

/// Keys that are often equal, often prefixes of each other, sometimes empty or long.
pub(super) fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        1 => Just(vec![]),
        8 => vec(prop_oneof![Just(0_u8), Just(1), Just(255)], 0..4),
        8 => vec(b'a'..b'e', 1..4),
        4 => (0_u32..300).prop_map(|n| n.to_be_bytes().to_vec()),
        4 => (0_u32..300).prop_map(|n| format!("a/long/common/prefix/{n:05}").into_bytes()),
        2 => (0_usize..40).prop_map(|n| vec![0; n]),
        1 => vec(any::<u8>(), 600..900),
    ]
}

/// Values on both sides of every limit, sometimes larger than a node.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        2 => Just(vec![]),
        6 => vec(any::<u8>(), 1..8),
        4 => Just(b"the same".to_vec()),
        2 => (7_u8..9, 40_usize..56).prop_map(|(byte, len)| vec![byte; len]),
        1 => (7_u8..9, 1900_usize..1903).prop_map(|(byte, len)| vec![byte; len]),
    ]
}

pub(super) fn edits() -> impl Strategy<Value = BTreeMap<Vec<u8>, Option<Vec<u8>>>> {
    btree_map(key(), prop::option::weighted(0.6, value()), 0..60)
}

pub(super) fn parameters() -> impl Strategy<Value = Parameters> {
    let with_seed = |seed| {
        Parameters::new(Shape {
            seed,
            ..*small().shape()
        })
        .unwrap()
    };
    prop_oneof![
        Just(tiny()),
        Just(small()),
        any::<u64>().prop_map(with_seed)
    ]
}

fn as_edits(edits: &BTreeMap<Vec<u8>, Option<Vec<u8>>>) -> Vec<(Key, Edit)> {
    let edit = |value: &Option<Vec<u8>>| value.clone().map_or(Edit::Delete, Edit::Put);
    edits
        .iter()
        .map(|(key, value)| (key.clone(), edit(value)))
        .collect()
}

pub(super) fn update(map: &mut Map, edits: &BTreeMap<Vec<u8>, Option<Vec<u8>>>) {
    for (key, value) in edits {
        match value {
            Some(value) => drop(map.insert(key.clone(), value.clone())),
            None => drop(map.remove(key)),
        }
    }
}

pub(super) fn changes_between(before: &Map, after: &Map) -> Vec<OwnedChange> {
    let keys: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    keys.into_iter()
        .filter(|key| before.get(*key) != after.get(*key))
        .map(|key| {
            (
                key.clone(),
                before.get(key).cloned(),
                after.get(key).cloned(),
            )
        })
        .collect()
}

pub(super) fn changes_of(
    diff: impl Iterator<Item = std::result::Result<Change, TreeError>>,
) -> Vec<OwnedChange> {
    let owned = |value: Option<ValueHandle>| value.map(|value| value.load().unwrap().to_vec());
    diff.map(|change| {
        let Change { key, before, after } = change.unwrap();
        (key, owned(before), owned(after))
    })
    .collect()
}

fn check_against(tree: &Tree, map: &Map) {
    assert_eq!(tree.len(), map.len() as u64);
    assert_eq!(tree.is_empty(), map.is_empty());
    let bytes: usize = map.iter().map(|(key, value)| key.len() + value.len()).sum();
    assert_eq!(tree.byte_count(), bytes as u64);
    assert_eq!(&contents(tree), map);
    let backwards: Vec<_> = tree.iter().rev().map(|entry| entry.unwrap().0).collect();
    assert!(backwards.iter().eq(map.keys().rev()));
}

proptest! {
    #[test]
    fn the_root_depends_on_the_entries_and_not_on_the_history(
        parameters in parameters(),
        history in vec(edits(), 1..8),
    ) {
        let (_, storage) = new_storage();
        let mut tree = Tree::empty(storage.clone(), parameters);
        let mut map = Map::new();
        for edits in &history {
            tree = apply(&tree, as_edits(edits));
            update(&mut map, edits);
            prop_assert_eq!(tree.root(), build(&storage, parameters, &map).root());
        }
        check_against(&tree, &map);
        let reopened = Tree::open(storage, tree.root(), parameters).unwrap();
        prop_assert_eq!(reopened.depth(), tree.depth());
        check_against(&reopened, &map);
        let removed = map.keys().map(|key| (key.clone(), Edit::Delete)).collect::<Vec<_>>();
        let emptied = apply(&tree, removed);
        prop_assert_eq!(emptied.root(), Tree::empty(tree.storage().clone(), parameters).root());
    }

    #[test]
    fn single_edits_make_the_tree_that_a_batch_makes(
        parameters in parameters(),
        first in edits(),
        edits in edits(),
    ) {
        let (_, storage) = new_storage();
        let start = apply(&Tree::empty(storage, parameters), as_edits(&first));
        let at_once = apply(&start, as_edits(&edits));
        let one_by_one = as_edits(&edits).into_iter().rev().fold(start, |tree, edit| {
            apply(&tree, [edit])
        });
        prop_assert_eq!(one_by_one, at_once);
    }

    #[test]
    fn lookups_and_ranges_answer_as_a_map_does(
        parameters in parameters(),
        entries in edits(),
        probes in vec(key(), 1..20),
    ) {
        let (_, storage) = new_storage();
        let mut map = Map::new();
        update(&mut map, &entries);
        let tree = build(&storage, parameters, &map);
        for probe in &probes {
            let value = tree.get(probe).unwrap();
            prop_assert_eq!(value.as_deref(), map.get(probe).map(Vec::as_slice));
            prop_assert_eq!(tree.contains_key(probe).unwrap(), map.contains_key(probe));
            let copied = tree.get_with(probe, <[u8]>::to_vec).unwrap();
            prop_assert_eq!(copied.as_ref(), map.get(probe));
            let smaller = map.range::<[u8], _>((Bound::Unbounded, Bound::Excluded(&probe[..])));
            let rank = smaller.count();
            prop_assert_eq!(tree.rank(probe).unwrap(), rank as u64);
            let selected = tree.select(rank as u64).unwrap().map(|(key, value)| (key, value.to_vec()));
            let expected = map.iter().nth(rank).map(|(key, value)| (key.clone(), value.clone()));
            prop_assert_eq!(selected, expected);
            let with_prefix: Vec<_> = tree.prefix(probe).map(|entry| entry.unwrap().0).collect();
            prop_assert!(with_prefix.iter().eq(map.keys().filter(|key| key.starts_with(probe))));
        }
        for (start, end) in probes.iter().zip(probes.iter().rev()) {
            for bounds in [
                (Bound::Included(start), Bound::Included(end)),
                (Bound::Excluded(start), Bound::Included(end)),
                (Bound::Included(start), Bound::Excluded(end)),
                (Bound::Unbounded, Bound::Excluded(end)),
                (Bound::Excluded(start), Bound::Unbounded),
            ] {
                let expected: Vec<_> =
                    map.keys().filter(|key| bounds.contains(key)).cloned().collect();
                let mut range = tree.range::<Vec<u8>, _>((bounds.0.cloned(), bounds.1.cloned()));
                prop_assert_eq!(range.remaining().unwrap(), expected.len() as u64);
                let owned = (bounds.0.cloned(), bounds.1.cloned());
                prop_assert_eq!(tree.count::<Vec<u8>, _>(owned.clone()).unwrap(), expected.len() as u64);
                let mut scanned = Vec::new();
                let end = tree.scan::<Vec<u8>, _, ()>(owned, |key, value| {
                    scanned.push((key.to_vec(), value.to_vec()));
                    ControlFlow::Continue(())
                });
                prop_assert_eq!(end.unwrap(), ControlFlow::Continue(()));
                let entries = expected.iter().map(|key| (key.clone(), map[key].clone()));
                prop_assert!(scanned.into_iter().eq(entries));
                let mut found = Vec::new();
                let mut from_back = Vec::new();
                while let Some(entry) = range.next() {
                    found.push(entry.unwrap().0);
                    from_back.extend(range.next_back().map(|entry| entry.unwrap().0));
                }
                found.extend(from_back.into_iter().rev());
                prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn a_diff_is_the_difference_of_two_maps(
        (parameters, others) in (parameters(), parameters()),
        first in edits(),
        second in edits(),
        (start, end) in (key(), key()),
    ) {
        let (_, storage) = new_storage();
        let (mut before, mut after) = (Map::new(), Map::new());
        update(&mut before, &first);
        update(&mut after, &first);
        update(&mut after, &second);
        let old = build(&storage, parameters, &before);
        let empty = Tree::empty(storage.clone(), parameters);
        for new in [build(&storage, parameters, &after), build(&storage, others, &after)] {
            let forwards = changes_between(&before, &after);
            prop_assert_eq!(changes_of(old.diff(&new)), forwards.clone());
            prop_assert_eq!(changes_of(new.diff(&old)), changes_between(&after, &before));
            let part = changes_of(old.diff_range(&new, start.clone()..end.clone()));
            let within = |key: &Vec<u8>| start <= *key && *key < end;
            let expected: Vec<_> =
                forwards.iter().filter(|(key, ..)| within(key)).cloned().collect();
            prop_assert_eq!(part, expected);
            // A diff that was broken off is taken up behind its last key.
            let done = forwards.len() / 2;
            if let Some((last, ..)) = forwards[..done].last() {
                let rest = (Bound::Excluded(last.clone()), Bound::Unbounded);
                let rest = changes_of(old.diff_range::<Key, _>(&new, rest));
                prop_assert_eq!(&rest[..], &forwards[done..]);
            }
            prop_assert_eq!(changes_of(empty.diff(&new)), changes_between(&Map::new(), &after));
            prop_assert_eq!(changes_of(new.diff(&empty)), changes_between(&after, &Map::new()));
            prop_assert_eq!(changes_of(new.diff(&new)), vec![]);
        }
    }
}

/// Removing either end, or both, leaves roots with one child, and below them nodes with one child,
/// in all combinations.
#[test]
fn whatever_range_is_left_is_the_tree_of_that_range() {
    let (_, storage) = new_storage();
    let narrow = EntryRule {
        modulus: 1,
        base: 2,
        ..EntryRule::default()
    };
    for (parameters, depth) in [(Parameters::entries(narrow).unwrap(), 6), (tiny(), 3)] {
        let map: Map = (0..48_u8)
            .map(|n| (vec![n, n], vec![n; usize::from(n % 13)]))
            .collect();
        let tree = build(&storage, parameters, &map);
        assert!(tree.depth() >= depth, "{}", tree.depth());
        for start in 0..48_u8 {
            for end in start..=48 {
                let (left, gone): (Map, Map) = map
                    .clone()
                    .into_iter()
                    .partition(|(key, _)| (start..end).contains(&key[0]));
                let rest = apply(&tree, gone.into_keys().map(|key| (key, Edit::Delete)));
                assert_eq!(
                    rest,
                    build(&storage, parameters, &left),
                    "{start}..{end} is left"
                );
                assert_eq!(contents(&rest), left);
            }
        }
    }
}

#[test]
fn an_iterator_goes_on_over_its_version_whatever_is_written() {
    let (_, storage) = new_storage();
    let map: Map = (0..200_u8).map(|n| (vec![n], vec![n; 9])).collect();
    let tree = build(&storage, small(), &map);
    let (mut entries, mut keys) = (tree.iter(), tree.keys());
    let mut seen: Vec<_> = entries.by_ref().take(20).collect();
    assert_eq!(keys.next_back().unwrap().unwrap(), [199]);
    let emptied = apply(&tree, map.keys().map(|key| (key.clone(), Edit::Delete)));
    assert!(emptied.is_empty());
    drop(tree);
    seen.extend(entries);
    let seen = seen.into_iter().map(|entry| entry.unwrap());
    let seen: Map = seen.map(|(key, value)| (key, value.to_vec())).collect();
    assert_eq!(seen, map);
    assert_eq!(keys.count(), 199);
}
