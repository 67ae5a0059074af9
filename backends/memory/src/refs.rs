//! Refs in memory: one ordered map, moved under one lock.

use std::collections::BTreeMap;
use std::ops::Bound;

use prollytree_plugin_api::{Hash, RefName, RefUpdate, Result, Swap};

/// All refs of a store.
#[derive(Default)]
pub(crate) struct Refs {
    values: BTreeMap<RefName, Hash>,
}

impl Refs {
    /// Returns where a ref points.
    pub(crate) fn value(&self, name: &RefName) -> Option<Hash> {
        self.values.get(name).copied()
    }

    /// Lists up to `limit` refs whose names begin with `prefix`, after `after`.
    pub(crate) fn list(
        &self,
        prefix: &str,
        after: Option<&RefName>,
        limit: usize,
    ) -> Vec<(RefName, Hash)> {
        let start = match after {
            Some(after) if after.as_str() >= prefix => Bound::Excluded(after.as_str()),
            _ => Bound::Included(prefix),
        };
        self.values
            .range::<str, _>((start, Bound::Unbounded))
            .take_while(|(name, _)| name.as_str().starts_with(prefix))
            .take(limit)
            .map(|(name, &hash)| (name.clone(), hash))
            .collect()
    }

    /// Returns the number of refs.
    pub(crate) fn count(&self) -> u64 {
        self.values.len() as u64
    }

    /// Moves all the refs, each judged after the ones before it have moved; or moves none.
    pub(crate) fn apply(&mut self, updates: &[RefUpdate]) -> Result<Swap> {
        RefUpdate::refuse_repeated(updates)?;
        let mut moved = Vec::with_capacity(updates.len());
        for update in updates {
            let current = self.value(&update.name);
            let judged = self.judge(update, current);
            if !matches!(judged, Ok(Swap::Done)) {
                for (name, before) in moved.into_iter().rev() {
                    self.set(name, before);
                }
                return judged;
            }
            self.set(&update.name, update.new);
            moved.push((&update.name, current));
        }
        Ok(Swap::Done)
    }

    fn judge(&self, update: &RefUpdate, current: Option<Hash>) -> Result<Swap> {
        if current != update.expected {
            return Ok(Swap::Lost {
                name: update.name.clone(),
                current,
            });
        }
        if current.is_none() && update.new.is_some() {
            self.refuse_collision(&update.name)?;
        }
        Ok(Swap::Done)
    }

    /// Refuses a new ref that would lie below another one, or another below it.
    fn refuse_collision(&self, name: &RefName) -> Result<()> {
        if let Some(above) = name
            .ancestors()
            .find(|&name| self.values.contains_key(name))
        {
            return Err(name.collision(above));
        }
        let below = format!("{name}/");
        match self.list(&below, None, 1).first() {
            Some((below, _)) => Err(name.collision(below.as_str())),
            None => Ok(()),
        }
    }

    fn set(&mut self, name: &RefName, value: Option<Hash>) {
        match value {
            Some(hash) => self.values.insert(name.clone(), hash),
            None => self.values.remove(name),
        };
    }
}
