//! Proofs about a store: what a commit, or the root of a catalog, says about keys of a namespace.
//!
//! Two proofs about trees in one: the commit names the root of its catalog, the catalog's entry
//! names the root of the namespace, and that vouches for the keys.

use std::ops::RangeBounds;

use prollytree_plugin_api::{Buffer, Hash};

use super::catalog::Catalog;
use super::catalog_entry::CatalogEntry;
use super::commit::{Commit, CommitId};
use super::error::HistoryError;
use super::namespace::NamespaceKey;
use crate::storage::{Decode, Fields, Malformed, PutFields, address_of};
use crate::tree::{Key, Proof, ProofError, ProvenValue, Tree, seal_proof, unseal_proof};

/// What a store says about keys of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreProof {
    /// The record of the commit; none if the root of the catalog is what is known.
    commit: Option<Buffer>,
    catalog: Proof,
    /// About the namespace; none where the catalog has none of that name.
    tree: Option<Proof>,
}

/// What is known of a store by whoever checks a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The id of a commit.
    Commit(CommitId),
    /// The root of a catalog, which is the root hash of a store.
    Root(Hash),
}

/// The kind of a proof about a store, among those of proofs.
const STORE: u8 = 2;

impl StoreProof {
    /// Makes a proof about a range of a namespace's keys, against a commit or the root of a catalog.
    /// `tree` is that of the namespace; without one, the proof says that there is none.
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
        let encode = |commit: &Commit| {
            commit.encode().map_err(|reason| HistoryError::Unwritable {
                what: "commit",
                reason,
            })
        };
        Ok(Self {
            commit: commit.map(encode).transpose()?.map(Buffer::from),
            catalog: catalog.generate_proof(namespace)?,
            tree: tree
                .map(|tree| tree.generate_range_proof(range))
                .transpose()?,
        })
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
    /// Those of [`Proof::value`].
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

    /// Returns all entries of the proof's range that the store has in a namespace.
    ///
    /// # Errors
    /// Those of [`Proof::entries`].
    pub fn entries(
        &self,
        anchor: Anchor,
        namespace: &NamespaceKey,
    ) -> Result<Vec<(Key, ProvenValue)>, ProofError> {
        match self.tree_of(anchor, namespace)? {
            None => Ok(Vec::new()),
            Some((root, tree)) => tree.entries(&root),
        }
    }

    /// Returns the root of a namespace and the proof about it; `None` if there is no such namespace.
    fn tree_of(
        &self,
        anchor: Anchor,
        namespace: &NamespaceKey,
    ) -> Result<Option<(Hash, &Proof)>, ProofError> {
        match (self.namespace_root(anchor, namespace)?, &self.tree) {
            (None, None) => Ok(None),
            (Some(root), Some(tree)) => Ok(Some((root, tree))),
            _ => Err(broken("its parts are about different things")),
        }
    }

    /// Returns the root of a namespace; `None` if the catalog has none of that name.
    fn namespace_root(
        &self,
        anchor: Anchor,
        namespace: &NamespaceKey,
    ) -> Result<Option<Hash>, ProofError> {
        let root = match (anchor, &self.commit) {
            (Anchor::Root(root), None) => root,
            (Anchor::Commit(id), Some(commit)) => {
                let found = address_of(commit);
                if found != id.0 {
                    return Err(ProofError::WrongRoot {
                        expected: id.0,
                        found,
                    });
                }
                let commit = Commit::decode(commit.clone()).map_err(ProofError::Broken)?;
                commit.root
            }
            _ => return Err(broken("it is anchored in something else")),
        };
        let entry = match self.catalog.value(&root, &namespace.encode())? {
            None => return Ok(None),
            Some(ProvenValue::Whole(entry)) => entry,
            Some(ProvenValue::Outside { .. }) => {
                return Err(broken("an entry of a catalog is out of line"));
            }
        };
        let entry = CatalogEntry::decode(&entry).map_err(ProofError::Broken)?;
        Ok(Some(entry.root))
    }

    /// Returns the proof as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let tree = self.tree.as_ref().map(Proof::encode).unwrap_or_default();
        let mut parts = Vec::new();
        parts.put_long(self.commit.as_deref().unwrap_or_default());
        parts.put_long(&self.catalog.encode());
        parts.put_long(&tree);
        seal_proof(STORE, &parts)
    }

    /// Reads a proof from bytes. Accepts nothing but what [`encode`](Self::encode) gives.
    ///
    /// # Errors
    /// [`ProofError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ProofError> {
        let parts = unseal_proof(bytes, STORE)?;
        let mut fields = Fields::new(parts);
        let mut part = |name| fields.long(name).map_err(ProofError::Malformed);
        let (commit, catalog, tree) = (part("commit")?, part("catalog")?, part("tree")?);
        fields.end().map_err(ProofError::Malformed)?;
        let present = |bytes: &'_ [u8]| !bytes.is_empty();
        Ok(Self {
            commit: present(commit).then(|| Buffer::from(commit)),
            catalog: Proof::decode(catalog)?,
            tree: present(tree).then(|| Proof::decode(tree)).transpose()?,
        })
    }
}

fn broken(reason: &'static str) -> ProofError {
    ProofError::Broken(Malformed::new(reason))
}
