//! Merging, against the merge of maps.

use proptest::prelude::*;

use super::*;

/// Merges maps; a key in conflict keeps our value, and is listed.
fn merge_maps(base: &Map, ours: &Map, theirs: &Map) -> (Map, Vec<Vec<u8>>) {
    let mut merged = ours.clone();
    let mut conflicts = Vec::new();
    let keys: HashSet<_> = base
        .keys()
        .chain(theirs.keys())
        .chain(ours.keys())
        .collect();
    for key in keys {
        let (base, mine, other) = (base.get(key), ours.get(key), theirs.get(key));
        if mine == other || base == other {
            continue;
        }
        if base != mine {
            conflicts.push(key.clone());
            continue;
        }
        match other {
            Some(value) => drop(merged.insert(key.clone(), value.clone())),
            None => drop(merged.remove(key)),
        }
    }
    conflicts.sort();
    (merged, conflicts)
}

/// Merges, stores what is new, and compares with the merge of maps.
pub(super) fn check(storage: &Storage, parameters: Parameters, maps: [&Map; 3]) -> Tree {
    let [base, ours, theirs] = maps.map(|map| build(storage, parameters, map));
    let (expected, conflicts) = merge_maps(maps[0], maps[1], maps[2]);
    let mut batch = RecordBatch::new();
    let merged = ours
        .merge(&base, &theirs, LeaveConflicts, &mut batch)
        .unwrap();
    storage.put(&batch).unwrap();
    let listed: Vec<_> = merged
        .conflicts
        .iter()
        .map(|conflict| conflict.key.clone())
        .collect();
    assert_eq!(listed, conflicts);
    for conflict in &merged.conflicts {
        let values = [&conflict.base, &conflict.ours, &conflict.theirs];
        for (value, map) in values.iter().zip(maps) {
            let value = value.as_ref().map(|value| value.load().unwrap());
            assert_eq!(value.as_deref(), map.get(&conflict.key).map(Vec::as_slice));
        }
    }
    let whole = build(storage, parameters, &expected);
    assert_eq!(
        merged.tree.root(),
        whole.root(),
        "{} entries: {:?}",
        expected.len(),
        merged
            .tree
            .iter()
            .map(|entry| entry.unwrap().0)
            .collect::<Vec<_>>()
    );
    assert_eq!(merged.tree.len(), expected.len() as u64);
    // It can be read from what has been stored, and nothing else.
    let again = Tree::open(storage.clone(), merged.tree.root(), parameters).unwrap();
    assert!(
        again
            .iter()
            .map(Result::unwrap)
            .map(|(key, value)| (key, value.to_vec()))
            .eq(expected)
    );
    again
}

/// Nodes of a few entries, so that small maps make high trees.
pub(super) fn few() -> Parameters {
    Parameters::entries(EntryRule {
        base: 3,
        modulus: 3,
        min_chunk_size: 1,
        max_chunk_size: 9,
        pattern: 1,
    })
    .unwrap()
}

#[derive(Clone, Debug)]
enum Change {
    Put(u16, u8),
    Delete(u16),
    DeleteRange(u16, u16),
    PutRange(u16, u16, u8),
}

fn key_of(n: u16) -> Vec<u8> {
    match n % 7 {
        0 if n < 7 => Vec::new(),
        1 => [b"shared/prefix/".as_slice(), &n.to_be_bytes()].concat(),
        _ => n.to_be_bytes().to_vec(),
    }
}

fn value_of(n: u8) -> Vec<u8> {
    match n {
        250.. => vec![n; 3_000],
        n => vec![n; usize::from(n % 5)],
    }
}

