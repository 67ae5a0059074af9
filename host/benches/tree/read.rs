//! Reading: single keys and everything.

use std::hint::black_box;

use criterion::Throughput;
use prollytree::tree::Tree;

use crate::data::{STEP, key};
use crate::{Bench, id};

pub(crate) fn run(criterion: &mut Bench, tree: &Tree) {
    let mut group = criterion.benchmark_group("get");
    let mut round = 0;
    group.bench_function(id(tree), |bencher| {
        bencher.iter(|| {
            round += 1;
            black_box(
                tree.get(&key(round * STEP % tree.len()))
                    .expect("memory reads"),
            )
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("scan");
    group.throughput(Throughput::Elements(tree.len()));
    group.bench_function(id(tree), |bencher| {
        bencher.iter(|| {
            for entry in tree {
                black_box(entry.expect("memory reads"));
            }
        });
    });
    group.finish();
}
