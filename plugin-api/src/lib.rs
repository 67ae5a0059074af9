//! The contract between prollytree and its storage engines and embedders.
//!
//! A backend author needs this crate and nothing else. It has two faces: plain Rust traits,
//! [`NodeStorage`] and [`Embedder`], and behind them an ABI that carries the same traits out of a
//! compiled library. One crate serves both ways: linked into a host, or loaded as a plugin.

pub mod log;
pub mod manifest;

#[doc(hidden)]
pub mod abi;

mod buffer;
mod call;
mod capability;
mod embedder;
mod error;
mod export;
mod hash;
mod options;
mod plugin;
mod record;
mod refs;
mod report;
mod storage;
mod time;

pub use buffer::{Buffer, Slot};
pub use call::Call;
pub use capability::Capabilities;
pub use embedder::{Embedder, EmbedderInfo};
pub use error::{Error, ErrorKind, Parts, Result};
pub use hash::Hash;
pub use options::{ByteSize, Endpoint, OptionField, OptionSet, OptionValue, Options, Secret};
pub use plugin::{Backend, Create, EmbedderKind, OpenStorage};
pub use record::{Kind, MAX_RECORD_SIZE, Record, RecordEntry};
pub use refs::{RefName, RefUpdate, Swap};
pub use report::{Report, Stat, Stats, Unit};
pub use storage::{BatchSize, NodeStorage, StorageInfo, check_places};
pub use time::Timestamp;

/// What the macros of this crate expand to. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::abi::export::{Export, Exported, Header};
    pub use crate::manifest::write::{array, length};
    pub use crate::manifest::{Build, Offer};
    pub use crate::options::{read_field, refuse_unknown};
}
