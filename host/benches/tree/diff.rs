//! Finding what changed between two trees.

use std::hint::black_box;

use criterion::BenchmarkId;
use prollytree::tree::Tree;

use crate::Bench;
use crate::data::{apply, scattered};

pub(crate) fn run(criterion: &mut Bench, tree: &Tree) {
    let mut group = criterion.benchmark_group("diff");
    for changes in [10, 1_000] {
        let other = apply(tree, scattered(tree, changes, changes));
        group.bench_function(
            BenchmarkId::new(changes.to_string(), tree.len()),
            |bencher| {
                bencher.iter(|| {
                    let mut found = 0;
                    for change in tree.diff(&other) {
                        black_box(change.expect("memory reads"));
                        found += 1;
                    }
                    assert_eq!(found, changes);
                });
            },
        );
    }
    group.finish();
}
