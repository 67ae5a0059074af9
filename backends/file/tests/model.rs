//! Random work by several instances on one store, and on plain maps: the same answers at every step,
//! while journals are sealed and packs merged all the time.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod shared;

use prollytree_conformance::RandomWork;
use prollytree_plugin_api::Report;
use shared::{CALL, open};

#[test]
fn random_work_of_three_instances_gives_what_plain_maps_give() {
    for seed in 0..6 {
        println!("seed {seed}");
        let folder = tempfile::tempdir().unwrap();
        let size = 200 << (2 * seed);
        let mut work = RandomWork::new(seed, |number| number * 6);
        let mut stores: Vec<_> = (0..3).map(|_| open(folder.path(), size)).collect();
        for _ in 0..300 {
            let index = work.below(stores.len());
            if work.below(20) == 0 {
                stores[index].close().unwrap();
                stores[index] = open(folder.path(), size);
            }
            match work.below(120) {
                0 => drop(
                    stores[index]
                        .maintain(CALL, "repack", &Report::new())
                        .unwrap(),
                ),
                1..10 => stores[index].sync(CALL).unwrap(),
                _ => work.step(&*stores[index]),
            }
            let index = work.below(stores.len());
            work.compare(&*stores[index]);
        }
        for store in &stores {
            work.compare(&**store);
        }
        let report = stores[0].maintain(CALL, "verify", &Report::new()).unwrap();
        assert!(
            report["damaged"].as_array().unwrap().is_empty(),
            "{report:?}"
        );
    }
}
