//! What a store should be: two sorted maps. The oracle of the random cases.

use std::collections::BTreeMap;

use prollytree_plugin_api::{Hash, Kind, RecordEntry, RefName, RefUpdate};

use crate::item::Item;

/// The records and refs that a store should hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    records: BTreeMap<Hash, (Kind, u64)>,
    refs: BTreeMap<RefName, Hash>,
}

/// What a swap should answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    Done,
    /// This ref is elsewhere.
    Lost(RefName, Option<Hash>),
    /// Two names exclude each other.
    Conflict,
}

impl Model {
    pub(crate) fn put<'a>(&mut self, items: impl IntoIterator<Item = &'a Item>) {
        for item in items {
            let size = item.bytes.len().try_into().expect("sizes fit in 64 bits");
            self.records.insert(item.hash, (item.kind, size));
        }
    }

    pub(crate) fn contains(&self, hash: &Hash) -> bool {
        self.records.contains_key(hash)
    }

    /// Deletes and says how many records there were.
    pub(crate) fn delete(&mut self, hashes: &[Hash]) -> u64 {
        let gone = hashes
            .iter()
            .filter(|hash| self.records.remove(hash).is_some());
        gone.count().try_into().expect("counts fit in 64 bits")
    }

    pub(crate) fn list(&self) -> Vec<RecordEntry> {
        let entry = |(hash, (kind, size)): (&Hash, &(Kind, u64))| RecordEntry {
            hash: *hash,
            kind: *kind,
            size: *size,
        };
        self.records.iter().map(entry).collect()
    }

    pub(crate) fn get_ref(&self, name: &RefName) -> Option<Hash> {
        self.refs.get(name).copied()
    }

    /// Whether any ref points to the record.
    pub(crate) fn is_target(&self, hash: &Hash) -> bool {
        self.refs.values().any(|target| target == hash)
    }

    pub(crate) fn list_refs(&self, prefix: &str) -> Vec<(RefName, Hash)> {
        let matching = self
            .refs
            .iter()
            .filter(|(name, _)| name.as_str().starts_with(prefix));
        matching.map(|(name, hash)| (name.clone(), *hash)).collect()
    }

    /// Moves refs, all or none, each judged after the ones before it have moved.
    pub(crate) fn move_refs(&mut self, updates: &[RefUpdate]) -> Moved {
        let mut refs = self.refs.clone();
        for update in updates {
            let current = refs.get(&update.name).copied();
            if current != update.expected {
                return Moved::Lost(update.name.clone(), current);
            }
            match update.new {
                None => drop(refs.remove(&update.name)),
                Some(_) if collides(&refs, &update.name) => return Moved::Conflict,
                Some(new) => drop(refs.insert(update.name.clone(), new)),
            }
        }
        self.refs = refs;
        Moved::Done
    }
}

fn collides(refs: &BTreeMap<RefName, Hash>, name: &RefName) -> bool {
    let lies_below = |one: &RefName, other: &RefName| {
        one.as_str()
            .strip_prefix(other.as_str())
            .is_some_and(|rest| rest.starts_with('/'))
    };
    refs.keys()
        .any(|other| lies_below(name, other) || lies_below(other, name))
}
