//! Where the writer puts new records.

use prollytree_plugin_api::{Hash, Kind};

use crate::storage::{RecordBatch, Storage, StorageError};

/// A batch of the caller's, which grows; or the store itself, which is fed as a batch fills.
#[derive(Debug)]
pub(super) enum Output<'a> {
    Batch(&'a mut RecordBatch),
    Store {
        storage: &'a Storage,
        pending: RecordBatch,
    },
}

impl<'a> Output<'a> {
    /// How many bytes wait before they are handed to the store.
    const PENDING_BYTES: usize = 8 << 20;

    pub(super) fn store(storage: &'a Storage) -> Self {
        Self::Store {
            storage,
            pending: RecordBatch::new(),
        }
    }

    pub(super) fn push(
        &mut self,
        kind: Kind,
        links: Vec<Hash>,
        bytes: Vec<u8>,
    ) -> Result<Hash, StorageError> {
        match self {
            Self::Batch(batch) => Ok(batch.push(kind, links, bytes)),
            Self::Store { storage, pending } => {
                let hash = pending.push(kind, links, bytes);
                if pending.bytes() >= Self::PENDING_BYTES {
                    storage.put(pending)?;
                    pending.clear();
                }
                Ok(hash)
            }
        }
    }

    /// Hands over what waits.
    pub(super) fn finish(self) -> Result<(), StorageError> {
        match self {
            Self::Store { storage, pending } if !pending.is_empty() => storage.put(&pending),
            _ => Ok(()),
        }
    }
}
