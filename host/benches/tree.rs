//! What the tree costs on the memory backend: get, scan, put, batch and diff.
//!
//! Counted is the processor time of the thread, so that other work on the machine matters less.
//! `cargo xtask bench peers` runs the same work beside other libraries.

#![forbid(unsafe_code)]

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{BatchSize, BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use prollytree::storage::{RecordBatch, Storage, StorageOptions};
use prollytree::tree::{Edit, Parameters, Tree};
use prollytree_backend_memory::BACKEND;
use prollytree_plugin_api::{OpenStorage, Options};
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use std::time::Duration;

const SIZES: [u64; 2] = [10_000, 100_000];
/// Keys are looked up and changed in steps of this, which has no factor in common with the sizes.
const STEP: u64 = 7_919;
const BATCH: u64 = 1_000;

fn main() {
    let mut criterion = Criterion::default()
        .with_measurement(ThreadTime(WallTime))
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    for size in SIZES {
        let tree = build(size);
        read(&mut criterion, &tree);
        write(&mut criterion, &tree);
        diff(&mut criterion, &tree);
    }
    criterion.final_summary();
}

fn read(criterion: &mut Criterion<ThreadTime>, tree: &Tree) {
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

fn write(criterion: &mut Criterion<ThreadTime>, tree: &Tree) {
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

fn diff(criterion: &mut Criterion<ThreadTime>, tree: &Tree) {
    let mut group = criterion.benchmark_group("diff");
    for changes in [10, BATCH] {
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

/// Measures edits that are made anew for each round, and storing what they write.
fn edits(
    group: &mut BenchmarkGroup<'_, ThreadTime>,
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

fn apply(tree: &Tree, edits: Vec<(Vec<u8>, Edit)>) -> Tree {
    let mut batch = RecordBatch::new();
    let next = tree.apply(edits, &mut batch).expect("the edits are sorted");
    tree.storage().put(&batch).expect("memory stores records");
    next
}

fn build(size: u64) -> Tree {
    let backend = (BACKEND.open)(&OpenStorage::or_create(Options::new())).expect("memory opens");
    let storage = Storage::new(backend, StorageOptions::default());
    let mut entries: Vec<_> = (0..size)
        .map(|number| (key(number), value(number)))
        .collect();
    entries.sort();
    Tree::build(storage, Parameters::default(), entries).expect("the entries are sorted")
}

/// New values for keys all over the tree.
fn scattered(tree: &Tree, round: u64, count: u64) -> Vec<(Vec<u8>, Edit)> {
    let number = |index| (round + index) * STEP % tree.len();
    let mut edits: Vec<_> = (0..count)
        .map(|index| (key(number(index)), put(round)))
        .collect();
    edits.sort_by(|(one, _), (other, _)| one.cmp(other));
    edits
}

fn id(tree: &Tree) -> BenchmarkId {
    BenchmarkId::from_parameter(tree.len())
}

/// Sixteen bytes in no order.
fn key(number: u64) -> Vec<u8> {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    [mixed.swap_bytes().to_le_bytes(), number.to_be_bytes()].concat()
}

/// A hundred bytes.
fn value(number: u64) -> Vec<u8> {
    format!("{number:0100}").into_bytes()
}

fn put(round: u64) -> Edit {
    Edit::Put(value(u64::MAX - round))
}

/// The processor time of the thread. Written as a wall clock's is.
struct ThreadTime(WallTime);

impl Measurement for ThreadTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        let seconds = time
            .tv_sec
            .try_into()
            .expect("a thread's time is not negative");
        let nanoseconds = time.tv_nsec.try_into().expect("a part of a second");
        Duration::new(seconds, nanoseconds)
    }

    fn end(&self, start: Duration) -> Duration {
        self.start().saturating_sub(start)
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, time: &Duration) -> f64 {
        self.0.to_f64(time)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        self.0.formatter()
    }
}
