//! Memory that is held beside the cache, within a budget of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Storage;

/// What is left of the budget, in bytes.
#[derive(Debug)]
pub(super) struct PinBudget(Arc<AtomicUsize>);

/// A part of the budget, which is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Pin {
    bytes: usize,
    left: Arc<AtomicUsize>,
}

impl PinBudget {
    pub(super) fn new(bytes: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(bytes)))
    }
}

impl Storage {
    /// Takes a part of the budget for records that are held whatever the cache does; `None` where
    /// too little is left.
    pub(crate) fn pin(&self, bytes: usize) -> Option<Pin> {
        let left = &self.0.pins.0;
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(bytes)
        })
        .ok()?;
        Some(Pin {
            bytes,
            left: Arc::clone(left),
        })
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.left.fetch_add(self.bytes, Ordering::Relaxed);
    }
}
