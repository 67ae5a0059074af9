//! Proofs: what a tree says about a range of keys, checked against its root hash and nothing else.
//!
//! A [`Proof`] holds the nodes of the tree that a range of keys touches, from the root down. Whoever
//! knows the root hash can check that they are the tree's and that none is missing, and reads off
//! every entry of the range, or that there is none. A proof for one key is one for the range that
//! holds that key alone.

pub(super) mod bytes;
mod diff;
mod make;
mod verify;

pub(crate) use bytes::{seal_proof, unseal_proof};
pub use diff::{DiffProof, ProvenChange};

use std::ops::{Bound, RangeBounds};

use prollytree_plugin_api::{Buffer, Hash};

use super::iter::Bounds;
use super::key::Key;
use crate::storage::Malformed;

/// What a tree says about a range of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    bounds: Bounds,
    /// The nodes that the range touches: each before those below it, in the order of their keys.
    nodes: Vec<Buffer>,
}

/// A value that a proof shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProvenValue {
    /// The value.
    Whole(Vec<u8>),
    /// The value lies out of line: it has this address and this length, and whoever has it can check
    /// that with [`ProvenValue::is`].
    Outside {
        /// The address of the blob.
        hash: Hash,
        /// The number of bytes.
        len: u64,
    },
}

/// Why a proof shows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The bytes are no proof.
    #[error("this is not a proof: {0}")]
    Malformed(Malformed),
    /// It is a proof about another tree, or another version of it.
    #[error("the proof is about the tree {found}, not {expected}")]
    WrongRoot {
        /// The root hash that was asked for.
        expected: Hash,
        /// The root hash of the proof's nodes.
        found: Hash,
    },
    /// It is a proof about another commit.
    #[error("the proof is about the commit {found}, not {expected}")]
    OtherCommit {
        /// The id that was asked for.
        expected: Hash,
        /// The id of the commit in the proof.
        found: Hash,
    },
    /// Its nodes do not make a part of one tree.
    #[error("the proof contradicts itself: {0}")]
    Broken(Malformed),
    /// The proof, or a part of a record in it, has a format version that this program does not know.
    /// Nothing is said against it: the version of prollytree that wrote it can check it.
    #[error(
        "the proof is written in format version {found} ({part}); this version of prollytree reads \
         {known}: check it with the version that wrote it"
    )]
    OtherVersion {
        /// What has the version, such as "node" or "tree parameters".
        part: &'static str,
        /// The version that was found.
        found: u32,
        /// The version that this program knows.
        known: u32,
    },
    /// It is about other keys.
    #[error("the proof is not about this key")]
    NotCovered,
}

impl ProofError {
    /// Says what is wrong with a record in a proof, which has the address that it is to have.
    pub(crate) fn of_record(reason: Malformed) -> Self {
        match reason.other_version() {
            None => Self::Broken(reason),
            Some((part, found, known)) => Self::OtherVersion { part, found, known },
        }
    }
}

impl Proof {
    /// Returns the range of keys that the proof is about. Nothing is said about others.
    #[must_use]
    pub fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        borrowed(&self.bounds)
    }

    /// Says whether the proof is about a key.
    #[must_use]
    pub fn covers(&self, key: &[u8]) -> bool {
        self.bounds.contains(&key.to_vec())
    }

    /// Says whether the proof is about a key and no other one.
    pub(crate) fn is_about(&self, key: &[u8]) -> bool {
        let bound = |bound: &Bound<Key>| matches!(bound, Bound::Included(found) if found == key);
        bound(&self.bounds.0) && bound(&self.bounds.1)
    }

    /// Says whether the tree with this root has this value for a key, or none if `value` is `None`.
    /// False means that the proof does not show it, whatever the reason; [`value`](Self::value) and
    /// [`entries`](Self::entries) tell which.
    #[must_use]
    pub fn verify(&self, root: &Hash, key: &[u8], value: Option<&[u8]>) -> bool {
        match (self.value(root, key), value) {
            (Ok(None), None) => true,
            (Ok(Some(proven)), Some(value)) => proven.is(value),
            _ => false,
        }
    }
}

/// Says whether a proof is about a range: none that says the same in other words.
fn is_range<K>((start, end): &Bounds, range: &impl RangeBounds<K>) -> bool
where
    K: AsRef<[u8]> + ?Sized,
{
    let same = |bound: &Bound<Key>, wanted: Bound<&K>| {
        bound.as_ref().map(Vec::as_slice) == wanted.map(AsRef::as_ref)
    };
    same(start, range.start_bound()) && same(end, range.end_bound())
}

/// Returns a range as those see it who hold a proof.
fn borrowed((start, end): &Bounds) -> (Bound<&[u8]>, Bound<&[u8]>) {
    (
        start.as_ref().map(Vec::as_slice),
        end.as_ref().map(Vec::as_slice),
    )
}

impl ProvenValue {
    /// Says whether these bytes are the value.
    #[must_use]
    pub fn is(&self, value: &[u8]) -> bool {
        match self {
            Self::Whole(proven) => proven == value,
            Self::Outside { hash, len } => {
                value.len() as u64 == *len && super::value::reference(value).hash == *hash
            }
        }
    }
}

#[cfg(test)]
impl Proof {
    pub(super) fn nodes(&self) -> &[Buffer] {
        &self.nodes
    }

    pub(super) fn swap_nodes(&mut self, one: usize, other: usize) {
        self.nodes.swap(one, other);
    }
}
