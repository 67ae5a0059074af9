//! Opens what a configuration names: the one place where all layers meet.
//!
//! The backends that can be named are those of the [`Registry`] that the caller brings along.

use std::path::Path;

use prollytree_plugin_api::{Capabilities, Create, Embedder, ErrorKind, OpenStorage};

use crate::config::{
    ConfigError, Durability, Environment, Field, PluginRules, Selection, StoreSettings,
};
use crate::plugin::{AllowedPlugin, Entry, PluginError, PluginSettings, Policy, Registry};
use crate::storage::{Storage, StorageOptions};
use crate::store::{StoreError, StoreOptions, VersionedStore};

/// Why what a configuration names was not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no such backend, its plugin cannot be loaded, or it cannot open the store.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The configuration demands more than the backend promises.
    #[error(
        "the configuration demands durability, but the backend `{backend}` does not promise that \
         what it has acknowledged survives power loss; choose another backend or \
         durability = \"any\""
    )]
    NotDurable {
        /// The backend.
        backend: String,
    },
    /// There is no store, or it cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OpenError {
    /// Returns the kind of the backend's error, if the backend refused to open the store.
    #[must_use]
    pub fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Plugin(PluginError::Opening { source, .. }) => Some(source.kind()),
            _ => None,
        }
    }
}

/// Opens the store that a URI such as `redb:data/main.redb` names. Relative paths start from the
/// current directory; no config file is read.
///
/// # Errors
/// A wrong URI, an unknown backend or option, a store that is not there or cannot be opened.
pub fn open(uri: &str, registry: &Registry) -> Result<VersionedStore, OpenError> {
    let here = std::path::absolute(Path::new(".")).map_err(|source| ConfigError::StartFolder {
        path: ".".into(),
        source,
    })?;
    let settings = StoreSettings::of_uri(uri, &here, Environment::of_process())?;
    let storage = storage(&settings, registry, Create::NEVER)?;
    Ok(VersionedStore::open(storage, StoreOptions::default())?)
}

/// Opens the storage below a store.
///
/// # Errors
/// As for [`open`]; also where the settings demand a durability that the backend lacks.
pub fn storage(
    settings: &StoreSettings,
    registry: &Registry,
    create: Create,
) -> Result<Storage, OpenError> {
    let entry = registry.backend(&settings.backend.name)?;
    let mut how = OpenStorage::existing(settings.backend.options(&fields(entry))?);
    how.create = create;
    how.read_only = settings.read_only;
    let backend = entry.open(&how)?;
    let mut options = StorageOptions::default();
    if let Some(cache) = settings.cache {
        options.cache_bytes = cache;
    }
    let storage = Storage::new(backend, options);
    if settings.durability == Durability::Durable && !storage.offers(Capabilities::DURABLE) {
        storage.close().map_err(StoreError::from)?;
        return Err(OpenError::NotDurable {
            backend: settings.backend.name.clone(),
        });
    }
    Ok(storage)
}

/// Opens the storage below a store for reading only: without changing anything, and beside others
/// that read. A store that must be repaired first, because its last user was killed, is opened for
/// writing once, unless the settings forbid it.
///
/// # Errors
/// As for [`storage`]. Where the repair is not permitted, that the store needs it.
pub fn storage_to_read(
    settings: &StoreSettings,
    registry: &Registry,
) -> Result<Storage, OpenError> {
    let mut reading = settings.clone();
    reading.read_only = true;
    let unavailable = match storage(&reading, registry, Create::NEVER) {
        Err(error) if error.kind() == Some(ErrorKind::UNAVAILABLE) && !settings.read_only => error,
        opened => return opened,
    };
    match storage(settings, registry, Create::NEVER) {
        Ok(repaired) => {
            repaired.close().map_err(StoreError::from)?;
            storage(&reading, registry, Create::NEVER)
        }
        Err(error) if error.kind() == Some(ErrorKind::PERMISSION_DENIED) => Err(unavailable),
        Err(error) => Err(error),
    }
}

/// Loads an embedder.
///
/// # Errors
/// An unknown embedder or option, a plugin or model that cannot be loaded.
pub fn embedder(
    selection: &Selection,
    registry: &Registry,
) -> Result<std::sync::Arc<dyn Embedder>, OpenError> {
    let entry = registry.embedder(&selection.name)?;
    Ok(entry.open_embedder(&selection.options(&fields(entry))?)?)
}

/// Returns what is known of the options of a backend or embedder.
#[must_use]
pub fn fields(entry: &Entry) -> Vec<Field<'_>> {
    let options = entry.manifest().options.iter();
    options
        .map(|option| Field {
            name: &option.name,
            value_type: &option.value_type,
            default: option.default.as_deref(),
            optional: option.optional,
        })
        .collect()
}

/// Returns where plugins are looked for and which ones may be loaded, by a configuration's rules.
#[must_use]
pub fn plugin_settings(rules: &PluginRules) -> PluginSettings {
    let allow = rules.allow.iter().map(|plugin| AllowedPlugin {
        name: plugin.name.clone(),
        sha256: plugin.sha256.clone(),
        path: plugin.path.clone(),
    });
    PluginSettings {
        policy: rules
            .policy
            .as_deref()
            .and_then(Policy::from_name)
            .unwrap_or_default(),
        allow: allow.collect(),
        paths: rules.paths.clone(),
        environment: rules.environment.clone(),
        usual: PluginSettings::usual_folders(),
        ..PluginSettings::default()
    }
}
