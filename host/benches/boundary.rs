//! What the plugin boundary costs: reading records of 4 KiB from the memory backend, linked in and
//! loaded as a plugin, in turns within one run.
//!
//! Counted is the processor time of the thread, so that other work on the machine matters less; of
//! many rounds the fastest and the middle one are shown. The aim is a ratio of 1.3.
//!
//! The plugin is looked for in the folder `PROLLYTREE_TEST_PLUGINS`, and compiled without it.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a bench reports to people")]

use std::env;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::hint::black_box;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use prollytree::plugin::{PluginSettings, Policy, Registry};
use prollytree_backend_memory::BACKEND;
use prollytree_plugin_api::{Call, Hash, Kind, NodeStorage, OpenStorage, Options, Record, Slot};
use rustix::time::{ClockId, clock_gettime};

const SIZE: usize = 4096;
const BATCH: usize = 64;
const GETS: u16 = 4096;
const ROUNDS: usize = 400;

/// One way to read `GETS` records.
struct Case {
    name: &'static str,
    records: usize,
    batch: usize,
}

const CASES: [Case; 4] = [
    Case {
        name: "single, 1 MiB of records",
        records: 256,
        batch: 1,
    },
    Case {
        name: "batches of 64, 1 MiB of records",
        records: 256,
        batch: BATCH,
    },
    Case {
        name: "single, 16 MiB of records",
        records: 4096,
        batch: 1,
    },
    Case {
        name: "batches of 64, 16 MiB of records",
        records: 4096,
        batch: BATCH,
    },
];

fn main() {
    let request = OpenStorage::or_create(Options::new());
    let linked = (BACKEND.open)(&request).expect("memory opens");
    let mut registry = Registry::new();
    registry.discover(&PluginSettings {
        policy: Policy::Any,
        paths: vec![plugin()],
        ..PluginSettings::default()
    });
    let loaded = registry
        .open(BACKEND.name, &request)
        .unwrap_or_else(|error| {
            panic!("{error}; problems: {:?}", registry.problems());
        });
    println!(
        "{:<34} {:>16} {:>16} {:>13}",
        "ns for a record", "linked", "plugin", "ratio"
    );
    println!(
        "{:<34} {:>16} {:>16} {:>13}",
        "", "min    median", "min    median", "min    median"
    );
    for case in CASES {
        let hashes = fill(&[&linked, &loaded], case.records);
        let (linked, loaded) = measure(&*linked, &*loaded, &hashes, case.batch);
        let ratio = [loaded[0] / linked[0], loaded[1] / linked[1]];
        println!(
            "{:<34} {:>7.1} {:>8.1} {:>7.1} {:>8.1} {:>6.2} {:>6.2}",
            case.name, linked[0], linked[1], loaded[0], loaded[1], ratio[0], ratio[1]
        );
    }
}

/// Stores the same records in all stores.
fn fill(stores: &[&Arc<dyn NodeStorage>], count: usize) -> Vec<Hash> {
    let contents: Vec<_> = (0..count)
        .map(|i| format!("{i:0SIZE$}").into_bytes())
        .collect();
    let records: Vec<_> = contents
        .iter()
        .map(|bytes| Record::new(Kind::NODE, &[], bytes))
        .collect();
    for store in stores {
        store
            .put_many(&Call::UNLIMITED, &records)
            .expect("memory stores records");
    }
    records.iter().map(|record| record.hash).collect()
}

/// Returns the least and the middle time for a record in nanoseconds, of each store.
fn measure(
    linked: &dyn NodeStorage,
    loaded: &dyn NodeStorage,
    hashes: &[Hash],
    batch: usize,
) -> ([f64; 2], [f64; 2]) {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (times, store) in times.iter_mut().zip([linked, loaded]) {
            times.push(round(store, hashes, batch));
        }
    }
    let [linked, loaded] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        [times[0], times[times.len() / 2]]
    });
    (linked, loaded)
}

fn round(store: &dyn NodeStorage, hashes: &[Hash], batch: usize) -> f64 {
    let mut slots = Slot::empty(batch);
    let start = thread_nanoseconds();
    for at in (0..usize::from(GETS))
        .step_by(batch)
        .map(|at| at % hashes.len())
    {
        let wanted = &hashes[at..at + batch];
        store
            .get_many(&Call::UNLIMITED, wanted, &mut slots)
            .expect("memory reads records");
        for slot in &slots {
            let bytes = slot.bytes().expect("the records are there");
            black_box(bytes[0] ^ bytes[SIZE - 1]);
        }
    }
    (thread_nanoseconds() - start) / f64::from(GETS)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "times within one run fit a float"
)]
fn thread_nanoseconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// Returns the path of the compiled memory backend.
fn plugin() -> PathBuf {
    let name = format!("{DLL_PREFIX}prollytree_backend_memory{DLL_SUFFIX}");
    if let Some(folder) = env::var_os("PROLLYTREE_TEST_PLUGINS") {
        return PathBuf::from(folder).join(name);
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "-p", "prollytree-backend-memory"]);
    assert!(
        cargo.status().expect("cargo can be run").success(),
        "the plugin does not compile"
    );
    // target/release/deps/<bench>
    let bench = env::current_exe().expect("a bench has a path");
    let folder = bench
        .ancestors()
        .nth(2)
        .expect("cargo puts benches two levels below");
    folder.join(name)
}
