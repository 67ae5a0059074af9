//! Repacking: several packs become one, without what was deleted.
//!
//! Packs do not change, so the merging itself needs no lock against writers, only against other
//! repackers. The lock of appending is held for the moment in which the manifest is replaced.

use prollytree_plugin_api::{Call, Hash, Result};

use crate::lock::Held;
use crate::manifest::{Manifest, following, pack_name};
use crate::seal::write_pack;
use crate::store::Store;
use crate::view::View;

/// How many packs of about one size are merged. Each record is written again once for each time
/// that the store grows by this factor.
const FACTOR: usize = 8;
/// About how many bytes a note on a record in a pack takes at the beginning of each journal.
const NOTE: u64 = 41;
/// A pack beyond this size is left alone by the merging that happens by itself: 1 GiB.
const LARGE: u64 = 1 << 30;

impl Store {
    /// Merges packs if there are too many of one size, or if too much is known of records in packs
    /// that only merging can forget. Does nothing while another process is at it.
    pub(crate) fn repack_some(&self) -> Result<()> {
        let Some(held) = self.locks()?.repack.acquire_free()? else {
            return Ok(());
        };
        let notes = |view: &View| view.notes() * NOTE > self.journal_size / 2;
        self.merge(&Call::UNLIMITED, &held, |view| {
            if notes(view) { all(view) } else { choose(view) }
        })
    }

    /// Seals the journal and merges everything into one pack.
    pub(crate) fn repack_all(&self, call: &Call<'_>) -> Result<()> {
        let held = self.locks()?.repack.acquire(call, self.lock_wait)?;
        self.seal(call, true)?;
        self.merge(call, &held, all)
    }

    fn merge(
        &self,
        call: &Call<'_>,
        _held: &Held<'_>,
        choose: impl Fn(&View) -> Vec<usize>,
    ) -> Result<()> {
        if choose(&self.view.read()).is_empty() {
            return Ok(());
        }
        // A view of its own: merging takes long, and nobody shall wait for it.
        let known = self.view.read().opened();
        let view = View::load(&self.folder, Some(&known), true)?;
        let chosen = choose(&view);
        // What the merging leaves out must be as durable as the leaving out.
        self.force_found(call, &view.mark())?;
        let merged = write_pack(&self.folder, &view, view.walk_packs(&chosen))?;
        self.folder.sync()?;
        let old: Vec<Hash> = chosen.iter().map(|&index| view.packs[index].id).collect();
        let lock = self.lock(call)?;
        let mut next = Manifest::existing(&self.folder)?;
        let place = next.packs.iter().position(|id| old.contains(id));
        next.packs.retain(|id| !old.contains(id));
        if let Some(id) = merged
            && !next.packs.contains(&id)
        {
            next.packs
                .insert(place.unwrap_or(0).min(next.packs.len()), id);
        }
        next.generation = following(next.generation)?;
        next.publish(&self.folder)?;
        let mut view = self.view.write();
        *view = View::load(&self.folder, Some(&view.opened()), true)?;
        drop(view);
        drop(lock);
        for id in old.iter().filter(|id| !next.packs.contains(id)) {
            self.folder.discard(&pack_name(id));
        }
        Ok(())
    }
}

/// Chooses the packs to merge: from the smallest tier on, all packs of as many tiers as it takes to
/// have `FACTOR` packs; none if there are fewer.
fn choose(view: &View) -> Vec<usize> {
    let sizes = view.packs.iter().map(|open| open.pack.size());
    let mut tiers = std::collections::BTreeMap::<u32, Vec<usize>>::new();
    for (index, size) in sizes.enumerate().filter(|(_, size)| *size < LARGE) {
        // Sizes within a factor of eight count as one.
        tiers
            .entry(size.ilog2() / FACTOR.ilog2())
            .or_default()
            .push(index);
    }
    let mut chosen = Vec::new();
    for packs in tiers.into_values() {
        chosen.extend(packs);
        if chosen.len() >= FACTOR {
            chosen.sort_unstable();
            return chosen;
        }
    }
    Vec::new()
}

fn all(view: &View) -> Vec<usize> {
    (0..view.packs.len()).collect()
}
