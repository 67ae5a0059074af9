//! What several of the tests do: settings that trust a plugin, and opening the probe.

use std::path::PathBuf;
use std::sync::Arc;

use prollytree::plugin::{PluginError, PluginSettings, Policy, Registry};
use prollytree_plugin_api::{Error, NodeStorage, OpenStorage, Options};

/// Settings that load what is at these paths.
pub(crate) fn allow_any(paths: &[PathBuf]) -> PluginSettings {
    PluginSettings {
        policy: Policy::Any,
        paths: paths.to_vec(),
        ..PluginSettings::default()
    }
}

/// A registry of what these settings find.
pub(crate) fn registry(settings: &PluginSettings) -> Registry {
    let mut registry = Registry::new();
    registry.discover(settings);
    registry
}

/// Opens the probe; an error is the probe's own.
pub(crate) fn open(registry: &Registry, options: &Options) -> Result<Arc<dyn NodeStorage>, Error> {
    let opened = registry.open("probe", &OpenStorage::or_create(options.clone()));
    opened.map_err(|error| match error {
        PluginError::Opening { source, .. } => source,
        other => panic!("{other}; problems: {:?}", registry.problems()),
    })
}
