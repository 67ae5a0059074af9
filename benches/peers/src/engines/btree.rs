//! The map of the standard library: no versions, no hashes, no storage.

use std::collections::BTreeMap;
use std::mem;

use crate::Result;
use crate::data::{Answer, Entry};
use crate::engine::{Engine, Offer};

pub(crate) struct Standard;

impl Engine for Standard {
    type Map = BTreeMap<Vec<u8>, Vec<u8>>;
    type Proof = ();

    fn create() -> Result<Self> {
        Ok(Self)
    }

    fn cold(&self) -> Offer<Self> {
        None
    }

    fn build_sorted(&self, entries: &mut Vec<Entry>) -> Result<Self::Map> {
        Ok(mem::take(entries).into_iter().collect())
    }

    fn build_unsorted(&self, entries: &mut Vec<Entry>) -> Result<Self::Map> {
        Ok(mem::take(entries).into_iter().collect())
    }

    fn snapshot(&self, map: &Self::Map) -> Result<Self::Map> {
        Ok(map.clone())
    }

    fn len(&self, map: &Self::Map) -> Result<u64> {
        Ok(map.len() as u64)
    }

    fn get(&self, map: &Self::Map, keys: &[&[u8]]) -> Result<Answer> {
        Ok(keys
            .iter()
            .filter_map(|&key| map.get(key))
            .map(|value| Answer::value(value))
            .sum())
    }

    fn scan(&self, map: &Self::Map) -> Result<Answer> {
        Ok(map
            .iter()
            .map(|(key, value)| Answer::entry(key, value))
            .sum())
    }

    fn put(&self, map: &mut Self::Map, (key, value): &Entry) -> Result<()> {
        map.insert(key.clone(), value.clone());
        Ok(())
    }

    fn apply(&self, map: &mut Self::Map, entries: &[Entry]) -> Result<()> {
        map.extend(entries.iter().cloned());
        Ok(())
    }
}
