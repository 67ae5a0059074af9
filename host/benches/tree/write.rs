//! Changing single keys and many.

use criterion::{BatchSize, BenchmarkGroup, BenchmarkId, Throughput};
use prollytree::tree::{Edit, Tree};

use crate::Bench;
use crate::clock::ProcessTime;
use crate::data::{STEP, apply, key, put, scattered};

const BATCH: u64 = 1_000;

pub(crate) fn run(criterion: &mut Bench, tree: &Tree) {
    let mut group = criterion.benchmark_group("put");
    edits(&mut group, "existing", tree, |round| {
        vec![(key(round * STEP % tree.len()), put(round))]
    });
    edits(&mut group, "new", tree, |round| {
        vec![(key(tree.len() + round), put(round))]
    });
    group.finish();

    let mut group = criterion.benchmark_group("batch");
    group.throughput(Throughput::Elements(BATCH));
    edits(&mut group, "scattered", tree, |round| {
        scattered(tree, round, BATCH)
    });
    group.finish();
}

/// Measures edits that are made anew for each round, and storing what they write.
fn edits(
    group: &mut BenchmarkGroup<'_, ProcessTime>,
    name: &str,
    tree: &Tree,
    edits: impl Fn(u64) -> Vec<(Vec<u8>, Edit)>,
) {
    let mut round = 0;
    group.bench_function(BenchmarkId::new(name, tree.len()), |bencher| {
        let prepare = || {
            round += 1;
            edits(round)
        };
        bencher.iter_batched(prepare, |edits| apply(tree, edits), BatchSize::SmallInput);
    });
}
