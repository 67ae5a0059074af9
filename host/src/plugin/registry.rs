//! All backends and embedders that can be opened by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use prollytree_plugin_api::manifest::ExportKind;
use prollytree_plugin_api::{Backend, Embedder, EmbedderKind, NodeStorage, OpenStorage, Options};

use super::entry::{PluginFile, Trust};
use super::{Entry, Origin, PluginError, PluginSettings, search};

/// The backends and embedders that are linked in or were found in plugins.
///
/// Of two with one name the one that was registered or found first is used, and the other one is
/// among the [`problems`](Self::problems). Only a plugin whose file the user names goes before what
/// is linked in.
#[derive(Debug, Default)]
pub struct Registry {
    entries: BTreeMap<(ExportKind, String), Entry>,
    problems: Vec<PluginError>,
}

impl Registry {
    /// A registry of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a backend that is linked into this binary.
    #[must_use]
    pub fn with_backend(mut self, backend: Backend) -> Self {
        self.register_backend(backend);
        self
    }

    /// Adds an embedder that is linked into this binary.
    #[must_use]
    pub fn with_embedder(mut self, kind: EmbedderKind) -> Self {
        self.register_embedder(kind);
        self
    }

    /// Adds a backend that is linked into this binary.
    pub fn register_backend(&mut self, backend: Backend) {
        self.add(Entry::backend(backend));
    }

    /// Adds an embedder that is linked into this binary.
    pub fn register_embedder(&mut self, kind: EmbedderKind) {
        self.add(Entry::embedder(kind));
    }

    /// Adds what the plugins offer that are found where `settings` say. Reads their manifests and
    /// runs nothing. A plugin that cannot be used becomes a [problem](Self::problems) and is in
    /// nobody's way.
    pub fn discover(&mut self, settings: &PluginSettings) {
        let trust = Trust::of(settings);
        for library in search::libraries(settings) {
            match library.and_then(|path| PluginFile::read(path, &trust)) {
                Err(problem) => self.report(problem),
                Ok((file, manifests)) => {
                    for manifest in manifests {
                        let entry = Entry::plugin(manifest, Arc::clone(&file));
                        if settings.names_file_of(&entry) {
                            self.add_instead_of_builtin(entry);
                        } else {
                            self.add(entry);
                        }
                    }
                }
            }
        }
    }

    /// Returns everything that can be opened by name, embedders after backends, each by name.
    pub fn list(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Returns what was found and cannot be used, in the order in which it was found.
    #[must_use]
    pub fn problems(&self) -> &[PluginError] {
        &self.problems
    }

    /// Returns the backend of this name.
    ///
    /// # Errors
    /// If there is none.
    pub fn backend(&self, name: &str) -> Result<&Entry, PluginError> {
        self.entry(ExportKind::Backend, name)
    }

    /// Returns the embedder of this name.
    ///
    /// # Errors
    /// If there is none.
    pub fn embedder(&self, name: &str) -> Result<&Entry, PluginError> {
        self.entry(ExportKind::Embedder, name)
    }

    /// Opens a store on the backend of this name.
    ///
    /// # Errors
    /// If there is none, if its plugin cannot be loaded, and the backend's own errors.
    pub fn open(
        &self,
        name: &str,
        open: &OpenStorage,
    ) -> Result<Arc<dyn NodeStorage>, PluginError> {
        self.backend(name)?.open(open)
    }

    /// Loads the embedder of this name.
    ///
    /// # Errors
    /// If there is none, if its plugin cannot be loaded, and the embedder's own errors.
    pub fn open_embedder(
        &self,
        name: &str,
        options: &Options,
    ) -> Result<Arc<dyn Embedder>, PluginError> {
        self.embedder(name)?.open_embedder(options)
    }

    fn entry(&self, kind: ExportKind, name: &str) -> Result<&Entry, PluginError> {
        self.entries
            .get(&(kind, name.to_owned()))
            .ok_or_else(|| self.unknown(kind, name))
    }

    fn unknown(&self, kind: ExportKind, name: &str) -> PluginError {
        const ALIKE: f64 = 0.8;
        let known: Vec<_> = self.list().filter(|entry| entry.kind() == kind).collect();
        let known: Vec<_> = known
            .into_iter()
            .map(|entry| entry.name().to_owned())
            .collect();
        let likeness = |known: &&String| strsim::jaro_winkler(known, name);
        let best = known
            .iter()
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let suggestion = best.filter(|best| likeness(best) > ALIKE).cloned();
        PluginError::Unknown {
            kind,
            name: name.to_owned(),
            known,
            suggestion,
        }
    }

    fn add(&mut self, entry: Entry) {
        let key = (entry.kind(), entry.name().to_owned());
        match self.entries.get(&key) {
            None => {
                self.entries.insert(key, entry);
            }
            Some(used) => {
                let (used, ignored) = (used.origin(), entry.origin());
                let (kind, name) = key;
                self.report(PluginError::Duplicate {
                    kind,
                    name,
                    used,
                    ignored,
                });
            }
        }
    }

    /// Adds a plugin that the user chose: what is linked in under its name gives way.
    fn add_instead_of_builtin(&mut self, entry: Entry) {
        let key = (entry.kind(), entry.name().to_owned());
        if let Some(used) = self.entries.get(&key)
            && used.origin() == Origin::Builtin
        {
            self.entries.remove(&key);
        }
        self.add(entry);
    }

    fn report(&mut self, problem: PluginError) {
        log::warn!(target: "prollytree::plugin", "{problem}");
        self.problems.push(problem);
    }
}
