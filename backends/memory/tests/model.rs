//! Random work on the store and on plain maps: both must give the same answers at every step.

use prollytree_backend_memory::BACKEND;
use prollytree_conformance::RandomWork;
use prollytree_plugin_api::{OpenStorage, Options};

#[test]
fn random_work_gives_what_plain_maps_give() {
    for seed in 0..20 {
        println!("seed {seed}");
        let mut work = RandomWork::new(seed, |number| number * 7);
        let store = (BACKEND.open)(&OpenStorage::or_create(Options::new())).unwrap();
        for _ in 0..200 {
            work.step(&*store);
            work.compare(&*store);
        }
    }
}
