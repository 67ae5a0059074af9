//! Refs as the journal tells them: judging updates, and applying what was decided.

use std::collections::BTreeMap;
use std::ops::Bound;

use prollytree_plugin_api::{Error, ErrorKind, Hash, RefName, RefUpdate, Result, Swap};

/// All refs of a store.
#[derive(Clone, Default)]
pub(crate) struct Refs(BTreeMap<RefName, Hash>);

impl Refs {
    pub(crate) fn value(&self, name: &RefName) -> Option<Hash> {
        self.0.get(name).copied()
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len() as u64
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&RefName, Hash)> {
        self.0.iter().map(|(name, &hash)| (name, hash))
    }

    /// Lists up to `limit` refs whose names begin with `prefix`, after `after`.
    pub(crate) fn list(
        &self,
        prefix: &str,
        after: Option<&RefName>,
        limit: usize,
    ) -> Vec<(RefName, Hash)> {
        let start = match after.map(RefName::as_str) {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let from = self.0.range::<str, _>((start, Bound::Unbounded));
        from.take_while(|(name, _)| name.as_str().starts_with(prefix))
            .take(limit)
            .map(|(name, &hash)| (name.clone(), hash))
            .collect()
    }

    pub(crate) fn set(&mut self, name: RefName, value: Option<Hash>) {
        match value {
            Some(hash) => self.0.insert(name, hash),
            None => self.0.remove(&name),
        };
    }

    /// Says whether all the updates may happen, each judged after the ones before it. Changes
    /// nothing.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for two updates of one ref; `CONFLICT` for a ref below another.
    pub(crate) fn judge(&self, updates: &[RefUpdate]) -> Result<Swap> {
        let mut moved: BTreeMap<&str, Option<Hash>> = BTreeMap::new();
        for update in updates {
            if moved.insert(update.name.as_str(), None).is_some() {
                let message = format!("two updates of ref `{}` in one commit", update.name);
                return Err(
                    Error::new(ErrorKind::INVALID_ARGUMENT, message).with("ref", &update.name)
                );
            }
        }
        moved.clear();
        for update in updates {
            let current = self.value(&update.name);
            if current != update.expected {
                let name = update.name.clone();
                return Ok(Swap::Lost { name, current });
            }
            if current.is_none() && update.new.is_some() {
                self.refuse_collision(&update.name, &moved)?;
            }
            moved.insert(update.name.as_str(), update.new);
        }
        Ok(Swap::Done)
    }

    /// Refuses a new ref that would lie below another one, or another below it.
    fn refuse_collision(&self, name: &RefName, moved: &BTreeMap<&str, Option<Hash>>) -> Result<()> {
        for above in name.ancestors() {
            let there = moved
                .get(above)
                .map_or(self.0.contains_key(above), Option::is_some);
            if there {
                return Err(name.collision(above));
            }
        }
        let below = format!("{name}/");
        let kept = self
            .0
            .range::<str, _>((Bound::Included(below.as_str()), Bound::Unbounded))
            .map(|(other, _)| other.as_str())
            .take_while(|other| other.starts_with(&below))
            .find(|other| moved.get(*other).is_none_or(Option::is_some));
        let created = moved
            .iter()
            .find(|(other, value)| value.is_some() && other.starts_with(&below));
        match kept.or(created.map(|(other, _)| *other)) {
            Some(other) => Err(name.collision(other)),
            None => Ok(()),
        }
    }
}
