//! The reference storage engine of prollytree: everything in memory.
//!
//! It keeps every promise of the contract that has a meaning without a disk, in the plainest way,
//! and other engines are compared with it. What it holds is gone when the process ends.
#![forbid(unsafe_code)]

mod backend;
mod config;
mod nodes;
mod refs;

use prollytree_plugin_api::{Backend, OptionSet};

pub use config::MemoryOptions;

/// The engine as a host registers it.
pub const BACKEND: Backend = Backend {
    name: "memory",
    version: env!("CARGO_PKG_VERSION"),
    about: "everything in memory, gone when the process ends",
    options: MemoryOptions::FIELDS,
    open: backend::open,
};

prollytree_plugin_api::export_backend!(BACKEND);
