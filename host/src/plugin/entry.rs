//! One backend or embedder that can be opened, wherever it comes from.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use prollytree_plugin_api::abi::module::Module;
use prollytree_plugin_api::manifest::{ExportKind, Manifest};
use prollytree_plugin_api::{
    Backend, Embedder, EmbedderKind, Error as BackendError, NodeStorage, OpenStorage, Options,
};

use super::{
    AllowedPlugin, BinaryFacts, PluginError, PluginSettings, Policy, file, load, log_bridge,
};

/// A backend or an embedder, described.
#[derive(Debug)]
pub struct Entry {
    manifest: Manifest,
    source: Source,
}

/// Where a backend or an embedder comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// It is linked into this binary.
    Builtin,
    /// It is in the plugin at this path.
    File(PathBuf),
}

/// A plugin's file as all of its exports share it.
#[derive(Debug)]
pub(super) struct PluginFile {
    path: PathBuf,
    facts: BinaryFacts,
    trust: Arc<Trust>,
}

/// Whom the user trusts.
#[derive(Debug)]
pub(super) struct Trust {
    policy: Policy,
    allow: Vec<AllowedPlugin>,
}

#[derive(Debug)]
enum Source {
    Backend(Backend),
    Embedder(EmbedderKind),
    Plugin {
        file: Arc<PluginFile>,
        module: Mutex<Option<Module>>,
    },
}

impl Entry {
    pub(super) fn backend(backend: Backend) -> Self {
        Self {
            manifest: Manifest::of_backend(&backend),
            source: Source::Backend(backend),
        }
    }

    pub(super) fn embedder(kind: EmbedderKind) -> Self {
        Self {
            manifest: Manifest::of_embedder(&kind),
            source: Source::Embedder(kind),
        }
    }

    pub(super) fn plugin(manifest: Manifest, file: Arc<PluginFile>) -> Self {
        Self {
            manifest,
            source: Source::Plugin {
                file,
                module: Mutex::new(None),
            },
        }
    }

    /// Returns the name under which it is opened.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.manifest.name
    }

    /// Returns what it is.
    #[must_use]
    pub fn kind(&self) -> ExportKind {
        self.manifest.kind
    }

    /// Returns its description: version, options, how it was built.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns where it comes from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match self.file() {
            None => Origin::Builtin,
            Some(file) => Origin::File(file.path.clone()),
        }
    }

    /// Returns what its file needs from the system; `None` for what is linked in.
    #[must_use]
    pub fn binary(&self) -> Option<&BinaryFacts> {
        self.file().map(|file| &file.facts)
    }

    /// Returns the SHA-256 of its file in hexadecimal digits; `None` for what is linked in. Costs a
    /// read of the whole file.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn sha256(&self) -> Result<Option<String>, PluginError> {
        self.file().map(|file| file::sha256(&file.path)).transpose()
    }

    /// Says whether the policy allows to load it. Costs a read of the whole file.
    ///
    /// # Errors
    /// Why it is refused, and what the user would do to allow it.
    pub fn judge(&self) -> Result<(), PluginError> {
        match self.file() {
            None => Ok(()),
            Some(file) => file.judge(self.name(), &file::sha256(&file.path)?),
        }
    }

    /// Opens a store. Each call opens an instance of its own.
    ///
    /// # Errors
    /// Why the plugin cannot be loaded, or the backend's own error.
    pub fn open(&self, open: &OpenStorage) -> Result<Arc<dyn NodeStorage>, PluginError> {
        log_bridge::connect();
        let opened = match &self.source {
            Source::Backend(backend) => (backend.open)(open),
            Source::Embedder(_) => Err(BackendError::unsupported("storage")),
            Source::Plugin { file, module } => {
                file.loaded(&self.manifest, module)?.open_backend(open)
            }
        };
        opened.map_err(|source| self.opening(source))
    }

    /// Loads an embedder. Each call makes an instance of its own.
    ///
    /// # Errors
    /// Why the plugin cannot be loaded, or the embedder's own error.
    pub fn open_embedder(&self, options: &Options) -> Result<Arc<dyn Embedder>, PluginError> {
        log_bridge::connect();
        let opened = match &self.source {
            Source::Embedder(kind) => (kind.open)(options),
            Source::Backend(_) => Err(BackendError::unsupported("embedding")),
            Source::Plugin { file, module } => {
                file.loaded(&self.manifest, module)?.open_embedder(options)
            }
        };
        opened.map_err(|source| self.opening(source))
    }

    fn file(&self) -> Option<&Arc<PluginFile>> {
        match &self.source {
            Source::Plugin { file, .. } => Some(file),
            _ => None,
        }
    }

    fn opening(&self, source: BackendError) -> PluginError {
        let (kind, name) = (self.kind(), self.name().to_owned());
        PluginError::Opening {
            kind,
            name,
            origin: self.origin(),
            source,
        }
    }
}

