//! Random work on the store and on plain maps: both must give the same answers at every step,
//! also after the store was closed and opened again.

mod common;

use common::{CALL, open};
use prollytree_conformance::RandomWork;
use tempfile::TempDir;

#[test]
fn random_work_gives_what_plain_maps_give() {
    for seed in 0..8 {
        println!("seed {seed}");
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("main.redb");
        let mut work = RandomWork::new(seed, |number| number * number * 3);
        let mut store = open(&path);
        for _ in 0..150 {
            work.step(&*store);
            if work.below(15) == 0 {
                store.sync(CALL).unwrap();
                store.close().unwrap();
                store = open(&path);
            }
            work.compare(&*store);
        }
    }
}
