//! A versioned, content-addressed key-value store whose storage engine is a plugin.
//!
//! The modules are the layers, in the order in which data flows. Each is public and usable alone,
//! and each uses only the ones above it.

pub mod config;

pub mod plugin;

pub mod storage;

pub mod tree;

pub mod history;

pub mod store;

pub mod open;

pub use open::open;
