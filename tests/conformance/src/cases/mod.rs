//! The table of all cases about backends.

mod atomic;
mod batches;
mod buffers;
mod close;
mod closure;
mod commit;
mod concurrency;
mod delete;
mod info;
mod kill;
mod list;
mod options;
mod random;
mod read_only;
mod records;
mod ref_lists;
mod refs;
mod reopen;
mod swap;
mod visibility;

pub(crate) use delete::far_future;

use crate::case::StorageCase;

/// The groups, in the order in which a newcomer wants to see them fail.
const GROUPS: &[&[StorageCase]] = &[
    info::CASES,
    options::CASES,
    records::CASES,
    buffers::CASES,
    batches::CASES,
    closure::CASES,
    refs::CASES,
    ref_lists::CASES,
    swap::CASES,
    commit::CASES,
    atomic::CASES,
    list::CASES,
    delete::CASES,
    close::CASES,
    reopen::CASES,
    read_only::CASES,
    visibility::CASES,
    concurrency::CASES,
    random::CASES,
    kill::CASES,
];

/// Every case.
pub(crate) fn all() -> impl Iterator<Item = &'static StorageCase> {
    GROUPS.iter().copied().flatten()
}
