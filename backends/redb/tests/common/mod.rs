//! What the tests of this crate share.
#![allow(dead_code, reason = "no test uses all of it")]
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::path::Path;
use std::sync::Arc;

use prollytree_backend_redb::BACKEND;
use prollytree_plugin_api::{
    Call, Error, Hash, Kind, NodeStorage, OpenStorage, Options, Record, RefName, RefUpdate, Slot,
};

pub(crate) const CALL: &Call<'static> = &Call::UNLIMITED;

pub(crate) fn options(path: &Path) -> Options {
    let mut options = Options::new();
    options.insert("path".into(), path.to_str().unwrap().into());
    options.insert("lock_wait".into(), "20ms".into());
    options
}

pub(crate) fn open(path: &Path) -> Arc<dyn NodeStorage> {
    (BACKEND.open)(&OpenStorage::or_create(options(path))).unwrap()
}

pub(crate) fn refusal(request: &OpenStorage) -> Error {
    (BACKEND.open)(request).err().expect("must be refused")
}

pub(crate) fn blob(bytes: &[u8]) -> Record<'_> {
    Record::new(Kind::BLOB, &[], bytes)
}

pub(crate) fn name(text: &str) -> RefName {
    RefName::new(text).unwrap()
}

pub(crate) fn step(text: &str, expected: Option<Hash>, new: Option<Hash>) -> RefUpdate {
    RefUpdate {
        name: name(text),
        expected,
        new,
    }
}

pub(crate) fn read(store: &dyn NodeStorage, hash: Hash) -> Option<Vec<u8>> {
    let mut slot = Slot::empty(1);
    store.get_many(CALL, &[hash], &mut slot).unwrap();
    slot[0].bytes().map(<[u8]>::to_vec)
}

pub(crate) fn measured(store: &dyn NodeStorage, name: &str) -> u64 {
    store.stats(CALL).unwrap().value(name).unwrap()
}
