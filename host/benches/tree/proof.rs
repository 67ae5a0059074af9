//! Proofs that a key has a value: making and verifying them.

use std::hint::black_box;

use criterion::BenchmarkId;
use prollytree::tree::{Proof, Tree};

use crate::Bench;
use crate::data::{STEP, key, value};

/// What is verified, one after the other.
const PROOFS: u64 = 1_000;

pub(crate) fn run(criterion: &mut Bench, tree: &Tree) {
    let mut group = criterion.benchmark_group("proof");
    let mut round = 0;
    group.bench_function(BenchmarkId::new("make", tree.len()), |bencher| {
        bencher.iter(|| {
            round += 1;
            black_box(prove(tree, round * STEP % tree.len()))
        });
    });
    let proofs: Vec<_> = (0..PROOFS)
        .map(|number| number * STEP % tree.len())
        .map(|number| (key(number), value(number), prove(tree, number)))
        .collect();
    let root = tree.root();
    let mut all = proofs.iter().cycle();
    group.bench_function(BenchmarkId::new("verify", tree.len()), |bencher| {
        bencher.iter(|| {
            let (key, value, proof) = all.next().expect("it goes round");
            assert!(proof.verify(&root, key, Some(value)));
        });
    });
    group.finish();
}

fn prove(tree: &Tree, number: u64) -> Proof {
    tree.generate_proof(&key(number)).expect("memory reads")
}
