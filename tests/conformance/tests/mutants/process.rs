//! Faults that bring the process to an end, or to none.

use std::thread;

use prollytree_plugin_api::{Hash, NodeStorage, RecordEntry, Result};

use crate::fault::Fault;

#[derive(Default)]
pub(crate) struct Hangs;

impl Fault for Hangs {
    fn sync(&self, _: &dyn NodeStorage) -> Result<()> {
        loop {
            thread::park();
        }
    }
}

#[derive(Default)]
pub(crate) struct Panics;

impl Fault for Panics {
    fn list(&self, _: &dyn NodeStorage, _: Option<&Hash>, _: usize) -> Result<Vec<RecordEntry>> {
        panic!("a bug");
    }
}

#[derive(Default)]
pub(crate) struct Exits;

impl Fault for Exits {
    fn list(&self, _: &dyn NodeStorage, _: Option<&Hash>, _: usize) -> Result<Vec<RecordEntry>> {
        std::process::exit(0);
    }
}

#[derive(Default)]
pub(crate) struct Aborts;

impl Fault for Aborts {
    fn list(&self, _: &dyn NodeStorage, _: Option<&Hash>, _: usize) -> Result<Vec<RecordEntry>> {
        std::process::abort();
    }
}

#[derive(Default)]
pub(crate) struct WorksAfterClosing;

impl Fault for WorksAfterClosing {
    fn close(&self, _: &dyn NodeStorage) -> Result<()> {
        Ok(())
    }
}
