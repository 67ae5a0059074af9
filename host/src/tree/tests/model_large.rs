//! Random histories of values that are cut into pieces: they are like any others, whichever way they
//! come into a tree and out of it.

use std::io::{Read, Seek, SeekFrom, Write};

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::value::MAX_WHOLE;
use super::model::{changes_between, changes_of};
use super::value::noise;
use super::*;

/// What happens to a key.
#[derive(Clone, Debug)]
enum Step {
    /// It gets a value of this length that has nothing in common with others.
    Large(u8, usize, u64),
    /// It gets the value of a key, or of the next one that has a value, with a small change: most
    /// pieces are the same.
    Changed(u8, u8, Change),
    Small(u8, Vec<u8>),
    Delete(u8),
}

/// A change of a value at some place.
#[derive(Clone, Debug)]
enum Change {
    Overwrite(Index, Vec<u8>),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Append(Vec<u8>),
}

/// How edits come into a tree.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    Batch,
    /// The values are written in parts of this length, ahead of the edits.
    Written(usize),
    /// Through a session, in which they are put, taken back and put once more.
    Session,
    /// In bulk, with so much memory.
    Bulk(usize),
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 1..40)
}

fn large() -> impl Strategy<Value = Step> {
    let len = prop_oneof![
        6 => MAX_WHOLE + 1..3 * MAX_WHOLE,
        1 => MAX_WHOLE - 1..MAX_WHOLE + 2,
    ];
    (0..5_u8, len, 0..3_u64).prop_map(|(key, len, seed)| Step::Large(key, len, seed))
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let at = any::<Index>;
    let change = prop_oneof![
        (at(), bytes()).prop_map(|(at, bytes)| Change::Overwrite(at, bytes)),
        (at(), bytes()).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (at(), 1..MAX_WHOLE / 2).prop_map(|(at, len)| Change::Remove(at, len)),
        bytes().prop_map(Change::Append),
    ];
    let changed = (0..5_u8, 0..5_u8, change);
    let step = prop_oneof![
        1 => large(),
        4 => changed.prop_map(|(key, from, change)| Step::Changed(key, from, change)),
        2 => (5..40_u8, bytes()).prop_map(|(key, value)| Step::Small(key, value)),
        1 => (0..5_u8).prop_map(Step::Delete),
    ];
    prop::collection::vec(step, 1..5)
}

/// Steps of which the first puts a large value.
fn first_steps() -> impl Strategy<Value = Vec<Step>> {
    (large(), steps()).prop_map(|(large, steps)| [vec![large], steps].concat())
}

pub(super) fn ways() -> impl Strategy<Value = Way> {
    prop_oneof![
        Just(Way::Batch),
        prop_oneof![Just(1 << 14), Just(999_983)].prop_map(Way::Written),
        Just(Way::Session),
        prop_oneof![Just(0), Just(2 << 20), Just(usize::MAX)].prop_map(Way::Bulk),
    ]
}

fn changed(mut value: Vec<u8>, change: &Change) -> Vec<u8> {
    let len = value.len();
    match change {
        Change::Overwrite(at, bytes) if len > 0 => {
            let at = at.index(len);
            let count = bytes.len().min(len - at);
            value[at..at + count].copy_from_slice(&bytes[..count]);
        }
        Change::Insert(at, bytes) => {
            let at = at.index(len + 1);
            value.splice(at..at, bytes.iter().copied());
        }
        Change::Remove(at, count) if len > 0 => {
            let at = at.index(len);
            value.drain(at..len.min(at + count));
        }
        Change::Append(bytes) => value.extend_from_slice(bytes),
        Change::Overwrite(..) | Change::Remove(..) => {}
    }
    value
}

fn step_in(map: &mut Map, step: &Step) {
    match step {
        Step::Large(key, len, seed) => drop(map.insert(vec![*key], noise(*len, *seed))),
        Step::Changed(key, from, change) => {
            let value = map.range(vec![*from]..).next().or(map.first_key_value());
            let value = value.map(|(_, value)| value.clone()).unwrap_or_default();
            map.insert(vec![*key], changed(value, change));
        }
        Step::Small(key, value) => drop(map.insert(vec![*key], value.clone())),
        Step::Delete(key) => drop(map.remove(&[*key][..])),
    }
}

fn after(map: &Map, steps: &[Step]) -> Map {
    let mut map = map.clone();
    for step in steps {
        step_in(&mut map, step);
    }
    map
}

