//! A store in which one node is missing: what does not need the node goes on, and what needs it names it
//! there and not before, whatever has been read ahead.

use super::*;

/// Whatever an operation gives before it ends, and how it ends.
type Outcome = Vec<String>;

/// What is done with a base, ours and theirs, which have nothing in memory.
type Operation = fn(&[Tree; 3]) -> Outcome;

const ROWS: u16 = 240;

fn row(n: u16) -> (Key, Vec<u8>) {
    (n.to_be_bytes().to_vec(), vec![1; 4])
}

/// Stores three trees of some depth that have changed in places of their own, and in common ones.
fn three(backend: &Arc<Counting>) -> [Tree; 3] {
    let map = (0..ROWS).map(row).collect();
    let base = build(&cold(backend), tiny(), &map);
    let put = |n: u16, value: u8| (row(n).0, Edit::Put(vec![value; 4]));
    let delete = |n: u16| (row(n).0, Edit::Delete);
    let ours = (20..60).map(delete);
    let ours = ours.chain((100..ROWS).step_by(31).map(|n| put(n, 2)));
    let theirs = [put(19, 3)].into_iter().chain((70..90).map(delete));
    let theirs = theirs.chain((110..ROWS).step_by(23).map(|n| put(n, 3)));
    let (ours, theirs) = (apply(&base, ours), apply(&base, theirs));
    [base, ours, theirs]
}

fn outcome<T: std::fmt::Debug>(items: impl Iterator<Item = Result<T, TreeError>>) -> Outcome {
    items.map(|item| format!("{item:?}")).collect()
}

fn edits(step: usize) -> impl Iterator<Item = (Key, Edit)> {
    (0..2 * ROWS).step_by(step).map(|n| match n % 3 {
        0 => (row(n / 2).0, Edit::Delete),
        1 => ([&row(n / 2).0[..], &[7]].concat(), Edit::Put(vec![4; 4])),
        _ => ([&row(n / 2).0[..], &[8]].concat(), Edit::Put(vec![4; 40])),
    })
}

fn edited(tree: &Tree, step: usize) -> Outcome {
    let edited = tree.apply(edits(step), &mut RecordBatch::new());
    vec![format!("{:?}", edited.map(|tree| tree.root()))]
}

fn merged(base: &Tree, ours: &Tree, theirs: &Tree) -> Outcome {
    let merged = ours.merge(base, theirs, LeaveConflicts, &mut RecordBatch::new());
    vec![format!(
        "{:?}",
        merged.map(|merged| (merged.tree.root(), merged.conflicts.len()))
    )]
}

const OPERATIONS: [(&str, Operation); 11] = [
    ("scan", |[base, ..]| outcome(base.iter())),
    ("backwards", |[base, ..]| outcome(base.iter().rev())),
    ("some", |[base, ..]| outcome(base.iter().skip(30).take(90))),
    ("diff", |[_, ours, theirs]| outcome(ours.diff(theirs))),
    ("diff backwards", |[base, ours, _]| {
        outcome(base.diff(ours).rev())
    }),
    ("merge", |[base, ours, theirs]| merged(base, ours, theirs)),
    ("the other way", |[base, ours, theirs]| {
        merged(base, theirs, ours)
    }),
    ("few edits", |[base, ..]| edited(base, 97)),
    ("more edits", |[base, ..]| edited(base, 11)),
    ("many edits", |[base, ..]| edited(base, 1)),
    ("many values", |[base, ..]| {
        let keys: Vec<Key> = (3..ROWS).step_by(7).map(|n| row(n).0).collect();
        vec![format!("{:?}", base.get_many(&keys))]
    }),
];

/// Where nothing can be read ahead because every call for more than one record fails, what is read is
/// what is needed. It must be the same where reading ahead works.
#[test]
fn a_node_that_is_missing_is_missed_only_where_it_is_needed() {
    let backend = Arc::new(Counting::default());
    let trees = three(&backend).map(|tree| (tree.root(), *tree.parameters()));
    let options = StorageOptions {
        retries: 0,
        cache_bytes: 1 << 20,
        ..StorageOptions::default()
    };
    let open = || {
        let storage = Storage::new(Arc::clone(&backend) as _, options);
        trees.map(|(root, parameters)| Tree::open(storage.clone(), root, parameters).unwrap())
    };
    let mut nodes: Vec<Hash> = backend.records.lock().keys().copied().collect();
    nodes.retain(|hash| trees.iter().all(|(root, _)| root != hash));
    nodes.sort_unstable();
    let (mut needed, mut not) = (0, 0);
    for missing in nodes.into_iter().step_by(3) {
        let bytes = backend.records.lock().remove(&missing).unwrap();
        for (name, operation) in OPERATIONS {
            backend.one_by_one.store(true, Ordering::Relaxed);
            let expected = operation(&open());
            backend.one_by_one.store(false, Ordering::Relaxed);
            assert_eq!(operation(&open()), expected, "{name} without {missing}");
            let is_missed = expected
                .last()
                .is_some_and(|last| last.contains(&format!("{missing:?}")));
            *(if is_missed { &mut needed } else { &mut not }) += 1;
        }
        backend.records.lock().insert(missing, bytes);
    }
    assert!(needed > 200 && not > 200, "{needed}, {not}");
}
