//! The options of a chosen backend or embedder: checked against what it takes, and looked up.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use prollytree_plugin_api::{ByteSize, OptionField, OptionValue, Options};
use serde_json::Value;

use super::confine::inside;
use super::{ConfigError, Environment, Hint, Origin, Setting, SettingValue};

/// A backend or an embedder that was chosen, with its options as written.
#[derive(Clone, Debug)]
pub struct Selection {
    /// "the backend" or "the embedder".
    pub(super) role: &'static str,
    /// Its name.
    pub name: String,
    /// Where it was chosen.
    pub origin: Origin,
    /// Its options, as written.
    pub settings: Vec<Setting>,
    pub(super) environment: Arc<Environment>,
}

/// What is known of one option: of a linked crate or from a plugin's manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The option's name.
    pub name: &'a str,
    /// The name of its type: see [`OptionValue::TYPE`].
    pub value_type: &'a str,
    /// The default as a user would write it.
    pub default: Option<&'a str>,
    /// Whether it may be left out.
    pub optional: bool,
}

impl<'a> From<&'a OptionField> for Field<'a> {
    fn from(field: &'a OptionField) -> Self {
        let OptionField {
            name,
            value_type,
            default,
            optional,
            ..
        } = *field;
        Self {
            name,
            value_type,
            default,
            optional,
        }
    }
}

impl Selection {
    /// Checks the options against the fields of the backend or embedder, follows references, and
    /// makes paths absolute. This is what is handed over on opening.
    ///
    /// # Errors
    /// An option that is unknown, missing, of the wrong type, not allowed in the file that holds it,
    /// or that refers to something that is not there.
    pub fn options(&self, fields: &[Field<'_>]) -> Result<Options, ConfigError> {
        let mut options = Options::new();
        for setting in &self.settings {
            let field = self.field(setting, fields)?;
            let value = self.value(setting, field)?;
            if options.insert(field.name.to_owned(), value).is_some() {
                let reason = format!("the option `{}` is given twice", field.name);
                return Err(bad(setting, reason));
            }
        }
        let missing = fields.iter().find(|field| {
            !field.optional && field.default.is_none() && !options.contains_key(field.name)
        });
        match missing {
            None => Ok(options),
            Some(field) => Err(ConfigError::MissingOption {
                origin: self.origin.clone(),
                owner: self.owner(),
                option: field.name.to_owned(),
            }),
        }
    }

    fn field<'f>(
        &self,
        setting: &Setting,
        fields: &'f [Field<'f>],
    ) -> Result<&'f Field<'f>, ConfigError> {
        let name = setting.name();
        fields
            .iter()
            .find(|field| field.name == name)
            .ok_or_else(|| ConfigError::UnknownOption {
                origin: setting.origin.clone(),
                owner: self.owner(),
                option: name.to_owned(),
                hint: Box::new(Hint::new(name, fields.iter().map(|field| field.name))),
            })
    }

    fn value(&self, setting: &Setting, field: &Field<'_>) -> Result<Value, ConfigError> {
        let what = match field.value_type {
            "secret" => Some("hold a secret"),
            "endpoint" => Some("say where credentials are sent"),
            _ => None,
        };
        if let (true, Some(what)) = (setting.origin.travels(), what) {
            let (origin, key) = (setting.origin.clone(), setting.key.clone());
            return Err(ConfigError::Untrusted { origin, key, what });
        }
        let value = self.look_up(setting)?;
        check(field.value_type, &value).map_err(|reason| bad(setting, reason))?;
        match (field.value_type, value.as_str()) {
            ("path", Some(path)) => located(setting, Path::new(path)),
            _ => Ok(value),
        }
    }

    fn look_up(&self, setting: &Setting) -> Result<Value, ConfigError> {
        let (origin, key) = (setting.origin.clone(), setting.key.clone());
        match &setting.value {
            SettingValue::Plain(value) => Ok(value.clone()),
            SettingValue::List(_) => Err(bad(setting, "an option takes one value".to_owned())),
            SettingValue::Variable(name) => match self.environment.var(name) {
                None => Err(ConfigError::MissingVariable {
                    origin,
                    key,
                    name: name.clone(),
                }),
                Some(value) => value.to_str().map(Value::from).ok_or_else(|| {
                    bad(
                        setting,
                        format!("the environment variable {name} is not UTF-8"),
                    )
                }),
            },
            SettingValue::File(file) => {
                let path = setting.folder.join(file);
                let text = std::fs::read_to_string(&path).map_err(|source| {
                    ConfigError::UnreadableValue {
                        origin,
                        key,
                        path,
                        source,
                    }
                })?;
                let line = text.strip_suffix('\n').unwrap_or(&text);
                Ok(Value::from(line.strip_suffix('\r').unwrap_or(line)))
            }
        }
    }

    fn owner(&self) -> String {
        format!("{} `{}`", self.role, self.name)
    }
}

/// Makes a path absolute, and keeps it inside the folder of a file that travels.
fn located(setting: &Setting, path: &Path) -> Result<Value, ConfigError> {
    let joined = setting.folder.join(path);
    let located = if setting.origin.travels() {
        match inside(&setting.folder, path) {
            Ok(Some(path)) => path,
            Ok(None) => {
                return Err(ConfigError::OutsideFolder {
                    origin: setting.origin.clone(),
                    key: setting.key.clone(),
                    folder: setting.folder.to_path_buf(),
                });
            }
            Err(source) => {
                return Err(ConfigError::Path {
                    origin: setting.origin.clone(),
                    key: setting.key.clone(),
                    path: joined,
                    source,
                });
            }
        }
    } else {
        joined
    };
    match located.to_str() {
        Some(text) => Ok(Value::from(text)),
        None => Err(bad(
            setting,
            "leads through a folder whose name is not UTF-8".to_owned(),
        )),
    }
}

/// Says what was expected if the value is not of the type. A type that is not known here is left to
/// the plugin.
fn check(value_type: &str, value: &Value) -> Result<(), String> {
    match value_type {
        "string" | "endpoint" | "secret" => String::read(value).map(drop),
        "boolean" => bool::read(value).map(drop),
        "integer" => u64::read(value).map(drop),
        "size" => ByteSize::read(value).map(drop),
        "duration" => Duration::read(value).map(drop),
        "path" => PathBuf::read(value).map(drop),
        _ => Ok(()),
    }
}

fn bad(setting: &Setting, reason: String) -> ConfigError {
    ConfigError::BadValue {
        origin: setting.origin.clone(),
        key: setting.key.clone(),
        reason,
    }
}
