//! What can go wrong between a store and its backend.

use prollytree_plugin_api::{Error, ErrorKind, Hash, Kind};

/// Absent, corrupt and failed are three different things here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// A record that something refers to is not stored.
    #[error(
        "the {} record {hash} is missing from the store; restore it from a copy of this store",
        .kind.name()
    )]
    Missing {
        /// The record's address.
        hash: Hash,
        /// What it was expected to be.
        kind: Kind,
    },
    /// A record is there, but it is not what was written, or never was what it should be.
    #[error(
        "the {} record {hash} is corrupt: {reason}; restore it from a copy of this store",
        .kind.name()
    )]
    Corrupt {
        /// The record's address.
        hash: Hash,
        /// What it was expected to be.
        kind: Kind,
        /// What is wrong with it.
        reason: String,
    },
    /// A record is what was written, but not of the kind that was expected.
    #[error(
        "the record {hash} is a {} and not a {}; what refers to it is wrong",
        .found.name(),
        .expected.name()
    )]
    OtherKind {
        /// The record's address.
        hash: Hash,
        /// What it was expected to be.
        expected: Kind,
        /// What it is.
        found: Kind,
    },
    /// A record, or what it holds, was written by another version of this program, in a format that
    /// this one does not know: mostly by a later one.
    #[error(
        "the record {hash} is written in format version {found} ({part}), and this version of \
         prollytree reads {known}; the version that wrote it reads it"
    )]
    OtherVersion {
        /// The record's address.
        hash: Hash,
        /// What has that version: the name of the record's kind, or of a part of it.
        part: &'static str,
        /// The version of its format.
        found: u32,
        /// The version that this program knows.
        known: u32,
    },
    /// The backend could not do what it was asked.
    #[error("{backend} at {location}: {operation}: {source}")]
    Backend {
        /// The backend's name.
        backend: String,
        /// Where its data is.
        location: String,
        /// The call that failed.
        operation: &'static str,
        /// What the backend said.
        source: Error,
    },
}

impl StorageError {
    /// Returns the kind of the backend's error, if it is one.
    #[must_use]
    pub fn backend_kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Backend { source, .. } => Some(source.kind()),
            _ => None,
        }
    }
}
