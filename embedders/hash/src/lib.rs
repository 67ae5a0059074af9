//! Deterministic vectors from SHA-256: equal texts have equal vectors, and nothing else means
//! anything. For tests, for exact matches, and where no model may be loaded.
#![forbid(unsafe_code)]

mod config;
mod embedder;

use prollytree_plugin_api::{EmbedderKind, OptionSet};

pub use config::HashOptions;

/// The embedder as a host registers it.
pub const EMBEDDER: EmbedderKind = EmbedderKind {
    name: "hash",
    version: env!("CARGO_PKG_VERSION"),
    about: "deterministic vectors from SHA-256, without a model",
    options: HashOptions::FIELDS,
    open: embedder::open,
};

prollytree_plugin_api::export_embedder!(EMBEDDER);
