//! The catalog: a small tree from (name, facet) to what a namespace is and where its tree begins.
//! The root of a commit is the root of a catalog.

use prollytree_plugin_api::{Hash, Kind};

use super::catalog_entry::CatalogEntry;
use super::error::HistoryError;
use super::namespace::NamespaceKey;
use crate::storage::{Decode, Malformed, NewRecord, RecordBatch, Storage};
use crate::tree::{Edit, Node, Parameters, Proof, Shape, Tree};

/// All namespaces of a store at some moment. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Catalog {
    tree: Tree,
}

impl Catalog {
    /// Returns the catalog without namespaces.
    #[must_use]
    pub fn empty(storage: &Storage) -> Self {
        Self {
            tree: Tree::empty(storage.clone(), parameters()),
        }
    }

    /// Opens the catalog with this root. Reads one record.
    pub fn open(storage: &Storage, root: Hash) -> Result<Self, HistoryError> {
        Ok(Self {
            tree: Tree::open(storage.clone(), root, parameters())?,
        })
    }

    /// Returns the root, which stands for the contents of all namespaces.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// Returns the storage that the catalog is read from.
    pub(super) fn storage(&self) -> &Storage {
        self.tree.storage()
    }

    /// Looks a namespace up.
    pub fn entry(&self, key: &NamespaceKey) -> Result<Option<CatalogEntry>, HistoryError> {
        let value = self.tree.get(&key.encode())?;
        value
            .map(|value| self.read(CatalogEntry::decode(&value)))
            .transpose()
    }

    /// Returns a proof of the entry of a namespace, or that there is none.
    pub fn generate_proof(&self, key: &NamespaceKey) -> Result<Proof, HistoryError> {
        Ok(self.tree.generate_proof(&key.encode())?)
    }

    /// Returns all namespaces in the order of name and facet.
    pub fn entries(
        &self,
    ) -> impl Iterator<Item = Result<(NamespaceKey, CatalogEntry), HistoryError>> + '_ {
        self.tree.iter().map(|item| {
            let (key, value) = item?;
            let key = self.read(NamespaceKey::decode(&key))?;
            Ok((key, self.read(CatalogEntry::decode(&value))?))
        })
    }

    /// Returns the catalog in which a namespace has another entry, or none, and adds its new
    /// records to a batch. Those of the namespace itself are stored already or come earlier in the
    /// batch. The new catalog can be read once the batch is stored.
    ///
    /// # Errors
    /// If the entry breaks a rule of its encoding.
    pub fn with(
        &self,
        key: &NamespaceKey,
        entry: Option<&CatalogEntry>,
        batch: &mut RecordBatch,
    ) -> Result<Self, HistoryError> {
        let edit = match entry {
            None => Edit::Delete,
            Some(entry) => {
                Edit::Put((entry.encode()).map_err(|reason| HistoryError::Unwritable {
                    what: "catalog entry",
                    reason,
                })?)
            }
        };
        let mut nodes = RecordBatch::new();
        let tree = self.tree.apply([(key.encode(), edit)], &mut nodes)?;
        for mut node in nodes.into_records() {
            node.links = self.links(&node)?;
            batch.add(node);
        }
        Ok(Self { tree })
    }

    /// Adds the root of a catalog without namespaces to a batch. Such a root need not be stored to be
    /// read, but what refers to it demands that it is.
    pub fn push_root(&self, batch: &mut RecordBatch) -> Result<(), HistoryError> {
        self.tree.apply::<&[u8], Edit>([], batch)?;
        Ok(())
    }

    /// Returns what a new node of a catalog links to: in a leaf, where the entries hold the roots of
    /// the namespaces, these.
    fn links(&self, node: &NewRecord) -> Result<Vec<Hash>, HistoryError> {
        let mut links = node.links.clone();
        let decoded = self.read(Node::decode(node.bytes.clone()))?;
        for value in decoded.inline_values() {
            let root = self.read(CatalogEntry::decode(&value))?.root;
            if !links.contains(&root) {
                links.push(root);
            }
        }
        Ok(links)
    }

    fn read<T>(&self, decoded: Result<T, Malformed>) -> Result<T, HistoryError> {
        decoded.map_err(|malformed| malformed.of_record(self.root(), Kind::NODE).into())
    }
}

/// The parameters of every catalog. They are part of the format: large entries stay in the leaves,
/// so that a leaf links to all that its entries refer to. Their fingerprint is that of no other tree:
/// whoever sees a leaf of a catalog can tell that it refers to trees.
fn parameters() -> Parameters {
    let shape = Shape {
        inline_limit: Parameters::MAX_INLINE_LIMIT,
        ..Shape::default()
    };
    Parameters::reserved(shape, 0)
}

#[cfg(test)]
mod tests {
    use prollytree_plugin_api::{OpenStorage, Options};

    use super::*;
    use crate::storage::{StorageError, StorageOptions};

    fn opened(entry: Vec<u8>) -> Catalog {
        let request = OpenStorage::or_create(Options::new());
        let backend = (prollytree_backend_memory::BACKEND.open)(&request).unwrap();
        let storage = Storage::new(backend, StorageOptions::default());
        let key = NamespaceKey::plain().encode();
        let tree = Tree::build(storage, parameters(), [(key, entry)]).unwrap();
        Catalog { tree }
    }

    /// What a later version of this program has written is whole: nobody needs a copy of it.
    #[test]
    fn what_a_later_version_has_written_is_not_called_corrupt() {
        let entry = CatalogEntry::plain(Hash::of(b"root"), Parameters::default());
        let bytes = entry.encode().unwrap();
        let version = Hash::LEN;
        let parameters = version + 2 + 2;
        for (at, what) in [(version, "catalog entry"), (parameters, "tree parameters")] {
            let mut later = bytes.clone();
            later[at] += 1;
            let error = opened(later).entry(&NamespaceKey::plain()).unwrap_err();
            let HistoryError::Storage(StorageError::OtherVersion { part, found, .. }) = &error
            else {
                panic!("{error}");
            };
            assert_eq!((*part, *found), (what, 2));
            assert!(
                error.to_string().contains("the version that wrote it"),
                "{error}"
            );
        }
        let mut cut = bytes;
        cut.pop();
        let error = opened(cut).entry(&NamespaceKey::plain()).unwrap_err();
        assert!(error.to_string().contains(" is corrupt: "), "{error}");
    }
}
