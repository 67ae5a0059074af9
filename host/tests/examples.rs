//! Every layer has an example that uses it alone, and every example runs.

#![forbid(unsafe_code)]

use std::error::Error;
use std::fs;
use std::path::Path;

#[path = "../examples/config.rs"]
mod config;
#[path = "../examples/history.rs"]
mod history;
#[path = "../examples/plugin.rs"]
mod plugin;
#[path = "../examples/storage.rs"]
mod storage;
#[path = "../examples/store.rs"]
mod store;
#[path = "../examples/tree.rs"]
mod tree;

type Example = (&'static str, fn() -> Result<(), Box<dyn Error>>);

const EXAMPLES: [Example; 6] = [
    ("config", config::main),
    ("history", history::main),
    ("plugin", plugin::main),
    ("storage", storage::main),
    ("store", store::main),
    ("tree", tree::main),
];

#[test]
fn every_layer_has_an_example_that_runs() {
    for (name, run) in EXAMPLES {
        run().unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = fs::read_to_string(source.join("src/lib.rs")).unwrap();
    let layers = library.lines().filter_map(|line| {
        let name = line.strip_prefix("pub mod ")?.strip_suffix(';')?;
        // Where all layers meet; it is none.
        (name != "open").then_some(name)
    });
    let mut layers: Vec<_> = layers.collect();
    layers.sort_unstable();
    assert!(layers.iter().eq(EXAMPLES.iter().map(|(name, _)| name)));
}
