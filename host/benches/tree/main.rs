//! What the tree costs on the memory backend: building, reading, changing, comparing, merging and
//! proving.
//!
//! Counted is the processor time of the process, so that other work on the machine matters less.
//! `cargo xtask bench peers` runs the same work beside other libraries.

#![forbid(unsafe_code)]

mod clock;

mod data;

mod build;

mod read;

mod write;

mod diff;

mod merge;

mod proof;

use std::time::Duration;

use clock::ProcessTime;
use criterion::measurement::WallTime;
use criterion::{BenchmarkId, Criterion};
use prollytree::tree::Tree;

type Bench = Criterion<ProcessTime>;

const SIZES: [u64; 3] = [10_000, 100_000, 1_000_000];
const LARGE: u64 = 1_000_000;

fn main() {
    for size in SIZES {
        let mut criterion = criterion(size);
        build::run(&mut criterion, size);
        let tree = data::tree(size);
        read::run(&mut criterion, &tree);
        write::run(&mut criterion, &tree);
        diff::run(&mut criterion, &tree);
        merge::run(&mut criterion, &tree);
        proof::run(&mut criterion, &tree);
        criterion.final_summary();
    }
}

/// Fewer samples of what is large, and less time.
fn criterion(size: u64) -> Bench {
    let (samples, seconds) = if size < LARGE { (20, 2) } else { (10, 1) };
    Criterion::default()
        .with_measurement(ProcessTime(WallTime))
        .sample_size(samples)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(seconds))
        .configure_from_args()
}

fn id(tree: &Tree) -> BenchmarkId {
    BenchmarkId::from_parameter(tree.len())
}
