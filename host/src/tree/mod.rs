//! The sorted map: node format, boundary rule, cursor, edit, diff and merge.
//!
//! A [`Tree`] is an immutable snapshot, cut into nodes by a rule that looks at nothing but content:
//! two trees with the same entries and [`Parameters`] are the same nodes, whatever their histories.
//! The layer knows nothing of commits, refs or staged edits.
//!
//! ```
//! use prollytree::storage::{RecordBatch, Storage, StorageOptions};
//! use prollytree::tree::{Edit, Parameters, Tree};
//! use prollytree_plugin_api::{OpenStorage, Options};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let backend = (prollytree_backend_memory::BACKEND.open)(&OpenStorage::or_create(Options::new()))?;
//! let storage = Storage::new(backend, StorageOptions::default());
//!
//! let rows = [(b"apple".to_vec(), b"red".to_vec()), (b"banana".to_vec(), b"yellow".to_vec())];
//! let old = Tree::build(storage.clone(), Parameters::default(), rows)?;
//!
//! let mut batch = RecordBatch::new();
//! let new = old.apply([(b"apple".to_vec(), Edit::Put(b"green".to_vec()))], &mut batch)?;
//! storage.put(&batch)?;
//!
//! assert_eq!(new.get(b"apple")?.as_deref(), Some(&b"green"[..]));
//! assert_eq!(old.get(b"apple")?.as_deref(), Some(&b"red"[..]));
//! for change in old.diff(&new) {
//!     let change = change?;
//!     let after = change.after.expect("it has not been removed").load()?;
//!     assert_eq!((&change.key[..], &after[..]), (&b"apple"[..], &b"green"[..]));
//! }
//! # Ok(())
//! # }
//! ```

mod adopt;
mod append;
mod aside;
mod bare;
mod block;
mod boundary;
mod bulk;
mod children;
mod chunker;
mod columns;
mod compare;
mod content;
mod cursor;
mod decode;
mod diff;
mod direction;
mod edit;
mod encode;
mod entries;
mod error;
mod frontier;
mod get_many;
mod held;
mod in_order;
mod inspect;
mod iter;
mod json;
mod key;
mod layout;
mod leaf_run;
mod level;
mod look_ahead;
mod merge;
mod merge_json;
mod merge_nodes;
mod new_entries;
mod node;
mod output;
mod overlay;
mod page;
mod parameters;
mod pipeline;
mod position;
mod proof;
mod resolve;
mod scan;
mod session;
mod sharing;
mod short_keys;
mod snapshot;
mod sort;
mod staging;
mod stats;
mod threads;
mod until_error;
mod value;
mod value_run;
mod walk;
mod ways;
mod writer;

pub use bare::{BareTree, BareTreeRecord};
pub use bulk::{BulkLoad, BulkOptions, BulkProgress};
pub use diff::{Change, Diff};
pub use edit::Edit;
pub use error::TreeError;
pub use inspect::NodeEntry;
pub use iter::{Handles, Iter, Keys};
pub use key::{Key, MAX_KEY_LEN, after_prefix};
pub use merge::Merged;
pub use merge_json::MergeJson;
pub use node::Node;
pub use page::Page;
pub use parameters::{EntryRule, Measure, NodeSize, Parameters, Shape};
pub use proof::{DiffProof, Proof, ProofError, ProvenChange, ProvenValue};
pub(crate) use proof::{seal_proof, unseal_proof};
pub use resolve::{
    Conflict, LastWriter, LeaveConflicts, Resolution, Resolver, TakeOurs, TakeTheirs,
};
pub use session::{Savepoint, Session};
pub use sharing::{Sharing, Unshared};
pub use snapshot::Tree;
pub(crate) use staging::Staging;
pub use stats::{Fill, LevelStats, TreeStats};
pub(crate) use until_error::UntilError;
pub use value::{Blob, BlobRef, Value, ValueHandle, ValueReader, ValueWriter};

#[cfg(test)]
mod tests;
