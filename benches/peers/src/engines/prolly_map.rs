//! prolly-map, on its store in memory.

use std::collections::HashSet;
use std::mem;
use std::sync::Arc;

use prolly::{
    Config, Diff, KeyProof, MemStore, Mutation, Node, NodeStoreScan, Prolly, Resolver, Store, Tree,
    resolver,
};

use crate::Result;
use crate::branches::Branches;
use crate::data::{Answer, Entry};
use crate::engine::{Engine, Offer, Versions, Written};
use crate::engines::branches;

pub(crate) struct ProllyMap {
    store: Arc<MemStore>,
    manager: Prolly<Arc<MemStore>>,
}

impl ProllyMap {
    fn open(store: Arc<MemStore>) -> Self {
        let manager = Prolly::new(Arc::clone(&store), Config::default());
        Self { store, manager }
    }

    /// Counts what an insert adds to the store.
    fn count_new_nodes(&self, map: &Tree, (key, value): &Entry) -> Result<Written> {
        let before: HashSet<_> = self.store.list_node_cids()?.into_iter().collect();
        self.manager.put(map, key.clone(), value.clone())?;
        let mut written = Written::default();
        for cid in self.store.list_node_cids()? {
            if !before.contains(&cid)
                && let Some(bytes) = self.store.get(cid.as_bytes())?
            {
                written.leaves += usize::from(Node::from_bytes(&bytes)?.leaf);
                written.bytes += bytes.len();
            }
        }
        Ok(written)
    }
}

impl Engine for ProllyMap {
    type Map = Tree;
    type Proof = KeyProof;

    fn create() -> Result<Self> {
        Ok(Self::open(Arc::new(MemStore::new())))
    }

    fn cold(&self) -> Offer<Self> {
        Some(Ok(Self::open(Arc::clone(&self.store))))
    }

    fn build_sorted(&self, entries: &mut Vec<Entry>) -> Result<Tree> {
        Ok(self.manager.build_from_sorted_entries(mem::take(entries))?)
    }

    fn build_unsorted(&self, entries: &mut Vec<Entry>) -> Result<Tree> {
        Ok(self.manager.build_from_entries(mem::take(entries))?)
    }

    fn snapshot(&self, map: &Tree) -> Result<Tree> {
        Ok(map.clone())
    }

    fn len(&self, map: &Tree) -> Result<u64> {
        Ok(self.manager.len(map)?)
    }

    fn get(&self, map: &Tree, keys: &[&[u8]]) -> Result<Answer> {
        let mut answer = Answer::default();
        for key in keys {
            if let Some(value) = self.manager.get(map, key)? {
                answer = answer + Answer::value(&value);
            }
        }
        Ok(answer)
    }

    fn get_in_session(&self, map: &Tree, keys: &[&[u8]]) -> Offer<Answer> {
        let read = || -> Result<Answer> {
            let mut session = self.manager.read(map)?;
            let mut answer = Answer::default();
            for key in keys {
                if let Some(found) = session.get_with(key, Answer::value)? {
                    answer = answer + found;
                }
            }
            Ok(answer)
        };
        Some(read())
    }

    fn scan(&self, map: &Tree) -> Result<Answer> {
        let mut answer = Answer::default();
        self.manager.scan_range(map, &[], None, |entry| {
            answer = answer + Answer::entry(entry.key(), entry.value());
        })?;
        Ok(answer)
    }

    fn put(&self, map: &mut Tree, (key, value): &Entry) -> Result<()> {
        *map = self.manager.put(map, key.clone(), value.clone())?;
        Ok(())
    }

    fn apply(&self, map: &mut Tree, entries: &[Entry]) -> Result<()> {
        *map = self.manager.batch(map, mutations(entries))?;
        Ok(())
    }

    /// The manager keeps the edits, so that a merge by the same one need not look for them.
    fn branch(&self, map: &mut Tree, entries: &[Entry]) -> Result<()> {
        let mutations = Arc::new(mutations(entries));
        *map = self.manager.batch_with_lineage(map, mutations)?;
        Ok(())
    }

    fn diff(&self, before: &Tree, after: &Tree) -> Offer<Answer> {
        let answer = |change: &Diff| match change {
            Diff::Added { key, val } | Diff::Changed { key, new: val, .. } => {
                Answer::entry(key, val)
            }
            Diff::Removed { .. } => Answer::count(1),
        };
        let changes = self.manager.diff(before, after);
        Some(
            changes
                .map(|changes| changes.iter().map(answer).sum())
                .map_err(Into::into),
        )
    }

    fn merge(&self, versions: Versions<'_, Tree>, resolve: bool) -> Offer<Tree> {
        let resolver = resolve.then(|| Box::new(resolver::prefer_left) as Resolver);
        let Versions { base, ours, theirs } = versions;
        Some(
            self.manager
                .merge(base, ours, theirs, resolver)
                .map_err(Into::into),
        )
    }

    fn names(entries: Vec<Entry>) -> Offer<Box<dyn Branches>> {
        Some(branches::ProllyMap::load(entries).map(|store| Box::new(store) as Box<dyn Branches>))
    }

    fn prove(&self, map: &Tree, key: &[u8]) -> Offer<KeyProof> {
        Some(self.manager.prove_key(map, key).map_err(Into::into))
    }

    fn verify(&self, map: &Tree, proof: &KeyProof, (key, value): (&[u8], &[u8])) -> Result<bool> {
        let verified = proof.verify();
        Ok(verified.valid
            && verified.root == map.root
            && verified.key == key
            && verified.value.as_deref() == Some(value))
    }

    /// The nodes, from which a proof can be made again; its own bundle of them is twice as large.
    fn proof_bytes(&self, proof: &KeyProof) -> Result<usize> {
        let nodes = proof.path_node_bytes();
        Ok(nodes.iter().map(Vec::len).sum())
    }

    fn stored_bytes(&self, map: &Tree) -> Offer<usize> {
        let stats = self.manager.collect_stats(map);
        Some(
            stats
                .map(|stats| stats.total_tree_size_bytes)
                .map_err(Into::into),
        )
    }

    fn written(&self, map: &Tree, entry: &Entry) -> Offer<Written> {
        Some(self.count_new_nodes(map, entry))
    }
}

fn mutations(entries: &[Entry]) -> Vec<Mutation> {
    let upsert = |(key, val): &Entry| Mutation::Upsert {
        key: key.clone(),
        val: val.clone(),
    };
    entries.iter().map(upsert).collect()
}
