//! A storage engine in a folder that several processes share, readers and writers.
//!
//! Everything is appended to a journal, a commit by one frame and one sync. A journal that has
//! grown long is sealed into an immutable pack. Writers exclude each other while they append;
//! readers follow the journal without a lock.
#![forbid(unsafe_code)]

mod backend;
mod claim;
mod config;
mod disk;
mod frame;
mod journal;
mod lock;
mod maintain;
mod manifest;
mod nodes;
mod note;
mod open;
mod refs;
mod repack;
mod seal;
mod store;
mod system;
mod view;

#[cfg(test)]
#[cfg(unix)]
mod power;

use prollytree_plugin_api::{Backend, OptionSet};

pub use config::FileOptions;

/// The engine as a host registers it.
pub const BACKEND: Backend = Backend {
    name: "file",
    version: env!("CARGO_PKG_VERSION"),
    about: "a folder that several processes share",
    options: FileOptions::FIELDS,
    open: backend::open,
};
prollytree_plugin_api::export_backend!(BACKEND);
