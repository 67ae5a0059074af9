//! The environment variables of a process, as data that a test can make up.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

/// A copy of the environment. An empty variable counts as one that is not set.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// Copies the environment of this process.
    #[must_use]
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// Returns the value of a variable.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&OsStr> {
        self.0
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    /// Returns where the user's own config file belongs: below `$XDG_CONFIG_HOME` if that is an
    /// absolute path, otherwise below `~/.config` (on Windows, below `%APPDATA%`).
    #[must_use]
    pub fn user_file(&self) -> Option<PathBuf> {
        let absolute = |name| {
            self.var(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let home = if cfg!(windows) {
            absolute("APPDATA")
        } else {
            None
        };
        absolute("XDG_CONFIG_HOME")
            .or(home)
            .or_else(|| absolute("HOME").map(|home| home.join(".config")))
            .map(|folder| folder.join("prollytree").join("config.toml"))
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(
            variables
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

impl fmt::Debug for Environment {
    /// Shows no values: some are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} variables)", self.0.len())
    }
}
