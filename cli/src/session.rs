//! From the arguments to an opened store. Nothing is read before a verb asks for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use prollytree::config::{Config, ConfigRequest, Environment};
use prollytree::history::Person;
use prollytree::open;
use prollytree::plugin::Registry;
use prollytree::store::{StoreOptions, VersionedStore};
use prollytree_plugin_api::Create;

use crate::arguments::PlaceArgs;
use crate::builtin;
use crate::failure::Failure;
use crate::panics;

/// What the arguments say about the place of the store.
pub(crate) struct Session {
    request: ConfigRequest,
}

impl Session {
    pub(crate) fn new(place: &PlaceArgs) -> Self {
        let folder = place.start.clone().unwrap_or_else(|| PathBuf::from("."));
        // As with Git, other arguments are read as if the command had been started there.
        let file = place.config.as_ref().map(|file| folder.join(file));
        let file = file.map(|file| std::path::absolute(&file).unwrap_or(file));
        Self {
            request: ConfigRequest {
                folder,
                file,
                store: place.store.clone(),
                environment: Environment::of_process(),
            },
        }
    }

    /// Returns the config file that the arguments name.
    pub(crate) fn config_file(&self) -> Option<&Path> {
        self.request.file.as_deref()
    }

    /// Returns the place of a file that an argument names.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        if self.request.folder == Path::new(".") {
            return path.to_owned();
        }
        self.request.folder.join(path)
    }

    /// Reads the configuration.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        Ok(Config::load(&self.request)?)
    }

    /// Reads the configuration that holds in another folder.
    pub(crate) fn config_in(&self, folder: &Path) -> Result<Config, Failure> {
        let request = ConfigRequest {
            folder: folder.to_owned(),
            ..self.request.clone()
        };
        Ok(Config::load(&request)?)
    }

    /// Returns what is linked in together with all plugins that are found. A plugin whose file the
    /// user names goes before what is linked in.
    pub(crate) fn registry(config: &Config) -> Registry {
        let mut registry = builtin::registry();
        registry.discover(&open::plugin_settings(&config.plugins()));
        registry
    }

    /// Returns a registry that has the backend of this name, if there is one. Looks for plugins only
    /// if it is not linked in, or if the user names the file of one that goes before it.
    fn registry_for(config: &Config, backend: &str) -> Registry {
        panics::note();
        let registry = builtin::registry();
        let rules = config.plugins();
        let mut named = rules.allow.iter().filter(|plugin| plugin.name == backend);
        if registry.backend(backend).is_ok() && !named.any(|plugin| plugin.path.is_some()) {
            return registry;
        }
        Self::registry(config)
    }

    /// Opens the store.
    pub(crate) fn open(&self) -> Result<VersionedStore, Failure> {
        self.open_with(|_| {})
    }

    /// Opens the store with other options.
    pub(crate) fn open_with(
        &self,
        adjust: impl FnOnce(&mut StoreOptions),
    ) -> Result<VersionedStore, Failure> {
        let config = self.config()?;
        let settings = config.store()?;
        let registry = Self::registry_for(&config, &settings.backend.name);
        let storage = open::storage(&settings, &registry, Create::NEVER)?;
        let mut options = Self::options(&config)?;
        adjust(&mut options);
        Ok(VersionedStore::open(storage, options)?)
    }

    /// Opens the store for a command that only reads.
    pub(crate) fn open_to_read(&self) -> Result<VersionedStore, Failure> {
        let config = self.config()?;
        let settings = config.store()?;
        let registry = Self::registry_for(&config, &settings.backend.name);
        let storage = open::storage_to_read(&settings, &registry)?;
        Ok(VersionedStore::open(storage, Self::options(&config)?)?)
    }

    /// Makes the store that a configuration names.
    pub(crate) fn create(
        config: &Config,
        adjust: impl FnOnce(&mut StoreOptions),
    ) -> Result<VersionedStore, Failure> {
        let settings = config.store()?;
        let registry = Self::registry_for(config, &settings.backend.name);
        let storage = open::storage(&settings, &registry, Create::IF_ABSENT)?;
        let mut options = Self::options(config)?;
        adjust(&mut options);
        Ok(VersionedStore::init(storage, options)?)
    }

    fn options(config: &Config) -> Result<StoreOptions, Failure> {
        let mut options = StoreOptions::default();
        if let Some(user) = config.user()? {
            options.identity = Arc::new(Person::new(&user.name, &user.email)?);
        }
        Ok(options)
    }
}
