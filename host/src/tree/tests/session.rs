//! A session against a map and a stack of its copies.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Put(u8, Vec<u8>),
    Delete(u8),
    Savepoint,
    /// Back to the savepoint of this position, if it is open.
    Rollback(prop::sample::Index),
    Release(prop::sample::Index),
    /// Go on from the tree that has been made so far.
    Restart,
}

/// A few keys that come again and again, and others.
fn keys() -> impl Strategy<Value = u8> {
    prop_oneof![2 => 0..3_u8, 1 => 0..40_u8]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (keys(), prop::collection::vec(any::<u8>(), 0..70)).prop_map(|(k, v)| Step::Put(k, v)),
        3 => keys().prop_map(Step::Delete),
        2 => Just(Step::Savepoint),
        2 => any::<prop::sample::Index>().prop_map(Step::Rollback),
        1 => any::<prop::sample::Index>().prop_map(Step::Release),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_session_is_a_map_with_a_memory(steps in steps(), base in steps()) {
        let (_, storage) = new_storage();
        let mut map = Map::new();
        for step in base {
            if let Step::Put(key, value) = step {
                map.insert(vec![key], value);
            }
        }
        let mut session = Session::new(build(&storage, small(), &map));
        let mut open: Vec<(Savepoint, Map)> = Vec::new();
        let mut gone: Vec<Savepoint> = Vec::new();
        for step in steps {
            match step {
                Step::Put(key, value) => {
                    session.put([key], value.clone()).unwrap();
                    map.insert(vec![key], value);
                }
                Step::Delete(key) => {
                    let present = map.remove(&[key][..]).is_some();
                    prop_assert_eq!(session.delete(&[key]).unwrap(), present);
                }
                Step::Savepoint => open.push((session.savepoint(), map.clone())),
                Step::Rollback(index) if !open.is_empty() => {
                    let at = index.index(open.len());
                    session.rollback(&open[at].0).unwrap();
                    map = open[at].1.clone();
                    gone.extend(open.drain(at + 1..).map(|(savepoint, _)| savepoint));
                }
                Step::Release(index) if !open.is_empty() => {
                    let at = index.index(open.len());
                    session.release(&open[at].0).unwrap();
                    gone.extend(open.drain(at..).map(|(savepoint, _)| savepoint));
                }
                Step::Restart => {
                    let mut batch = RecordBatch::new();
                    let tree = session.tree(&mut batch).unwrap();
                    storage.put(&batch).unwrap();
                    prop_assert_eq!(tree.root(), session.root_hash().unwrap());
                    session = Session::new(tree);
                    gone.clear();
                    open.clear();
                }
                Step::Rollback(_) | Step::Release(_) => {}
            }
        }
        for savepoint in &gone {
            let again = session.rollback(savepoint);
            prop_assert!(matches!(again, Err(TreeError::NoSavepoint)));
        }
        let entries = |found: &mut dyn Iterator<Item = _>| -> Map {
            found.map(|entry: std::result::Result<(Key, Value), TreeError>| {
                let (key, value) = entry.unwrap();
                (key, value.to_vec())
            }).collect()
        };
        prop_assert_eq!(entries(&mut session.iter()), map.clone());
        prop_assert_eq!(entries(&mut session.iter().rev()), map.clone());
        prop_assert_eq!(session.len().unwrap(), map.len() as u64);
        let keys: Vec<Key> = session.keys().map(std::result::Result::unwrap).collect();
        prop_assert!(keys.iter().eq(map.keys()));
        let (from, to) = (vec![10_u8], vec![30_u8]);
        let part: Map = map.range(from.clone()..to.clone())
            .map(|(key, value)| (key.clone(), value.clone())).collect();
        prop_assert_eq!(entries(&mut session.range(from..to)), part);
        for key in 0..40_u8 {
            let found = session.get(&[key]).unwrap();
            prop_assert_eq!(found.as_deref(), map.get(&[key][..]).map(Vec::as_slice));
        }
        prop_assert_eq!(session.root_hash().unwrap(), build(&storage, small(), &map).root());
    }
}

#[test]
fn edits_read_and_write_nothing_until_a_tree_is_asked_for() {
    let (backend, storage) = new_storage();
    let map: Map = (0..5_000_u32)
        .map(|n| (n.to_be_bytes().to_vec(), vec![1; 20]))
        .collect();
    let mut session = Session::new(build(&storage, small(), &map));
    backend.take();
    for n in 0..5_000_u32 {
        session.put(n.to_be_bytes(), [2; 20]).unwrap();
    }
    assert_eq!(backend.take(), (0, 0));
    let savepoint = session.savepoint();
    session.put([0; 4], [3; 20]).unwrap();
    session.rollback(&savepoint).unwrap();
    assert_eq!(session.get(&[0; 4]).unwrap().as_deref(), Some(&[2; 20][..]));
    let mut batch = RecordBatch::new();
    let tree = session.tree(&mut batch).unwrap();
    assert_eq!(backend.take().1, 0, "the caller stores them");
    storage.put(&batch).unwrap();
    let levels = tree.stats().unwrap().levels;
    let nodes: u64 = levels.iter().map(|level| level.nodes).sum();
    assert_eq!(batch.len() as u64, nodes, "each node is made once");
}

#[test]
fn a_release_of_several_savepoints_keeps_the_oldest_state() {
    let (_, storage) = new_storage();
    let mut session = Session::new(Tree::empty(storage, small()));
    session.put([1], [0]).unwrap();
    let outer = session.savepoint();
    let inner = session.savepoint();
    session.put([1], [1]).unwrap();
    session.savepoint();
    session.put([1], [2]).unwrap();
    session.release(&inner).unwrap();
    session.rollback(&outer).unwrap();
    assert_eq!(session.get(&[1]).unwrap().as_deref(), Some(&[0][..]));
}

#[test]
fn a_savepoint_of_another_session_is_refused() {
    let (_, storage) = new_storage();
    let tree = Tree::empty(storage, small());
    let mut session = Session::new(tree.clone());
    let mut other = Session::new(tree);
    session.savepoint();
    let savepoint = other.savepoint();
    assert!(matches!(
        session.rollback(&savepoint),
        Err(TreeError::NoSavepoint)
    ));
}

#[test]
fn what_a_savepoint_keeps_is_counted_once_for_each_key() {
    let (_, storage) = new_storage();
    let mut session = Session::new(Tree::empty(storage, small()));
    session.put([1], vec![0; 10_000]).unwrap();
    let alone = session.staged_bytes();
    let outer = session.savepoint();
    for n in 0..100 {
        session.put([1], vec![n; 10_000]).unwrap();
    }
    let two = session.staged_bytes();
    assert!(two >= 2 * alone && two < 3 * alone, "{alone} {two}");
    let inner = session.savepoint();
    session.put([1], vec![1; 10_000]).unwrap();
    assert!(session.staged_bytes() > two + 10_000);
    session.release(&inner).unwrap();
    assert_eq!(session.staged_bytes(), two);
    session.rollback(&outer).unwrap();
    assert_eq!(session.staged_bytes(), alone);
    assert_eq!(
        session.get(&[1]).unwrap().as_deref(),
        Some(&[0; 10_000][..])
    );
    session.release(&outer).unwrap();
    assert_eq!(session.staged_bytes(), alone);
}
