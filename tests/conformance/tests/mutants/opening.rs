//! Faults of opening.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use prollytree_conformance::{Suite, TemplateSubject};
use prollytree_plugin_api::{
    Capabilities, Error, ErrorKind, NodeStorage, OpenStorage, Result, StorageInfo,
};
use serde_json::json;

use crate::fault::{Fault, broken_instance};
use crate::{MEMORY, one_file};

pub(crate) fn ignores_options() -> Suite {
    Suite::storage(TemplateSubject::new("memory", json!({}), |how| {
        let mut how = how.clone();
        how.options.retain(|name, _| name == "name");
        (MEMORY.open)(&how)
    }))
}

fn in_one_file(open: fn(&OpenStorage) -> Result<Arc<dyn NodeStorage>>) -> Suite {
    let template = json!({"path": "{folder}/store"});
    Suite::storage(TemplateSubject::new("one-file", template, open))
}

pub(crate) fn always_creates() -> Suite {
    in_one_file(|how| one_file::open(&OpenStorage::or_create(how.options.clone())))
}

pub(crate) fn begins_anew() -> Suite {
    in_one_file(|how| {
        let file = file_of(how);
        if how.may_create() && file.exists() {
            fs::remove_file(file).unwrap();
        }
        one_file::open(how)
    })
}

pub(crate) fn writes_although_read_only() -> Suite {
    in_one_file(|how| {
        let mut writing = how.clone();
        writing.read_only = false;
        let base = one_file::open(&writing)?;
        Ok(if how.read_only {
            broken_instance(base, OnlySaysSo)
        } else {
            base
        })
    })
}

pub(crate) fn locks_for_reading() -> Suite {
    in_one_file(|how| {
        let base = one_file::open(how)?;
        if how.read_only {
            fs::write(file_of(how).with_extension("readers"), "1").unwrap();
        }
        Ok(base)
    })
}

/// Each instance holds a file that nobody closes.
pub(crate) fn keeps_files_open() -> Suite {
    in_one_file(|how| {
        let base = one_file::open(how)?;
        std::mem::forget(File::open(file_of(how)).unwrap());
        Ok(base)
    })
}

fn file_of(how: &OpenStorage) -> PathBuf {
    PathBuf::from(how.options["path"].as_str().unwrap())
}

fn locked() -> Error {
    Error::new(ErrorKind::LOCKED, "the store is open").with("holder", "somebody")
}

/// A store of one instance says that it is not shared.
fn not_shared(base: &dyn NodeStorage) -> StorageInfo {
    let mut info = base.info();
    info.capabilities -= Capabilities::SHARED_READERS | Capabilities::SHARED_WRITERS;
    info
}

pub(crate) fn lets_go_late() -> Suite {
    in_one_file(|how| {
        let base = one_file::open(how)?;
        let file = file_of(how);
        if !HELD.lock().unwrap().insert(file.clone()) {
            return Err(locked());
        }
        Ok(broken_instance(base, LetsGoLate(file)))
    })
}

/// The stores that this process has open.
static HELD: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Gives the store back when it is dropped, and not when it is closed.
struct LetsGoLate(PathBuf);

impl Fault for LetsGoLate {
    fn info(&self, base: &dyn NodeStorage) -> StorageInfo {
        not_shared(base)
    }
}

impl Drop for LetsGoLate {
    fn drop(&mut self) {
        HELD.lock().unwrap().remove(&self.0);
    }
}

pub(crate) fn leaves_its_lock() -> Suite {
    in_one_file(|how| {
        let base = one_file::open(how)?;
        let file = file_of(how).with_extension("in-use");
        File::create_new(&file).map_err(|_| locked())?;
        Ok(broken_instance(base, LeavesItsLock(file)))
    })
}

/// Says by a file that the store is in use, also when nobody is there any more.
struct LeavesItsLock(PathBuf);

impl Fault for LeavesItsLock {
    fn info(&self, base: &dyn NodeStorage) -> StorageInfo {
        not_shared(base)
    }

    fn close(&self, base: &dyn NodeStorage) -> Result<()> {
        fs::remove_file(&self.0).unwrap_or_default();
        base.close()
    }
}

struct OnlySaysSo;

impl Fault for OnlySaysSo {
    fn info(&self, base: &dyn NodeStorage) -> StorageInfo {
        let mut info = base.info();
        info.capabilities.insert(Capabilities::READ_ONLY);
        info
    }
}
