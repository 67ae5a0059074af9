//! Proofs of what differs between two states of a store in one namespace, checked against what is
//! known of each, a commit or the root of a catalog, and nothing else.
//!
//! Each side leads down to the root of the namespace, or shows that there is none, and a proof of
//! what differs between two trees vouches for the rest.

use std::ops::{Bound, RangeBounds};

use prollytree_plugin_api::Hash;

use super::anchor::{Anchor, Anchored, check_part};
use super::catalog::Catalog;
use super::commit::Commit;
use super::error::HistoryError;
use super::namespace::NamespaceKey;
use crate::storage::{Fields, PutFields};
use crate::tree::{
    DiffProof, Parameters, ProofError, ProvenChange, Tree, seal_proof, unseal_proof,
};

/// What differs between two states of a store in a range of a namespace's keys, and that nothing
/// else does.
///
/// Made by [`Snapshot::generate_diff_proof`](crate::store::Snapshot::generate_diff_proof). Whoever
/// checks it knows both states, and says which namespace and which range it is to be about; for all
/// that together, one sequence of bytes is a proof and no other one.
///
/// ```
/// # use prollytree::storage::{Storage, StorageOptions};
/// # use prollytree::store::{StoreOptions, VersionedStore};
/// # use prollytree_plugin_api::{OpenStorage, Options};
/// use prollytree::history::{Anchor, NamespaceKey, Person, StoreDiffProof};
/// # use std::sync::Arc;
/// #
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = (prollytree_backend_memory::BACKEND.open)(&OpenStorage::or_create(Options::new()))?;
/// # let storage = Storage::new(backend, StorageOptions::default());
/// # let identity = Arc::new(Person::new("Ada", "ada@example.org")?);
/// # let options = StoreOptions { identity, ..StoreOptions::default() };
/// # let mut store = VersionedStore::init(storage, options)?;
/// store.put("bread", "2.90")?;
/// let monday = store.commit("Prices of Monday")?;
/// store.put("bread", "3.10")?;
/// let tuesday = store.commit("Prices of Tuesday")?;
/// let (before, after) = (store.snapshot(monday)?, store.snapshot(tuesday)?);
/// let bytes = before.generate_diff_proof(&after)?.encode();
///
/// // Whoever knows the ids of the two commits needs nothing else.
/// let proof = StoreDiffProof::decode(&bytes)?;
/// let (before, after) = (Anchor::Commit(monday), Anchor::Commit(tuesday));
/// let changes = proof.changes(before, after, &NamespaceKey::plain())?;
/// assert_eq!(changes.len(), 1);
/// assert_eq!(changes[0].key, b"bread");
/// assert!(changes[0].after.as_ref().is_some_and(|value| value.is(b"3.10")));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreDiffProof {
    before: Anchored,
    after: Anchored,
    difference: DiffProof,
}

/// A state of a store, for whoever makes a proof of what differs from it or in it.
#[derive(Clone, Copy, Debug)]
pub struct ProofSide<'a> {
    /// The commit; none if the root of the catalog is what will be known.
    pub commit: Option<&'a Commit>,
    /// The catalog, which is that of the commit.
    pub catalog: &'a Catalog,
    /// The tree of the namespace; none if the catalog has none of that name.
    pub tree: Option<&'a Tree>,
}

/// The kind of a proof about what differs between two states, among those of proofs.
const STORE_DIFF: u8 = 4;

impl StoreDiffProof {
    /// Makes a proof of what must happen to a range of a namespace's keys in one state to make it the
    /// other. A namespace that one state lacks has no entries there. The two need not have the same
    /// tree parameters.
    ///
    /// Reads the nodes that the two trees do not share, and one node a level of each catalog.
    ///
    /// # Errors
    /// [`HistoryError::Unwritable`] if it would hold 4 GiB of nodes, and those of reading.
    pub fn generate<K, R>(
        before: ProofSide<'_>,
        after: ProofSide<'_>,
        namespace: &NamespaceKey,
        range: R,
    ) -> Result<Self, HistoryError>
    where
        K: AsRef<[u8]> + ?Sized,
        R: RangeBounds<K>,
    {
        let anchored =
            |side: ProofSide<'_>| Anchored::generate(side.commit, side.catalog, namespace);
        let trees = [before.tree, after.tree];
        let of_absent = parameters_of_absent(trees.map(|tree| tree.map(Tree::parameters)));
        let empty = || Tree::empty(before.catalog.storage().clone(), of_absent);
        let [old, new] = trees.map(|tree| tree.cloned().unwrap_or_else(empty));
        let difference = old.generate_diff_range_proof(&new, range)?;
        check_part(difference.encoded_len())?;
        Ok(Self {
            before: anchored(before)?,
            after: anchored(after)?,
            difference,
        })
    }

