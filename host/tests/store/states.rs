//! States of a store for proofs about them, and random contents of theirs.

use std::collections::BTreeMap;
use std::ops::Bound;

use prollytree::history::{
    Anchor, Catalog, CatalogEntry, Commit, CommitId, NamespaceKey, Person, ProofSide, Signature,
    StoreDiffProof,
};
use prollytree::storage::{RecordBatch, Storage};
use prollytree::tree::{EntryRule, Key, Parameters, Tree};
use prollytree_plugin_api::{Hash, Timestamp};
use proptest::prelude::*;

use crate::START;

pub(crate) type Map = BTreeMap<Key, Vec<u8>>;
pub(crate) type Bounds = (Bound<Key>, Bound<Key>);

pub(crate) const ALL: Bounds = (Bound::Unbounded, Bound::Unbounded);

/// A state of a store that has a namespace or lacks it, and beside it always another one.
pub(crate) struct State {
    pub(crate) map: Map,
    pub(crate) catalog: Catalog,
    pub(crate) commit: Option<Commit>,
    pub(crate) tree: Option<Tree>,
    pub(crate) anchor: Anchor,
}

impl State {
    pub(crate) fn new(
        storage: &Storage,
        parameters: Parameters,
        map: Option<&Map>,
        by_commit: bool,
    ) -> Self {
        let mut batch = RecordBatch::new();
        let mut catalog = Catalog::empty(storage);
        let entry = |tree: &Tree| CatalogEntry::plain(tree.root(), *tree.parameters());
        let build = |map: Map| Tree::build(storage.clone(), parameters, map).unwrap();
        let other = build(Map::from([(b"other".to_vec(), vec![])]));
        catalog = (catalog.with(&NamespaceKey::plain(), Some(&entry(&other)), &mut batch)).unwrap();
        let tree = map.map(|map| build(map.clone()));
        storage.put(&batch).unwrap();
        if let Some(tree) = &tree {
            let mut batch = RecordBatch::new();
            catalog = catalog
                .with(&prices(), Some(&entry(tree)), &mut batch)
                .unwrap();
            storage.put(&batch).unwrap();
        }
        let commit = by_commit.then(|| commit(catalog.root()));
        let anchor = match &commit {
            None => Anchor::Root(catalog.root()),
            Some(commit) => Anchor::Commit(CommitId(Hash::of(&commit.encode().unwrap()))),
        };
        let map = map.cloned().unwrap_or_default();
        Self {
            map,
            catalog,
            commit,
            tree,
            anchor,
        }
    }

    pub(crate) fn side(&self) -> ProofSide<'_> {
        ProofSide {
            commit: self.commit.as_ref(),
            catalog: &self.catalog,
            tree: self.tree.as_ref(),
        }
    }

    /// Proves what differs from another state.
    pub(crate) fn proof(&self, after: &Self, bounds: &Bounds) -> StoreDiffProof {
        let (namespace, bounds) = (prices(), bounds.clone());
        StoreDiffProof::generate::<Key, _>(self.side(), after.side(), &namespace, bounds).unwrap()
    }
}

pub(crate) fn prices() -> NamespaceKey {
    NamespaceKey::new("prices", "data").unwrap()
}

fn commit(root: Hash) -> Commit {
    let signature = Signature::new(Person::new("Ada", "").unwrap(), Timestamp(START), 0);
    Commit {
        root,
        aux: None,
        parents: Vec::new(),
        generation: 1,
        author: signature.clone(),
        committer: signature,
        message: "A state".to_owned(),
        extra: Vec::new(),
    }
}

pub(crate) fn narrow() -> Parameters {
    let rule = EntryRule {
        modulus: 3,
        base: 2,
        ..EntryRule::default()
    };
    Parameters::entries(rule).unwrap()
}

pub(crate) fn numbered(count: u8, value: u8) -> Map {
    (0..count).map(|n| (vec![n], vec![value; 3])).collect()
}

fn keys() -> impl Strategy<Value = Key> {
    prop::collection::vec(0_u8..4, 0..5)
}

pub(crate) fn bounds() -> impl Strategy<Value = Bounds> {
    let bound = || {
        prop_oneof![
            2 => Just(Bound::Unbounded),
            1 => keys().prop_map(Bound::Included),
            1 => keys().prop_map(Bound::Excluded),
        ]
    };
    (bound(), bound())
}

pub(crate) fn maps() -> impl Strategy<Value = Option<Map>> {
    let value = prop_oneof![
        5 => prop::collection::vec(any::<u8>(), 0..6),
        1 => Just(vec![b'v'; 3_000]),
    ];
    prop::option::weighted(0.85, prop::collection::btree_map(keys(), value, 0..90))
}
