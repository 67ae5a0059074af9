//! The plugin's half: serves an author's trait object to a host in another image.

use std::mem::ManuallyDrop;
use std::sync::Arc;

use abi_stable::std_types::{RSlice, RSliceMut, RStr, RString, RVec};

use super::failure::Outcome;
use super::guard::guarded;
use super::table::{AbiEmbedder, AbiStorage};
use super::text;
use super::types::{
    AbiCall, AbiEntry, AbiHash, AbiMaybeHash, AbiRecord, AbiRef, AbiSlot, AbiSwap, AbiUpdate,
    flags_in, hashes_in, slots_in,
};
use crate::{Call, Embedder, Hash, NodeStorage, Record, RefName, RefUpdate, Result, Timestamp};

/// An opened backend, served.
pub(super) struct ServedStorage(ManuallyDrop<Arc<dyn NodeStorage>>);

/// A loaded embedder, served.
pub(super) struct ServedEmbedder(ManuallyDrop<Arc<dyn Embedder>>);

impl ServedStorage {
    pub(super) fn new(storage: Arc<dyn NodeStorage>) -> Self {
        Self(ManuallyDrop::new(storage))
    }
}

impl AbiStorage for ServedStorage {
    fn info(&self, out: &mut RString) -> Outcome {
        guarded(|| {
            *out = text::storage_info_out(&self.0.info()).into();
            Ok(())
        })
    }

    #[inline]
    fn get_many(
        &self,
        call: &AbiCall,
        hashes: RSlice<'_, AbiHash>,
        out: RSliceMut<'_, AbiSlot>,
    ) -> Outcome {
        answer(call, |call| {
            self.0.get_many(call, hashes_in(hashes), slots_in(out))
        })
    }

    #[inline]
    fn contains_many(
        &self,
        call: &AbiCall,
        hashes: RSlice<'_, AbiHash>,
        out: RSliceMut<'_, u8>,
    ) -> Outcome {
        answer(call, |call| {
            self.0.contains_many(call, hashes_in(hashes), flags_in(out))
        })
    }

    fn put_many(&self, call: &AbiCall, records: RSlice<'_, AbiRecord<'_>>) -> Outcome {
        answer(call, |call| self.0.put_many(call, &records_in(&records)))
    }

    fn delete_many(
        &self,
        call: &AbiCall,
        hashes: RSlice<'_, AbiHash>,
        not_younger_than: i64,
        out: &mut u64,
    ) -> Outcome {
        answer(call, |call| {
            *out = self
                .0
                .delete_many(call, hashes_in(hashes), Timestamp(not_younger_than))?;
            Ok(())
        })
    }

    fn list(
        &self,
        call: &AbiCall,
        after: AbiMaybeHash,
        limit: usize,
        out: &mut RVec<AbiEntry>,
    ) -> Outcome {
        answer(call, |call| {
            let page = self
                .0
                .list(call, Option::<Hash>::from(after).as_ref(), limit)?;
            *out = page.into_iter().map(AbiEntry::from).collect();
            Ok(())
        })
    }

    #[inline]
    fn get_ref(&self, call: &AbiCall, name: RStr<'_>, out: &mut AbiMaybeHash) -> Outcome {
        answer(call, |call| {
            *out = self.0.get_ref(call, &RefName::new(name.as_str())?)?.into();
            Ok(())
        })
    }

    fn list_refs(
        &self,
        call: &AbiCall,
        prefix: RStr<'_>,
        after: RStr<'_>,
        limit: usize,
        out: &mut RVec<AbiRef>,
    ) -> Outcome {
        answer(call, |call| {
            let after = match after.as_str() {
                "" => None,
                name => Some(RefName::new(name)?),
            };
            let page = self
                .0
                .list_refs(call, prefix.as_str(), after.as_ref(), limit)?;
            *out = page.into_iter().map(AbiRef::from).collect();
            Ok(())
        })
    }

    fn compare_and_swap_ref(
        &self,
        call: &AbiCall,
        update: &AbiUpdate<'_>,
        out: &mut AbiSwap,
    ) -> Outcome {
        answer(call, |call| {
            *out = self
                .0
                .compare_and_swap_ref(call, &update.try_into()?)?
                .into();
            Ok(())
        })
    }

    fn commit(
        &self,
        call: &AbiCall,
        records: RSlice<'_, AbiRecord<'_>>,
        updates: RSlice<'_, AbiUpdate<'_>>,
        out: &mut AbiSwap,
    ) -> Outcome {
        answer(call, |call| {
            let updates = updates
                .iter()
                .map(RefUpdate::try_from)
                .collect::<Result<Vec<_>>>()?;
            *out = self.0.commit(call, &records_in(&records), &updates)?.into();
            Ok(())
        })
    }

    fn sync(&self, call: &AbiCall) -> Outcome {
        answer(call, |call| self.0.sync(call))
    }

    fn close(&self) -> Outcome {
        guarded(|| self.0.close())
    }

    fn stats(&self, call: &AbiCall, out: &mut RString) -> Outcome {
        answer(call, |call| {
            *out = text::stats_out(self.0.stats(call)?).into();
            Ok(())
        })
    }

    fn maintain(
        &self,
        call: &AbiCall,
        operation: RStr<'_>,
        args: RStr<'_>,
        out: &mut RString,
    ) -> Outcome {
        answer(call, |call| {
            let args = text::report_in(args.as_str())?;
            *out = text::report_out(self.0.maintain(call, operation.as_str(), &args)?).into();
            Ok(())
        })
    }
}

impl Drop for ServedStorage {
    fn drop(&mut self) {
        // SAFETY: `self` is gone after this.
        drop_guarded(unsafe { ManuallyDrop::take(&mut self.0) });
    }
}

impl ServedEmbedder {
    pub(super) fn new(embedder: Arc<dyn Embedder>) -> Self {
        Self(ManuallyDrop::new(embedder))
    }
}

impl AbiEmbedder for ServedEmbedder {
    fn info(&self, out: &mut RString) -> Outcome {
        guarded(|| {
            *out = text::embedder_info_out(&self.0.info()).into();
            Ok(())
        })
    }

    fn embed_many(
        &self,
        call: &AbiCall,
        texts: RSlice<'_, RStr<'_>>,
        out: RSliceMut<'_, f32>,
    ) -> Outcome {
        answer(call, |call| {
            let texts: Vec<_> = texts.iter().map(RStr::as_str).collect();
            self.0.embed_many(call, &texts, out.into_mut_slice())
        })
    }
}

impl Drop for ServedEmbedder {
    fn drop(&mut self) {
        // SAFETY: `self` is gone after this.
        drop_guarded(unsafe { ManuallyDrop::take(&mut self.0) });
    }
}

/// Runs the author's method for one call of the host.
#[inline]
fn answer(call: &AbiCall, work: impl FnOnce(&Call<'_>) -> Result<()>) -> Outcome {
    // SAFETY: a host keeps what a call points to until the call returns.
    guarded(|| work(&unsafe { call.view() }))
}

/// Views a batch: one allocation for the views, none for the records.
fn records_in<'a>(records: &'a RSlice<'_, AbiRecord<'a>>) -> Vec<Record<'a>> {
    records.iter().map(Record::from).collect()
}

/// Drops an instance; a panic on the way is reported like any message, for nobody can receive it.
fn drop_guarded<T>(instance: T) {
    let dropped = guarded(|| {
        drop(instance);
        Ok(())
    });
    if let Err(error) = dropped.into_result() {
        let level = crate::log::Level::ERROR;
        crate::log::log(
            level,
            "plugin",
            format_args!("closing a dropped instance: {error}"),
        );
    }
}
