//! How a command fails: the error and the exit code that belongs to it.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use prollytree::config::ConfigError;
use prollytree::history::{HistoryError, NameError, PersonError, RevisionError};
use prollytree::open::OpenError;
use prollytree::plugin::PluginError;
use prollytree::store::StoreError;
use prollytree::tree::TreeError;
use prollytree_plugin_api::ErrorKind;

use crate::output::{NAME, REMOVED, note, paint};
use crate::remedy::remedy;
use crate::rows::{BadRow, NotWritten};

/// Why a command did not do what it was asked, or that its answer is no.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The answer is no: there is no such key, nothing to commit.
    #[error("{0}")]
    No(String),
    /// The arguments or the input are wrong.
    #[error("{0}")]
    Input(String),
    /// Something would be lost.
    #[error("{0}")]
    Refused(String),
    /// A row of an input file is wrong.
    #[error("{file}, {}: {}; nothing was imported", .row.place, .row.reason)]
    Row {
        /// The file.
        file: String,
        /// Which row, and what is wrong with it.
        row: BadRow,
    },
    /// A file cannot be read or written.
    #[error("cannot {doing} {}: {source}", .path.display())]
    File {
        /// What was tried, as in "read".
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The program is wrong.
    #[error("this is a bug in git-prolly; please report it: {0}")]
    Bug(String),
    /// The answer cannot be written.
    #[error("cannot write the answer: {0}")]
    Output(#[from] io::Error),
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A name cannot be used.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A person cannot be named so.
    #[error(transparent)]
    Person(#[from] PersonError),
    /// A plugin cannot be used.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The store said no or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

const NO: u8 = 1;
const WRONG: u8 = 2;
const REFUSED: u8 = 3;
const FAILED: u8 = 4;

impl Failure {
    /// Says what went wrong, and returns the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        if self.is_unread() {
            return ExitCode::SUCCESS;
        }
        let text = format!("{} {}", paint(REMOVED, "error:"), self.text());
        let hint = self
            .remedy()
            .map(|remedy| format!("{} {remedy}", paint(NAME, "hint:")));
        let said = note(&text).and_then(|()| hint.map_or(Ok(()), |hint| note(&hint)));
        match said {
            Ok(()) => ExitCode::from(self.code()),
            Err(_) => ExitCode::from(FAILED),
        }
    }

    /// Says whether the command did its work, and whoever read the answer has seen enough.
    pub(crate) fn is_unread(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::Store(error) => remedy(error),
            _ => None,
        }
    }

    /// Returns the message, with the causes that it does not name itself.
    fn text(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let said = error.to_string();
            if !text.contains(&said) {
                write!(text, ": {said}").expect("writing to a string does not fail");
            }
            cause = error.source();
        }
        if self.is_absent_store() {
            text.push_str("; `git-prolly init` makes one there");
        }
        text
    }

    /// Says whether there is nothing at the place where a store was to be opened.
    fn is_absent_store(&self) -> bool {
        let Self::Plugin(PluginError::Opening { source, .. }) = self else {
            return false;
        };
        let path = source.context("path").map(Path::new);
        source.kind() == ErrorKind::UNAVAILABLE && path.is_some_and(|path| !path.exists())
    }

    fn code(&self) -> u8 {
        match self {
            Self::No(_) => NO,
            Self::File { source, .. } => file_code(source),
            Self::Input(_)
            | Self::Row { .. }
            | Self::Config(_)
            | Self::Name(_)
            | Self::Person(_) => WRONG,
            Self::Refused(_) => REFUSED,
            Self::Output(_) | Self::Bug(_) => FAILED,
            Self::Plugin(error) => plugin_code(error),
            Self::Store(error) => store_code(error),
        }
    }
}

/// Tells a file that was named wrongly from one that the system cannot read or write.
fn file_code(error: &io::Error) -> u8 {
    match error.kind() {
        io::ErrorKind::NotFound
        | io::ErrorKind::AlreadyExists
        | io::ErrorKind::PermissionDenied
        | io::ErrorKind::IsADirectory
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::InvalidFilename
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::InvalidData => WRONG,
        _ => FAILED,
    }
}

fn plugin_code(error: &PluginError) -> u8 {
    match error {
        PluginError::Unknown { .. } => WRONG,
        PluginError::Opening { source, .. } if source.kind() == ErrorKind::INVALID_CONFIG => WRONG,
        _ => FAILED,
    }
}

fn store_code(error: &StoreError) -> u8 {
    match error {
        StoreError::NothingToCommit => NO,
        StoreError::NoSuchBranch(_)
        | StoreError::NoSuchTag(_)
        | StoreError::BranchExists(_)
        | StoreError::TagExists(_)
        | StoreError::AlreadyExists { .. }
        | StoreError::Tree(TreeError::KeyTooLong { .. })
        | StoreError::History(HistoryError::Identity(_) | HistoryError::Unwritable { .. }) => WRONG,
        StoreError::Revision(error) if !matches!(error, RevisionError::History(_)) => WRONG,
        StoreError::BranchMoved { .. }
        | StoreError::WorkMoved { .. }
        | StoreError::RefMoved { .. }
        | StoreError::Uncommitted { .. }
        | StoreError::BranchInUse { .. }
        | StoreError::NotMerged { .. }
        | StoreError::DefaultBranch(_)
        | StoreError::DefaultBranchGone { .. }
        | StoreError::Diverged { .. } => REFUSED,
        _ => FAILED,
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Config(error) => Self::Config(error),
            OpenError::Plugin(error) => Self::Plugin(error),
            OpenError::Store(error) => Self::Store(error),
            error => Self::Input(error.to_string()),
        }
    }
}

impl From<NotWritten> for Failure {
    fn from(reason: NotWritten) -> Self {
        match reason {
            NotWritten::Value(reason) => Self::Input(reason),
            NotWritten::Output(error) => Self::Output(error),
        }
    }
}

impl From<RevisionError> for Failure {
    fn from(error: RevisionError) -> Self {
        Self::Store(error.into())
    }
}

impl From<HistoryError> for Failure {
    fn from(error: HistoryError) -> Self {
        Self::Store(error.into())
    }
}
