//! Ours, versioned: a commit has an author, a message and a parent, and moves a branch.

use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use prollytree::history::Person;
use prollytree::storage::{Storage, StorageOptions};
use prollytree::store::{StoreOptions, VersionedStore};
use prollytree::tree::{BulkOptions, Edit};
use prollytree_plugin_api::{Backend, OpenStorage, Options};

use crate::Result;
use crate::data::{Answer, Entry};
use crate::disk::Disk;

/// A store on one of our backends.
pub(crate) struct Ours<On> {
    store: VersionedStore,
    on: PhantomData<On>,
}

/// One of our backends that keep what is stored in a folder.
pub(crate) trait OnDisk {
    const BACKEND: &'static Backend;
    /// What the store is called in the folder.
    const NAME: &'static str;
}

pub(crate) enum OnRedb {}

impl OnDisk for OnRedb {
    const BACKEND: &'static Backend = &prollytree_backend_redb::BACKEND;
    const NAME: &'static str = "store.redb";
}

pub(crate) enum OnFile {}

impl OnDisk for OnFile {
    const BACKEND: &'static Backend = &prollytree_backend_file::BACKEND;
    const NAME: &'static str = "store";
}

impl<On: OnDisk> Disk for Ours<On> {
    fn create(folder: &Path, entries: Vec<Entry>) -> Result<Self> {
        let mut ours = Self::open(folder)?;
        ours.store
            .bulk_load(BulkOptions::default(), |load| -> Result<()> {
                for (key, value) in entries {
                    load.push(key, Edit::Put(value))?;
                }
                Ok(())
            })?;
        ours.store.commit("Begin")?;
        Ok(ours)
    }

    /// Makes one where there is none.
    fn open(folder: &Path) -> Result<Self> {
        let mut options = Options::new();
        let path = folder.join(On::NAME);
        options.insert("path".to_owned(), path.to_string_lossy().into());
        let storage = (On::BACKEND.open)(&OpenStorage::or_create(options))?;
        let storage = Storage::new(storage, StorageOptions::default());
        let options = StoreOptions {
            identity: Arc::new(Person::new("Bench", "bench@example.org")?),
            ..StoreOptions::default()
        };
        Ok(Self {
            store: VersionedStore::open_or_init(storage, options)?,
            on: PhantomData,
        })
    }

    fn commit(&mut self, entries: &[Entry]) -> Result<()> {
        for (key, value) in entries {
            self.store.put(key.as_slice(), value.as_slice())?;
        }
        self.store.commit("Change")?;
        Ok(())
    }

    fn get(&self, keys: &[&[u8]]) -> Result<Answer> {
        let mut answer = Answer::default();
        for key in keys {
            if let Some(value) = self.store.get(key)? {
                answer = answer + Answer::value(&value);
            }
        }
        Ok(answer)
    }

    fn scan(&self) -> Result<Answer> {
        let mut answer = Answer::default();
        let tree = self.store.tree();
        let _end: ControlFlow<()> = tree.scan::<[u8], _, _>(.., |key, value| {
            answer = answer + Answer::entry(key, value);
            ControlFlow::Continue(())
        })?;
        Ok(answer)
    }
}
