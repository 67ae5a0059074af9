//! What a backend stores: immutable bytes under their hash.

use std::fmt;

use crate::{Buffer, Hash};

/// What a record is. Backends may store kinds apart or in a native form; they never interpret one.
///
/// A number and not an enum, so that a newer host may use kinds that an older plugin never saw.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Kind(pub u32);

impl Kind {
    /// A piece of a tree.
    pub const NODE: Self = Self(1);
    /// An out-of-line value, or a piece of one.
    pub const BLOB: Self = Self(2);
    /// A commit.
    pub const COMMIT: Self = Self(3);
    /// An annotated tag.
    pub const TAG: Self = Self(4);
    /// A small record of the host's own: work, store parameters, leases.
    pub const META: Self = Self(5);

    /// Returns the kind's name, or `unknown` for one that this version does not know.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NODE => "node",
            Self::BLOB => "blob",
            Self::COMMIT => "commit",
            Self::TAG => "tag",
            Self::META => "meta",
            _ => "unknown",
        }
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kind({} = {})", self.0, self.name())
    }
}

/// The largest record: 64 MiB, twice what the format produces. Every backend accepts every size from
/// 0 up to this one.
pub const MAX_RECORD_SIZE: usize = 64 << 20;

/// One record on its way to a backend.
///
/// `links` are the hashes that the bytes refer to, in the order of their first mention. *Closure*
/// holds for every record that the host puts: each link is stored already or comes earlier in the
/// same batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The SHA-256 of `bytes`.
    pub hash: Hash,
    /// What the record is.
    pub kind: Kind,
    /// The records that this one refers to.
    pub links: &'a [Hash],
    /// The content.
    pub bytes: &'a [u8],
    /// The content again, where the host shares it: an engine that keeps records in memory may keep
    /// a clone in place of a copy. The bytes never change.
    pub shared: Option<&'a Buffer>,
}

impl<'a> Record<'a> {
    /// Makes a record and computes its hash.
    #[must_use]
    pub fn new(kind: Kind, links: &'a [Hash], bytes: &'a [u8]) -> Self {
        Self {
            hash: Hash::of(bytes),
            kind,
            links,
            bytes,
            shared: None,
        }
    }

    /// Returns the content as a buffer that can be kept: the shared one, or a copy.
    #[must_use]
    pub fn to_buffer(&self) -> Buffer {
        self.shared
            .map_or_else(|| Buffer::from(self.bytes), Buffer::clone)
    }
}

/// One line of a listing of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordEntry {
    /// The record's address.
    pub hash: Hash,
    /// What the record is.
    pub kind: Kind,
    /// The number of its bytes.
    pub size: u64,
}
