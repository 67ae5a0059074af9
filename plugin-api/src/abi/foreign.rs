//! The host's half: the traits of the contract over what a plugin serves.

use std::sync::Arc;

use abi_stable::std_types::{RSlice, RSliceMut, RStr, RString, RVec};

use super::table::{EmbedderObject, StorageObject};
use super::text;
use super::types::{AbiMaybeHash, AbiRecord, AbiSwap, AbiUpdate, flags_out, hashes_out, slots_out};
use crate::{
    Call, Embedder, EmbedderInfo, Hash, NodeStorage, Record, RecordEntry, RefName, RefUpdate,
    Report, Result, Slot, Stats, StorageInfo, Swap, Timestamp,
};

/// A backend opened in a plugin.
struct ForeignStorage {
    object: StorageObject,
    info: StorageInfo,
}

/// An embedder loaded in a plugin.
struct ForeignEmbedder {
    object: EmbedderObject,
    info: EmbedderInfo,
}

/// Makes a backend of what a plugin opened. What it says about itself is asked for once.
pub(super) fn storage(object: StorageObject) -> Result<Arc<dyn NodeStorage>> {
    let mut text = RString::new();
    object.info(&mut text).into_result()?;
    let info = text::storage_info_in(&text)?;
    Ok(Arc::new(ForeignStorage { object, info }))
}

/// Makes an embedder of what a plugin loaded.
pub(super) fn embedder(object: EmbedderObject) -> Result<Arc<dyn Embedder>> {
    let mut text = RString::new();
    object.info(&mut text).into_result()?;
    let info = text::embedder_info_in(&text)?;
    Ok(Arc::new(ForeignEmbedder { object, info }))
}

#[deny(
    clippy::missing_trait_methods,
    reason = "a default here would bypass the plugin's own"
)]
impl NodeStorage for ForeignStorage {
    fn info(&self) -> StorageInfo {
        self.info.clone()
    }

    fn get_many(&self, call: &Call<'_>, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        self.object
            .get_many(&call.into(), hashes_out(hashes), slots_out(out))
            .into_result()
    }

    fn contains_many(&self, call: &Call<'_>, hashes: &[Hash], out: &mut [bool]) -> Result<()> {
        let hashes = hashes_out(hashes);
        flags_out(out, |out| {
            self.object.contains_many(&call.into(), hashes, out)
        })
        .into_result()
    }

    fn put_many(&self, call: &Call<'_>, records: &[Record<'_>]) -> Result<()> {
        let records = records_out(records);
        self.object
            .put_many(&call.into(), RSlice::from_slice(&records))
            .into_result()
    }

    fn delete_many(
        &self,
        call: &Call<'_>,
        hashes: &[Hash],
        not_younger_than: Timestamp,
    ) -> Result<u64> {
        let mut deleted = 0;
        let hashes = hashes_out(hashes);
        let outcome =
            self.object
                .delete_many(&call.into(), hashes, not_younger_than.0, &mut deleted);
        outcome.into_result()?;
        Ok(deleted)
    }

    fn list(
        &self,
        call: &Call<'_>,
        after: Option<&Hash>,
        limit: usize,
    ) -> Result<Vec<RecordEntry>> {
        let mut page = RVec::new();
        self.object
            .list(&call.into(), after.copied().into(), limit, &mut page)
            .into_result()?;
        Ok(page.iter().map(RecordEntry::from).collect())
    }

    fn get_ref(&self, call: &Call<'_>, name: &RefName) -> Result<Option<Hash>> {
        let mut hash = AbiMaybeHash::NONE;
        self.object
            .get_ref(&call.into(), RStr::from_str(name.as_str()), &mut hash)
            .into_result()?;
        Ok(hash.into())
    }

    fn list_refs(
        &self,
        call: &Call<'_>,
        prefix: &str,
        after: Option<&RefName>,
        limit: usize,
    ) -> Result<Vec<(RefName, Hash)>> {
        let mut page = RVec::new();
        // No ref has an empty name.
        let after = RStr::from_str(after.map_or("", RefName::as_str));
        let prefix = RStr::from_str(prefix);
        self.object
            .list_refs(&call.into(), prefix, after, limit, &mut page)
            .into_result()?;
        page.iter().map(TryInto::try_into).collect()
    }

    fn compare_and_swap_ref(&self, call: &Call<'_>, update: &RefUpdate) -> Result<Swap> {
        let mut swap = AbiSwap::done();
        let update = update.into();
        self.object
            .compare_and_swap_ref(&call.into(), &update, &mut swap)
            .into_result()?;
        swap.try_into()
    }

    fn commit(
        &self,
        call: &Call<'_>,
        records: &[Record<'_>],
        updates: &[RefUpdate],
    ) -> Result<Swap> {
        let mut swap = AbiSwap::done();
        let records = records_out(records);
        let updates: Vec<_> = updates.iter().map(AbiUpdate::from).collect();
        let (records, updates) = (RSlice::from_slice(&records), RSlice::from_slice(&updates));
        self.object
            .commit(&call.into(), records, updates, &mut swap)
            .into_result()?;
        swap.try_into()
    }

    fn sync(&self, call: &Call<'_>) -> Result<()> {
        self.object.sync(&call.into()).into_result()
    }

    fn stats(&self, call: &Call<'_>) -> Result<Stats> {
        let mut stats = RString::new();
        self.object.stats(&call.into(), &mut stats).into_result()?;
        text::stats_in(&stats)
    }

    fn maintain(&self, call: &Call<'_>, operation: &str, args: &Report) -> Result<Report> {
        let mut report = RString::new();
        let args = text::report_out(args.clone());
        let (operation, args) = (RStr::from_str(operation), RStr::from_str(&args));
        self.object
            .maintain(&call.into(), operation, args, &mut report)
            .into_result()?;
        text::report_in(&report)
    }

    fn close(&self) -> Result<()> {
        self.object.close().into_result()
    }
}

#[deny(
    clippy::missing_trait_methods,
    reason = "a default here would bypass the plugin's own"
)]
impl Embedder for ForeignEmbedder {
    fn info(&self) -> EmbedderInfo {
        self.info.clone()
    }

    fn embed_many(&self, call: &Call<'_>, texts: &[&str], out: &mut [f32]) -> Result<()> {
        let texts: Vec<_> = texts.iter().map(|text| RStr::from_str(text)).collect();
        let (texts, out) = (RSlice::from_slice(&texts), RSliceMut::from_mut_slice(out));
        self.object
            .embed_many(&call.into(), texts, out)
            .into_result()
    }
}

/// Views a batch: one allocation for the views, none for the records.
fn records_out<'a>(records: &'a [Record<'a>]) -> Vec<AbiRecord<'a>> {
    records.iter().map(AbiRecord::from).collect()
}
