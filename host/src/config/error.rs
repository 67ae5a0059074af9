//! What can be wrong with a configuration.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::{Origin, nearest};

/// Each variant says where the fault is, what it is, and what to do about it. No message holds the
/// value of an option, which may be a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A config file cannot be read.
    #[error("cannot read the config file {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder that paths start from cannot be used.
    #[error("cannot use {} as the folder to start from: {source}", .path.display())]
    StartFolder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A config file is not TOML.
    #[error("{origin}: not valid TOML: {message}")]
    Syntax {
        /// The place.
        origin: Origin,
        /// What the parser said.
        message: String,
    },
    /// A key that means nothing.
    #[error("{origin}: unknown key `{key}`; {hint}")]
    UnknownKey {
        /// The place.
        origin: Origin,
        /// The key.
        key: String,
        /// What there is instead.
        hint: Box<Hint>,
    },
    /// A value of another type than the key's.
    #[error("{origin}: `{key}`: expected {expected}, found {found}")]
    WrongType {
        /// The place.
        origin: Origin,
        /// The key.
        key: String,
        /// What the key takes.
        expected: String,
        /// What is there.
        found: &'static str,
    },
    /// A value of the right type that the key does not take.
    #[error("{origin}: `{key}`: {reason}")]
    BadValue {
        /// The place.
        origin: Origin,
        /// The key.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Something that a file which travels with data may not say.
    #[error(
        "{origin}: `{key}`: a config file found beside data cannot {what}, because it may have \
         come from somebody else; say it in your own config file or name this one with --config"
    )]
    Untrusted {
        /// The place.
        origin: Origin,
        /// The key.
        key: String,
        /// What it would have done.
        what: &'static str,
    },
    /// A file that travels with data names a path outside its folder.
    #[error(
        "{origin}: `{key}` leads out of {}, the folder of the config file, which a config file \
         found beside data may not do; use a path inside it or name the file with --config",
        .folder.display()
    )]
    OutsideFolder {
        /// The place.
        origin: Origin,
        /// The key.
        key: String,
        /// The folder that it must stay in.
        folder: PathBuf,
    },
    /// A path cannot be followed.
    #[error("{origin}: `{key}`: cannot follow the path {}: {source}", .path.display())]
    Path {
        /// The place.
        origin: Origin,
        /// The key.
        key: String,
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An environment variable that a value refers to is not set.
    #[error("{origin}: `{key}` is taken from the environment variable {name}, which is not set")]
    MissingVariable {
        /// The place.
        origin: Origin,
        /// The key.
        key: String,
        /// The variable.
        name: String,
    },
    /// A file that a value refers to cannot be read.
    #[error("{origin}: `{key}` is taken from the file {}: {source}", .path.display())]
    UnreadableValue {
        /// The place.
        origin: Origin,
        /// The key.
        key: String,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A store's URI cannot be read.
    #[error("{origin}: {reason}")]
    Uri {
        /// The place.
        origin: Origin,
        /// What is wrong with it.
        reason: String,
    },
    /// A backend or embedder has no such option.
    #[error("{origin}: {owner} has no option `{option}`; {hint}")]
    UnknownOption {
        /// The place.
        origin: Origin,
        /// The backend or embedder.
        owner: String,
        /// The option.
        option: String,
        /// What there is instead.
        hint: Box<Hint>,
    },
    /// An option that must be given is not.
    #[error("{origin}: {owner} needs the option `{option}`")]
    MissingOption {
        /// Where the backend or embedder was chosen.
        origin: Origin,
        /// The backend or embedder.
        owner: String,
        /// The option.
        option: String,
    },
    /// Nothing says which store to open.
    #[error(
        "no store is chosen: there is no {PROJECT} in {} or above it; make a store with \
         `git-prolly init`, or name one with --store or PROLLYTREE_STORE",
        .folder.display(),
        PROJECT = super::PROJECT_FILE
    )]
    NoStore {
        /// Where the search began.
        folder: PathBuf,
    },
    /// A table has options or a path and does not say for which backend or embedder.
    #[error("{origin}: `{key}` is given, but nothing says `{missing}`")]
    Incomplete {
        /// The place.
        origin: Origin,
        /// The key.
        key: String,
        /// The key that is missing.
        missing: String,
    },
    /// There is no embedder of that name in the configuration.
    #[error(
        "no embedder `{name}` is configured; add a table [embedder.{name}] with its `name`, as in \
         name = \"hash\""
    )]
    NoEmbedder {
        /// The name asked for.
        name: String,
    },
}

/// What can be written instead of an unknown name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The name that was probably meant.
    pub suggestion: Option<String>,
    /// The names that there are.
    pub known: Vec<String>,
}

impl Hint {
    pub(super) fn new<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<_> = known.into_iter().map(str::to_owned).collect();
        let suggestion = nearest(word, known.iter().map(String::as_str)).map(str::to_owned);
        Self { suggestion, known }
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.suggestion, self.known.as_slice()) {
            (Some(suggestion), _) => write!(f, "did you mean `{suggestion}`?"),
            (None, []) => f.write_str("nothing can be set here"),
            (None, known) => write!(f, "there are: {}", known.join(", ")),
        }
    }
}
