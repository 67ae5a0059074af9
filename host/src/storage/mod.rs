//! The one face of an opened backend: verifies, caches, batches and retries.
//!
//! Above this layer nothing can tell which backend it runs on. It knows records and refs and how to
//! trust them; what a record means is said by the layers above through [`Decode`].

mod address;
mod batch;
mod cache;
mod decode;
mod digits;
mod error;
mod fields;
mod hold;
mod leading;
mod meta;
mod paged;
mod pin;
mod read;
mod refs;
mod retry;
#[cfg(test)]
pub(crate) mod work;
mod write;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prollytree_plugin_api::{Call, Capabilities, NodeStorage, Report, Stats, StorageInfo};

pub use batch::{NewRecord, RecordBatch};
pub use decode::{Decode, HEADER_LEN, Malformed, header, read_header};
pub use error::StorageError;

pub(crate) use address::address_of;
pub(crate) use fields::{Fields, PutFields};
pub(crate) use hold::Hold;
pub(crate) use leading::Leading;
pub(crate) use meta::MetaForm;
pub(crate) use pin::Pin;

use cache::Cache;
use hold::HeldRecords;
use pin::PinBudget;

/// A shared handle on an opened backend. Cloning is cheap; all clones share one cache.
#[derive(Clone)]
pub struct Storage(Arc<Shared>);

struct Shared {
    backend: Arc<dyn NodeStorage>,
    info: StorageInfo,
    cache: Cache,
    pins: PinBudget,
    held: HeldRecords,
    options: StorageOptions,
}

/// How a [`Storage`] behaves, whatever the backend.
#[derive(Clone, Copy, Debug)]
pub struct StorageOptions {
    /// The most memory that decoded records may take in the cache, in bytes. Beside it, a quarter as
    /// much may be held by records that others refer to.
    pub cache_bytes: u64,
    /// How often a call that failed with a retryable error is tried again.
    pub retries: u32,
    /// How long one call may take; `None` without limit.
    pub timeout: Option<Duration>,
}

/// Beside the cache, one part in so many of its size is for records that are held because others
/// that are in use refer to them.
const PINNED_PART: u64 = 4;

impl Default for StorageOptions {
    /// 256 MiB of cache, three retries, no time limit.
    fn default() -> Self {
        Self {
            cache_bytes: 256 << 20,
            retries: 3,
            timeout: None,
        }
    }
}

impl Storage {
    /// Wraps an opened backend.
    #[must_use]
    pub fn new(backend: Arc<dyn NodeStorage>, options: StorageOptions) -> Self {
        let info = backend.info();
        let cache = Cache::new(options.cache_bytes);
        let pins = usize::try_from(options.cache_bytes / PINNED_PART).unwrap_or(usize::MAX);
        Self(Arc::new(Shared {
            backend,
            info,
            cache,
            pins: PinBudget::new(pins),
            held: HeldRecords::default(),
            options,
        }))
    }

    /// Says whether both are handles on the same opened backend.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Returns what the backend says about itself.
    #[must_use]
    pub fn info(&self) -> &StorageInfo {
        &self.0.info
    }

    /// Says whether the backend promises all of `wanted`.
    #[must_use]
    pub fn offers(&self, wanted: Capabilities) -> bool {
        self.0.info.capabilities.contains(wanted)
    }

    /// Asks the backend for its measurements.
    pub fn stats(&self) -> Result<Stats, StorageError> {
        self.ask("stats", |backend, call| backend.stats(call))
    }

    /// Runs a maintenance operation of the backend; [`Storage::info`] names those it offers.
    pub fn maintain(&self, operation: &str, args: &Report) -> Result<Report, StorageError> {
        // Not retried: what half an operation did is unknown here.
        (self.0.backend.maintain(&self.call(), operation, args))
            .map_err(|error| self.failed("maintain", error))
    }

    /// Makes everything put so far durable and visible to every instance.
    pub fn sync(&self) -> Result<(), StorageError> {
        self.ask("sync", |backend, call| backend.sync(call))
    }

    /// Closes the backend for all clones of this handle.
    pub fn close(&self) -> Result<(), StorageError> {
        self.0
            .backend
            .close()
            .map_err(|error| self.failed("close", error))
    }

    fn call(&self) -> Call<'static> {
        match self.0.options.timeout {
            None => Call::UNLIMITED,
            Some(limit) => Call::UNLIMITED.with_timeout(limit),
        }
    }

    /// Runs an idempotent call, again if it fails in a way that may pass.
    fn ask<T>(
        &self,
        operation: &'static str,
        run: impl FnMut(&dyn NodeStorage, &Call<'_>) -> prollytree_plugin_api::Result<T>,
    ) -> Result<T, StorageError> {
        self.attempt(run)
            .map(|attempt| attempt.value)
            .map_err(|error| self.failed(operation, error))
    }

    fn failed(
        &self,
        operation: &'static str,
        source: prollytree_plugin_api::Error,
    ) -> StorageError {
        StorageError::Backend {
            backend: self.0.info.name.clone(),
            location: self.0.info.location.clone(),
            operation,
            source,
        }
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Storage({} at {})",
            self.0.info.name, self.0.info.location
        )
    }
}

#[cfg(test)]
mod tests;
