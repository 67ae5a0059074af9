//! How bytes become meaning: the header that every record begins with, and the trait by which the
//! layers above read theirs.

use std::borrow::Cow;
use std::fmt;

use prollytree_plugin_api::{Buffer, Hash, Kind};

use super::StorageError;

/// The number of bytes in a record's header.
pub const HEADER_LEN: usize = 4;

const MAGIC: u8 = b'P';

/// A record that has been checked and can be used in place.
pub trait Decode: Sized + Send + Sync + 'static {
    /// The kind under which such records are stored.
    const KIND: Kind;

    /// Checks the bytes of a record, header included. Must accept exactly the canonical encodings:
    /// bytes that were accepted and encoded again are the same bytes.
    fn decode(bytes: Buffer) -> Result<Self, Malformed>;

    /// Returns the memory that the decoded record takes, in bytes.
    fn weight(&self) -> usize;
}

/// Why bytes are not a record of the kind that was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(pub(super) Reason);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// They are a record of another kind.
    Kind { found: Kind, expected: Kind },
    /// They, or what they hold, have a format version that this program does not know.
    Version {
        part: &'static str,
        found: u32,
        known: u32,
    },
    /// They are no record at all.
    Other(Cow<'static, str>),
}

impl Malformed {
    /// States a reason, in lower case: "keys are not in ascending order".
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(Reason::Other(reason.into()))
    }

    /// States that a part of a record, such as "tree parameters", has a format version that this
    /// program does not know.
    pub(crate) fn version(part: &'static str, found: u32, known: u32) -> Self {
        Self(Reason::Version { part, found, known })
    }

    /// Returns the part, its format version and the one that is known, if that is what is wrong.
    pub(crate) fn other_version(&self) -> Option<(&'static str, u32, u32)> {
        match self.0 {
            Reason::Version { part, found, known } => Some((part, found, known)),
            Reason::Kind { .. } | Reason::Other(_) => None,
        }
    }

    /// Says this of the record of that address, which was expected to be of that kind.
    pub(crate) fn of_record(self, hash: Hash, kind: Kind) -> StorageError {
        match self.0 {
            Reason::Kind { found, expected } => StorageError::OtherKind {
                hash,
                expected,
                found,
            },
            Reason::Version { part, found, known } => StorageError::OtherVersion {
                hash,
                part,
                found,
                known,
            },
            Reason::Other(reason) => StorageError::Corrupt {
                hash,
                kind,
                reason: reason.into_owned(),
            },
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reason::Kind { found, expected } => {
                write!(f, "it is a {} and not a {}", found.name(), expected.name())
            }
            Reason::Version { part, found, known } => write!(
                f,
                "it is written in format version {found} ({part}); this version of prollytree reads \
                 {known}"
            ),
            Reason::Other(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for Malformed {}

/// Returns the header of a record: a letter, the kind, the format version of that kind, and a zero.
///
/// Because it is hashed with the rest, records of two kinds or versions never share an address.
#[must_use]
pub const fn header(kind: Kind, version: u8) -> [u8; HEADER_LEN] {
    [MAGIC, kind.0.to_le_bytes()[0], version, 0]
}

/// Checks a record's header and returns what follows it.
///
/// # Errors
/// Says which part of the header is wrong. A version above `version` names both.
pub fn read_header(bytes: &[u8], kind: Kind, version: u8) -> Result<&[u8], Malformed> {
    let Some((found, rest)) = bytes.split_first_chunk::<HEADER_LEN>() else {
        return Err(Malformed::new("it is shorter than a header"));
    };
    let expected = header(kind, version);
    if found[0] != expected[0] || found[3] != expected[3] {
        return Err(Malformed::new("it does not begin with a record header"));
    }
    if found[1] != expected[1] {
        return Err(Malformed(Reason::Kind {
            found: Kind(u32::from(found[1])),
            expected: kind,
        }));
    }
    if found[2] != version {
        return Err(Malformed::version(
            kind.name(),
            found[2].into(),
            version.into(),
        ));
    }
    Ok(rest)
}