fn change_map(map: &Map, changes: &[Change]) -> Map {
    let mut map = map.clone();
    let ordered = |a: u16, b: u16| a.min(b)..=a.max(b);
    for change in changes {
        match *change {
            Change::Put(n, value) => drop(map.insert(key_of(n), value_of(value))),
            Change::Delete(n) => drop(map.remove(&key_of(n))),
            Change::DeleteRange(a, b) => {
                for n in ordered(a, b) {
                    map.remove(&key_of(n));
                }
            }
            Change::PutRange(a, b, value) => {
                for n in ordered(a, b) {
                    map.insert(key_of(n), value_of(value));
                }
            }
        }
    }
    map
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let n = 0_u16..600;
    let change = prop_oneof![
        4 => (n.clone(), any::<u8>()).prop_map(|(n, value)| Change::Put(n, value)),
        3 => n.clone().prop_map(Change::Delete),
        1 => (n.clone(), n.clone()).prop_map(|(a, b)| Change::DeleteRange(a, b)),
        1 => (n.clone(), n, any::<u8>()).prop_map(|(a, b, v)| Change::PutRange(a, b, v)),
    ];
    prop::collection::vec(change, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn a_merge_of_trees_is_the_tree_of_the_merged_maps(
        start in changes(),
        ours in changes(),
        theirs in changes(),
        fixed in any::<bool>(),
    ) {
        let (_, storage) = new_storage();
        let parameters = if fixed { few() } else { tiny() };
        let full: Map = (0..600).step_by(2).map(|n| (key_of(n), value_of(7))).collect();
        let base = change_map(&full, &start);
        let (ours, theirs) = (change_map(&base, &ours), change_map(&base, &theirs));
        let there = check(&storage, parameters, [&base, &ours, &theirs]);
        let back = check(&storage, parameters, [&base, &theirs, &ours]);
        if merge_maps(&base, &ours, &theirs).1.is_empty() {
            prop_assert_eq!(there.root(), back.root());
        }
        check(&storage, parameters, [&Map::new(), &ours, &theirs]);
        check(&storage, parameters, [&base, &Map::new(), &theirs]);
        check(&storage, parameters, [&base, &ours, &Map::new()]);
    }
}

#[test]
fn trees_with_other_parameters_are_merged_entry_by_entry() {
    let (_, storage) = new_storage();
    let map: Map = (0..300).map(|n| (key_of(n), value_of(5))).collect();
    let ours = change_map(&map, &[Change::Put(3, 251), Change::Delete(100)]);
    let theirs = change_map(&map, &[Change::Put(200, 252), Change::DeleteRange(40, 60)]);
    let base = build(&storage, few(), &map);
    let (ours_tree, theirs_tree) = (
        build(&storage, tiny(), &ours),
        build(&storage, Parameters::default(), &theirs),
    );
    let mut batch = RecordBatch::new();
    let merged = ours_tree
        .merge(&base, &theirs_tree, LeaveConflicts, &mut batch)
        .unwrap();
    storage.put(&batch).unwrap();
    let (expected, _) = merge_maps(&map, &ours, &theirs);
    assert!(merged.conflicts.is_empty());
    assert_eq!(merged.tree, build(&storage, tiny(), &expected));
}

#[test]
fn trees_of_two_storages_are_not_merged() {
    let ((_, one), (_, other)) = (new_storage(), new_storage());
    let map: Map = (0..3).map(|n| (key_of(n), vec![1])).collect();
    let (ours, theirs) = (
        build(&one, Parameters::default(), &map),
        build(&other, Parameters::default(), &Map::new()),
    );
    let error = ours
        .merge(&ours, &theirs, LeaveConflicts, &mut RecordBatch::new())
        .unwrap_err();
    assert!(matches!(error, TreeError::OtherStorage { .. }), "{error}");
}

/// Merges one conflict of these three values and returns what the tree has for it then, and whether
/// it stayed one.
pub(super) fn resolved(
    values: [Option<&str>; 3],
    resolver: impl Resolver,
) -> (Option<String>, bool) {
    let (_, storage) = new_storage();
    let [base, ours, theirs] = values.map(|value| {
        let mut map: Map = (0..50).map(|n| (key_of(n), vec![1])).collect();
        map.extend(value.map(|value| (b"k".to_vec(), value.as_bytes().to_vec())));
        build(&storage, tiny(), &map)
    });
    let mut batch = RecordBatch::new();
    let merged = ours.merge(&base, &theirs, resolver, &mut batch).unwrap();
    storage.put(&batch).unwrap();
    let value = merged.tree.get(b"k").unwrap();
    let value = value.map(|value| String::from_utf8(value.to_vec()).unwrap());
    (value, !merged.conflicts.is_empty())
}

#[test]
fn resolvers_decide_as_they_say() {
    let both = [Some("base"), Some("ours"), Some("theirs")];
    let we_removed = [Some("base"), None, Some("theirs")];
    let they_removed = [Some("base"), Some("ours"), None];
    let some = |text: &str| (Some(text.to_owned()), false);
    assert_eq!(resolved(both, LeaveConflicts), (Some("ours".into()), true));
    assert_eq!(resolved(we_removed, LeaveConflicts), (None, true));
    assert_eq!(
        resolved(they_removed, LeaveConflicts),
        (Some("ours".into()), true)
    );
    assert_eq!(resolved(both, TakeOurs), some("ours"));
    assert_eq!(resolved(we_removed, TakeOurs), (None, false));
    assert_eq!(resolved(both, TakeTheirs), some("theirs"));
    assert_eq!(resolved(we_removed, TakeTheirs), some("theirs"));
    assert_eq!(resolved(they_removed, TakeTheirs), (None, false));
    let take_base = |_: &Conflict| Ok(Resolution::Base);
    assert_eq!(resolved(both, take_base), some("base"));
    assert_eq!(resolved(we_removed, take_base), some("base"));
    assert_eq!(
        resolved([None, Some("ours"), Some("theirs")], take_base),
        (None, false)
    );
    assert_eq!(
        resolved(both, |_: &Conflict| Ok(Resolution::Put(b"other".to_vec()))),
        some("other")
    );
    assert_eq!(
        resolved(both, |_: &Conflict| Ok(Resolution::Delete)),
        (None, false)
    );
    let by_length = LastWriter(|_: &[u8], value: &[u8]| Some(value.len()));
    assert_eq!(resolved(both, by_length), some("theirs"));
    assert_eq!(resolved(they_removed, by_length), some("ours"));
    assert_eq!(resolved(we_removed, by_length), some("theirs"));
    assert_eq!(
        resolved([None, Some("one"), Some("two")], by_length),
        (Some("one".into()), true)
    );
}
