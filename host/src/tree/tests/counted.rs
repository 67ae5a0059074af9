//! Work is proportional to what changes: records read and written, counted.

use super::*;
use crate::storage::Decode;

pub(super) fn rows(count: u32) -> Map {
    let row = |n: u32| {
        let hash = Hash::of(&n.to_le_bytes());
        (
            hash.as_bytes()[..16].to_vec(),
            hash.as_bytes().repeat(3)[..90].to_vec(),
        )
    };
    (0..count).map(row).collect()
}

#[test]
fn one_edit_reads_and_writes_a_few_nodes_whatever_the_size_of_the_tree() {
    for count in [1_000, 10_000, 100_000] {
        let (backend, storage) = new_storage();
        let map = rows(count);
        let tree = build(&storage, Parameters::default(), &map);
        let depth = tree.depth();
        let (mut reads, mut writes) = (0, 0);
        let keys: Vec<_> = map.keys().step_by(map.len() / 50).cloned().collect();
        for (index, key) in keys.iter().enumerate() {
            let edit = match index % 3 {
                0 => (key.clone(), Edit::Put(vec![1; 90])),
                1 => (key.clone(), Edit::Delete),
                _ => ([key.as_slice(), b"+"].concat(), Edit::Put(vec![1; 90])),
            };
            let tree = Tree::open(cold(&backend), tree.root(), *tree.parameters()).unwrap();
            backend.take();
            apply(&tree, [edit]);
            let (read, written) = backend.take();
            assert!(
                read < 12 * depth && written < 12 * depth,
                "{count}: {read}, {written}"
            );
            (reads, writes) = (reads + read, writes + written);
        }
        let most = 2 * depth * keys.len();
        assert!(
            reads < most && writes < most,
            "{count} at depth {depth}: {reads}, {writes}"
        );
    }
}

#[test]
fn edits_that_change_nothing_write_nothing() {
    let (backend, storage) = new_storage();
    let mut map = rows(5_000);
    map.insert(b"large".to_vec(), vec![1; 5_000]);
    let tree = build(&storage, Parameters::default(), &map);
    backend.take();
    let mut edits: Vec<_> = map.clone().into_iter().step_by(7).collect();
    edits.push((b"large".to_vec(), map[&b"large"[..]].clone()));
    let mut edits: BTreeMap<_, _> = edits
        .into_iter()
        .map(|(key, value)| (key, Edit::Put(value)))
        .collect();
    edits.insert(b"absent".to_vec(), Edit::Delete);
    let mut batch = RecordBatch::new();
    assert_eq!(tree.apply(edits, &mut batch).unwrap(), tree);
    assert!(batch.is_empty());
}

#[test]
fn scattered_edits_cost_their_number_times_the_depth() {
    let (backend, storage) = new_storage();
    let map = rows(100_000);
    let tree = build(&storage, Parameters::default(), &map);
    let tree = Tree::open(cold(&backend), tree.root(), *tree.parameters()).unwrap();
    let edits: Vec<_> = map
        .keys()
        .step_by(1_000)
        .map(|key| (key.clone(), Edit::Put(vec![2; 90])))
        .collect();
    let count = edits.len();
    backend.take();
    apply(&tree, edits);
    let (read, written) = backend.take();
    let most = count * tree.depth() * 3 / 2;
    assert!(
        read < most && written < most,
        "{read} read, {written} written"
    );
}

#[test]
fn a_lookup_reads_one_node_a_level() {
    let (backend, storage) = new_storage();
    let map = rows(20_000);
    let tree = build(&storage, Parameters::default(), &map);
    let tree = Tree::open(cold(&backend), tree.root(), *tree.parameters()).unwrap();
    backend.take();
    assert!(tree.get(map.keys().nth(7_777).unwrap()).unwrap().is_some());
    assert_eq!(
        backend.take().0,
        tree.depth() - 1,
        "opening has read the root"
    );
}

#[test]
fn a_diff_reads_what_changed_and_not_what_is_stored() {
    let (backend, storage) = new_storage();
    let map = rows(100_000);
    let old = build(&storage, Parameters::default(), &map);
    let edits: Vec<_> = map
        .keys()
        .step_by(10_000)
        .map(|key| (key.clone(), Edit::Delete))
        .collect();
    let count = edits.len();
    let new = apply(&old, edits);
    let open = |tree: &Tree| Tree::open(cold(&backend), tree.root(), *tree.parameters()).unwrap();
    let (old, new) = (open(&old), open(&new));
    backend.take();
    assert_eq!(old.diff(&new).count(), count);
    let (read, _) = backend.take();
    assert!(read < 4 * count * old.depth(), "{read} read");
}

