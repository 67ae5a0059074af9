//! The contents of a plain store at some moment: its catalog, and the tree of the namespace
//! `default` in it.

use prollytree_plugin_api::Hash;

use super::StoreError;
use crate::history::{Catalog, CatalogEntry, NamespaceKey};
use crate::storage::{RecordBatch, Storage};
use crate::tree::{Parameters, Tree};

/// A catalog and the plain namespace that it lists.
#[derive(Clone, Debug)]
pub(super) struct Contents {
    pub(super) catalog: Catalog,
    pub(super) tree: Tree,
}

impl Contents {
    /// Nothing at all: the empty catalog.
    pub(super) fn empty(storage: &Storage, parameters: &Parameters) -> Self {
        Self {
            catalog: Catalog::empty(storage),
            tree: Tree::empty(storage.clone(), *parameters),
        }
    }

    /// Opens what a catalog's root leads to. A store without plain values has none in its catalog;
    /// `parameters` are for that case.
    pub(super) fn open(
        storage: &Storage,
        parameters: &Parameters,
        root: Hash,
    ) -> Result<Self, StoreError> {
        let catalog = Catalog::open(storage, root)?;
        let tree = match catalog.entry(&NamespaceKey::plain())? {
            None => Tree::empty(storage.clone(), *parameters),
            Some(entry) => {
                check_plain(&entry)?;
                Tree::open(storage.clone(), entry.root, entry.parameters)?
            }
        };
        Ok(Self { catalog, tree })
    }

    /// Adds the root of the empty catalog to a batch, if that is what `root` is: to be read it need
    /// not be stored, but what refers to it demands that it is.
    pub(super) fn push_empty(
        storage: &Storage,
        root: Hash,
        batch: &mut RecordBatch,
    ) -> Result<(), StoreError> {
        let empty = Catalog::empty(storage);
        if root == empty.root() {
            empty.push_root(batch)?;
        }
        Ok(())
    }

    /// Returns the root of the catalog, which stands for everything.
    pub(super) fn root(&self) -> Hash {
        self.catalog.root()
    }

    /// Returns the same contents with another tree of plain values. An empty one has no entry in
    /// the catalog unless the entry says more than that, so that equal data has an equal root
    /// whatever was there before.
    pub(super) fn with_tree(
        &self,
        tree: Tree,
        batch: &mut RecordBatch,
    ) -> Result<Self, StoreError> {
        if tree.root() == self.tree.root() {
            return Ok(Self {
                catalog: self.catalog.clone(),
                tree,
            });
        }
        let key = NamespaceKey::plain();
        let old = self.catalog.entry(&key)?;
        let attributes = old.map(|entry| entry.attributes).unwrap_or_default();
        let entry = (!tree.is_empty() || !attributes.is_empty()).then(|| CatalogEntry {
            attributes,
            ..CatalogEntry::plain(tree.root(), *tree.parameters())
        });
        let catalog = self.catalog.with(&key, entry.as_ref(), batch)?;
        Ok(Self { catalog, tree })
    }
}

fn check_plain(entry: &CatalogEntry) -> Result<(), StoreError> {
    if entry.kind == CatalogEntry::PLAIN && entry.kind_version == 1 {
        return Ok(());
    }
    Err(StoreError::ForeignNamespace {
        name: NamespaceKey::DEFAULT.to_owned(),
        kind: entry.kind.clone(),
        version: entry.kind_version,
    })
}
