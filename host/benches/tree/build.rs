//! Making a tree of everything at once.

use criterion::{BatchSize, BenchmarkId, SamplingMode, Throughput};
use prollytree::tree::{BulkOptions, Parameters, Tree};

use crate::Bench;
use crate::data::{entries, storage};

pub(crate) fn run(criterion: &mut Bench, size: u64) {
    let mut group = criterion.benchmark_group("build");
    group.throughput(Throughput::Elements(size));
    group.sampling_mode(SamplingMode::Flat);
    let unsorted = entries(size);
    let mut sorted = unsorted.clone();
    sorted.sort();
    group.bench_function(BenchmarkId::new("sorted", size), |bencher| {
        bencher.iter_batched(
            || (storage(), sorted.clone()),
            |(storage, entries)| {
                Tree::build(storage, Parameters::default(), entries)
                    .expect("the entries are sorted")
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function(BenchmarkId::new("unsorted", size), |bencher| {
        bencher.iter_batched(
            || (storage(), unsorted.clone()),
            |(storage, entries)| {
                let options = BulkOptions::default();
                Tree::build_unsorted(storage, Parameters::default(), entries, options)
                    .expect("the entries fit into memory")
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}