#[test]
fn an_iterator_loads_leaves_as_it_reaches_them() {
    let (backend, storage) = new_storage();
    let tree = build(&storage, Parameters::default(), &rows(50_000));
    let tree = Tree::open(cold(&backend), tree.root(), *tree.parameters()).unwrap();
    backend.take();
    assert_eq!(tree.iter().take(10).count(), 10);
    assert_eq!(tree.iter().rev().take(10).count(), 10);
    assert!(backend.take().0 <= 2 * tree.depth());
}

#[test]
fn a_tree_takes_little_more_than_its_keys_and_values() {
    let (_, storage) = new_storage();
    let tree = build(&storage, Parameters::default(), &rows(100_000));
    let stats = tree.stats().unwrap();
    let stored: u64 = stats.levels.iter().map(|level| level.bytes).sum();
    assert!(
        stored * 100 <= tree.byte_count() * 104,
        "{stored} for {}",
        tree.byte_count()
    );
    assert_eq!(stats.levels[0].entries, 100_000);
    assert_eq!(stats.levels[1].entries, stats.levels[0].nodes);
}

/// Leaves written by the insertion of one entry: the boundary rule meets the old cuts soon. Keys of 16
/// bytes and values of 100, as in the benchmarks.
#[test]
fn an_insertion_rewrites_few_leaves() {
    const INSERTS: u32 = 20_000;
    let (_, storage) = new_storage();
    let key = |n: u32| Hash::of(&n.to_le_bytes()).as_bytes()[..16].to_vec();
    let map: Map = (0..100_000).map(|n| (key(n), vec![1; 100])).collect();
    let tree = build(&storage, Parameters::default(), &map);
    let mut leaves: Vec<usize> = (0..INSERTS)
        .map(|n| {
            let mut batch = RecordBatch::new();
            let edit = (key(n + 1_000_000), Edit::Put(vec![1; 100]));
            tree.apply([edit], &mut batch).unwrap();
            let is_leaf = |bytes: &[u8]| Node::decode(Buffer::from(bytes)).unwrap().is_leaf();
            batch
                .records()
                .iter()
                .filter(|record| is_leaf(&record.bytes))
                .count()
        })
        .collect();
    leaves.sort_unstable();
    let total: usize = leaves.iter().sum();
    let p99 = leaves[leaves.len() * 99 / 100];
    assert!(
        total * 10 < leaves.len() * 12 && p99 <= 4,
        "{total} leaves, p99 {p99}"
    );
}

/// Reads so many changes between cold trees from one of the ends, or as many as there are. Returns their
/// number, and the nodes and the calls that they took.
fn diff_cost(
    backend: &Arc<Counting>,
    [old, new]: [&Tree; 2],
    range: impl std::ops::RangeBounds<Key>,
    backwards: bool,
    most: usize,
) -> (usize, usize, usize) {
    let storage = cold(backend);
    let open = |tree: &Tree| Tree::open(storage.clone(), tree.root(), *tree.parameters()).unwrap();
    let (old, new) = (open(old), open(new));
    backend.take();
    backend.take_calls();
    let mut changes = old.diff_range(&new, range);
    let mut step = || {
        if backwards {
            changes.next_back()
        } else {
            changes.next()
        }
    };
    let found = std::iter::from_fn(&mut step).take(most);
    let count = found.map(std::result::Result::unwrap).count();
    (count, backend.take().0, backend.take_calls())
}

