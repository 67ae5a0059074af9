//! The same work at ten thousand, a hundred thousand and a million entries: what it reads and writes
//! depends on the depth of the tree and not on its size.

use super::*;
use crate::storage::work;

/// Returns the key of a row: rows ascend, and their keys look random.
fn key(count: u64, row: u64, offset: u64) -> Key {
    let step = u64::MAX / count;
    let place = row * step + mixed(row).wrapping_add(offset) % step;
    [place.to_be_bytes(), mixed(place).to_be_bytes()].concat()
}

fn mixed(n: u64) -> u64 {
    let n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ n >> 31
}

fn value(row: u64) -> Vec<u8> {
    mixed(row).to_le_bytes().repeat(13)[..100].to_vec()
}

/// A tree that is counted, and its size.
struct Scale {
    backend: Arc<Counting>,
    tree: Tree,
    count: u64,
    /// The number of leaves, and of nodes above them.
    nodes: [usize; 2],
}

impl Scale {
    fn new(count: u64) -> Self {
        let (backend, storage) = new_storage();
        let rows = (0..count).map(|row| (key(count, row, 0), value(row)));
        let tree = Tree::build(storage, Parameters::default(), rows).unwrap();
        let levels = tree.stats().unwrap().levels;
        let nodes = |levels: &[LevelStats]| levels.iter().map(|level| level.nodes).sum::<u64>();
        let nodes =
            [&levels[..1], &levels[1..]].map(|levels| usize::try_from(nodes(levels)).unwrap());
        Self {
            backend,
            tree,
            count,
            nodes,
        }
    }

    /// Edits so many rows, or a few less, anywhere.
    fn anywhere(&self, edits: u64, side: u64) -> Vec<(Key, Edit)> {
        let rows = (0..edits).map(|n| mixed(2 * n + side) % self.count);
        let rows: std::collections::BTreeSet<_> = rows.collect();
        rows.into_iter()
            .map(|row| (key(self.count, row, 0), Edit::Put(value(row + 1 + side))))
            .collect()
    }

    /// The most nodes that so many edits can touch: for each a path, and where that is less, as many
    /// leaves and a fifth more for boundaries that move, and all that is above leaves.
    fn touched(&self, edits: u64, depth: usize) -> usize {
        let edits = usize::try_from(edits).unwrap();
        let [leaves, above] = &self.nodes;
        (edits * (depth + 1) + 1).min(edits.min(*leaves) * 6 / 5 + above + depth)
    }

    /// Opens trees anew in one storage, with nothing in memory but their roots.
    fn cold_together<const N: usize>(&self, trees: [&Tree; N]) -> [Tree; N] {
        let storage = cold(&self.backend);
        let open = |tree: &Tree| Tree::open(storage.clone(), tree.root(), *tree.parameters());
        let trees = trees.map(|tree| open(tree).unwrap());
        self.backend.take();
        self.backend.take_calls();
        work::take();
        trees
    }

    /// Opens the tree anew, with nothing in memory but its root.
    fn cold(&self, tree: &Tree) -> Tree {
        let [tree] = self.cold_together([tree]);
        tree
    }

    /// Applies edits to a cold tree. Returns the new tree, and the nodes read and written, the root
    /// among them.
    fn edit(&self, edits: Vec<(Key, Edit)>) -> (Tree, usize, usize) {
        let tree = self.cold(&self.tree);
        let mut batch = RecordBatch::new();
        let new = tree.apply(edits, &mut batch).unwrap();
        tree.storage().put(&batch).unwrap();
        let (read, _) = self.backend.take();
        assert_hashed(read + batch.len());
        // The root of an empty tree comes with every batch that has none.
        (new, read + 1, batch.len())
    }

    /// Edits so many rows, evenly scattered.
    fn scattered(&self, edits: u64, side: u64) -> Vec<(Key, Edit)> {
        let rows = (0..edits).map(|n| (n * self.count / edits) + side * self.count / edits / 2);
        rows.map(|row| (key(self.count, row, 0), Edit::Put(value(row + 1))))
            .collect()
    }
}

/// Each node that is read or written is hashed once, and no other.
fn assert_hashed(nodes: usize) {
    assert_eq!(work::take().addresses, nodes);
}

#[test]
fn work_depends_on_the_depth_and_not_on_the_number_of_entries() {
    for count in [10_000, 100_000, 1_000_000] {
        let scale = Scale::new(count);
        let depth = scale.tree.depth();
        one_edit(&scale, depth);
        many_edits(&scale, depth);
        comparing(&scale, depth);
    }
}

