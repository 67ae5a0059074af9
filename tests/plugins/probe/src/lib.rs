//! A backend and an embedder that misbehave on demand: the tests load them as a plugin.
//!
//! Records are kept in memory, per instance. The option `panic_in` names the method that panics.

#![forbid(unsafe_code)]

mod embedder;
mod storage;

use std::alloc::System;
use std::sync::Arc;

use prollytree_plugin_api::log::{Level, log};
use prollytree_plugin_api::{
    Backend, EmbedderKind, OptionSet, export_backend, export_embedder, options,
};

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use crate::embedder::ProbeEmbedder;
use crate::storage::ProbeStorage;

/// Counts the allocations of the image that the probe is in.
#[global_allocator]
pub static ALLOCATIONS: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

options! {
    /// Options of the probe.
    pub struct ProbeOptions {
        /// The method that panics: `open`, `info`, `get_many`, `drop` or none.
        pub panic_in: String = "none",
        /// What `info` gives as location; "quoted", so that the manifest has something to escape.
        pub label: Option<String>,
    }
}

/// The backend.
pub const BACKEND: Backend = Backend {
    name: "probe",
    version: env!("CARGO_PKG_VERSION"),
    about: "Misbehaves on demand",
    options: <ProbeOptions as OptionSet>::FIELDS,
    open: |open| {
        let options = open.parse::<ProbeOptions>()?;
        log(
            Level::INFO,
            "probe",
            format_args!("opening {:?}", options.label),
        );
        assert!(
            options.panic_in != "open",
            "the probe was told to panic in open"
        );
        Ok(Arc::new(ProbeStorage::new(options)))
    },
};
export_backend!(BACKEND);

/// The embedder.
pub const EMBEDDER: EmbedderKind = EmbedderKind {
    name: "probe",
    version: env!("CARGO_PKG_VERSION"),
    about: "Embeds a text as its length",
    options: &[],
    open: |_| Ok(Arc::new(ProbeEmbedder)),
};
export_embedder!(EMBEDDER);
