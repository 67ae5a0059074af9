//! What merges cost: nodes that are read and written, and calls to the engine.

use super::counted::rows;
use super::*;

/// What a merge of two trees costs that come from one: changes at every `step`-th key, those of
/// theirs beside ours.
struct Cost {
    read: usize,
    calls: usize,
    written: usize,
    depth: usize,
}

/// Changes a row in one of several ways.
type Change = fn(&Key, u8) -> (Key, Edit);

const OVERWRITE: Change = |key, side| (key.clone(), Edit::Put(vec![side; 90]));

fn merge_cost(map: &Map, changes: usize, contiguous: bool, change: Change) -> Cost {
    let (backend, storage) = new_storage();
    let base = build(&storage, Parameters::default(), map);
    let keys: Vec<_> = map.keys().collect();
    let edits = |side: u8| {
        let edit = |n: usize| {
            let place = if contiguous {
                (1 + 2 * usize::from(side)) * keys.len() / 5 + n
            } else {
                (2 * n + usize::from(side)) * (keys.len() / (2 * changes))
            };
            change(keys[place], side)
        };
        (0..changes).map(edit).collect::<Vec<_>>()
    };
    let (ours, theirs) = (apply(&base, edits(0)), apply(&base, edits(1)));
    let expected = apply(&ours, edits(1));
    cost_of(&backend, [&base, &ours, &theirs], &expected)
}

/// Merges a base, ours and theirs that have nothing in memory, without a conflict.
fn cost_of(backend: &Arc<Counting>, trees: [&Tree; 3], expected: &Tree) -> Cost {
    let storage = cold(backend);
    let [base, ours, theirs] =
        trees.map(|tree| Tree::open(storage.clone(), tree.root(), *tree.parameters()).unwrap());
    backend.take();
    backend.take_calls();
    let mut batch = RecordBatch::new();
    let merged = ours
        .merge(&base, &theirs, LeaveConflicts, &mut batch)
        .unwrap();
    assert!(merged.conflicts.is_empty());
    assert_eq!(&merged.tree, expected);
    Cost {
        read: backend.take().0,
        calls: backend.take_calls(),
        written: batch.len(),
        depth: base.depth(),
    }
}

#[test]
fn a_merge_reads_and_writes_what_both_sides_changed() {
    for count in [10_000, 100_000] {
        let map = rows(count);
        for changes in [10, 1_000] {
            let cost = merge_cost(&map, changes, false, OVERWRITE);
            let (read, written, depth) = (cost.read, cost.written, cost.depth);
            // Three trees are read, and one is written, where changes are.
            let most = 4 * 2 * changes * depth;
            assert!(
                read < most && written < changes * (depth + 1),
                "{changes} in {count} at depth {depth}: {read} read, {written} written"
            );
        }
        let cost = merge_cost(&map, 1_000, true, OVERWRITE);
        let (read, written, depth) = (cost.read, cost.written, cost.depth);
        assert!(
            read < 30 * depth && written < 6 * depth,
            "1000 in a row in {count} at depth {depth}: {read} read, {written} written"
        );
    }
}

/// Wherever the trees cut their entries: changes that keep boundaries, and such that move them.
#[test]
fn a_merge_of_cold_trees_takes_few_calls_for_many_nodes() {
    let changes: [Change; 4] = [
        OVERWRITE,
        |key, side| (key.clone(), Edit::Put(vec![side; usize::from(key[0])])),
        |key, side| ([key, &b"+"[..]].concat(), Edit::Put(vec![side; 90])),
        |key, _| (key.clone(), Edit::Delete),
    ];
    for count in [10_000, 100_000] {
        let map = rows(count);
        for (kind, change) in changes.into_iter().enumerate() {
            for (scattered, most) in [(100, 6), (1_000, 20)] {
                let Cost { calls, read, .. } = merge_cost(&map, scattered, false, change);
                assert!(
                    calls <= most && read >= 15 * calls,
                    "change {kind}, {scattered} times in {count}: {calls} calls for {read} nodes"
                );
            }
        }
    }
}

/// What a merge costs where one side has removed or added much, and the other has changed a row in or
/// beside it.
fn cost_beside(count: u32, place: impl Fn(u32, u32) -> u32, swapped: bool, adds: bool) -> Cost {
    let (backend, storage) = new_storage();
    let all = rows(count);
    let keys: Vec<_> = all.keys().cloned().collect();
    let range = count / 10..count * 9 / 10;
    let mut without = all.clone();
    for n in range.clone() {
        without.remove(&keys[n as usize]);
    }
    let (base, changed) = if adds {
        (&without, &all)
    } else {
        (&all, &without)
    };
    let at = place(range.start, range.end);
    // Inside the range there is a row more, which is in no conflict.
    let mut key = keys[at as usize].clone();
    if range.contains(&at) {
        key.push(b'+');
    }
    let edit = || [(key.clone(), Edit::Put(vec![7; 90]))];
    let base = build(&storage, Parameters::default(), base);
    let one = build(&storage, Parameters::default(), changed);
    let other = apply(&base, edit());
    let expected = apply(&one, edit());
    let (ours, theirs) = if swapped {
        (&other, &one)
    } else {
        (&one, &other)
    };
    cost_of(&backend, [&base, ours, theirs], &expected)
}

/// A range counts by its edges, whatever lies in it, wherever the other side has changed a row.
#[test]
fn a_range_that_one_side_removed_or_added_is_merged_by_its_edges() {
    let places: [fn(u32, u32) -> u32; 5] = [
        |start, _| start - 1,
        |start, _| start - 200,
        |_, end| end,
        |_, end| end + 200,
        u32::midpoint,
    ];
    for (adds, swapped) in [(false, false), (false, true), (true, false), (true, true)] {
        for (number, place) in places.iter().enumerate() {
            let cost = cost_beside(30_000, place, swapped, adds);
            let (read, calls, written, depth) = (cost.read, cost.calls, cost.written, cost.depth);
            assert!(
                read <= 12 * depth && calls <= 2 * depth && written <= 3 * depth,
                "adds {adds}, swapped {swapped}, place {number}, depth {depth}: \
                 {read} read in {calls} calls, {written} written"
            );
        }
    }
}

/// Where parameters differ nothing is taken over as it is, and all of theirs is looked at.
#[test]
fn a_merge_with_other_parameters_takes_few_calls_for_many_nodes() {
    let map = rows(20_000);
    let (backend, storage) = new_storage();
    let base = build(&storage, Parameters::default(), &map);
    let edit = |key: &Key| (key.clone(), Edit::Put(vec![7; 90]));
    let ours = apply(&base, map.keys().skip(7).step_by(400).map(edit));
    let mut changed = map.clone();
    changed.extend(
        map.keys()
            .step_by(300)
            .map(|key| (key.clone(), vec![8; 90])),
    );
    let theirs = build(&storage, small(), &changed);
    changed.extend(
        map.keys()
            .skip(7)
            .step_by(400)
            .map(|key| (key.clone(), vec![7; 90])),
    );
    let expected = build(&storage, Parameters::default(), &changed);
    let Cost { read, calls, .. } = cost_of(&backend, [&base, &ours, &theirs], &expected);
    assert!(read > 5_000 && calls < 30, "{calls} calls for {read} nodes");
}
