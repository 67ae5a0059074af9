//! What a thread has done beside calling the backend, counted for tests. Leaves of a bulk load are
//! hashed on other threads, and not counted here.

use std::cell::Cell;

/// Work since it was last asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Work {
    /// Addresses that were computed.
    pub(crate) addresses: usize,
    /// Records that the cache was asked for; it takes a lock for each.
    pub(crate) lookups: usize,
}

thread_local!(static WORK: Cell<Work> = const {
    Cell::new(Work { addresses: 0, lookups: 0 })
});

pub(super) fn add(count: impl FnOnce(&mut Work)) {
    let mut work = WORK.get();
    count(&mut work);
    WORK.set(work);
}

/// Returns what this thread has done since the last call.
pub(crate) fn take() -> Work {
    WORK.take()
}