fn one_edit(scale: &Scale, depth: usize) {
    const EDITS: u64 = 60;
    let (mut read, mut written) = ([0; 3], [0; 3]);
    for n in 0..EDITS {
        let row = mixed(n) % scale.count;
        let edits = [
            (key(scale.count, row, 0), Edit::Put(value(row + 1))),
            (key(scale.count, row, 0), Edit::Delete),
            (key(scale.count, row, 1), Edit::Put(value(row))),
        ];
        for (kind, edit) in edits.into_iter().enumerate() {
            let (_, reads, writes) = scale.edit(vec![edit]);
            read[kind] += reads;
            written[kind] += writes;
        }
    }
    let times = usize::try_from(EDITS).unwrap();
    let (most_read, most_written) = ((depth + 2) * times, 3 * depth * times);
    for (kind, name) in ["overwriting", "deleting", "inserting"]
        .into_iter()
        .enumerate()
    {
        let (read, written) = (read[kind], written[kind]);
        assert!(
            read <= most_read && written <= most_written,
            "{name} in {}: {read} read and {written} written in {times} times at depth {depth}",
            scale.count
        );
    }
    // Behind the last key.
    let end = vec![(vec![0xff; 17], Edit::Put(value(1)))];
    let (_, read, written) = scale.edit(end);
    assert!(
        read <= depth + 2 && written <= 3 * depth,
        "{read}, {written}"
    );
}

fn many_edits(scale: &Scale, depth: usize) {
    for edits in [10, 1_000] {
        let (_, read, written) = scale.edit(scale.scattered(edits, 0));
        let most = scale.touched(edits, depth);
        assert!(
            read <= most && written <= most,
            "{edits} edits in {}: {read} read and {written} written, {most} are enough",
            scale.count
        );
    }
}

fn comparing(scale: &Scale, depth: usize) {
    for changes in [10, 1_000] {
        let edits = scale.anywhere(changes, 0);
        let count = edits.len();
        let (ours, _, _) = scale.edit(edits);
        let (theirs, _, _) = scale.edit(scale.anywhere(changes, 1));
        let touched = scale.touched(changes, depth);
        let [base, new] = scale.cold_together([&scale.tree, &ours]);
        assert_eq!(base.diff(&new).count(), count);
        let (read, _) = scale.backend.take();
        assert_hashed(read);
        assert_eq!(base.diff(&new).count(), count);
        assert_eq!(scale.backend.take(), (0, 0));
        assert_hashed(0);
        // On both sides what has changed is read, or all there is.
        assert!(
            read <= 2 * touched && (changes > 10 || read <= 40 * depth),
            "a diff of {changes} changes in {}: {read} read, {touched} changed",
            scale.count
        );
        let [base, ours, theirs] = scale.cold_together([&scale.tree, &ours, &theirs]);
        let mut batch = RecordBatch::new();
        let merged = ours
            .merge(&base, &theirs, LeaveConflicts, &mut batch)
            .unwrap();
        assert_eq!(merged.tree.len(), scale.count);
        let (read, _) = scale.backend.take();
        assert_hashed(read + batch.len());
        // What only one side has changed is taken over; where both have changed every leaf, all is read.
        let most = touched * if count > scale.nodes[0] { 3 } else { 1 };
        assert!(
            read <= most && batch.len() <= touched,
            "merging {changes} and {changes} changes in {}: {read} read and {} written, {touched} \
             changed",
            scale.count,
            batch.len()
        );
        let calls = scale.backend.take_calls();
        assert!(
            calls <= 8 * depth,
            "merging {changes} and {changes} changes in {}: {calls} calls for {read} nodes",
            scale.count
        );
    }
}

/// Leaves that one insert writes anew, where rows have many lengths.
#[test]
fn an_insertion_into_mixed_rows_rewrites_few_leaves() {
    let (_, storage) = new_storage();
    let long = |row: u64| vec![1; 14 + usize::try_from(mixed(row) % 570).unwrap()];
    let rows = (0..30_000).map(|row| (key(30_000, row, 0), long(row)));
    let tree = Tree::build(storage, Parameters::default(), rows).unwrap();
    let mut leaves: Vec<usize> = (0..600_u64)
        .map(|n| {
            let row = mixed(n) % 30_000;
            let mut batch = RecordBatch::new();
            let edit = (key(30_000, row, 1), Edit::Put(long(n)));
            tree.apply([edit], &mut batch).unwrap();
            let leaf = |bytes: &Buffer| {
                use crate::storage::Decode;
                Node::decode(bytes.clone()).unwrap().is_leaf()
            };
            let records = batch.records().iter();
            records.filter(|record| leaf(&record.bytes)).count()
        })
        .collect();
    leaves.sort_unstable();
    let total: usize = leaves.iter().sum();
    assert!(
        total <= 600 * 3 / 2 && leaves[594] <= 6,
        "{total} leaves for 600 inserts, p99 {}",
        leaves[594]
    );
}
