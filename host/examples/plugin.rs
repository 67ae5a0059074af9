//! The layer `plugin` alone: a registry of what is linked in, looked at and opened by name. Compiled
//! plugins are found by `discover`, and nobody can tell them from the others afterwards.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use prollytree::plugin::Registry;
use prollytree_plugin_api::{OpenStorage, Options};

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::new()
        .with_backend(prollytree_backend_memory::BACKEND)
        .with_backend(prollytree_backend_redb::BACKEND);
    for entry in registry.list() {
        println!(
            "{} {}: {}",
            entry.kind().name(),
            entry.name(),
            entry.manifest().about
        );
    }
    let backend = registry.open("memory", &OpenStorage::or_create(Options::new()))?;
    let info = backend.info();
    println!("opened {} {} at {}", info.name, info.version, info.location);
    match registry.open("rocks", &OpenStorage::or_create(Options::new())) {
        Ok(_) => Err("there is no such backend".into()),
        Err(error) => {
            println!("not opened: {error}");
            Ok(())
        }
    }
}
