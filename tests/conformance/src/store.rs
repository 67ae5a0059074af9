//! An opened backend as the cases use it: each call says what it did when it fails.

use std::sync::Arc;

use prollytree_plugin_api::{
    Buffer, Call, Capabilities, Error, ErrorKind, Hash, NodeStorage, Record, RecordEntry, RefName,
    RefUpdate, Result, Slot, StorageInfo, Swap, Timestamp,
};

use crate::case::{Failure, Verdict, ensure};
use crate::item::{Item, hashes};

pub(crate) const CALL: Call<'static> = Call::UNLIMITED;

/// An instance under test.
#[derive(Clone)]
pub(crate) struct Store(Arc<dyn NodeStorage>);

impl Store {
    pub(crate) fn new(storage: Arc<dyn NodeStorage>) -> Self {
        Self(storage)
    }

    /// The backend itself, for calls that are expected to fail.
    pub(crate) fn raw(&self) -> &dyn NodeStorage {
        &*self.0
    }

    pub(crate) fn info(&self) -> StorageInfo {
        self.0.info()
    }

    pub(crate) fn has(&self, capability: Capabilities) -> bool {
        self.info().capabilities.contains(capability)
    }

    pub(crate) fn put<'a>(&self, items: impl IntoIterator<Item = &'a Item>) -> Verdict {
        let records: Vec<Record<'_>> = items.into_iter().map(Item::record).collect();
        let did = format!("put_many of {} records", records.len());
        self.0.put_many(&CALL, &records).map_err(Failure::call(did))
    }

    pub(crate) fn get(&self, hashes: &[Hash]) -> Verdict<Vec<Option<Buffer>>> {
        let mut slots = Slot::empty(hashes.len());
        let did = format!("get_many of {} hashes", hashes.len());
        self.0
            .get_many(&CALL, hashes, &mut slots)
            .map_err(Failure::call(did))?;
        Ok(slots.iter_mut().map(Slot::take).collect())
    }

    pub(crate) fn contains(&self, hashes: &[Hash]) -> Verdict<Vec<bool>> {
        let mut out = vec![false; hashes.len()];
        let did = format!("contains_many of {} hashes", hashes.len());
        self.0
            .contains_many(&CALL, hashes, &mut out)
            .map_err(Failure::call(did))?;
        Ok(out)
    }

    pub(crate) fn delete(&self, hashes: &[Hash], not_younger_than: Timestamp) -> Verdict<u64> {
        let did = format!("delete_many of {} hashes", hashes.len());
        self.0
            .delete_many(&CALL, hashes, not_younger_than)
            .map_err(Failure::call(did))
    }

    pub(crate) fn list(&self, after: Option<&Hash>, limit: usize) -> Verdict<Vec<RecordEntry>> {
        let page = self
            .0
            .list(&CALL, after, limit)
            .map_err(Failure::call("list"))?;
        ensure!(
            page.len() <= limit,
            format!("list with a limit of {limit}"),
            "a page of {} entries",
            page.len()
        );
        Ok(page)
    }

    /// Walks the whole listing in pages of at most `limit`.
    pub(crate) fn list_all(&self, limit: usize) -> Verdict<Vec<RecordEntry>> {
        let mut all: Vec<RecordEntry> = Vec::new();
        loop {
            let after = all.last().map(|entry| entry.hash);
            let page = self.list(after.as_ref(), limit)?;
            if page.is_empty() {
                return Ok(all);
            }
            let steps = all.last().into_iter().chain(&page);
            let pairs: Vec<_> = steps.map(|entry| entry.hash).collect();
            ensure!(
                pairs.is_sorted_by(|one, next| one < next),
                format!("list in pages of {limit}"),
                "hashes that do not ascend strictly after {after:?}"
            );
            all.extend(page);
        }
    }

    pub(crate) fn get_ref(&self, name: &RefName) -> Verdict<Option<Hash>> {
        self.0
            .get_ref(&CALL, name)
            .map_err(Failure::call(format!("get_ref of `{name}`")))
    }

    pub(crate) fn list_refs(
        &self,
        prefix: &str,
        after: Option<&RefName>,
        limit: usize,
    ) -> Verdict<Vec<(RefName, Hash)>> {
        let after_text = after.map_or("the start", RefName::as_str);
        let did = format!("list_refs of prefix `{prefix}` after {after_text}, limit {limit}");
        let page = self
            .0
            .list_refs(&CALL, prefix, after, limit)
            .map_err(Failure::call(&*did))?;
        ensure!(page.len() <= limit, did, "a page of {} refs", page.len());
        Ok(page)
    }

    /// Walks all refs of a prefix in pages of at most `limit`.
    pub(crate) fn all_refs(&self, prefix: &str, limit: usize) -> Verdict<Vec<(RefName, Hash)>> {
        let mut all: Vec<(RefName, Hash)> = Vec::new();
        loop {
            let after = all.last().map(|(name, _)| name.clone());
            let page = self.list_refs(prefix, after.as_ref(), limit)?;
            if page.is_empty() {
                return Ok(all);
            }
            let names: Vec<_> = all
                .last()
                .into_iter()
                .chain(&page)
                .map(|(name, _)| name)
                .collect();
            ensure!(
                names.is_sorted_by(|one, next| one < next),
                format!("list_refs of prefix `{prefix}` in pages of {limit}"),
                "names that do not ascend: {names:?}"
            );
            all.extend(page);
        }
    }

    pub(crate) fn swap(&self, update: &RefUpdate) -> Verdict<Swap> {
        self.0
            .compare_and_swap_ref(&CALL, update)
            .map_err(Failure::call(describe(update)))
    }

    /// A swap that nobody contests.
    pub(crate) fn move_ref(&self, update: &RefUpdate) -> Verdict {
        let swap = self.swap(update)?;
        ensure!(
            swap == Swap::Done,
            describe(update),
            "{swap:?}, where the ref was as expected"
        );
        Ok(())
    }

    pub(crate) fn commit<'a>(
        &self,
        items: impl IntoIterator<Item = &'a Item>,
        updates: &[RefUpdate],
    ) -> Verdict<Swap> {
        let records: Vec<Record<'_>> = items.into_iter().map(Item::record).collect();
        let did = format!(
            "commit of {} records and {} refs",
            records.len(),
            updates.len()
        );
        self.0
            .commit(&CALL, &records, updates)
            .map_err(Failure::call(did))
    }

    /// A commit that nobody contests.
    pub(crate) fn commit_all<'a>(
        &self,
        items: impl IntoIterator<Item = &'a Item>,
        updates: &[RefUpdate],
    ) -> Verdict {
        let swap = self.commit(items, updates)?;
        let did = format!("commit that moves {} refs", updates.len());
        ensure!(
            swap == Swap::Done,
            did,
            "{swap:?}, where all refs were as expected"
        );
        Ok(())
    }

    pub(crate) fn sync(&self) -> Verdict {
        self.0.sync(&CALL).map_err(Failure::call("sync"))
    }

    pub(crate) fn close(&self) -> Verdict {
        self.0.close().map_err(Failure::call("close"))
    }

    /// Each item is there with its own bytes. `did` says what happened before.
    pub(crate) fn expect_items(&self, did: &str, items: &[Item]) -> Verdict {
        let found = self.get(&hashes(items))?;
        for (index, (item, buffer)) in items.iter().zip(found).enumerate() {
            let place = format!("record {index} of {} ({})", items.len(), item.hash.short());
            let Some(buffer) = buffer else {
                return Err(Failure::broken(did, format!("{place} is absent")));
            };
            let (expected, seen) = (item.bytes.len(), buffer.len());
            ensure!(
                seen == expected,
                did,
                "{place} has {seen} bytes, where {expected} are right"
            );
            ensure!(
                *buffer == *item.bytes,
                did,
                "{place} has other bytes than were put"
            );
        }
        Ok(())
    }

    /// None of the hashes is there, whichever way one asks.
    pub(crate) fn expect_absent(&self, did: &str, hashes: &[Hash]) -> Verdict {
        for (hash, buffer) in hashes.iter().zip(self.get(hashes)?) {
            ensure!(buffer.is_none(), did, "get_many finds {}", hash.short());
        }
        for (hash, there) in hashes.iter().zip(self.contains(hashes)?) {
            ensure!(!there, did, "contains_many finds {}", hash.short());
        }
        Ok(())
    }

    pub(crate) fn expect_ref(&self, did: &str, name: &RefName, to: Option<Hash>) -> Verdict {
        let seen = self.get_ref(name)?;
        ensure!(
            seen == to,
            did,
            "`{name}` is at {}, where {} is right",
            place(seen),
            place(to)
        );
        Ok(())
    }
}

