//! Finds the config files and reads all sources, the weakest first.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::document::{Document, check_value};
use super::schema::{KEYS, Takes};
use super::{Config, ConfigError, Environment, Origin, Scope, Setting, SettingValue, StoreUri};

/// The name of a config file that is found beside data.
pub const PROJECT_FILE: &str = "prolly.toml";

/// The variable that lists further places of plugins, and the key under which they are kept.
const PLUGIN_PATH: &str = "PROLLYTREE_PLUGIN_PATH";
pub(super) const ENVIRONMENT_PATHS: &str = "plugins.environment_paths";

/// Where to look for a configuration.
#[derive(Clone, Debug)]
pub struct ConfigRequest {
    /// The folder to start from: the search for `prolly.toml` goes upward from it, and relative
    /// paths in arguments and variables are taken from it.
    pub folder: PathBuf,
    /// A file to read instead of `prolly.toml`. It counts as the user's own.
    pub file: Option<PathBuf>,
    /// A store's URI that goes before everything else.
    pub store: Option<String>,
    /// The environment.
    pub environment: Environment,
}

impl Config {
    /// Reads the configuration. From the weakest to the strongest: the user's file, `prolly.toml`
    /// or the file given instead, the environment, the store given.
    ///
    /// References to variables and files are not followed yet.
    ///
    /// # Errors
    /// A file that cannot be read or is wrong, a variable that is wrong. That there is no file is no
    /// error.
    pub fn load(request: &ConfigRequest) -> Result<Self, ConfigError> {
        let folder = std::path::absolute(&request.folder).and_then(|folder| {
            folder
                .metadata()?
                .is_dir()
                .then_some(folder)
                .ok_or_else(|| io::Error::new(io::ErrorKind::NotADirectory, "it is not a folder"))
        });
        let folder = folder.map_err(|source| ConfigError::StartFolder {
            path: request.folder.clone(),
            source,
        })?;
        let environment = &request.environment;
        let mut config = Self::new(folder.as_path().into(), environment.clone());
        if let Some(path) = environment.user_file() {
            config.read_file(path, Scope::User)?;
        }
        let explicit = request
            .file
            .clone()
            .or_else(|| environment.var("PROLLYTREE_CONFIG").map(PathBuf::from));
        match explicit {
            Some(path) => {
                config.read_file(folder.join(path), Scope::Explicit)?;
            }
            None => {
                for ancestor in folder.ancestors() {
                    if config.read_file(ancestor.join(PROJECT_FILE), Scope::Project)? {
                        break;
                    }
                }
            }
        }
        config.add(from_environment(environment, &folder)?);
        if let Some(uri) = &request.store {
            config.add(from_uri(uri, &Origin::Argument("--store"), &folder)?);
        }
        Ok(config)
    }

    /// Reads one file, if there is one; one that is named explicitly has to be there.
    fn read_file(&mut self, path: PathBuf, scope: Scope) -> Result<bool, ConfigError> {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && scope != Scope::Explicit => {
                return Ok(false);
            }
            Err(source) => return Err(ConfigError::Unreadable { path, source }),
        };
        let path: Arc<Path> = path.into();
        let settings = Document {
            path: Arc::clone(&path),
            scope,
            text: &text,
        }
        .settings()?;
        self.add_file(path, scope, settings);
        Ok(true)
    }
}

/// Reads a store's URI into the settings that it stands for.
pub(super) fn from_uri(
    uri: &str,
    origin: &Origin,
    folder: &Path,
) -> Result<Vec<Setting>, ConfigError> {
    let folder: Arc<Path> = folder.into();
    let parsed: StoreUri = uri.parse().map_err(|reason| ConfigError::Uri {
        origin: origin.clone(),
        reason,
    })?;
    let mut settings = vec![Setting {
        key: "store.backend".to_owned(),
        value: SettingValue::Plain(Value::from(parsed.backend)),
        origin: origin.clone(),
        folder: Arc::clone(&folder),
    }];
    for (name, value) in parsed.options {
        // What the host itself understands is not passed on to the backend.
        let hosted = KEYS
            .iter()
            .find(|key| !matches!(key.takes, Takes::Name) && key.path == ["store", name.as_str()]);
        let setting = match hosted {
            Some(key) => from_text(key.takes, format!("store.{name}"), value, origin, &folder)?,
            None => from_text(
                Takes::Option,
                format!("store.options.{name}"),
                value,
                origin,
                &folder,
            )?,
        };
        settings.push(setting);
    }
    Ok(settings)
}

fn from_environment(environment: &Environment, folder: &Path) -> Result<Vec<Setting>, ConfigError> {
    let text = |name: &'static str| match environment.var(name).map(|value| value.to_str()) {
        None => Ok(None),
        Some(Some(text)) => Ok(Some(text.to_owned())),
        Some(None) => Err(ConfigError::BadValue {
            origin: Origin::Variable(name),
            key: name.to_owned(),
            reason: "the value is not UTF-8".to_owned(),
        }),
    };
    let mut settings = Vec::new();
    if let Some(uri) = text("PROLLYTREE_STORE")? {
        settings = from_uri(&uri, &Origin::Variable("PROLLYTREE_STORE"), folder)?;
    }
    if let Some(paths) = environment.var(PLUGIN_PATH) {
        // These are looked at besides the paths in files, not instead of them.
        let paths = std::env::split_paths(paths).filter(|path| !path.as_os_str().is_empty());
        settings.push(Setting {
            key: ENVIRONMENT_PATHS.to_owned(),
            value: SettingValue::List(
                paths
                    .map(|path| path.to_string_lossy().into_owned())
                    .collect(),
            ),
            origin: Origin::Variable(PLUGIN_PATH),
            folder: folder.into(),
        });
    }
    for key in KEYS {
        let Some(variable) = key.variable else {
            continue;
        };
        if let Some(value) = text(variable)? {
            // Said in a variable of its own, it goes before what the URI says.
            let name = key.path.join(".");
            settings.retain(|setting| setting.key != name);
            let origin = Origin::Variable(variable);
            settings.push(from_text(key.takes, name, value, &origin, &folder.into())?);
        }
    }
    Ok(settings)
}

/// Reads a value that is written as bare text.
fn from_text(
    takes: Takes,
    key: String,
    text: String,
    origin: &Origin,
    folder: &Arc<Path>,
) -> Result<Setting, ConfigError> {
    let value = match takes {
        Takes::Boolean => match text.as_str() {
            "true" | "1" => SettingValue::Plain(Value::from(true)),
            "false" | "0" => SettingValue::Plain(Value::from(false)),
            _ => {
                let (origin, reason) = (origin.clone(), "expected true or false".to_owned());
                return Err(ConfigError::BadValue {
                    origin,
                    key,
                    reason,
                });
            }
        },
        _ => SettingValue::Plain(Value::from(text)),
    };
    check_value(takes, &value, &key, origin)?;
    Ok(Setting {
        key,
        value,
        origin: origin.clone(),
        folder: Arc::clone(folder),
    })
}
