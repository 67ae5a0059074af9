//! Proofs about a store: what a commit, or the root of a catalog, says about keys of a namespace.
//!
//! Two proofs about trees in one: the commit names the root of its catalog, the catalog's entry
//! names the root of the namespace, and that vouches for the keys.

use std::ops::{Bound, RangeBounds};

use prollytree_plugin_api::Hash;

use super::anchor::{Anchor, Anchored, broken, check_part};
use super::catalog::Catalog;
use super::commit::Commit;
use super::error::HistoryError;
use super::namespace::NamespaceKey;
use crate::storage::{Fields, PutFields};
use crate::tree::{Key, Proof, ProofError, ProvenValue, Tree, seal_proof, unseal_proof};

/// What a store says about keys of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreProof {
    anchored: Anchored,
    /// About the namespace; none where the catalog has none of that name.
    tree: Option<Proof>,
}

/// The kind of a proof about a store, among those of proofs.
const STORE: u8 = 2;

impl StoreProof {
    /// Makes a proof about a range of a namespace's keys, against a commit or the root of a catalog.
    /// `tree` is that of the namespace; without one, the proof says that there is none.
    ///
    /// # Errors
    /// [`HistoryError::Unwritable`] if it would hold 4 GiB of nodes, and those of reading.
    pub fn generate<K, R>(
        commit: Option<&Commit>,
        catalog: &Catalog,
        namespace: &NamespaceKey,
        tree: Option<&Tree>,
        range: R,
    ) -> Result<Self, HistoryError>
    where
        K: AsRef<[u8]> + ?Sized,
        R: RangeBounds<K>,
    {
        let tree = tree.map(|tree| tree.generate_range_proof(range));
        let tree = tree.transpose()?;
        check_part(tree.as_ref().map_or(0, Proof::encoded_len))?;
        Ok(Self {
            anchored: Anchored::generate(commit, catalog, namespace)?,
            tree,
        })
    }

    /// Returns the range of keys that the proof is about. Nothing is said about others. Where there is
    /// no such namespace, it is about all keys.
    #[must_use]
    pub fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        let all = (Bound::Unbounded, Bound::Unbounded);
        self.tree.as_ref().map_or(all, Proof::bounds)
    }

    /// Says whether the store has this value for a key, or none if `value` is `None`. False means
    /// that the proof does not show it, whatever the reason; [`value`](Self::value) tells which.
    #[must_use]
    pub fn verify(
        &self,
        anchor: Anchor,
        namespace: &NamespaceKey,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> bool {
        match (self.value(anchor, namespace, key), value) {
            (Ok(None), None) => true,
            (Ok(Some(proven)), Some(value)) => proven.is(value),
            _ => false,
        }
    }

    /// Returns what the store has for a key of a namespace.
    ///
    /// # Errors
    /// [`ProofError::OtherCommit`] if it is about another commit, and those of [`Proof::value`].
    pub fn value(
        &self,
        anchor: Anchor,
        namespace: &NamespaceKey,
        key: &[u8],
    ) -> Result<Option<ProvenValue>, ProofError> {
        match self.tree_of(anchor, namespace)? {
            None => Ok(None),
            Some((root, tree)) => tree.value(&root, key),
        }
    }

    /// Returns all entries that the store has in a namespace.
    ///
    /// # Errors
    /// [`ProofError::OtherCommit`] if it is about another commit, and those of [`Proof::entries`].
    pub fn entries(
        &self,
        anchor: Anchor,
        namespace: &NamespaceKey,
    ) -> Result<Vec<(Key, ProvenValue)>, ProofError> {
        self.entries_in::<[u8], _>(.., anchor, namespace)
    }

    /// Returns the part of them whose keys lie in a range, which is the one that the proof was made for,
    /// or any where there is no such namespace.
    ///
    /// # Errors
    /// [`ProofError::OtherCommit`] if it is about another commit, and those of [`Proof::entries_in`].
    pub fn entries_in<K, R>(
        &self,
        range: R,
        anchor: Anchor,
        namespace: &NamespaceKey,
    ) -> Result<Vec<(Key, ProvenValue)>, ProofError>
    where
        K: AsRef<[u8]> + ?Sized,
        R: RangeBounds<K>,
    {
        match self.tree_of(anchor, namespace)? {
            None => Ok(Vec::new()),
            Some((root, tree)) => tree.entries_in(range, &root),
        }
    }

    /// Returns the root of a namespace and the proof about it; `None` if there is no such namespace.
    fn tree_of(
        &self,
        anchor: Anchor,
        namespace: &NamespaceKey,
    ) -> Result<Option<(Hash, &Proof)>, ProofError> {
        match (self.anchored.entry(anchor, namespace)?, &self.tree) {
            (None, None) => Ok(None),
            (Some(entry), Some(tree)) => Ok(Some((entry.root, tree))),
            _ => Err(broken("its parts are about different things")),
        }
    }

    /// Returns the proof as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let tree = self.tree.as_ref().map(Proof::encode).unwrap_or_default();
        let mut parts = Vec::new();
        self.anchored.put_to(&mut parts);
        parts.put_long(&tree);
        seal_proof(STORE, &parts)
    }

    /// Reads a proof from bytes. Accepts nothing but what [`encode`](Self::encode) gives.
    ///
    /// # Errors
    /// [`ProofError::Malformed`], or [`ProofError::OtherVersion`] if it is a later form of a proof.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProofError> {
        let mut fields = Fields::new(unseal_proof(bytes, STORE)?);
        let anchored = Anchored::read(&mut fields)?;
        let tree = fields.long("tree").map_err(ProofError::Malformed)?;
        fields.end().map_err(ProofError::Malformed)?;
        let tree = (!tree.is_empty())
            .then(|| Proof::decode(tree))
            .transpose()?;
        Ok(Self { anchored, tree })
    }
}