/// A ref name that is known to be valid.
pub(crate) fn name(text: &str) -> RefName {
    RefName::new(text).expect("the suite's own names are valid")
}

pub(crate) fn update(name: &RefName, expected: Option<Hash>, new: Option<Hash>) -> RefUpdate {
    RefUpdate {
        name: name.clone(),
        expected,
        new,
    }
}

/// The message of a step that moves a ref.
pub(crate) fn describe(update: &RefUpdate) -> String {
    let (from, to) = (place(update.expected), place(update.new));
    format!("swap of `{}` from {from} to {to}", update.name)
}

pub(crate) fn place(hash: Option<Hash>) -> String {
    hash.map_or_else(|| "absent".to_owned(), |hash| hash.short())
}

/// The call must fail, with this kind of error.
pub(crate) fn expect_error<T>(did: &str, result: Result<T>, kind: ErrorKind) -> Verdict<Error> {
    match result {
        Err(error) if error.kind() == kind => Ok(error),
        Err(error) => Err(Failure::broken(
            did,
            format!(
                "error `{}` ({error}), where `{}` is right",
                error.kind().name(),
                kind.name()
            ),
        )),
        Ok(_) => {
            let kind = kind.name();
            Err(Failure::broken(
                did,
                format!("success, where the error `{kind}` is right"),
            ))
        }
    }
}
