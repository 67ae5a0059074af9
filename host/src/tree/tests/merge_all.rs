//! All merges of few rows, and many of more rows, with every answer that a resolver can give.

use super::*;

/// What a resolver says about a key, by a number.
fn answer(number: u64, key: &[u8]) -> Resolution {
    let hash = Hash::of(&[&number.to_le_bytes()[..], key].concat());
    match hash.as_bytes()[0] % 6 {
        0 => Resolution::Unresolved,
        1 => Resolution::Ours,
        2 => Resolution::Theirs,
        3 => Resolution::Base,
        4 => Resolution::Put(vec![9; usize::from(hash.as_bytes()[1] % 70)]),
        _ => Resolution::Delete,
    }
}

/// Merges maps in the same way; returns how many keys stay in conflict, too.
fn merge_maps([base, ours, theirs]: [&Map; 3], number: u64) -> (Map, usize) {
    let (mut merged, mut conflicts) = (ours.clone(), 0);
    let keys: HashSet<&Key> = [base, ours, theirs]
        .iter()
        .flat_map(|map| map.keys())
        .collect();
    for key in keys {
        let [before, mine, other] = [base, ours, theirs].map(|map| map.get(key));
        if mine == other || before == other {
            continue;
        }
        let decided = if before == mine {
            other.cloned()
        } else {
            match answer(number, key) {
                Resolution::Unresolved => {
                    conflicts += 1;
                    continue;
                }
                Resolution::Ours => mine.cloned(),
                Resolution::Theirs => other.cloned(),
                Resolution::Base => before.cloned(),
                Resolution::Put(value) => Some(value),
                Resolution::Delete => None,
            }
        };
        match decided {
            Some(value) => drop(merged.insert(key.clone(), value)),
            None => drop(merged.remove(key)),
        }
    }
    (merged, conflicts)
}

/// Merges trees and stores what is new: not a record more than the outcome needs.
fn merge([base, ours, theirs]: [&Tree; 3], number: u64) -> (Tree, usize) {
    let mut batch = RecordBatch::new();
    let resolver = |conflict: &Conflict| Ok(answer(number, &conflict.key));
    let merged = ours.merge(base, theirs, resolver, &mut batch).unwrap();
    let root = merged.tree.root();
    let links = batch.records().iter().flat_map(|record| &record.links);
    let linked: HashSet<&Hash> = links.chain([&root]).collect();
    let records = batch.records().iter();
    assert!(
        records
            .map(|record| &record.hash)
            .all(|hash| linked.contains(hash))
    );
    ours.storage().put(&batch).unwrap();
    (merged.tree, merged.conflicts.len())
}

/// Parameters under which a leaf has a row or two, and a node above it two or three children.
fn least(pattern: u64) -> Parameters {
    Parameters::entries(EntryRule {
        base: 2,
        modulus: 2,
        min_chunk_size: 1,
        max_chunk_size: 3,
        pattern,
    })
    .unwrap()
}

/// Every base, ours and theirs that a few rows make.
#[test]
fn any_three_sets_of_few_rows_merge_as_they_should() {
    const ROWS: u8 = 5;
    for pattern in 0..2 {
        let (_, storage) = new_storage();
        let map = |set: u8| -> Map {
            let rows = (0..ROWS).filter(|row| set >> row & 1 == 1);
            rows.map(|row| (vec![row], vec![1; 30])).collect()
        };
        let sets = || 0..1_u8 << ROWS;
        let trees: Vec<Tree> = sets()
            .map(|set| build(&storage, least(pattern), &map(set)))
            .collect();
        let tree = |set: u8| &trees[usize::from(set)];
        for base in sets() {
            for (ours, theirs) in sets().flat_map(|ours| sets().map(move |theirs| (ours, theirs))) {
                // What is the same everywhere is never in conflict, so rows are there or not.
                let changed = base ^ theirs;
                let merged = ours & !changed | theirs & changed;
                let found = merge([base, ours, theirs].map(tree), 0);
                assert_eq!(
                    found,
                    (tree(merged).clone(), 0),
                    "{base:b} {ours:b} {theirs:b}"
                );
            }
        }
    }
}

/// Ranges that are removed, added, replaced and thinned out on both sides, with conflicts in between.
#[test]
fn whatever_a_resolver_says_beside_ranges_that_come_and_go() {
    const ROWS: u64 = 120;
    let mut random = random(7);
    let key = |n: u64| n.to_be_bytes()[6..].to_vec();
    let mut conflicts = 0;
    for number in 0..400 {
        let (_, storage) = new_storage();
        let parameters = [least(number), tiny(), small()][usize::try_from(number % 3).unwrap()];
        let full: Map = (0..ROWS).map(|n| (key(n), vec![1; 8])).collect();
        let mut change = |map: &Map| {
            let mut map = map.clone();
            for _ in 0..=random() % 4 {
                let (one, other) = (random() % ROWS, random() % ROWS);
                let (kind, step, value) = (
                    random() % 3,
                    1 + random() % 3,
                    vec![random().to_le_bytes()[0]; 6],
                );
                let far = one.max(other).min(one.min(other) + random() % ROWS);
                for n in (one.min(other)..=far).step_by(usize::try_from(step).unwrap()) {
                    match kind {
                        0 => drop(map.remove(&key(n))),
                        1 => drop(map.insert(key(n), value.clone())),
                        _ => drop(map.insert([key(n), vec![3]].concat(), vec![3; 20])),
                    }
                }
            }
            map
        };
        let base = change(&full);
        let maps = [&base, &change(&base), &change(&base)];
        let trees = maps.map(|map| build(&storage, parameters, map));
        let (expected, left) = merge_maps(maps, number);
        let found = merge(trees.each_ref(), number);
        assert_eq!(
            found,
            (build(&storage, parameters, &expected), left),
            "{number}"
        );
        conflicts += left;
    }
    assert!(conflicts > 400, "{conflicts}");
}
