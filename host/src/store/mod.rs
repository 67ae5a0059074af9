//! What users hold: a versioned store.
//!
//! A [`VersionedStore`] is one session on one worktree: it stages edits, commits them, moves
//! between branches and looks back. Each family of verbs has a file of its own.

mod branches;
mod checkout;
mod commit;
mod contents;
mod diff;
mod edit;
mod entries;
mod error;
mod log;
mod merge;
mod options;
mod snapshot;
mod stats;
mod status;
mod tags;
mod versioned;
mod work;

pub use branches::Branch;
pub use checkout::CheckoutOptions;
pub use commit::CommitOptions;
pub use diff::{Changes, Version};
pub use entries::Entries;
pub use error::StoreError;
pub use log::{KeyHistory, KeyVersion, Shown};
pub use merge::Merge;
pub use options::StoreOptions;
pub use snapshot::Snapshot;
pub use stats::StoreStats;
pub use status::Status;
pub use tags::Tag;
pub use versioned::VersionedStore;
