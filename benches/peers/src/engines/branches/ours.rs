//! Ours: a versioned store on the memory backend.

use std::sync::Arc;

use prollytree::history::{BranchName, Person, Revision};
use prollytree::storage::{Storage, StorageOptions};
use prollytree::store::{CheckoutOptions, StoreOptions, VersionedStore};
use prollytree::tree::{BulkOptions, Edit};
use prollytree_backend_memory::BACKEND;
use prollytree_plugin_api::{OpenStorage, Options};

use crate::Result;
use crate::branches::Branches;
use crate::data::{Answer, Entry};

pub(crate) struct Ours(VersionedStore);

impl Ours {
    pub(crate) fn load(entries: Vec<Entry>) -> Result<Self> {
        let backend = (BACKEND.open)(&OpenStorage::or_create(Options::new()))?;
        let storage = Storage::new(backend, StorageOptions::default());
        let options = StoreOptions {
            identity: Arc::new(Person::new("Bench", "bench@example.org")?),
            ..StoreOptions::default()
        };
        let mut store = VersionedStore::init(storage, options)?;
        store.bulk_load(BulkOptions::default(), |load| -> Result<()> {
            for (key, value) in entries {
                load.push(key, Edit::Put(value))?;
            }
            Ok(())
        })?;
        store.commit("Begin")?;
        Ok(Self(store))
    }
}

impl Branches for Ours {
    fn branch(&mut self, name: &str) -> Result<()> {
        self.0
            .create_branch(&BranchName::new(name)?, &Revision::head())?;
        Ok(())
    }

    fn checkout(&mut self, name: &str) -> Result<()> {
        self.0
            .checkout(&Revision::new(name)?, CheckoutOptions::default())?;
        Ok(())
    }

    fn commit(&mut self, (key, value): &Entry) -> Result<()> {
        self.0.put(key.as_slice(), value.as_slice())?;
        self.0.commit("Change")?;
        Ok(())
    }

    fn get(&self, key: &[u8]) -> Result<Answer> {
        let value = self.0.get(key)?;
        Ok(value.map_or(Answer::default(), |value| Answer::value(&value)))
    }

    fn get_at(&self, name: &str, key: &[u8]) -> Result<Answer> {
        let value = self.0.at(&Revision::new(name)?)?.get(key)?;
        Ok(value.map_or(Answer::default(), |value| Answer::value(&value)))
    }
}
