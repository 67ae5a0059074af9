//! The configuration: settings from all sources, the strongest in force.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::{Environment, Scope, Setting};

/// A configuration that has been read. Every value remembers where it came from.
#[derive(Clone, Debug)]
pub struct Config {
    pub(super) folder: Arc<Path>,
    pub(super) environment: Arc<Environment>,
    files: Vec<(Arc<Path>, Scope)>,
    in_force: BTreeMap<String, Setting>,
    overridden: Vec<Setting>,
}

impl Config {
    pub(super) fn new(folder: Arc<Path>, environment: Environment) -> Self {
        Self {
            folder,
            environment: Arc::new(environment),
            files: Vec::new(),
            in_force: BTreeMap::new(),
            overridden: Vec::new(),
        }
    }

    /// Returns the files that were read, the weakest first.
    pub fn files(&self) -> impl Iterator<Item = (&Path, Scope)> {
        self.files
            .iter()
            .map(|(path, scope)| (path.as_ref(), *scope))
    }

    /// Returns the settings in force, in the order of their keys.
    pub fn settings(&self) -> impl Iterator<Item = &Setting> {
        self.in_force.values()
    }

    /// Returns the settings that a stronger source has replaced, the weakest first.
    #[must_use]
    pub fn overridden(&self) -> &[Setting] {
        &self.overridden
    }

    /// Returns the setting in force for `key`.
    #[must_use]
    pub fn setting(&self, key: &str) -> Option<&Setting> {
        self.in_force.get(key)
    }

    /// Returns the settings in force below the table `table`.
    pub(super) fn below<'a>(&'a self, table: &'a str) -> impl Iterator<Item = &'a Setting> {
        self.in_force
            .range(table.to_owned()..)
            .map(|(_, setting)| setting)
            .take_while(move |setting| setting.key.starts_with(table))
            .filter(move |setting| setting.key.as_bytes().get(table.len()) == Some(&b'.'))
    }

    pub(super) fn add_file(&mut self, path: Arc<Path>, scope: Scope, settings: Vec<Setting>) {
        self.files.push((path, scope));
        self.add(settings);
    }

    /// Adds the settings of one source that is stronger than all before it.
    ///
    /// Options belong to the backend or embedder that they were written for: a source that chooses
    /// one anew replaces them all.
    pub(super) fn add(&mut self, settings: Vec<Setting>) {
        let chosen: Vec<String> = settings
            .iter()
            .filter_map(|setting| options_of(&setting.key))
            .collect();
        let stale = |key: &str| {
            chosen.iter().any(|table| {
                key.starts_with(table.as_str())
                    || (table == "store.options." && key == "store.path")
            })
        };
        self.overridden.extend(
            self.in_force
                .extract_if(.., |key, _| stale(key))
                .map(|(_, s)| s),
        );
        for setting in settings {
            self.overridden
                .extend(self.in_force.insert(setting.key.clone(), setting));
        }
    }
}

/// Returns the prefix of the options that depend on `key`, if it chooses a backend or an embedder.
fn options_of(key: &str) -> Option<String> {
    match key {
        "store.backend" => Some("store.options.".to_owned()),
        _ if key.starts_with("embedder.") => key
            .strip_suffix(".name")
            .map(|table| format!("{table}.options.")),
        _ => None,
    }
}
