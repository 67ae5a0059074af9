//! Proofs as bytes; the form is described in `docs/format.md`.

use std::ops::Bound;

use prollytree_plugin_api::{Buffer, Hash};

use super::{DiffProof, Proof, ProofError};
use crate::storage::{Fields, Malformed, PutFields};
use crate::tree::iter::Bounds;
use crate::tree::key::{Key, MAX_KEY_LEN};

/// What a proof begins with.
const MAGIC: &[u8; 8] = b"PROLPROF";
const VERSION: u8 = 1;
/// The number of bytes of the seal.
const SEAL_LEN: usize = 8;
/// A proof about a tree. The layer above has one about a store, which is 2.
const TREE: u8 = 1;
/// A proof about what differs between two trees.
const DIFF: u8 = 3;

impl Proof {
    /// Returns the proof as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        seal_proof(TREE, &fields(&self.bounds, &self.nodes))
    }

    /// Reads a proof from bytes. Accepts nothing but what [`encode`](Self::encode) gives; whether it
    /// shows anything is another question.
    ///
    /// # Errors
    /// [`ProofError::Malformed`], or [`ProofError::OtherVersion`] if it is a later form of a proof.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProofError> {
        let (bounds, nodes) = read(unseal_proof(bytes, TREE)?).map_err(ProofError::Malformed)?;
        Ok(Self { bounds, nodes })
    }

    /// Returns the number of bytes of the encoding, without making it.
    pub(crate) fn encoded_len(&self) -> u64 {
        encoded_len(&self.bounds, &self.nodes)
    }
}

impl DiffProof {
    /// Returns the proof as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        seal_proof(DIFF, &fields(&self.bounds, &self.nodes))
    }

    /// Reads a proof from bytes. Accepts nothing but what [`encode`](Self::encode) gives; whether it
    /// shows anything is another question.
    ///
    /// # Errors
    /// [`ProofError::Malformed`], or [`ProofError::OtherVersion`] if it is a later form of a proof.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProofError> {
        let (bounds, nodes) = read(unseal_proof(bytes, DIFF)?).map_err(ProofError::Malformed)?;
        Ok(Self { bounds, nodes })
    }

    /// Returns the number of bytes of the encoding, without making it.
    pub(crate) fn encoded_len(&self) -> u64 {
        encoded_len(&self.bounds, &self.nodes)
    }
}

fn encoded_len((start, end): &Bounds, nodes: &[Buffer]) -> u64 {
    let bound = |bound: &Bound<Key>| match bound {
        Bound::Unbounded => 0,
        Bound::Included(key) | Bound::Excluded(key) => key.len() as u64,
    };
    let around = MAGIC.len() + 2 + 2 * (1 + 4) + 4 + SEAL_LEN;
    let nodes: u64 = nodes.iter().map(|node| node.len() as u64 + 4).sum();
    around as u64 + bound(start) + bound(end) + nodes
}

/// Returns what the proof of a range consists of.
fn fields(bounds: &Bounds, nodes: &[Buffer]) -> Vec<u8> {
    let size: usize = nodes.iter().map(|node| node.len() + 4).sum();
    let mut fields = Vec::with_capacity(size + 64);
    for bound in [&bounds.0, &bounds.1] {
        let (kind, key) = match bound {
            Bound::Unbounded => (0, &[][..]),
            Bound::Included(key) => (1, &key[..]),
            Bound::Excluded(key) => (2, &key[..]),
        };
        fields.put_u8(kind);
        fields.put_long(key);
    }
    fields.put_count(nodes.len());
    for node in nodes {
        fields.put_long(node);
    }
    fields
}

/// Puts what all proofs have in common around the fields of one.
pub(crate) fn seal_proof(kind: u8, fields: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(MAGIC.len() + 2 + fields.len() + SEAL_LEN);
    out.extend_from_slice(MAGIC);
    out.put_u8(VERSION);
    out.put_u8(kind);
    out.extend_from_slice(fields);
    let seal = seal(&out);
    out.extend_from_slice(&seal);
    out
}

/// Returns the fields of a proof of a kind.
pub(crate) fn unseal_proof(bytes: &[u8], kind: u8) -> Result<&[u8], ProofError> {
    let malformed = |reason: &'static str| ProofError::Malformed(Malformed::new(reason));
    let rest = bytes
        .strip_prefix(MAGIC)
        .ok_or_else(|| malformed("it does not begin as one"))?;
    let ([version, found], rest) = rest
        .split_first_chunk()
        .ok_or_else(|| malformed("it is cut off"))?;
    if *version != VERSION {
        return Err(ProofError::OtherVersion {
            part: "proof",
            found: (*version).into(),
            known: VERSION.into(),
        });
    }
    if *found != kind {
        return Err(malformed("it is a proof of another kind"));
    }
    let (fields, sealed) = rest
        .split_last_chunk::<SEAL_LEN>()
        .ok_or_else(|| malformed("it is cut off"))?;
    if *sealed != seal(&bytes[..bytes.len() - SEAL_LEN]) {
        return Err(malformed("its bytes are not those that it was made of"));
    }
    Ok(fields)
}

/// Returns what a proof ends with: the beginning of the hash of all before it. It tells damage from
/// a lie, and a proof of what was asked from one whose question was changed on the way.
pub(in crate::tree) fn seal(bytes: &[u8]) -> [u8; SEAL_LEN] {
    let hash = Hash::of(bytes);
    let (seal, _) = hash
        .as_bytes()
        .split_first_chunk()
        .expect("a hash has 32 bytes");
    *seal
}

fn read(fields: &[u8]) -> Result<(Bounds, Vec<Buffer>), Malformed> {
    let mut fields = Fields::new(fields);
    let bounds = (bound(&mut fields)?, bound(&mut fields)?);
    let count = fields.u32("number of nodes")?;
    let mut nodes = Vec::new();
    for _ in 0..count {
        nodes.push(Buffer::from(fields.long("node")?));
    }
    fields.end()?;
    Ok((bounds, nodes))
}

fn bound(fields: &mut Fields<'_>) -> Result<Bound<Key>, Malformed> {
    let kind = fields.u8("bound")?;
    let key = fields.long("key")?;
    if key.len() > MAX_KEY_LEN {
        return Err(Malformed::new("a key is too long"));
    }
    match kind {
        0 if key.is_empty() => Ok(Bound::Unbounded),
        1 => Ok(Bound::Included(key.to_vec())),
        2 => Ok(Bound::Excluded(key.to_vec())),
        _ => Err(Malformed::new("a bound is of an unknown kind")),
    }
}
