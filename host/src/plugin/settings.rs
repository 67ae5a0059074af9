//! What the user says about plugins: where they may be and which ones are trusted.
//!
//! Loading a plugin runs its code with all rights of this process. So the default trusts none, and
//! nothing that travels with data may fill these fields.

use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Entry, Origin};

/// Where plugins are looked for, in the order of the fields, and which ones may be loaded.
///
/// Every path is absolute; others are reported and passed over, for what they mean would depend on
/// the current directory. A path may name a library or a folder of libraries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginSettings {
    /// Which plugins may be loaded.
    pub policy: Policy,
    /// The plugins that the user names; their paths come first in the search.
    pub allow: Vec<AllowedPlugin>,
    /// Paths from the user's configuration.
    pub paths: Vec<PathBuf>,
    /// Paths from the environment: see [`PluginSettings::environment_paths`].
    pub environment: Vec<PathBuf>,
    /// Folders that the embedding program adds, such as the one of a Python wheel.
    pub added: Vec<PathBuf>,
    /// The usual folders: see [`PluginSettings::usual_folders`].
    pub usual: Vec<PathBuf>,
}

/// Which plugins may be loaded. What is linked into the binary needs no permission.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// None.
    #[default]
    BuiltinOnly,
    /// Those that the user names together with the hash of their file.
    Allowlist,
    /// All that are found. A hash that the user gives is checked here too.
    Any,
}

/// A plugin that the user trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedPlugin {
    /// The name of the backend or embedder.
    pub name: String,
    /// The SHA-256 of the file, in hexadecimal digits of either case. Without it, the policy
    /// `allowlist` does not allow the plugin.
    pub sha256: Option<String>,
    /// The file, if it is to be this one.
    pub path: Option<PathBuf>,
}

impl PluginSettings {
    /// The variable whose value is a list of paths, separated as in `PATH`.
    pub const PATH_VARIABLE: &'static str = "PROLLYTREE_PLUGIN_PATH";

    /// Settings that look in the environment and in the usual folders and trust nothing yet.
    #[must_use]
    pub fn from_environment() -> Self {
        Self {
            environment: Self::environment_paths(),
            usual: Self::usual_folders(),
            ..Self::default()
        }
    }

    /// Returns the paths in `PROLLYTREE_PLUGIN_PATH`.
    #[must_use]
    pub fn environment_paths() -> Vec<PathBuf> {
        let paths = env::var_os(Self::PATH_VARIABLE).unwrap_or_default();
        env::split_paths(&paths)
            .filter(|path| !path.as_os_str().is_empty())
            .collect()
    }

    /// Returns the folder `plugins` beside the executable, the user's folder and the system's.
    #[must_use]
    pub fn usual_folders() -> Vec<PathBuf> {
        let mut folders = Vec::new();
        // An executable that cannot name itself has no folder beside it.
        if let Ok(executable) = env::current_exe() {
            folders.extend(executable.parent().map(|folder| folder.join("plugins")));
        }
        folders.extend(user_data_folder().map(|folder| folder.join("prollytree/plugins")));
        if cfg!(unix) {
            folders.push(PathBuf::from("/usr/local/lib/prollytree/plugins"));
            folders.push(PathBuf::from("/usr/lib/prollytree/plugins"));
        }
        folders
    }

    /// Says whether the user names the file that offers this, together with its name.
    pub(super) fn names_file_of(&self, entry: &Entry) -> bool {
        let Origin::File(file) = entry.origin() else {
            return false;
        };
        let mut named = self
            .allow
            .iter()
            .filter(|plugin| plugin.name == entry.name());
        named.any(|plugin| {
            let path = plugin.path.as_ref().map(fs::canonicalize);
            path.is_some_and(|path| path.is_ok_and(|path| path == file))
        })
    }

    /// Returns where to look, first place first.
    pub(super) fn places(&self) -> impl Iterator<Item = &Path> {
        let allowed = self
            .allow
            .iter()
            .filter_map(|allowed| allowed.path.as_ref());
        let configured = allowed.chain(&self.paths).chain(&self.environment);
        configured
            .chain(&self.added)
            .chain(&self.usual)
            .map(PathBuf::as_path)
    }
}

impl Policy {
    /// Returns the policy's name in configuration files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BuiltinOnly => "builtin-only",
            Self::Allowlist => "allowlist",
            Self::Any => "any",
        }
    }

    /// Returns the policy of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::BuiltinOnly, Self::Allowlist, Self::Any]
            .into_iter()
            .find(|policy| policy.name() == name)
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn user_data_folder() -> Option<PathBuf> {
    let folder = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    if cfg!(windows) {
        folder("APPDATA")
    } else if cfg!(target_vendor = "apple") {
        folder("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        folder("XDG_DATA_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/share")))
    }
}
