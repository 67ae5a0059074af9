//! prollytree 0.4.1, on its store in memory.
//!
//! Its trees own their store, and clones of the store share nothing. Versions that are compared or
//! merged must be in one, so the store here is a handle on a shared one.

use std::mem;
use std::sync::Arc;

use parking_lot::RwLock;
use prollytree_0_4::config::TreeConfig;
use prollytree_0_4::diff::{ConflictResolver, DiffResult, MergeResult, TakeDestinationResolver};
use prollytree_0_4::digest::ValueDigest;
use prollytree_0_4::node::ProllyNode;
use prollytree_0_4::proof::Proof;
use prollytree_0_4::storage::{FileNodeStorage, InMemoryNodeStorage, NodeStorage, StorageError};
use prollytree_0_4::tree::{ProllyTree, Tree};

use crate::Result;
use crate::data::{Answer, Entry};
use crate::engine::{Engine, Offer, Versions};

type Digest = ValueDigest<32>;
type Node = ProllyNode<32>;
type Map = ProllyTree<32, Shared>;

/// Its store in memory, shared by clones.
#[derive(Clone)]
pub(crate) struct Shared(Arc<RwLock<InMemoryNodeStorage<32>>>);

pub(crate) struct ProllyTree04 {
    store: Shared,
}

impl NodeStorage<32> for Shared {
    fn get_node_by_hash(&self, hash: &Digest) -> Option<Arc<Node>> {
        self.0.read().get_node_by_hash(hash)
    }

    fn insert_node(&mut self, hash: Digest, node: Node) -> std::result::Result<(), StorageError> {
        self.0.write().insert_node(hash, node)
    }

    fn delete_node(&mut self, hash: &Digest) -> std::result::Result<(), StorageError> {
        self.0.write().delete_node(hash)
    }

    fn save_config(&self, key: &str, config: &[u8]) {
        self.0.read().save_config(key, config);
    }

    fn get_config(&self, key: &str) -> Option<Vec<u8>> {
        self.0.read().get_config(key)
    }
}

impl ProllyTree04 {
    fn build(&self, entries: Vec<Entry>) -> Map {
        let mut map = ProllyTree::new(self.store.clone(), TreeConfig::default());
        map.apply_changes(entries.into_iter().map(|(key, value)| (key, Some(value))));
        map
    }

    /// Visits all nodes of a version, in order.
    fn walk(&self, node: &Node, visit: &mut impl FnMut(&Node) -> Result<()>) -> Result<()> {
        visit(node)?;
        if node.is_leaf {
            return Ok(());
        }
        for hash in &node.values {
            let child = self.store.get_node_by_hash(&ValueDigest::raw_hash(hash));
            self.walk(&*child.ok_or("a node is missing")?, visit)?;
        }
        Ok(())
    }

    /// Writes a version to files, as its store on disk does, and adds up their sizes.
    fn size_in_files(&self, map: &Map) -> Result<usize> {
        let folder = tempfile::tempdir()?;
        let mut files = FileNodeStorage::<32>::new(folder.path().to_owned())?;
        self.walk(&map.root, &mut |node| {
            Ok(files.insert_node(node.get_hash(), node.clone())?)
        })?;
        let mut bytes = 0;
        for file in std::fs::read_dir(folder.path())? {
            bytes += file?.metadata()?.len() as usize;
        }
        Ok(bytes)
    }
}

impl Engine for ProllyTree04 {
    type Map = Map;
    type Proof = Proof<32>;

    const GETS: usize = 2_000;
    const PUTS: usize = 1;

    fn create() -> Result<Self> {
        Ok(Self {
            store: Shared(Arc::new(RwLock::new(InMemoryNodeStorage::new()))),
        })
    }

    /// Its nodes are stored decoded, so that nothing is ever cold.
    fn cold(&self) -> Offer<Self> {
        None
    }

    fn build_sorted(&self, entries: &mut Vec<Entry>) -> Result<Map> {
        Ok(self.build(mem::take(entries)))
    }

