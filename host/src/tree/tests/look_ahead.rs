//! Many keys over a slow backend: a call for each level, and not for each node.

use std::borrow::Borrow;
use std::cell::Cell as Shared;
use std::ops::ControlFlow;

use super::counted::rows;
use super::*;

/// Returns a tree of so many rows that has nothing in memory but its root.
fn cold_tree(count: u32) -> (Arc<Counting>, Map, Tree) {
    let (backend, storage) = new_storage();
    let map = rows(count);
    let tree = build(&storage, Parameters::default(), &map);
    let tree = Tree::open(cold(&backend), tree.root(), *tree.parameters()).unwrap();
    backend.take();
    backend.take_calls();
    (backend, map, tree)
}

/// Edits that put, remove and replace, some hundred of each.
fn scattered(map: &Map, count: usize) -> Vec<(Key, Edit)> {
    let keys = map.keys().step_by(map.len() / count).enumerate();
    let edits = keys.map(|(n, key)| match n % 3 {
        0 => (key.clone(), Edit::Delete),
        1 => ([key.as_slice(), b"+"].concat(), Edit::Put(vec![1; 90])),
        _ => (key.clone(), Edit::Put(vec![2; 30])),
    });
    edits.collect()
}

#[test]
fn scattered_edits_take_few_calls_for_many_nodes() {
    for count in [10_000, 100_000] {
        let (backend, map, tree) = cold_tree(count);
        let edits = scattered(&map, 1_000);
        let mut expected = map;
        for (key, edit) in &edits {
            match edit {
                Edit::Put(value) => drop(expected.insert(key.clone(), value.clone())),
                _ => drop(expected.remove(key)),
            }
        }
        let mut batch = RecordBatch::new();
        let edited = tree.apply(edits, &mut batch).unwrap();
        let (calls, (read, _)) = (backend.take_calls(), backend.take());
        assert!(
            calls <= 10 * tree.depth() && read <= 3 * batch.len(),
            "{count}: {calls} calls for {read} nodes, of which {} are new",
            batch.len()
        );
        let (_, other) = new_storage();
        assert_eq!(edited, build(&other, *tree.parameters(), &expected));
    }
}

/// A load in bulk sees its edits beforehand, too, in order or not.
#[test]
fn a_load_takes_few_calls_for_many_nodes() {
    for in_order in [true, false] {
        let (backend, map, tree) = cold_tree(100_000);
        let mut edits = scattered(&map, 3_000);
        let (_, other) = new_storage();
        let whole = build(&other, *tree.parameters(), &map);
        let expected = apply(&whole, edits.clone());
        if !in_order {
            edits.sort_by_key(|(key, _)| Hash::of(key));
        }
        let edited = tree.apply_unsorted(edits, BulkOptions::default()).unwrap();
        let calls = backend.take_calls();
        assert!(calls <= 30 * tree.depth(), "{calls} calls");
        assert_eq!(edited, expected);
    }
}

/// What moves no boundary reads no leaf beside those that it changes.
#[test]
fn values_of_the_same_length_take_a_call_for_each_level() {
    let (backend, map, tree) = cold_tree(100_000);
    let keys = map.keys().step_by(100).cloned();
    let edits = keys.map(|key| (key, Edit::Put(vec![2; 90])));
    let mut batch = RecordBatch::new();
    tree.apply(edits, &mut batch).unwrap();
    let (calls, (read, _)) = (backend.take_calls(), backend.take());
    // The root is in memory, and the node of an empty tree comes with every batch.
    assert!(
        calls == tree.depth() - 1 && read <= batch.len(),
        "{calls} calls for {read} nodes, of which {} are new",
        batch.len()
    );
}

/// An edit that says when it is gone.
struct Told<'a>(Edit, &'a Shared<usize>);
impl Borrow<Edit> for Told<'_> {
    fn borrow(&self) -> &Edit {
        &self.0
    }
}
impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.1.set(self.1.get() - 1);
    }
}

#[test]
fn edits_of_many_bytes_are_not_held_together() {
    let (_, _, tree) = cold_tree(1_000);
    let waiting = Shared::new(0);
    let most = Shared::new(0);
    let edits = (0..40_u8).map(|n| {
        waiting.set(waiting.get() + 1);
        most.set(most.get().max(waiting.get()));
        (vec![n], Told(Edit::Put(vec![n; 100_000]), &waiting))
    });
    let edited = tree.apply(edits, &mut RecordBatch::new()).unwrap();
    assert_eq!((edited.len(), waiting.get()), (1_040, 0));
    assert!(most.get() <= 12, "{} were held", most.get());
}

