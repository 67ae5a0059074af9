//! What the configuration means, as plain data.

use std::path::{Path, PathBuf};

use prollytree_plugin_api::{ByteSize, OptionValue};

use super::load::{ENVIRONMENT_PATHS, from_uri};
use super::{Config, ConfigError, Environment, Origin, Selection, Setting, SettingValue};

/// Which store to open, and how.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// The backend and its options.
    pub backend: Selection,
    /// How many bytes the cache of decoded records may take, if that is said.
    pub cache: Option<u64>,
    /// What is demanded of the backend.
    pub durability: Durability,
    /// Whether to open for reading only.
    pub read_only: bool,
}

/// What is demanded of a backend when power is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: the store is as durable as its backend.
    #[default]
    Any,
    /// What a commit has acknowledged is there afterwards. A backend that does not promise this is
    /// not opened.
    Durable,
}

/// Which plugins may be loaded, and where they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginRules {
    /// `builtin-only`, `allowlist` or `any`, if one of them is chosen.
    pub policy: Option<String>,
    /// Folders and files to look at, in order.
    pub paths: Vec<PathBuf>,
    /// Those to look at after them, from `PROLLYTREE_PLUGIN_PATH`.
    pub environment: Vec<PathBuf>,
    /// The plugins that an allowlist names.
    pub allow: Vec<AllowedPlugin>,
}

/// A plugin that may be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedPlugin {
    /// The name of what it exports.
    pub name: String,
    /// The file, if only this one is meant.
    pub path: Option<PathBuf>,
    /// The SHA-256 of the file, if it is given: 64 hexadecimal digits in lower case.
    pub sha256: Option<String>,
}

/// Who commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSettings {
    /// The name.
    pub name: String,
    /// The mail address.
    pub email: String,
}

impl StoreSettings {
    /// Returns the settings that a URI stands for, with nothing read from files.
    ///
    /// # Errors
    /// A URI that cannot be read.
    pub fn of_uri(uri: &str, folder: &Path, environment: Environment) -> Result<Self, ConfigError> {
        let mut config = Config::new(folder.into(), environment);
        config.add(from_uri(uri, &Origin::Argument("the store's URI"), folder)?);
        config.store()
    }
}

impl Config {
    /// Returns which store to open.
    ///
    /// # Errors
    /// `NoStore` where nothing chooses one.
    pub fn store(&self) -> Result<StoreSettings, ConfigError> {
        let Some(backend) = self.select("the backend", "store", "store.backend") else {
            return Err(
                match self.below("store").find(|setting| setting.is_option()) {
                    None => ConfigError::NoStore {
                        folder: self.folder.to_path_buf(),
                    },
                    Some(option) => incomplete(option, "store.backend"),
                },
            );
        };
        let durable = self
            .text("store.durability")
            .is_some_and(|word| word == "durable");
        Ok(StoreSettings {
            backend,
            cache: self.size("store.cache"),
            durability: if durable {
                Durability::Durable
            } else {
                Durability::Any
            },
            read_only: self
                .setting("store.read_only")
                .is_some_and(|setting| setting.value == SettingValue::Plain(true.into())),
        })
    }

    /// Returns the embedder that the table `[embedder.NAME]` chooses.
    ///
    /// # Errors
    /// `NoEmbedder` where there is no such table.
    pub fn embedder(&self, name: &str) -> Result<Selection, ConfigError> {
        let table = format!("embedder.{name}");
        let key = format!("{table}.name");
        match (
            self.select("the embedder", &table, &key),
            self.below(&table).next(),
        ) {
            (Some(selection), _) => Ok(selection),
            (None, Some(option)) => Err(incomplete(option, &key)),
            (None, None) => Err(ConfigError::NoEmbedder {
                name: name.to_owned(),
            }),
        }
    }

    /// Returns the names of the embedders that are configured, in their order.
    #[must_use]
    pub fn embedders(&self) -> Vec<&str> {
        let mut names: Vec<_> = self
            .below("embedder")
            .filter_map(|setting| setting.key.split('.').nth(1))
            .collect();
        names.dedup();
        names
    }

    /// Returns which plugins may be loaded, and where they are.
    #[must_use]
    pub fn plugins(&self) -> PluginRules {
        let mut rules = PluginRules {
            policy: self.text("plugins.policy"),
            paths: self.paths("plugins.paths"),
            environment: self.paths(ENVIRONMENT_PATHS),
            allow: Vec::new(),
        };
        for setting in self.below("plugins.allow") {
            let name = setting.key.split('.').nth(2).unwrap_or_default();
            if rules.allow.last().is_some_and(|last| last.name == name) {
                continue;
            }
            let sha256 = self.text(&format!("plugins.allow.{name}.sha256"));
            let path = self.setting(&format!("plugins.allow.{name}.path"));
            rules.allow.push(AllowedPlugin {
                name: name.to_owned(),
                path: path.and_then(|path| Some(path.folder.join(path.text()?))),
                sha256: sha256.map(|digits| digits.to_ascii_lowercase()),
            });
        }
        rules
    }

    /// Returns who commits, if it is said.
    ///
    /// # Errors
    /// `Incomplete` where only a name or only an address is given.
    pub fn user(&self) -> Result<Option<UserSettings>, ConfigError> {
        let (name, email) = (self.setting("user.name"), self.setting("user.email"));
        match (
            name.and_then(Setting::text),
            email.and_then(Setting::text),
            name.or(email),
        ) {
            (Some(name), Some(email), _) => Ok(Some(UserSettings {
                name: name.to_owned(),
                email: email.to_owned(),
            })),
            (Some(_), None, Some(given)) => Err(incomplete(given, "user.email")),
            (None, _, Some(given)) => Err(incomplete(given, "user.name")),
            (_, _, None) => Ok(None),
        }
    }

    fn select(&self, role: &'static str, table: &str, key: &str) -> Option<Selection> {
        let chosen = self.setting(key)?;
        Some(Selection {
            role,
            name: chosen.text().unwrap_or_default().to_owned(),
            origin: chosen.origin.clone(),
            settings: self
                .below(table)
                .filter(|setting| setting.is_option())
                .cloned()
                .collect(),
            environment: self.environment.clone(),
        })
    }

    fn text(&self, key: &str) -> Option<String> {
        self.setting(key).and_then(Setting::text).map(str::to_owned)
    }

    fn paths(&self, key: &str) -> Vec<PathBuf> {
        match self.setting(key) {
            Some(Setting {
                value: SettingValue::List(paths),
                folder,
                ..
            }) => paths.iter().map(|path| folder.join(path)).collect(),
            _ => Vec::new(),
        }
    }

    fn size(&self, key: &str) -> Option<u64> {
        let SettingValue::Plain(value) = &self.setting(key)?.value else {
            return None;
        };
        let size = ByteSize::read(value).expect("sizes were checked when they were read");
        Some(size.0)
    }
}

fn incomplete(option: &Setting, missing: &str) -> ConfigError {
    ConfigError::Incomplete {
        origin: option.origin.clone(),
        key: option.key.clone(),
        missing: missing.to_owned(),
    }
}
