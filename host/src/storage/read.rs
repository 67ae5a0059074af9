//! Reading records: cache, then backend; hashed before they are believed.

use std::collections::HashMap;
use std::sync::Arc;

use prollytree_plugin_api::{Buffer, Hash, RecordEntry, Slot};

use super::address::address_of;
use super::cache::Decoded;
use super::leading::Leading;
use super::paged::paged;
use super::{Decode, Storage, StorageError};

/// How many records are asked for at once in a listing.
const PAGE: usize = 1024;

impl Storage {
    /// Loads a record that must be there.
    ///
    /// # Errors
    /// [`StorageError::Missing`] if it is not, [`StorageError::Corrupt`] if it is not what was
    /// written, [`StorageError::OtherKind`] and [`StorageError::OtherVersion`] if it is something
    /// else.
    pub fn load<T: Decode>(&self, hash: &Hash) -> Result<Arc<T>, StorageError> {
        self.try_load(hash)?.ok_or(StorageError::Missing {
            hash: *hash,
            kind: T::KIND,
        })
    }

    /// Loads a record that may be absent.
    ///
    /// # Errors
    /// As for [`Storage::load`], if it is there.
    pub fn try_load<T: Decode>(&self, hash: &Hash) -> Result<Option<Arc<T>>, StorageError> {
        if let Some(record) = self.cached(hash) {
            return Ok(Some(record));
        }
        let mut slot = [Slot::EMPTY];
        self.ask("read a record", |backend, call| {
            backend.get_many(call, std::slice::from_ref(hash), &mut slot)
        })?;
        let Some(bytes) = slot[0].take() else {
            return Ok(None);
        };
        let record = Self::check(*hash, bytes)?;
        self.keep(*hash, &record);
        Ok(Some(record))
    }

    /// Loads records that must all be there, in the order asked for, with one call to the backend
    /// for those that are not cached.
    ///
    /// # Errors
    /// As for [`Storage::load`], for the first record that fails.
    pub fn load_many<T: Decode>(&self, hashes: &[Hash]) -> Result<Vec<Arc<T>>, StorageError> {
        self.load_all(hashes, true)
    }

    /// Like [`Storage::load_many`], but keeps nothing in the cache: for what is read once and is
    /// large.
    ///
    /// # Errors
    /// As for `load_many`.
    pub fn load_many_once<T: Decode>(&self, hashes: &[Hash]) -> Result<Vec<Arc<T>>, StorageError> {
        self.load_all(hashes, false)
    }

    fn load_all<T: Decode>(
        &self,
        hashes: &[Hash],
        keep: bool,
    ) -> Result<Vec<Arc<T>>, StorageError> {
        let mut found: HashMap<Hash, Arc<T>, Leading> =
            HashMap::with_capacity_and_hasher(hashes.len(), Leading);
        let mut wanted = Vec::new();
        for hash in hashes {
            match self.cached(hash) {
                Some(record) => drop(found.insert(*hash, record)),
                None => wanted.push(*hash),
            }
        }
        wanted.sort_unstable();
        wanted.dedup();
        for part in wanted.chunks(self.0.info.batch.records.max(1)) {
            let mut slots = Slot::empty(part.len());
            self.ask("read records", |backend, call| {
                backend.get_many(call, part, &mut slots)
            })?;
            for (hash, slot) in part.iter().zip(&mut slots) {
                let Some(bytes) = slot.take() else {
                    return Err(StorageError::Missing {
                        hash: *hash,
                        kind: T::KIND,
                    });
                };
                let record = Self::check(*hash, bytes)?;
                if keep {
                    self.keep(*hash, &record);
                }
                found.insert(*hash, record);
            }
        }
        Ok(hashes.iter().map(|hash| Arc::clone(&found[hash])).collect())
    }

    /// Says whether a record is in the cache or held, so that loading it asks nobody.
    pub(crate) fn is_cached(&self, hash: &Hash) -> bool {
        self.0.cache.contains(hash) || self.0.held.contains(hash)
    }

    /// Returns a record if it is in the cache or held.
    pub(crate) fn cached<T: Decode>(&self, hash: &Hash) -> Option<Arc<T>> {
        let cached = self.0.cache.lookup(hash);
        cached.or_else(|| self.0.held.lookup(hash))
    }

    /// Says which of the records are stored.
    pub fn contains_many(&self, hashes: &[Hash]) -> Result<Vec<bool>, StorageError> {
        let mut present = vec![false; hashes.len()];
        self.ask("look records up", |backend, call| {
            backend.contains_many(call, hashes, &mut present)
        })?;
        Ok(present)
    }

    /// Lists records in ascending order of their hashes, strictly after `after`, page by page.
    ///
    /// # Errors
    /// The iterator ends after an error. `UNSUPPORTED` where the backend does not list.
    pub fn records(
        &self,
        after: Option<Hash>,
    ) -> impl Iterator<Item = Result<RecordEntry, StorageError>> + use<> {
        let storage = self.clone();
        paged(move |last: Option<&RecordEntry>| {
            let after = last.map(|entry| entry.hash).or(after);
            storage.ask("list records", |backend, call| {
                backend.list(call, after.as_ref(), PAGE)
            })
        })
    }

    /// Checks what the backend gave.
    fn check<T: Decode>(hash: Hash, bytes: Buffer) -> Result<Arc<T>, StorageError> {
        let found = address_of(&bytes);
        if found != hash {
            return Err(StorageError::Corrupt {
                hash,
                kind: T::KIND,
                reason: format!("its bytes have the hash {found}"),
            });
        }
        T::decode(bytes)
            .map(Arc::new)
            .map_err(|malformed| malformed.of_record(hash, T::KIND))
    }

    fn keep<T: Decode>(&self, hash: Hash, record: &Arc<T>) {
        self.0.cache.keep(hash, Decoded::new(Arc::clone(record)));
    }
}