    /// Returns the range of keys that the proof is about. Nothing is said about others.
    #[must_use]
    pub fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        self.difference.bounds()
    }

    /// Returns what must happen to a namespace as it is in the state `before` to make it as it is in
    /// the state `after`, all of it, in the order of the keys. Costs a hash of each node.
    ///
    /// # Errors
    /// [`ProofError::NotCovered`] if the proof is about a range alone, or about another namespace;
    /// [`ProofError::OtherCommit`] and [`ProofError::WrongRoot`] if it is about other states;
    /// [`ProofError::OtherVersion`] if a record in it is of a later format; [`ProofError::Broken`] if it
    /// holds anything but what leads from these to what differs.
    pub fn changes(
        &self,
        before: Anchor,
        after: Anchor,
        namespace: &NamespaceKey,
    ) -> Result<Vec<ProvenChange>, ProofError> {
        self.changes_in::<[u8], _>(.., before, after, namespace)
    }

    /// Returns the part of it whose keys lie in a range, which is the one that the proof was made for.
    ///
    /// # Errors
    /// [`ProofError::NotCovered`] if the proof is about another range; otherwise as for
    /// [`changes`](Self::changes).
    pub fn changes_in<K, R>(
        &self,
        range: R,
        before: Anchor,
        after: Anchor,
        namespace: &NamespaceKey,
    ) -> Result<Vec<ProvenChange>, ProofError>
    where
        K: AsRef<[u8]> + ?Sized,
        R: RangeBounds<K>,
    {
        let [before, after] = self.roots([before, after], namespace)?;
        self.difference.changes_in(range, &before, &after)
    }

    /// Returns the roots of the two trees.
    fn roots(
        &self,
        [before, after]: [Anchor; 2],
        namespace: &NamespaceKey,
    ) -> Result<[Hash; 2], ProofError> {
        let entries = [
            self.before.entry(before, namespace)?,
            self.after.entry(after, namespace)?,
        ];
        let parameters = entries
            .each_ref()
            .map(|entry| entry.as_ref().map(|entry| &entry.parameters));
        let absent = Tree::empty_root(&parameters_of_absent(parameters));
        Ok(entries.map(|entry| entry.map_or(absent, |entry| entry.root)))
    }

    /// Returns the proof as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut parts = Vec::new();
        self.before.put_to(&mut parts);
        self.after.put_to(&mut parts);
        parts.put_long(&self.difference.encode());
        seal_proof(STORE_DIFF, &parts)
    }

    /// Reads a proof from bytes. Accepts nothing but what [`encode`](Self::encode) gives; whether it
    /// shows anything is another question.
    ///
    /// # Errors
    /// [`ProofError::Malformed`], or [`ProofError::OtherVersion`] if it is a later form of a proof.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProofError> {
        let mut fields = Fields::new(unseal_proof(bytes, STORE_DIFF)?);
        let before = Anchored::read(&mut fields)?;
        let after = Anchored::read(&mut fields)?;
        let difference = fields.long("difference").map_err(ProofError::Malformed)?;
        fields.end().map_err(ProofError::Malformed)?;
        Ok(Self {
            before,
            after,
            difference: DiffProof::decode(difference)?,
        })
    }
}

/// Returns the parameters of the empty tree that stands for a namespace where one side lacks it: those
/// of the other side. Where both lack it, any will do, as the two are the same.
fn parameters_of_absent(sides: [Option<&Parameters>; 2]) -> Parameters {
    let [before, after] = sides;
    before.or(after).copied().unwrap_or_default()
}
