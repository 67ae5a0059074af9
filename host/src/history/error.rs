//! What can go wrong with commits, refs and revisions.

use prollytree_plugin_api::Hash;

use super::commit::CommitId;
use super::identity::IdentityError;
use crate::storage::{Malformed, StorageError};
use crate::tree::TreeError;

/// Why a record of this layer could not be read or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The storage below failed, or a record is missing or corrupt.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The tree of a catalog could not be read or changed.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A record is not what its place in the history demands.
    #[error("the record {hash} is corrupt: {reason}; restore it from a copy of this store")]
    Corrupt {
        /// The record.
        hash: Hash,
        /// What is wrong with it.
        reason: Malformed,
    },
    /// A record would break a rule of its encoding.
    #[error("cannot write the {what}: {reason}")]
    Unwritable {
        /// What was to be written.
        what: &'static str,
        /// The rule that it breaks.
        reason: Malformed,
    },
    /// Nobody can be named as author.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// Why a revision names no commit. Each case says which part of it failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevisionError {
    /// It cannot be read.
    #[error("cannot read `{part}` in the revision `{revision}`: {reason}")]
    Syntax {
        /// The whole revision.
        revision: Abridged,
        /// The part that cannot be read.
        part: Abridged,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is nothing of this name.
    #[error("there is no branch, tag or commit `{name}`{}", near(*.digits))]
    Unknown {
        /// The name.
        name: Abridged,
        /// Whether it consists of hexadecimal digits, but of fewer than an id needs.
        digits: bool,
    },
    /// The name means several things.
    #[error("`{name}` may mean {}; write more of it", .candidates.join(" or "))]
    Ambiguous {
        /// The name.
        name: Abridged,
        /// What it may mean: full refs or full commit ids.
        candidates: Vec<String>,
    },
    /// The worktree stands on a branch without a commit.
    #[error("the branch `{branch}` has no commit yet; make one with `commit`")]
    Unborn {
        /// The branch.
        branch: String,
    },
    /// A commit does not have so many parents or ancestors.
    #[error("`{step}` leads nowhere in the revision `{revision}`: commit {} has {parents} parents",
        .commit.short())]
    NoParent {
        /// The whole revision.
        revision: Abridged,
        /// The step.
        step: String,
        /// The commit where it ended.
        commit: CommitId,
        /// The number of its parents.
        parents: usize,
    },
    /// The history begins later.
    #[error("nothing was committed before `{moment}`: the history of `{revision}` begins later")]
    BeforeHistory {
        /// The whole revision.
        revision: Abridged,
        /// The moment asked for.
        moment: String,
    },
    /// The history could not be read.
    #[error(transparent)]
    History(#[from] HistoryError),
}

impl From<StorageError> for RevisionError {
    fn from(error: StorageError) -> Self {
        Self::History(error.into())
    }
}

/// Text from outside, cut to a length that fits in a message and free of control characters.
#[derive(Clone, PartialEq, Eq)]
pub struct Abridged(String);

impl From<&str> for Abridged {
    fn from(text: &str) -> Self {
        const SHOWN: usize = 80;
        let mut shown: String = text
            .chars()
            .take(SHOWN)
            .flat_map(char::escape_debug)
            .collect();
        if text.chars().nth(SHOWN).is_some() {
            shown.push('…');
        }
        Self(shown)
    }
}

impl PartialEq<&str> for Abridged {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl std::fmt::Display for Abridged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Debug for Abridged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

fn near(digits: bool) -> &'static str {
    if digits {
        "; a commit id needs at least 4 digits"
    } else {
        ""
    }
}
