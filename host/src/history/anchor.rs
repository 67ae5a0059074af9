//! Where proofs about a store begin: the way from what is known of it, a commit or the root of a
//! catalog, down to what the catalog says of a namespace.

use prollytree_plugin_api::{Buffer, Hash};

use super::catalog::Catalog;
use super::catalog_entry::CatalogEntry;
use super::commit::{Commit, CommitId};
use super::error::HistoryError;
use super::namespace::NamespaceKey;
use crate::storage::{Decode, Fields, Malformed, PutFields, address_of};
use crate::tree::{Proof, ProofError, ProvenValue};

/// What is known of a store by whoever checks a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The id of a commit.
    Commit(CommitId),
    /// The root of a catalog, which is the root hash of a store.
    Root(Hash),
}

/// What leads from an anchor to the entry of a namespace, or shows that there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Anchored {
    /// The record of the commit; none if the root of the catalog is what is known.
    commit: Option<Buffer>,
    catalog: Proof,
}

impl Anchored {
    pub(super) fn generate(
        commit: Option<&Commit>,
        catalog: &Catalog,
        namespace: &NamespaceKey,
    ) -> Result<Self, HistoryError> {
        let encode = |commit: &Commit| {
            commit.encode().map_err(|reason| HistoryError::Unwritable {
                what: "commit",
                reason,
            })
        };
        Ok(Self {
            commit: commit.map(encode).transpose()?.map(Buffer::from),
            catalog: catalog.generate_proof(namespace)?,
        })
    }

    /// Returns what the catalog says of a namespace; `None` if it has none of that name. What says
    /// something of others, too, is refused: there is one way to each.
    pub(super) fn entry(
        &self,
        anchor: Anchor,
        namespace: &NamespaceKey,
    ) -> Result<Option<CatalogEntry>, ProofError> {
        let key = namespace.encode();
        if !self.catalog.is_about(&key) {
            return Err(ProofError::NotCovered);
        }
        let root = self.catalog_root(anchor)?;
        match self.catalog.value(&root, &key)? {
            None => Ok(None),
            Some(ProvenValue::Whole(entry)) => {
                let entry = CatalogEntry::decode(&entry).map_err(ProofError::of_record)?;
                Ok(Some(entry))
            }
            Some(ProvenValue::Outside { .. }) => {
                Err(broken("an entry of a catalog is out of line"))
            }
        }
    }

    fn catalog_root(&self, anchor: Anchor) -> Result<Hash, ProofError> {
        match (anchor, &self.commit) {
            (Anchor::Root(root), None) => Ok(root),
            (Anchor::Commit(id), Some(commit)) => {
                let found = address_of(commit);
                if found != id.0 {
                    return Err(ProofError::OtherCommit {
                        expected: id.0,
                        found,
                    });
                }
                let commit = Commit::decode(commit.clone()).map_err(ProofError::of_record)?;
                Ok(commit.root)
            }
            _ => Err(broken("it is anchored in something else")),
        }
    }

    pub(super) fn put_to(&self, parts: &mut Vec<u8>) {
        parts.put_long(self.commit.as_deref().unwrap_or_default());
        parts.put_long(&self.catalog.encode());
    }

    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, ProofError> {
        let mut part = |name| fields.long(name).map_err(ProofError::Malformed);
        let (commit, catalog) = (part("commit")?, part("catalog")?);
        Ok(Self {
            commit: (!commit.is_empty()).then(|| Buffer::from(commit)),
            catalog: Proof::decode(catalog)?,
        })
    }
}

/// Refuses what no proof about a store can hold: the length of a part has four bytes.
pub(super) fn check_part(len: u64) -> Result<(), HistoryError> {
    if u32::try_from(len).is_err() {
        return Err(HistoryError::Unwritable {
            what: "proof",
            reason: Malformed::new("it holds 4 GiB of nodes or more; prove smaller ranges"),
        });
    }
    Ok(())
}

pub(super) fn broken(reason: &'static str) -> ProofError {
    ProofError::Broken(Malformed::new(reason))
}

#[cfg(test)]
mod tests {
    use prollytree_plugin_api::{Kind, OpenStorage, Options};

    use super::*;
    use crate::storage::{Storage, StorageOptions, header};
    use crate::tree::{Parameters, Tree};

    #[test]
    fn a_part_is_shorter_than_its_length_can_say() {
        check_part(u32::MAX.into()).unwrap();
        let error = check_part(1 << 32).unwrap_err();
        assert!(error.to_string().contains("4 GiB"), "{error}");
    }

    /// Returns what leads to a value of a catalog, and what is known of it.
    fn anchored(entry: Vec<u8>) -> (Anchored, Anchor) {
        let request = OpenStorage::or_create(Options::new());
        let backend = (prollytree_backend_memory::BACKEND.open)(&request).unwrap();
        let storage = Storage::new(backend, StorageOptions::default());
        let key = NamespaceKey::plain().encode();
        let entries = [(key.clone(), entry)];
        let tree = Tree::build(storage, Parameters::default(), entries).unwrap();
        let catalog = tree.generate_proof(&key).unwrap();
        let commit = None;
        (Anchored { commit, catalog }, Anchor::Root(tree.root()))
    }

    #[test]
    fn what_says_something_of_other_namespaces_is_refused() {
        let request = OpenStorage::or_create(Options::new());
        let backend = (prollytree_backend_memory::BACKEND.open)(&request).unwrap();
        let storage = Storage::new(backend, StorageOptions::default());
        let tree = Tree::empty(storage, Parameters::default());
        let key = NamespaceKey::plain().encode();
        let entry = |catalog| {
            let commit = None;
            let anchor = Anchor::Root(tree.root());
            Anchored { commit, catalog }.entry(anchor, &NamespaceKey::plain())
        };
        assert_eq!(entry(tree.generate_proof(&key).unwrap()), Ok(None));
        let wider = tree.generate_range_proof::<Vec<u8>, _>(..=key).unwrap();
        assert_eq!(entry(wider), Err(ProofError::NotCovered));
    }

    /// What a later version has written contradicts nothing.
    #[test]
    fn a_record_of_a_later_version_is_named_as_such() {
        let entry = CatalogEntry::plain(Hash::of(b"root"), Parameters::default());
        let entry = entry.encode().unwrap();
        let version_of = |(anchored, anchor): (Anchored, Anchor)| match anchored
            .entry(anchor, &NamespaceKey::plain())
        {
            Err(ProofError::OtherVersion { part, found, known }) => (part, found, known),
            other => panic!("{other:?}"),
        };
        let version = Hash::LEN;
        for (at, part) in [(version, "catalog entry"), (version + 4, "tree parameters")] {
            let mut later = entry.clone();
            later[at] = 2;
            assert_eq!(version_of(anchored(later)), (part, 2, 1));
        }
        let (mut anchored, _) = anchored(entry);
        let mut later = header(Kind::COMMIT, 3).to_vec();
        later.extend(b"in words of its own");
        let id = CommitId(Hash::of(&later));
        anchored.commit = Some(Buffer::from(later));
        assert_eq!(version_of((anchored, Anchor::Commit(id))), ("commit", 3, 1));
    }
}