#[test]
fn edits_out_of_order_are_refused_wherever_they_are() {
    let (_, map, tree) = cold_tree(5_000);
    for at in [1, 1_023, 1_024, 1_025, 3_000] {
        let mut edits: Vec<_> = map.keys().map(|key| (key.clone(), Edit::Delete)).collect();
        edits.swap(at - 1, at);
        let error = tree.apply(edits, &mut RecordBatch::new()).unwrap_err();
        assert!(
            matches!(error, TreeError::Unsorted { index } if index == at as u64),
            "{at}: {error:?}"
        );
    }
}

#[test]
fn many_values_take_a_call_for_each_level() {
    let (backend, map, tree) = cold_tree(100_000);
    // In no order, one twice, some that are not there.
    let mut keys: Vec<Key> = map.keys().step_by(150).cloned().collect();
    keys.sort_by_key(|key| Hash::of(key));
    keys.push(keys[0].clone());
    keys.extend([vec![], b"absent".to_vec(), vec![u8::MAX; 40]]);
    let values = tree.get_many(&keys).unwrap();
    let calls = backend.take_calls();
    assert_eq!(calls, tree.depth() - 1);
    assert_eq!(values.len(), keys.len());
    for (key, value) in keys.iter().zip(&values) {
        assert_eq!(value.as_deref(), map.get(key).map(Vec::as_slice));
    }
    assert!(tree.get_many::<Key>(&[]).unwrap().is_empty());
    let empty = Tree::empty(tree.storage().clone(), small());
    assert!(empty.get_many(&keys).unwrap().iter().all(Option::is_none));
}

/// Those that lie out of line are fetched together, too, as far as they are not many megabytes.
#[test]
fn many_values_out_of_line_take_a_call_for_some_megabytes() {
    let (backend, storage) = new_storage();
    let map: Map = (0..300_u16)
        .map(|n| {
            let len = [3 << 10, 200 << 10, 90, 3 << 19][usize::from(n % 64).saturating_sub(60)];
            (n.to_be_bytes().to_vec(), n.to_be_bytes().repeat(len / 2))
        })
        .collect();
    let tree = build(&storage, Parameters::default(), &map);
    let tree = Tree::open(cold(&backend), tree.root(), *tree.parameters()).unwrap();
    backend.take_calls();
    let keys: Vec<Key> = map.keys().rev().cloned().collect();
    let values = tree.get_many(&keys).unwrap();
    let expected: Vec<_> = keys.iter().map(|key| map.get(key)).collect();
    assert!(
        values
            .iter()
            .map(|value| value.as_deref())
            .eq(expected.into_iter().map(|value| value.map(Vec::as_slice)))
    );
    let (calls, large) = (backend.take_calls(), map.len() / 64);
    assert!(
        calls <= tree.depth() + 3 * large,
        "{calls} calls, {large} large values"
    );
    // What is missing is named, and what is not asked for is not.
    let value = |n: u16| tree.handle(&n.to_be_bytes()).unwrap().unwrap();
    let missing = value(7).blob().unwrap().hash();
    backend.records.lock().remove(&missing);
    let tree = Tree::open(cold(&backend), tree.root(), *tree.parameters()).unwrap();
    let error = tree.get_many(&keys).unwrap_err();
    assert!(error.to_string().contains(&missing.to_string()), "{error}");
    assert!(tree.get_many(&keys[..200]).is_ok());
}

/// Where the cache is too small for it, what was fetched together stays until it has been used, the
/// first time and each time after.
#[test]
fn what_is_fetched_stays_whatever_the_cache_does() {
    for (cache_bytes, count, step) in [(400_000, 30_000, 40), (4_000, 100_000, 150)] {
        let (backend, map, tree) = cold_tree(count);
        let options = StorageOptions {
            cache_bytes,
            ..StorageOptions::default()
        };
        let storage = Storage::new(Arc::clone(&backend) as _, options);
        let tree = Tree::open(storage, tree.root(), *tree.parameters()).unwrap();
        let keys: Vec<_> = map.keys().step_by(step).collect();
        for turn in 0..3 {
            backend.take_calls();
            tree.get_many(&keys).unwrap();
            let calls = backend.take_calls();
            // What is held by then is not asked for again.
            let most = tree.depth() - 1;
            assert!(
                0 < calls && calls <= most,
                "{cache_bytes}, turn {turn}: {calls}"
            );
        }
    }
}