    fn build_unsorted(&self, entries: &mut Vec<Entry>) -> Result<Map> {
        Ok(self.build(mem::take(entries)))
    }

    fn snapshot(&self, map: &Map) -> Result<Map> {
        Ok(ProllyTree {
            root: map.root.clone(),
            storage: map.storage.clone(),
            config: map.config.clone(),
        })
    }

    fn len(&self, map: &Map) -> Result<u64> {
        Ok(map.size() as u64)
    }

    fn get(&self, map: &Map, keys: &[&[u8]]) -> Result<Answer> {
        let value = |&key: &&[u8]| {
            let leaf = map.find(key)?;
            let at = leaf
                .keys
                .binary_search_by(|other| other.as_slice().cmp(key))
                .ok()?;
            Some(Answer::value(&leaf.values[at]))
        };
        Ok(keys.iter().filter_map(value).sum())
    }

    /// It has no iterator; its nodes and its store are public, so that a user can write one.
    fn scan(&self, map: &Map) -> Result<Answer> {
        let mut answer = Answer::default();
        self.walk(&map.root, &mut |node| {
            if node.is_leaf {
                let entries = node.keys.iter().zip(&node.values);
                answer = entries.fold(answer, |answer, (key, value)| {
                    answer + Answer::entry(key, value)
                });
            }
            Ok(())
        })?;
        Ok(answer)
    }

    fn put(&self, map: &mut Map, (key, value): &Entry) -> Result<()> {
        map.insert(key.clone(), value.clone());
        Ok(())
    }

    fn apply(&self, map: &mut Map, entries: &[Entry]) -> Result<()> {
        map.apply_changes(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), Some(value.clone()))),
        );
        Ok(())
    }

    fn diff(&self, before: &Map, after: &Map) -> Offer<Answer> {
        let answer = |change: &DiffResult| match change {
            DiffResult::Added(key, value) | DiffResult::Modified(key, _, value) => {
                Answer::entry(key, value)
            }
            DiffResult::Removed(..) => Answer::count(1),
        };
        Some(Ok(before.diff(after).iter().map(answer).sum()))
    }

    /// Its own `apply_merge_results` puts one key at a time, which takes minutes; this gives it its
    /// batch.
    fn merge(&self, versions: Versions<'_, Map>, resolver: bool) -> Offer<Map> {
        let Versions { base, ours, theirs } = versions;
        let hash = |map: &Map| map.root.get_hash();
        let mut changes = Vec::new();
        for result in ours.merge(&hash(theirs), &hash(ours), &hash(base)) {
            let result = match result {
                MergeResult::Conflict(conflict) if resolver => {
                    TakeDestinationResolver.resolve_conflict(&conflict)
                }
                other => Some(other),
            };
            match result {
                Some(MergeResult::Added(key, value) | MergeResult::Modified(key, value)) => {
                    changes.push((key, Some(value)));
                }
                Some(MergeResult::Removed(key)) => changes.push((key, None)),
                Some(MergeResult::Conflict(_)) | None => return Some(Err("a conflict".into())),
            }
        }
        Some(self.snapshot(ours).map(|mut merged| {
            merged.apply_changes(changes);
            merged
        }))
    }

    fn prove(&self, map: &Map, key: &[u8]) -> Offer<Proof<32>> {
        Some(Ok(map.generate_proof(key)))
    }

    fn verify(&self, map: &Map, proof: &Proof<32>, (key, value): (&[u8], &[u8])) -> Result<bool> {
        Ok(map.verify(proof.clone(), key, Some(value)))
    }

    /// Hashes only: who verifies needs the tree as well.
    fn proof_bytes(&self, proof: &Proof<32>) -> Result<usize> {
        Ok((proof.path.len() + 1) * 32)
    }

    fn stored_bytes(&self, map: &Map) -> Offer<usize> {
        Some(self.size_in_files(map))
    }
}
