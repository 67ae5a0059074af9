//! What can go wrong in a tree.

use std::io;
use std::path::PathBuf;

use prollytree_plugin_api::Hash;

use super::MAX_KEY_LEN;
use crate::storage::StorageError;

/// An absent key is no error; everything here is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// A record could not be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A record is whole by itself but contradicts what refers to it.
    #[error(
        "the record {hash} does not fit into its tree: {reason}; restore the tree from a copy of \
         this store"
    )]
    Inconsistent {
        /// The record's address.
        hash: Hash,
        /// What the two disagree about.
        reason: &'static str,
    },
    /// A tree was opened with parameters that are not its own.
    #[error(
        "the tree {root} was written with other parameters; open it with those that are stored \
         beside it"
    )]
    WrongParameters {
        /// The root of the tree.
        root: Hash,
    },
    /// Trees that are merged must share their nodes.
    #[error(
        "the tree {root} lies in another storage than the one it is merged with; copy it there first"
    )]
    OtherStorage {
        /// The root of the tree.
        root: Hash,
    },
    /// Parameters that no tree can have.
    #[error("invalid tree parameters: {field} {rule}, but is {value}")]
    InvalidParameters {
        /// Which one.
        field: &'static str,
        /// What it must be.
        rule: String,
        /// What it is.
        value: u64,
    },
    /// Edits must come in strictly ascending order of their keys.
    #[error(
        "edits must be sorted and name each key once: edit {index} does not come after the one before"
    )]
    Unsorted {
        /// The position of the edit that is out of order, from 0.
        index: u64,
    },
    /// A key is longer than the format allows.
    #[error("a key of {len} bytes is too long; the most is {MAX_KEY_LEN}")]
    KeyTooLong {
        /// The length of the key.
        len: usize,
    },
    /// A page of no entries was asked for, which could not say where the next one begins.
    #[error("a page of no entries leads nowhere; ask for one entry at least")]
    EmptyPage,
    /// A value was to be had whole and is too large for that.
    #[error(
        "a value of {len} bytes does not fit into memory; read it piece by piece, with \
         `value_reader`"
    )]
    ValueTooLarge {
        /// The length of the value.
        len: u64,
    },
    /// Edits that do not fit into memory could not be sorted.
    #[error(
        "cannot sort the edits in a temporary file in {}; make room there, or name another folder: \
         {source}", .folder.display()
    )]
    Sorting {
        /// Where the file is.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A session was to go back to a state that it does not remember.
    #[error(
        "the savepoint is gone: it was released, or the session went back behind it; make savepoints \
         anew after going back"
    )]
    NoSavepoint,
    /// A tree cannot have this name.
    #[error("a tree cannot be named `{}`: {}", .name.escape_debug(), .source.message())]
    InvalidName {
        /// The name.
        name: String,
        /// The rule that is broken.
        source: prollytree_plugin_api::Error,
    },
    /// A named tree is not what it was when it was opened.
    #[error(
        "another has saved the tree `{name}` since it was opened; open it again and repeat the edits"
    )]
    TreeMoved {
        /// The name of the tree.
        name: String,
    },
    /// Something that is written step by step went on after a step that failed.
    #[error("the {what} failed in an earlier step, whose error said why; begin it again")]
    Lost {
        /// What is written.
        what: &'static str,
    },
}