/// Over a slow backend it is calls that count: what a comparison needs comes a level at a time.
#[test]
fn a_diff_of_cold_trees_takes_few_calls_for_many_nodes() {
    let (backend, storage) = new_storage();
    let map = rows(100_000);
    let old = build(&storage, Parameters::default(), &map);
    let depth = old.depth();
    for backwards in [false, true] {
        let [few, many] = [10, 1_000].map(|changes| {
            let edits = map.keys().step_by(map.len() / changes);
            let edits: Vec<_> = edits
                .map(|key| (key.clone(), Edit::Put(vec![3; 90])))
                .collect();
            let count = edits.len();
            let new = apply(&old, edits);
            let (found, read, calls) = diff_cost(&backend, [&old, &new], .., backwards, usize::MAX);
            assert_eq!(found, count);
            if changes > 100 {
                // What comes first from that end is fetched first.
                let (_, read, calls) = diff_cost(&backend, [&old, &new], .., backwards, 1);
                assert!(
                    calls <= depth && read <= 100,
                    "{calls} calls for {read} nodes"
                );
            }
            (read, calls)
        });
        // The first time little is fetched ahead, then more and more.
        let ((_, calls), (read, many_calls)) = (few, many);
        assert!(
            calls <= depth,
            "{calls} calls for 10 changes at depth {depth}"
        );
        assert!(
            many_calls <= 6 * depth && read > 1_000,
            "{many_calls} calls for {read} nodes"
        );
    }
}

/// Whatever has happened between two trees, the same parts are passed as wholes from either end.
#[test]
fn a_diff_reads_as_much_from_its_end_as_from_its_beginning() {
    let (backend, storage) = new_storage();
    let map = rows(50_000);
    let keys: Vec<&Key> = map.keys().collect();
    let old = build(&storage, Parameters::default(), &map);
    let depth = old.depth();
    for step in [20_000, 5_000, 500, 50] {
        let edit = |(index, key): (usize, &Key)| match index % 3 {
            0 => (key.clone(), Edit::Put(vec![4; 90])),
            1 => (key.clone(), Edit::Delete),
            _ => ([&key[..], b"+"].concat(), Edit::Put(vec![5; 70])),
        };
        let new = apply(&old, map.keys().step_by(step).enumerate().map(edit));
        let (from, to) = (keys[10_001].clone(), keys[40_001].clone());
        let whole =
            [false, true].map(|back| diff_cost(&backend, [&old, &new], .., back, usize::MAX));
        let range = from..to;
        let part = |back| diff_cost(&backend, [&old, &new], range.clone(), back, usize::MAX);
        for [(found, read, _), (found_back, read_back, _)] in [whole, [false, true].map(part)] {
            assert_eq!(found, found_back);
            // Where a node has nothing beside it in the other tree, it is compared with the one behind
            // it, which is another one from the end.
            assert!(
                read.abs_diff(read_back) <= depth + read / 50,
                "{read} and {read_back} for {found} changes at depth {depth}"
            );
        }
    }
}

#[test]
fn a_scan_of_a_cold_tree_loads_more_and_more_leaves_at_once() {
    let (backend, storage) = new_storage();
    let tree = build(&storage, Parameters::default(), &rows(50_000));
    for backwards in [false, true] {
        let tree = Tree::open(cold(&backend), tree.root(), *tree.parameters()).unwrap();
        backend.take();
        backend.take_calls();
        let count = if backwards {
            tree.iter().rev().count()
        } else {
            tree.iter().count()
        };
        assert_eq!(count, 50_000);
        let (calls, reads) = (backend.take_calls(), backend.take().0);
        assert!(calls * 8 < reads, "{calls} calls for {reads} nodes");
    }
}

/// Wherever it begins, and in both directions: the ends of its range, and its leaves.
#[test]
fn a_page_reads_two_nodes_a_level_and_its_leaves() {
    let (backend, storage) = new_storage();
    let map = rows(100_000);
    let tree = build(&storage, Parameters::default(), &map);
    let keys: Vec<&Key> = map.keys().collect();
    let range = &keys[5_000][..]..&keys[95_000][..];
    for limit in [1, 40, 1_000] {
        for start in (7_000..90_000).step_by(7_001) {
            for backwards in [false, true] {
                let tree = Tree::open(cold(&backend), tree.root(), *tree.parameters()).unwrap();
                backend.take();
                backend.take_calls();
                let (entries, place) = (tree.range(range.clone()), Some(&keys[start][..]));
                let page = if backwards {
                    entries.page_back(place, limit)
                } else {
                    entries.page(place, limit)
                };
                let page = page.unwrap();
                assert!(page.entries.len() == limit && page.next.is_some());
                let (read, calls) = (backend.take().0, backend.take_calls());
                // Opening has read the root. A leaf has some 37 entries.
                let paths = 2 * (tree.depth() - 1);
                assert!(read <= paths + limit / 25 + 2, "{read} for {limit}");
                assert!(calls <= paths + 10, "{calls} calls for {limit}");
            }
        }
    }
}

