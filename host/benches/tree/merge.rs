//! Merging two trees that come from a third, and storing what that writes.

use std::time::Duration;

use criterion::{BatchSize, BenchmarkId};
use prollytree::storage::RecordBatch;
use prollytree::tree::{LeaveConflicts, Tree};

use crate::Bench;
use crate::data::{apply, scattered};

/// Making the sides takes far longer than merging them, so that few are made.
const TIME: Duration = Duration::from_millis(200);

pub(crate) fn run(criterion: &mut Bench, base: &Tree) {
    let mut group = criterion.benchmark_group("merge");
    group.sample_size(10).measurement_time(TIME);
    for changes in [10, 1_000] {
        let mut start = 0;
        let mut side = || {
            start += changes;
            reopened(&apply(base, scattered(base, start, changes)))
        };
        group.bench_function(
            BenchmarkId::new(changes.to_string(), base.len()),
            |bencher| {
                bencher.iter_batched_ref(
                    || (reopened(base), side(), side()),
                    |(base, ours, theirs)| merge(base, ours, theirs),
                    BatchSize::PerIteration,
                );
            },
        );
    }
    group.finish();
}

fn merge(base: &Tree, ours: &Tree, theirs: &Tree) -> Tree {
    let mut batch = RecordBatch::new();
    let merged = ours
        .merge(base, theirs, LeaveConflicts, &mut batch)
        .expect("memory reads");
    base.storage().put(&batch).expect("memory stores records");
    assert!(merged.conflicts.is_empty(), "the keys are others");
    assert_ne!(merged.tree.root(), ours.root());
    merged.tree
}

/// The same tree with nothing at hand but its root and what the storage's cache has.
fn reopened(tree: &Tree) -> Tree {
    Tree::open(tree.storage().clone(), tree.root(), *tree.parameters()).expect("it is stored")
}
