//! The boundary copies nothing and allocates nothing for a record: as many allocations through a
//! plugin as without one.
//!
//! Both images count: the probe that is linked into this binary counts for all of it, the one in
//! the plugin for the plugin.

#![forbid(unsafe_code)]

mod common;

use std::sync::Arc;

use common::{allow_any, open, registry};
use prollytree_plugin_api::{Call, Hash, Kind, NodeStorage, OpenStorage, Options, Record, Slot};
use prollytree_plugin_probe::{ALLOCATIONS, BACKEND};
use prollytree_plugin_tests::{Variant, plugin};

const SIZE: usize = 4096;

/// A store and the number of allocations in all images that take part in its work.
struct Counted {
    storage: Arc<dyn NodeStorage>,
    foreign: bool,
}

impl Counted {
    /// Returns the number of allocations that `work` makes.
    fn count(&self, work: impl Fn(&dyn NodeStorage)) -> u64 {
        let measured = |work: &dyn Fn(&dyn NodeStorage)| {
            let before = self.so_far();
            work(&*self.storage);
            self.so_far() - before
        };
        // Asking allocates too, and always the same.
        let asking = measured(&|_| ());
        measured(&work) - asking
    }

    fn so_far(&self) -> u64 {
        let here = ALLOCATIONS.stats();
        let here = (here.allocations + here.reallocations) as u64;
        if !self.foreign {
            return here;
        }
        let stats = self
            .storage
            .stats(&Call::UNLIMITED)
            .expect("the probe counts");
        here + stats
            .value("allocations")
            .expect("the probe counts allocations")
    }
}

fn stores() -> [Counted; 2] {
    let linked = (BACKEND.open)(&OpenStorage::default()).expect("the probe opens");
    let registry = registry(&allow_any(&[plugin(Variant::Current)]));
    let loaded = open(&registry, &Options::new()).expect("the probe opens");
    [
        Counted {
            storage: linked,
            foreign: false,
        },
        Counted {
            storage: loaded,
            foreign: true,
        },
    ]
}

fn records(count: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|i| format!("{i:0SIZE$}").into_bytes())
        .collect()
}

// One test, because the counts are of the whole process.
#[test]
fn a_record_costs_no_allocation_at_the_boundary() {
    let [linked, loaded] = stores();
    let contents = records(1024);
    let records: Vec<_> = contents
        .iter()
        .map(|bytes| Record::new(Kind::NODE, &[], bytes))
        .collect();
    let hashes: Vec<Hash> = records.iter().map(|record| record.hash).collect();
    for store in [&linked, &loaded] {
        store.storage.put_many(&Call::UNLIMITED, &records).unwrap();
    }
    for batch in [1, 64, 1024] {
        let get = |storage: &dyn NodeStorage, slots: &mut [Slot]| {
            storage
                .get_many(&Call::UNLIMITED, &hashes[..batch], slots)
                .unwrap();
            assert_eq!(slots[batch - 1].bytes().unwrap().len(), SIZE);
        };
        // The slots are the caller's and used again; the rest is the same work on both.
        let counts = [&linked, &loaded].map(|store| {
            let mut slots = Slot::empty(batch);
            let slots = std::cell::RefCell::new(&mut slots);
            store.count(|storage| get(storage, &mut slots.borrow_mut()))
        });
        assert_eq!(counts, [0, 0], "get_many of {batch}");

        let counts = [&linked, &loaded].map(|store| {
            store.count(|storage| {
                storage
                    .put_many(&Call::UNLIMITED, &records[..batch])
                    .unwrap();
            })
        });
        assert_eq!(
            counts,
            [0, 2],
            "put_many of {batch}: one vector of views on each side"
        );
    }
}