/// What is loaded together is bounded by what it holds, too, and not only by its number.
#[test]
fn large_leaves_are_not_loaded_by_the_thousand() {
    const LEAF: u32 = 1 << 20;
    let by_bytes = Parameters::new(Shape {
        leaf: NodeSize {
            target: LEAF,
            min: LEAF / 4,
            max: LEAF * 2,
        },
        inline_limit: 32 << 10,
        ..Shape::default()
    });
    let by_entries = Parameters::new(Shape {
        measure: Measure::Entries,
        leaf: NodeSize {
            target: 32,
            min: 8,
            max: 64,
        },
        inline_limit: 32 << 10,
        ..*Parameters::entries(EntryRule::default()).unwrap().shape()
    });
    for parameters in [by_bytes, by_entries].map(Result::unwrap) {
        let (backend, storage) = new_storage();
        let map: Map = (0..1_200_u16)
            .map(|n| (n.to_be_bytes().to_vec(), vec![1; 32 << 10]))
            .collect();
        let base = build(&storage, parameters, &map);
        let edits = |first: usize| {
            let keys = map.keys().skip(first).step_by(12);
            keys.map(|key| (key.clone(), Edit::Put(vec![2; 32 << 10])))
        };
        let roots = [
            base.root(),
            apply(&base, edits(0)).root(),
            apply(&base, edits(9)).root(),
        ];
        let open = || {
            let storage = cold(&backend);
            roots.map(|root| Tree::open(storage.clone(), root, parameters).unwrap())
        };
        let most = |what: &str, run: &dyn Fn([Tree; 3])| {
            backend.largest.store(0, Ordering::Relaxed);
            run(open());
            let largest = backend.largest.load(Ordering::Relaxed) / (1 << 20);
            assert!((2..24).contains(&largest), "{what}: {largest} MiB");
        };
        let keys: Vec<_> = map.keys().step_by(12).collect();
        most("lookups", &|[base, ..]| drop(base.get_many(&keys).unwrap()));
        most("edits", &|[base, ..]| {
            base.apply(edits(0), &mut RecordBatch::new()).unwrap();
        });
        most("a scan", &|[base, ..]| {
            assert_eq!(base.iter().count(), 1_200);
        });
        most("a diff", &|[_, ours, theirs]| {
            assert_eq!(ours.diff(&theirs).count(), 200);
        });
        most("a diff to nothing", &|[base, ..]| {
            let nothing = Tree::empty(base.storage().clone(), parameters);
            assert_eq!(base.diff(&nothing).count(), 1_200);
        });
        most("a merge", &|[base, ours, theirs]| {
            ours.merge(&base, &theirs, LeaveConflicts, &mut RecordBatch::new())
                .unwrap();
        });
        most("sharing", &|[_, ours, theirs]| {
            assert!(ours.sharing(&theirs).unwrap().first.nodes > 0);
        });
    }
}

/// Where the cache is too small for what is read ahead, nodes are not read twice all the same.
#[test]
fn each_node_is_read_once_whatever_the_cache_does() {
    type Run = fn(&Tree, &Tree, &Tree) -> usize;
    let runs: [(&str, Run); 6] = [
        ("forwards", |base, _, _| base.iter().count()),
        ("backwards", |base, _, _| base.iter().rev().count()),
        ("in place", |base, _, _| {
            let flow = base
                .try_fold::<[u8], _, _, ()>(.., 0, |count, _, _| ControlFlow::Continue(count + 1));
            match flow.unwrap() {
                ControlFlow::Continue(count) => count,
                ControlFlow::Break(()) => 0,
            }
        }),
        ("a diff", |_, ours, theirs| ours.diff(theirs).count()),
        ("from the end", |_, ours, theirs| {
            ours.diff(theirs).rev().count()
        }),
        ("a merge", |base, ours, theirs| {
            let mut batch = RecordBatch::new();
            let merged = ours.merge(base, theirs, LeaveConflicts, &mut batch);
            usize::try_from(merged.unwrap().tree.len()).unwrap()
        }),
    ];
    let (backend, storage) = new_storage();
    let map = rows(30_000);
    let base = build(&storage, Parameters::default(), &map);
    let (ours, theirs) = (scattered(&map, 300), scattered(&map, 200));
    let trees = [&base, &apply(&base, ours), &apply(&base, theirs)];
    let trees = trees.map(|tree| (tree.root(), *tree.parameters()));
    for (name, run) in runs {
        let cost = |cache_bytes| {
            let options = StorageOptions {
                cache_bytes,
                ..StorageOptions::default()
            };
            let storage = Storage::new(Arc::clone(&backend) as _, options);
            let open = |(root, parameters)| Tree::open(storage.clone(), root, parameters).unwrap();
            let [base, ours, theirs] = trees.map(open);
            backend.take();
            backend.take_calls();
            let count = run(&base, &ours, &theirs);
            (count, backend.take().0, backend.take_calls())
        };
        let expected = cost(256 << 20);
        for cache_bytes in [0, 50_000, 400_000] {
            let (count, read, calls) = cost(cache_bytes);
            assert_eq!(count, expected.0, "{name}");
            // But for one that both trees have and that is come to at two times.
            assert!(
                read <= expected.1 + 10 && calls <= expected.2 + 10,
                "{name}, {cache_bytes}: {read} read in {calls} calls, and not {expected:?}"
            );
        }
    }
}
