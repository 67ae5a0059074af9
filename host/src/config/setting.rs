//! One value, as written, with the place where it was written.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::Origin;

/// One value of the configuration.
#[derive(Clone, PartialEq, Eq)]
pub struct Setting {
    /// The key with its tables, as in `store.options.lock_wait`.
    pub key: String,
    /// What was written.
    pub value: SettingValue,
    /// Where it was written.
    pub origin: Origin,
    /// The folder that relative paths start from.
    pub folder: Arc<Path>,
}

/// What was written. References are looked up only when the value is needed.
#[derive(Clone, PartialEq, Eq)]
pub enum SettingValue {
    /// Text, a number or a boolean.
    Plain(Value),
    /// A list of texts.
    List(Vec<String>),
    /// `{ env = "NAME" }`: the value of an environment variable.
    Variable(String),
    /// `{ file = "path" }`: the content of a file, without a newline at its end.
    File(String),
}

impl Setting {
    /// Returns the last part of the key: for an option, its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.key.rsplit('.').next().unwrap_or(&self.key)
    }

    /// Returns the text, if the value is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            SettingValue::Plain(value) => value.as_str(),
            _ => None,
        }
    }

    /// Says whether this is an option of a backend or an embedder. Only the backend knows whether
    /// its value may be shown.
    #[must_use]
    pub fn is_option(&self) -> bool {
        self.key.contains(".options.") || self.key == "store.path"
    }
}

impl fmt::Debug for Setting {
    /// Shows no value: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Setting({} from {})", self.key, self.origin)
    }
}

impl fmt::Display for SettingValue {
    /// Writes the value as a config file would. A reference is shown as such.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(value) => write!(f, "{value}"),
            Self::List(texts) => write!(f, "{}", Value::from(texts.as_slice())),
            Self::Variable(name) => write!(f, "{{ env = {} }}", Value::from(name.as_str())),
            Self::File(path) => write!(f, "{{ file = {} }}", Value::from(path.as_str())),
        }
    }
}
