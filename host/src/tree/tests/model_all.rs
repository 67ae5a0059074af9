//! Random histories of all that can happen to trees: versions branch off, are edited in every way, merged,
//! compared and proven, and are always what their entries alone make.

use std::ops::Bound;
use std::sync::LazyLock;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::Index;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::model::{changes_between, changes_of, key, parameters, update};
use super::model_large::{Way, edited, ways};
use super::*;

type Edits = BTreeMap<Key, Option<Vec<u8>>>;

/// What happens next, to versions out of those that there are.
#[derive(Clone, Debug)]
enum Step {
    Edit(Index, Edits, Way),
    /// Everything in a version goes.
    Clear(Index, Way),
    Merge([Index; 3]),
}

/// Keys with which nodes end as late as can be: of the seed 0, these are the ones of a thousand whose
/// hashes are the greatest.
static LATE: LazyLock<Vec<Key>> = LazyLock::new(|| {
    let keys = (0..100_000_u32).map(|n| n.to_be_bytes().to_vec());
    let is_late = |key: &Key| xxh3_64_with_seed(key, 0) > u64::MAX / 1_000 * 996;
    keys.filter(is_late).collect()
});

fn edits() -> impl Strategy<Value = Edits> {
    let late = any::<Index>().prop_map(|at| LATE[at.index(LATE.len())].clone());
    let keys = prop_oneof![2 => key(), 1 => late];
    let value = prop_oneof![
        4 => vec(any::<u8>(), 0..8),
        2 => (7_u8..9, 40_usize..56).prop_map(|(byte, len)| vec![byte; len]),
        1 => (7_u8..9, 1_900_usize..1_903).prop_map(|(byte, len)| vec![byte; len]),
    ];
    let few = btree_map(keys, prop::option::weighted(0.7, value), 0..40);
    // Many that follow each other, and end nodes late.
    let many = (any::<Index>(), 0_usize..300).prop_map(|(at, count)| {
        let keys = LATE.iter().skip(at.index(LATE.len())).take(count);
        keys.map(|key| (key.clone(), Some(vec![1; 9]))).collect()
    });
    prop_oneof![4 => few, 1 => many]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let at = any::<Index>;
    let step = prop_oneof![
        8 => (at(), edits(), ways()).prop_map(|(at, edits, way)| Step::Edit(at, edits, way)),
        1 => (at(), ways()).prop_map(|(at, way)| Step::Clear(at, way)),
        3 => [at(), at(), at()].prop_map(Step::Merge),
    ];
    vec(step, 1..12)
}

/// A version and what it has.
type Version = (Tree, Map);

fn step_from(versions: &[Version], step: Step, parameters: Parameters) -> Version {
    let version = |at: Index| &versions[at.index(versions.len())];
    match step {
        Step::Edit(at, edits, way) => {
            let (tree, map) = version(at);
            let mut next = map.clone();
            update(&mut next, &edits);
            let edit = |value: Option<_>| value.map_or(Edit::Delete, Edit::Put);
            let edits = edits.into_iter().map(|(key, value)| (key, edit(value)));
            (edited(tree, edits.collect(), way), next)
        }
        Step::Clear(at, way) => {
            let (tree, map) = version(at);
            let edits = map.keys().map(|key| (key.clone(), Edit::Delete));
            (edited(tree, edits.collect(), way), Map::new())
        }
        Step::Merge(places) => {
            let [base, ours, theirs] = places.map(version);
            let maps = [&base.1, &ours.1, &theirs.1];
            let merged = merge::check(ours.0.storage(), parameters, maps);
            let map = contents(&merged);
            (merged, map)
        }
    }
}

/// Compares two versions, and proves what differs to whoever knows their roots.
fn check_difference((before, old): &Version, (after, new): &Version) {
    let expected = changes_between(old, new);
    let mut found = changes_of(before.diff(after));
    assert_eq!(found, expected);
    found.reverse();
    assert_eq!(changes_of(before.diff(after).rev()), found);
    let proof = before.generate_diff_proof(after).unwrap().encode();
    let proof = DiffProof::decode(&proof).unwrap();
    let proven = proof.changes(&before.root(), &after.root()).unwrap();
    let is = |proven: &Option<ProvenValue>, value: &Option<Vec<u8>>| match (proven, value) {
        (None, None) => true,
        (Some(proven), Some(value)) => proven.is(value),
        _ => false,
    };
    assert_eq!(proven.len(), expected.len());
    for (proven, (key, before, after)) in proven.iter().zip(&expected) {
        assert!(proven.key == *key && is(&proven.before, before) && is(&proven.after, after));
    }
}

/// Reads a version, and proves a range of it.
fn check_version((tree, map): &Version, some: &Key) {
    let keys: Vec<&Key> = map.keys().chain([some]).collect();
    let values = tree.get_many(&keys).unwrap();
    for (key, value) in keys.iter().zip(values) {
        assert_eq!(value.as_deref(), map.get(*key).map(Vec::as_slice));
    }
    let range = (Bound::Excluded(some), Bound::Unbounded);
    let expected: Vec<_> = map.range::<Key, _>(range).collect();
    assert_eq!(
        tree.len() - tree.rank(some).unwrap(),
        map.range(some.clone()..).count() as u64
    );
    let proof = tree.generate_range_proof::<Key, _>(range).unwrap();
    let proven = proof
        .entries_in::<[u8], _>(proof.bounds(), &tree.root())
        .unwrap();
    assert_eq!(proven.len(), expected.len());
    for ((key, proven), (expected, value)) in proven.iter().zip(expected) {
        assert!(key == expected && proven.is(value));
    }
    let proof = tree.generate_proof(some).unwrap();
    assert!(proof.verify(&tree.root(), some, map.get(some).map(Vec::as_slice)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_happens_a_tree_is_what_its_entries_make(
        parameters in parameters(),
        steps in steps(),
        some in key(),
        place in any::<Index>(),
    ) {
        let (_, storage) = new_storage();
        let mut versions = vec![(Tree::empty(storage, parameters), Map::new())];
        for step in steps {
            let next = step_from(&versions, step, parameters);
            // Nothing of what is stored here helps the one that is built elsewhere.
            let fresh = Tree::empty(new_storage().1, parameters);
            let puts = next.1.iter().map(|(key, value)| (key, Edit::Put(value.clone())));
            let fresh = fresh.apply(puts, &mut RecordBatch::new()).unwrap();
            prop_assert_eq!(next.0.root(), fresh.root());
            check_version(&next, &some);
            check_difference(&versions[place.index(versions.len())], &next);
            versions.push(next);
        }
        // What came later has changed nothing of what was there.
        for (tree, map) in &versions {
            prop_assert_eq!(&contents(tree), map);
        }
    }
}