/// Counts are kept in the nodes, so sizes and positions cost a path and not a walk.
#[test]
fn ranks_and_counts_read_a_path() {
    let (backend, storage) = new_storage();
    let map = rows(100_000);
    let tree = build(&storage, Parameters::default(), &map);
    let tree = Tree::open(cold(&backend), tree.root(), *tree.parameters()).unwrap();
    let (low, high) = (
        map.keys().nth(1_000).unwrap(),
        map.keys().nth(90_000).unwrap(),
    );
    backend.take();
    assert_eq!(tree.count(&low[..]..&high[..]).unwrap(), 89_000);
    assert_eq!(tree.rank(high).unwrap(), 90_000);
    assert_eq!(
        tree.select(50_000).unwrap().unwrap().0,
        *map.keys().nth(50_000).unwrap()
    );
    let (read, _) = backend.take();
    assert!(read <= 3 * tree.depth(), "{read} read");
}

/// A part of a diff fetches ahead what lies in that part, and nothing beside it.
#[test]
fn a_part_of_a_diff_takes_a_call_a_level_and_reads_that_part() {
    let map = rows(100_000);
    let (backend, storage) = new_storage();
    let old = build(&storage, Parameters::default(), &map);
    let edits = map.keys().step_by(100);
    let new = apply(&old, edits.map(|key| (key.clone(), Edit::Put(vec![3; 90]))));
    let keys: Vec<&Key> = map.keys().collect();
    let (from, to) = (keys[50_000].clone(), keys[53_000].clone());
    for backwards in [false, true] {
        let part = from.clone()..to.clone();
        let (found, read, calls) = diff_cost(&backend, [&old, &new], part, backwards, usize::MAX);
        assert_eq!(found, 30);
        assert!(calls <= 2 * old.depth(), "{calls} calls");
        assert!(read <= 2 * found + 4 * old.depth(), "{read} nodes");
    }
}

/// What one side has alone is fetched together too.
#[test]
fn a_diff_against_less_takes_a_few_calls_a_level() {
    let (backend, storage) = new_storage();
    let map = rows(100_000);
    let all = build(&storage, Parameters::default(), &map);
    let half: Map = map.into_iter().take(50_000).collect();
    let half = build(&storage, Parameters::default(), &half);
    let none = Tree::empty(storage, Parameters::default());
    for less in [&half, &none] {
        for forwards in [true, false] {
            for turned in [true, false] {
                let storage = cold(&backend);
                let open =
                    |tree: &Tree| Tree::open(storage.clone(), tree.root(), *tree.parameters());
                let [old, new] = if turned { [less, &all] } else { [&all, less] };
                let (old, new) = (open(old).unwrap(), open(new).unwrap());
                backend.take_calls();
                let diff = old.diff(&new);
                let changes = if forwards {
                    diff.map(Result::unwrap).count()
                } else {
                    diff.rev().map(Result::unwrap).count()
                };
                assert_eq!(changes as u64, all.len() - less.len());
                let calls = backend.take_calls();
                assert!(calls <= 8 * all.depth(), "{calls} for {changes} changes");
            }
        }
    }
}

/// A proof holds all nodes that it reads, so nothing is won by reading them one by one.
#[test]
fn a_proof_of_a_range_takes_a_call_a_level() {
    let (backend, storage) = new_storage();
    let map = rows(100_000);
    let tree = build(&storage, Parameters::default(), &map);
    let keys: Vec<&Key> = map.keys().collect();
    for (first, last) in [(7, 7), (50_000, 50_100), (20_000, 80_000), (0, 99_999)] {
        let tree = Tree::open(cold(&backend), tree.root(), *tree.parameters()).unwrap();
        backend.take();
        backend.take_calls();
        let range = keys[first].clone()..=keys[last].clone();
        let proof = tree.generate_range_proof(range).unwrap();
        let (read, calls) = (backend.take().0, backend.take_calls());
        // Opening has read the root.
        assert_eq!((read, calls), (proof.nodes().len() - 1, tree.depth() - 1));
        assert_eq!(
            proof
                .entries_in::<[u8], _>(proof.bounds(), &tree.root())
                .unwrap()
                .len(),
            last - first + 1
        );
    }
}
