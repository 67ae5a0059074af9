//! Where a value came from.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// The place of a value: shown beside it, and in every error about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A config file.
    File {
        /// The file.
        path: Arc<Path>,
        /// Whose file it is.
        scope: Scope,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
    },
    /// An environment variable.
    Variable(&'static str),
    /// An argument of the call or of the command line.
    Argument(&'static str),
}

/// Whose word a config file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The user's own file.
    User,
    /// A file found beside data, which may have travelled with it and is trusted with less.
    Project,
    /// A file that the user named.
    Explicit,
}

impl Origin {
    /// Says whether the value may have travelled with data.
    #[must_use]
    pub fn travels(&self) -> bool {
        matches!(
            self,
            Self::File {
                scope: Scope::Project,
                ..
            }
        )
    }
}

impl Scope {
    /// Returns the scope's name: `user`, `project` or `explicit`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Project => "project",
            Self::Explicit => "explicit",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File {
                path, line, column, ..
            } => {
                write!(f, "{}:{line}:{column}", path.display())
            }
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Argument(name) => f.write_str(name),
        }
    }
}
