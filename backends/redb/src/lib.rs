//! The embedded default of prollytree: records and refs in one redb database file.
//!
//! One process at a time owns the file. A commit is one transaction of redb and one durable sync.
//! What was put and not yet committed waits in memory, where nothing that happens to the disk can
//! hurt it.
#![forbid(unsafe_code)]

mod backend;
mod config;
mod disk;
mod fault;
mod holder;
mod maintain;
mod nodes;
mod open;
mod pending;
mod refs;
mod seal;
mod session;

use prollytree_plugin_api::{Backend, OptionSet};

pub use config::RedbOptions;

/// The engine as a host registers it.
pub const BACKEND: Backend = Backend {
    name: "redb",
    version: env!("CARGO_PKG_VERSION"),
    about: "one redb database file, for one process at a time",
    options: RedbOptions::FIELDS,
    open: backend::open,
};

prollytree_plugin_api::export_backend!(BACKEND);
