//! Writing: records in batches, refs by compare-and-swap.

use prollytree_plugin_api::{Record, RefUpdate, Swap};

use super::retry::Attempt;
use super::{NewRecord, RecordBatch, Storage, StorageError};

impl Storage {
    /// Stores records, not yet durably; the next [`commit`](Self::commit) or [`sync`](Self::sync)
    /// makes them so.
    pub fn put(&self, batch: &RecordBatch) -> Result<(), StorageError> {
        self.parts(batch.records())
            .iter()
            .try_for_each(|part| self.put_part(part))
    }

    /// Stores records and then moves refs, durably where the backend is durable.
    ///
    /// A large batch is handed over in parts; the last one goes together with the refs, so that one
    /// durable step makes everything so. After [`Swap::Lost`] no ref has moved.
    pub fn commit(&self, batch: &RecordBatch, updates: &[RefUpdate]) -> Result<Swap, StorageError> {
        let parts = self.parts(batch.records());
        let (last, earlier) = parts
            .split_last()
            .map_or((&[][..], &[][..]), |(last, earlier)| (*last, earlier));
        earlier.iter().try_for_each(|part| self.put_part(part))?;
        let records: Vec<Record<'_>> = last.iter().map(NewRecord::as_record).collect();
        let attempt = self
            .attempt(|backend, call| backend.commit(call, &records, updates))
            .map_err(|error| self.failed("commit", error))?;
        let swap = outcome(attempt, updates);
        if swap == Swap::Done {
            self.remember(last);
        }
        Ok(swap)
    }

    /// Moves one ref if it is where it is expected.
    pub fn swap(&self, update: &RefUpdate) -> Result<Swap, StorageError> {
        let attempt = self
            .attempt(|backend, call| backend.compare_and_swap_ref(call, update))
            .map_err(|error| self.failed("move a ref", error))?;
        Ok(outcome(attempt, std::slice::from_ref(update)))
    }

    fn put_part(&self, part: &[NewRecord]) -> Result<(), StorageError> {
        let records: Vec<Record<'_>> = part.iter().map(NewRecord::as_record).collect();
        self.ask("store records", |backend, call| {
            backend.put_many(call, &records)
        })?;
        self.remember(part);
        Ok(())
    }

    /// Keeps in the cache what has been stored, where it came decoded.
    fn remember(&self, stored: &[NewRecord]) {
        for record in stored {
            if let Some(decoded) = &record.decoded {
                self.0.cache.keep(record.hash, decoded.clone());
            }
        }
    }

    /// Cuts records into parts of the size that the backend prefers.
    fn parts<'a>(&self, records: &'a [NewRecord]) -> Vec<&'a [NewRecord]> {
        let limit = self.0.info.batch;
        let mut parts = Vec::new();
        let (mut start, mut bytes) = (0, 0_usize);
        for (index, record) in records.iter().enumerate() {
            let full = index - start >= limit.records.max(1)
                || bytes.saturating_add(record.bytes.len()) > limit.bytes;
            if full && index > start {
                parts.push(&records[start..index]);
                (start, bytes) = (index, 0);
            }
            bytes = bytes.saturating_add(record.bytes.len());
        }
        if start < records.len() {
            parts.push(&records[start..]);
        }
        parts
    }
}

/// Reads the outcome of a swap. A try whose answer was lost may have succeeded: when the next one
/// finds the ref where it was to go, it did.
fn outcome(attempt: Attempt<Swap>, updates: &[RefUpdate]) -> Swap {
    match attempt.value {
        Swap::Lost { name, current } if attempt.repeated => {
            let arrived = updates
                .iter()
                .any(|update| update.name == name && update.new == current);
            if arrived {
                Swap::Done
            } else {
                Swap::Lost { name, current }
            }
        }
        swap => swap,
    }
}