/// Returns the edits that make one map the other.
fn edits_between(before: &Map, after: &Map) -> Vec<(Key, Edit)> {
    let changes = changes_between(before, after).into_iter();
    changes
        .map(|(key, _, value)| (key, value.map_or(Edit::Delete, Edit::Put)))
        .collect()
}

fn write(storage: &Storage, edit: Edit, part: usize) -> Edit {
    let Edit::Put(value) = edit else { return edit };
    let mut writer = ValueWriter::new(storage);
    for part in value.chunks(part) {
        writer.write_all(part).unwrap();
    }
    writer.finish().unwrap()
}

pub(super) fn edited(tree: &Tree, edits: Vec<(Key, Edit)>, way: Way) -> Tree {
    let storage = tree.storage();
    match way {
        Way::Batch => apply(tree, edits),
        Way::Written(part) => {
            let edits = edits.into_iter();
            apply(
                tree,
                edits.map(|(key, edit)| (key, write(storage, edit, part))),
            )
        }
        Way::Session => {
            let mut session = Session::new(tree.clone());
            let savepoint = session.savepoint();
            for (key, edit) in edits.iter().cloned() {
                session.edit(key, edit).unwrap();
            }
            let root = session.root_hash().unwrap();
            session.rollback(&savepoint).unwrap();
            assert_eq!(session.root_hash().unwrap(), tree.root());
            for (key, edit) in edits {
                session.edit(key, edit).unwrap();
            }
            let mut batch = RecordBatch::new();
            let next = session.tree(&mut batch).unwrap();
            storage.put(&batch).unwrap();
            assert_eq!(next.root(), root);
            next
        }
        Way::Bulk(memory) => {
            let options = BulkOptions {
                memory,
                ..BulkOptions::default()
            };
            tree.apply_unsorted(edits.into_iter().rev(), options)
                .unwrap()
        }
    }
}

/// Reads every value whole, by handle and piece by piece, and a part of it from some place on.
fn check_values(backend: &Arc<Counting>, tree: &Tree, map: &Map, place: Index) {
    let tree = Tree::open(cold(backend), tree.root(), *tree.parameters()).unwrap();
    assert!(contents(&tree) == *map);
    assert!(
        tree.iter()
            .rev()
            .map(|entry| entry.unwrap().0)
            .eq(map.keys().rev().cloned())
    );
    for (key, value) in map {
        assert!(tree.get(key).unwrap().as_deref() == Some(value));
        let mut reader = tree.value_reader(key).unwrap().unwrap();
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert!(read == *value);
        let at = place.index(value.len() + 1);
        reader.seek(SeekFrom::Start(at as u64)).unwrap();
        assert!(reader.read_all().unwrap()[..] == value[at..]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn large_values_have_no_history_either(
        parameters in prop_oneof![Just(Parameters::default()), Just(small())],
        first in (first_steps(), ways()),
        history in prop::collection::vec((steps(), ways()), 0..4),
        place in any::<Index>(),
    ) {
        let (backend, storage) = new_storage();
        let (mut map, mut tree) = (Map::new(), Tree::empty(storage.clone(), parameters));
        for (steps, way) in std::iter::once(first).chain(history) {
            let next = after(&map, &steps);
            let new = edited(&tree, edits_between(&map, &next), way);
            // Nothing of what is stored here helps the one that is built elsewhere.
            let fresh = build(&new_storage().1, parameters, &next);
            prop_assert_eq!(new.root(), fresh.root());
            let mut changes = changes_of(tree.diff(&new));
            prop_assert!(changes == changes_between(&map, &next));
            changes.reverse();
            prop_assert!(changes_of(tree.diff(&new).rev()) == changes);
            (map, tree) = (next, new);
        }
        check_values(&backend, &tree, &map, place);
        let removed = map.keys().map(|key| (key.clone(), Edit::Delete));
        prop_assert!(apply(&tree, removed).is_empty());
    }

    #[test]
    fn large_values_are_merged_as_others_are(
        parameters in prop_oneof![Just(Parameters::default()), Just(small())],
        (base, ours, theirs) in (first_steps(), steps(), steps()),
        place in any::<Index>(),
    ) {
        let (backend, storage) = new_storage();
        let base = after(&Map::new(), &base);
        let (ours, theirs) = (after(&base, &ours), after(&base, &theirs));
        let merged = merge::check(&storage, parameters, [&base, &ours, &theirs]);
        let map = contents(&merged);
        check_values(&backend, &merged, &map, place);
    }
}
