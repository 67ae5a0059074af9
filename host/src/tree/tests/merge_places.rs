//! Merges of changes in every place where a merge could go wrong: at the edges of nodes and trees, at
//! roots with one child, among keys that end no node.

use super::merge::{check, few};
use super::*;

fn check_all(parameters: Parameters, base: &Map, ours: &Map, theirs: &Map) {
    let (_, storage) = new_storage();
    check(&storage, parameters, [base, ours, theirs]);
    check(&storage, parameters, [base, theirs, ours]);
}

fn row_key(n: u16) -> Key {
    (n * 16).to_be_bytes().to_vec()
}

fn row(n: u16) -> (Key, Vec<u8>) {
    (row_key(n), vec![1; 4])
}

/// Two ranges of changes at many distances from each other and from both ends of the trees.
#[test]
fn ranges_of_changes_merge_wherever_they_lie() {
    type Change = fn(&mut Map, u16);
    let base: Map = (0..96_u16).map(row).collect();
    let changes: [Change; 4] = [
        |map, n| drop(map.remove(&row_key(n))),
        |map, n| drop(map.insert(row_key(n), vec![2; 4])),
        |map, n| drop(map.insert([row_key(n), vec![0]].concat(), vec![3; 9])),
        |map, n| drop(map.insert(row_key(n + 200), vec![3; 9])),
    ];
    for (left, right) in (0..4).flat_map(|left| (0..4).map(move |right| (left, right))) {
        for start in (0..96).step_by(19) {
            for gap in [0, 1, 9] {
                let (mut ours, mut theirs) = (base.clone(), base.clone());
                (start..start + 17).for_each(|n| changes[left](&mut ours, n));
                let behind = start + 17 + gap;
                (behind..(behind + 23).min(96)).for_each(|n| changes[right](&mut theirs, n));
                check_all(tiny(), &base, &ours, &theirs);
            }
        }
    }
}

/// All but a few nodes are removed by one side while the other changes something there or elsewhere.
#[test]
fn whatever_range_is_left_merges_with_a_change_elsewhere() {
    let base: Map = (0..24_u16).map(row).collect();
    for start in 0..24_u16 {
        for end in start..=24 {
            let kept = row_key(start)..row_key(end);
            let mut ours = base.clone();
            ours.retain(|key, _| kept.contains(key));
            for changed in [start, end.min(23), (start + 11) % 24] {
                let mut theirs = base.clone();
                theirs.insert([row_key(changed), vec![1]].concat(), vec![7]);
                theirs.remove(&row_key(changed));
                check_all(tiny(), &base, &ours, &theirs);
            }
        }
    }
}

/// Keys of which none ends a leaf before that is as good as certain: nodes are large, and a change
/// moves all cuts behind it.
#[test]
fn keys_chosen_to_end_no_node_merge_as_others_do() {
    let parameters = few();
    let mut boundary = super::super::boundary::Boundary::new(&parameters, 0);
    let mut base = Map::new();
    for n in 0..300_u32 {
        let key = |attempt: u32| (n << 12 | attempt).to_be_bytes().to_vec();
        let goes_on = |key: &Key| !boundary.clone().ends_with(12, || key.as_slice());
        let key = (0..100).map(key).find(goes_on).unwrap_or_else(|| key(0));
        boundary.ends_with(12, || &key);
        base.insert(key, vec![1; 4]);
    }
    let keys: Vec<_> = base.keys().cloned().collect();
    for (mine, other) in [(3, 250), (125, 128), (0, 1), (200, 20), (298, 299)] {
        let (mut ours, mut theirs) = (base.clone(), base.clone());
        ours.remove(&keys[mine]);
        theirs.insert([keys[other].as_slice(), b"+"].concat(), vec![1; 30]);
        check_all(parameters, &base, &ours, &theirs);
    }
}

#[test]
fn long_runs_of_leaves_on_one_side_merge_with_few_on_the_other() {
    let map = |keys: &mut dyn Iterator<Item = u32>, value: u8| -> Map {
        keys.map(|n| (n.to_be_bytes().to_vec(), vec![value]))
            .collect()
    };
    let base = map(&mut (2_500..2_502), 1);
    let theirs = map(&mut (0..5_000), 2);
    let ours = map(&mut (2_490..2_510), 3);
    check_all(tiny(), &base, &ours, &theirs);
    check_all(tiny(), &theirs, &ours, &base);
}

#[test]
fn rows_appended_by_one_side_are_taken_as_nodes() {
    let (backend, storage) = new_storage();
    let map: Map = (0..20_000_u32)
        .map(|n| (n.to_be_bytes().to_vec(), vec![1; 100]))
        .collect();
    let base = build(&storage, Parameters::default(), &map);
    let appended =
        (20_000..30_000_u32).map(|n| (n.to_be_bytes().to_vec(), Edit::Put(vec![2; 100])));
    let theirs = apply(&base, appended);
    let ours = apply(&base, [(vec![0], Edit::Put(vec![3; 100]))]);
    let storage = cold(&backend);
    let [base, ours, theirs] = [base, ours, theirs]
        .map(|tree| Tree::open(storage.clone(), tree.root(), *tree.parameters()).unwrap());
    backend.take();
    let mut batch = RecordBatch::new();
    let merged = ours
        .merge(&base, &theirs, LeaveConflicts, &mut batch)
        .unwrap();
    let (read, _) = backend.take();
    assert_eq!(merged.tree.len(), 30_001);
    // More than two hundred leaves were appended.
    assert!(
        read < 120 && batch.len() < 30,
        "{read} read, {} written",
        batch.len()
    );
}