impl PluginFile {
    /// Looks at the library at `path`, a real path, and returns it with the exports that it has.
    pub(super) fn read(
        path: PathBuf,
        trust: &Arc<Trust>,
    ) -> Result<(Arc<Self>, Vec<Manifest>), PluginError> {
        let (facts, manifests) = file::read(&path)?;
        let trust = Arc::clone(trust);
        Ok((Arc::new(Self { path, facts, trust }), manifests))
    }

    /// Says whether the file, which has this hash, may be loaded for the export of this name.
    fn judge(&self, name: &str, found: &str) -> Result<(), PluginError> {
        let Trust { policy, .. } = *self.trust;
        let pin = self.trust.pin(name, &self.path);
        let pin = pin.and_then(|pin| pin.sha256.as_ref());
        match pin.filter(|_| policy != Policy::BuiltinOnly) {
            Some(pin) if pin.eq_ignore_ascii_case(found) => Ok(()),
            Some(pin) => Err(PluginError::HashMismatch {
                name: name.to_owned(),
                path: self.path.clone(),
                found: found.to_owned(),
                expected: pin.to_ascii_lowercase(),
            }),
            None if policy == Policy::Any => Ok(()),
            None => {
                let allow = format!("allow `{name}` with sha256 = \"{found}\"");
                let remedy = match policy {
                    Policy::BuiltinOnly => format!("set the policy `allowlist` and {allow}"),
                    _ => allow,
                };
                let (name, path) = (name.to_owned(), self.path.clone());
                Err(PluginError::Refused {
                    name,
                    path,
                    policy,
                    remedy,
                })
            }
        }
    }

    /// Returns the module of an export, loaded if it was not. What failed is tried again next time.
    fn loaded(
        &self,
        manifest: &Manifest,
        module: &Mutex<Option<Module>>,
    ) -> Result<Module, PluginError> {
        let mut module = module.lock();
        let loaded = match *module {
            Some(loaded) => loaded,
            None => *module.insert(self.load(manifest)?),
        };
        loaded.forward_log();
        Ok(loaded)
    }

    fn load(&self, manifest: &Manifest) -> Result<Module, PluginError> {
        let sha256 = file::sha256(&self.path)?;
        self.judge(&manifest.name, &sha256)?;
        let module = load::module(&self.path, manifest)?;
        log::info!(
            target: "prollytree::plugin",
            "loaded {} `{}` {} from {} (sha256 {sha256}, policy {})",
            manifest.kind,
            manifest.name,
            manifest.version,
            self.path.display(),
            self.trust.policy
        );
        Ok(module)
    }
}

impl Trust {
    pub(super) fn of(settings: &PluginSettings) -> Arc<Self> {
        Arc::new(Self {
            policy: settings.policy,
            allow: settings.allow.clone(),
        })
    }

    /// Returns what the user says about the plugin of this name at this path.
    fn pin(&self, name: &str, path: &Path) -> Option<&AllowedPlugin> {
        self.allow.iter().find(|allowed| {
            let here = |wanted: &PathBuf| same_file(wanted, path);
            allowed.name == name && allowed.path.as_ref().is_none_or(here)
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Builtin => f.write_str("builtin"),
            Self::File(path) => write!(f, "plugin {}", path.display()),
        }
    }
}

/// Says whether the path that a user wrote leads to this real path.
fn same_file(wanted: &Path, real: &Path) -> bool {
    std::fs::canonicalize(wanted).is_ok_and(|wanted| wanted == real)
}
