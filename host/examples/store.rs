//! The layer `store`: a versioned store with branches, and a look back.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;

use prollytree::history::{BranchName, Person, Revision};
use prollytree::storage::{Storage, StorageOptions};
use prollytree::store::{CheckoutOptions, StoreOptions, VersionedStore};
use prollytree_plugin_api::{OpenStorage, Options};

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let request = OpenStorage::or_create(Options::new());
    let backend = (prollytree_backend_memory::BACKEND.open)(&request)?;
    let storage = Storage::new(backend, StorageOptions::default());
    let options = StoreOptions {
        identity: Arc::new(Person::new("Ada Lovelace", "ada@example.org")?),
        ..StoreOptions::default()
    };
    let mut store = VersionedStore::init(storage, options)?;
    store.put("greeting", "hello")?;
    let first = store.commit("Say hello")?;

    let loud = BranchName::new("loud")?;
    store.checkout_new(&loud, None, CheckoutOptions::default())?;
    store.put("greeting", "HELLO")?;
    store.commit("Say it louder")?;

    for item in store.log(&Revision::new("loud")?)? {
        let (id, commit) = item?;
        println!("{} {}", id.short(), commit.summary());
    }
    let before = store.at(&Revision::new("loud~1")?)?;
    assert_eq!(before.id(), first);
    assert_eq!(before.get(b"greeting")?.as_deref(), Some(&b"hello"[..]));
    store.checkout(&Revision::new("main")?, CheckoutOptions::default())?;
    let merged = store.merge(&Revision::new("loud")?)?;
    println!("merged: {merged:?}");
    assert_eq!(store.get(b"greeting")?.as_deref(), Some(&b"HELLO"[..]));
    Ok(())
}
