//! Finds, checks and loads plugins; the registry of what is available.
//!
//! A backend or embedder comes from one of two places: it is linked into this binary and
//! registered, or it is in a plugin, a library that is found in a folder, judged by its manifest and
//! the policy, and loaded when it is first opened. From there on nobody can tell which.
//!
//! No code of a plugin runs before its manifest, its target, its policy and its hash have been
//! looked at, and a library that has been loaded stays loaded until the process ends.

mod binary;
mod entry;
mod error;
mod file;
mod load;
mod log_bridge;
mod registry;
mod search;
mod settings;

#[cfg(test)]
mod tests;

pub use prollytree_plugin_api::manifest::{ExportKind, Manifest, OptionEntry};

pub use binary::BinaryFacts;
pub use entry::{Entry, Origin};
pub use error::PluginError;
pub use file::{Inspection, inspect};
pub use registry::Registry;
pub use settings::{AllowedPlugin, PluginSettings, Policy};
