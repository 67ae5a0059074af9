//! Faults of refs, swaps and commits.

use prollytree_plugin_api::{Hash, NodeStorage, Record, RefName, RefUpdate, Result, Swap};

use crate::fault::{CALL, Fault, linger};

/// Moves the ref from wherever it is.
pub(crate) fn force(base: &dyn NodeStorage, update: &RefUpdate) -> Result<()> {
    loop {
        let expected = base.get_ref(&CALL, &update.name)?;
        let forced = RefUpdate {
            expected,
            ..update.clone()
        };
        if base.compare_and_swap_ref(&CALL, &forced)? == Swap::Done {
            return Ok(());
        }
    }
}

/// Compares, then swaps.
#[derive(Default)]
pub(crate) struct SwapsInTwoSteps;

impl Fault for SwapsInTwoSteps {
    fn swap(&self, base: &dyn NodeStorage, update: &RefUpdate) -> Result<Swap> {
        let current = base.get_ref(&CALL, &update.name)?;
        if current != update.expected {
            return Ok(Swap::Lost {
                name: update.name.clone(),
                current,
            });
        }
        linger();
        force(base, update).map(|()| Swap::Done)
    }

    fn commit(
        &self,
        base: &dyn NodeStorage,
        records: &[Record<'_>],
        updates: &[RefUpdate],
    ) -> Result<Swap> {
        base.put_many(&CALL, records)?;
        updates
            .iter()
            .try_fold(Swap::Done, |_, update| self.swap(base, update))
    }
}

#[derive(Default)]
pub(crate) struct MovesALostRef;

impl Fault for MovesALostRef {
    fn swap(&self, base: &dyn NodeStorage, update: &RefUpdate) -> Result<Swap> {
        let swap = base.compare_and_swap_ref(&CALL, update)?;
        if swap != Swap::Done {
            force(base, update)?;
        }
        Ok(swap)
    }
}

#[derive(Default)]
pub(crate) struct TellsLosersNothing;

impl Fault for TellsLosersNothing {
    fn swap(&self, base: &dyn NodeStorage, update: &RefUpdate) -> Result<Swap> {
        Ok(match base.compare_and_swap_ref(&CALL, update)? {
            Swap::Done => Swap::Done,
            Swap::Lost { name, .. } => Swap::Lost {
                name,
                current: None,
            },
        })
    }
}

/// Keeps refs as a flat table, where `a` and `a/b` do not know each other.
#[derive(Default)]
pub(crate) struct FlatNames;

fn flat(name: &RefName) -> RefName {
    RefName::new(&format!("flat/{}", name.as_str().replace('/', "!"))).unwrap()
}

fn flat_update(update: &RefUpdate) -> RefUpdate {
    RefUpdate {
        name: flat(&update.name),
        ..update.clone()
    }
}

impl Fault for FlatNames {
    fn get_ref(&self, base: &dyn NodeStorage, name: &RefName) -> Result<Option<Hash>> {
        base.get_ref(&CALL, &flat(name))
    }

    fn swap(&self, base: &dyn NodeStorage, update: &RefUpdate) -> Result<Swap> {
        base.compare_and_swap_ref(&CALL, &flat_update(update))
    }
}

/// Keeps a flat table, and looks for names in the way before it takes the lock.
#[derive(Default)]
pub(crate) struct ComparesNamesFirst;

impl Fault for ComparesNamesFirst {
    fn get_ref(&self, base: &dyn NodeStorage, name: &RefName) -> Result<Option<Hash>> {
        base.get_ref(&CALL, &flat(name))
    }

    fn list_refs(
        &self,
        base: &dyn NodeStorage,
        prefix: &str,
        after: Option<&RefName>,
        limit: usize,
    ) -> Result<Vec<(RefName, Hash)>> {
        let all = base.list_refs(&CALL, "flat/", None, usize::MAX)?;
        let mut refs = Vec::new();
        for (name, hash) in all {
            refs.push((
                RefName::new(&name.as_str()["flat/".len()..].replace('!', "/"))?,
                hash,
            ));
        }
        refs.sort();
        refs.retain(|(name, _)| name.as_str().starts_with(prefix) && Some(name) > after);
        refs.truncate(limit);
        Ok(refs)
    }

    fn swap(&self, base: &dyn NodeStorage, update: &RefUpdate) -> Result<Swap> {
        let below = format!("{}/", update.name);
        let others = self.list_refs(base, "", None, usize::MAX)?;
        for (other, _) in others {
            let above = update.name.ancestors().any(|name| name == other.as_str());
            if above || other.as_str().starts_with(&below) {
                return Err(update.name.collision(other.as_str()));
            }
        }
        linger();
        base.compare_and_swap_ref(&CALL, &flat_update(update))
    }
}

/// Keeps refs in a file system that does not tell `A` from `a`.
#[derive(Default)]
pub(crate) struct FoldsCase;

fn folded(name: &RefName) -> RefName {
    RefName::new(&name.as_str().to_lowercase()).unwrap()
}

impl Fault for FoldsCase {
    fn get_ref(&self, base: &dyn NodeStorage, name: &RefName) -> Result<Option<Hash>> {
        base.get_ref(&CALL, &folded(name))
    }

    fn swap(&self, base: &dyn NodeStorage, update: &RefUpdate) -> Result<Swap> {
        // A name that is taken in another spelling is simply overwritten.
        let update = RefUpdate {
            name: folded(&update.name),
            ..update.clone()
        };
        force(base, &update).map(|()| Swap::Done)
    }
}

/// Commits several refs, one after the other.
#[derive(Default)]
pub(crate) struct OneByOne;

impl Fault for OneByOne {
    fn commit(
        &self,
        base: &dyn NodeStorage,
        records: &[Record<'_>],
        updates: &[RefUpdate],
    ) -> Result<Swap> {
        base.put_many(&CALL, records)?;
        for update in updates {
            let swap = base.compare_and_swap_ref(&CALL, update)?;
            if swap != Swap::Done {
                return Ok(swap);
            }
            linger();
        }
        Ok(Swap::Done)
    }
}

#[derive(Default)]
pub(crate) struct StoresFirst;

impl Fault for StoresFirst {
    fn commit(
        &self,
        base: &dyn NodeStorage,
        records: &[Record<'_>],
        updates: &[RefUpdate],
    ) -> Result<Swap> {
        base.put_many(&CALL, records)?;
        base.commit(&CALL, &[], updates)
    }
}

#[derive(Default)]
pub(crate) struct RefsFirst;

impl Fault for RefsFirst {
    fn commit(
        &self,
        base: &dyn NodeStorage,
        records: &[Record<'_>],
        updates: &[RefUpdate],
    ) -> Result<Swap> {
        let swap = base.commit(&CALL, &[], updates)?;
        linger();
        base.put_many(&CALL, records)?;
        Ok(swap)
    }
}
