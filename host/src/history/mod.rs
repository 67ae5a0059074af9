//! Commits, refs, revisions and the catalog of a store.
//!
//! This layer says what the records above the tree look like and how they hang together. It reads
//! no clock and knows no user: time and names are passed in through [`Clock`] and [`Identity`].

mod ancestry;
mod anchor;
mod catalog;
mod catalog_entry;
mod clock;
mod commit;
mod diff_proof;
mod error;
mod identity;
mod log;
mod moment;
mod names;
mod namespace;
mod proof;
mod resolve;
mod revision;
mod signature;
mod store_record;
mod tag;
mod work;

#[cfg(test)]
mod tests;

pub(crate) use ancestry::descends_from;
pub use ancestry::{FirstParents, is_ancestor};
pub use anchor::Anchor;
pub use catalog::Catalog;
pub use catalog_entry::CatalogEntry;
pub use clock::{Clock, SteppingClock, SystemClock};
pub use commit::{Commit, CommitId};
pub use diff_proof::{ProofSide, StoreDiffProof};
pub use error::{Abridged, HistoryError, RevisionError};
pub use identity::{Identity, IdentityError, SystemIdentity};
pub use log::Log;
pub use moment::Moment;
pub use names::{BranchName, NameError, TagName, WorktreeName};
pub use namespace::{NamespaceKey, NamespaceKeyError};
pub use proof::StoreProof;
pub use resolve::{Resolver, peel};
pub use revision::Revision;
pub use signature::{Person, PersonError, Signature};
pub use store_record::{StoreFormat, StoreRecord};
pub use tag::{TagRecord, Tagged};
pub use work::{Position, WorkRecord};
