//! Ours, on the memory backend.

use std::convert::Infallible;
use std::mem;
use std::ops::ControlFlow;
use std::sync::Arc;

use prollytree::storage::{RecordBatch, Storage, StorageOptions};
use prollytree::tree::{BulkOptions, Edit, LeaveConflicts, Parameters, Proof, TakeOurs, Tree};
use prollytree_backend_memory::BACKEND;
use prollytree_plugin_api::{Kind, NodeStorage, OpenStorage, Options};

use crate::Result;
use crate::branches::Branches;
use crate::data::{Answer, Entry};
use crate::engine::{Engine, Offer, Versions, Written};
use crate::engines::branches;

pub(crate) struct Ours {
    backend: Arc<dyn NodeStorage>,
    storage: Storage,
}

impl Ours {
    fn open(backend: Arc<dyn NodeStorage>) -> Self {
        let storage = Storage::new(Arc::clone(&backend), StorageOptions::default());
        Self { backend, storage }
    }

    /// Puts entries and returns the next version and its records, which are stored.
    fn write(&self, map: &Tree, entries: &[Entry]) -> Result<(Tree, RecordBatch)> {
        let mut batch = RecordBatch::new();
        let edits = entries
            .iter()
            .map(|(key, value)| (key, Edit::Put(value.clone())));
        let next = map.apply(edits, &mut batch)?;
        self.storage.put(&batch)?;
        Ok((next, batch))
    }
}

impl Engine for Ours {
    type Map = Tree;
    type Proof = Proof;

    fn create() -> Result<Self> {
        Ok(Self::open((BACKEND.open)(&OpenStorage::or_create(
            Options::new(),
        ))?))
    }

    fn cold(&self) -> Offer<Self> {
        Some(Ok(Self::open(Arc::clone(&self.backend))))
    }

    fn build_sorted(&self, entries: &mut Vec<Entry>) -> Result<Tree> {
        Ok(Tree::build(
            self.storage.clone(),
            Parameters::default(),
            entries.iter().map(|(key, value)| (key, value)),
        )?)
    }

    fn build_unsorted(&self, entries: &mut Vec<Entry>) -> Result<Tree> {
        Ok(Tree::build_unsorted(
            self.storage.clone(),
            Parameters::default(),
            mem::take(entries),
            BulkOptions::default(),
        )?)
    }

    fn snapshot(&self, map: &Tree) -> Result<Tree> {
        Ok(Tree::open(
            self.storage.clone(),
            map.root(),
            *map.parameters(),
        )?)
    }

    fn len(&self, map: &Tree) -> Result<u64> {
        Ok(map.len())
    }

    fn get(&self, map: &Tree, keys: &[&[u8]]) -> Result<Answer> {
        let mut answer = Answer::default();
        for key in keys {
            if let Some(value) = map.get(key)? {
                answer = answer + Answer::value(&value);
            }
        }
        Ok(answer)
    }

    fn get_in_session(&self, map: &Tree, keys: &[&[u8]]) -> Offer<Answer> {
        let mut answer = Answer::default();
        for key in keys {
            match map.get_with(key, Answer::value) {
                Ok(Some(value)) => answer = answer + value,
                Ok(None) => {}
                Err(error) => return Some(Err(error.into())),
            }
        }
        Some(Ok(answer))
    }

    fn scan(&self, map: &Tree) -> Result<Answer> {
        let flow =
            map.try_fold::<[u8], _, _, Infallible>(.., Answer::default(), |answer, key, value| {
                ControlFlow::Continue(answer + Answer::entry(key, value))
            })?;
        let ControlFlow::Continue(answer) = flow;
        Ok(answer)
    }

    fn put(&self, map: &mut Tree, entry: &Entry) -> Result<()> {
        self.apply(map, std::slice::from_ref(entry))
    }

    fn apply(&self, map: &mut Tree, entries: &[Entry]) -> Result<()> {
        (*map, _) = self.write(map, entries)?;
        Ok(())
    }

    fn diff(&self, before: &Tree, after: &Tree) -> Offer<Answer> {
        let changes = before.diff(after).map(|change| {
            let change = change?;
            Ok(match change.after {
                None => Answer::count(1),
                Some(value) => Answer::entry(&change.key, &value.load()?),
            })
        });
        Some(changes.sum())
    }

    fn merge(&self, versions: Versions<'_, Tree>, resolver: bool) -> Offer<Tree> {
        let Versions { base, ours, theirs } = versions;
        let mut batch = RecordBatch::new();
        let merged = if resolver {
            ours.merge(base, theirs, TakeOurs, &mut batch)
        } else {
            ours.merge(base, theirs, LeaveConflicts, &mut batch)
        };
        Some(merged.map_err(Into::into).and_then(|merged| {
            self.storage.put(&batch)?;
            Ok(merged.tree)
        }))
    }

    fn names(entries: Vec<Entry>) -> Offer<Box<dyn Branches>> {
        Some(branches::OurNames::load(entries).map(|store| Box::new(store) as Box<dyn Branches>))
    }

    fn branches(entries: Vec<Entry>) -> Offer<Box<dyn Branches>> {
        Some(branches::Ours::load(entries).map(|store| Box::new(store) as Box<dyn Branches>))
    }

    fn prove(&self, map: &Tree, key: &[u8]) -> Offer<Proof> {
        Some(map.generate_proof(key).map_err(Into::into))
    }

    fn verify(&self, map: &Tree, proof: &Proof, (key, value): (&[u8], &[u8])) -> Result<bool> {
        Ok(proof.verify(&map.root(), key, Some(value)))
    }

    fn proof_bytes(&self, proof: &Proof) -> Result<usize> {
        Ok(proof.encode().len())
    }

    fn stored_bytes(&self, map: &Tree) -> Offer<usize> {
        let bytes = map.stats().map(|stats| {
            let nodes: u64 = stats.levels.iter().map(|level| level.bytes).sum();
            (nodes + stats.blob_bytes) as usize
        });
        Some(bytes.map_err(Into::into))
    }

    fn written(&self, map: &Tree, entry: &Entry) -> Offer<Written> {
        let applied = self.write(map, std::slice::from_ref(entry));
        let written = applied.map(|(_, batch)| {
            // The node of an empty tree comes with every batch.
            let empty = Tree::empty(self.storage.clone(), *map.parameters()).root();
            let mut written = Written::default();
            for record in batch.records() {
                if record.kind == Kind::NODE && record.hash != empty {
                    // The values are in the leaves, so that leaves are the nodes without links.
                    written.leaves += usize::from(record.links.is_empty());
                    written.bytes += record.bytes.len();
                }
            }
            written
        });
        Some(written)
    }
}
