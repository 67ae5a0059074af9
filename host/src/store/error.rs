//! What can go wrong for the user of a store.

use crate::history::{
    BranchName, CommitId, HistoryError, IdentityError, RevisionError, TagName, WorktreeName,
};
use crate::storage::StorageError;
use crate::tree::TreeError;

/// Why a verb of a store did not do what it was asked. Whatever the case, staged edits are still
/// there afterwards.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The backend failed, or a record is missing or corrupt.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A tree could not be read or changed.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A record of the history could not be read or made.
    #[error(transparent)]
    History(HistoryError),
    /// A revision names no commit.
    #[error(transparent)]
    Revision(#[from] RevisionError),
    /// A value could not be read from where it comes from.
    #[error("cannot read the value: {source}")]
    Reading {
        /// What the reader said.
        source: std::io::Error,
    },
    /// There is no store in this place.
    #[error("there is no prollytree store at {location}; make one with `init`")]
    NotAStore {
        /// Where the backend keeps its data.
        location: String,
    },
    /// There is a store in this place already.
    #[error("there is a prollytree store at {location} already; open it instead")]
    AlreadyExists {
        /// Where the backend keeps its data.
        location: String,
    },
    /// The store was made by a later version.
    #[error(
        "the store at {location} has format {format}, and this version of prollytree reads formats \
         up to {supported}; use a later version"
    )]
    NewerFormat {
        /// Where the backend keeps its data.
        location: String,
        /// The format of the store.
        format: u32,
        /// The latest format that this version knows.
        supported: u32,
    },
    /// The store was made before the format was final.
    #[error(
        "the store at {location} was made before the format was final; export it with the version \
         that made it, and import what it gives"
    )]
    ProvisionalFormat {
        /// Where the backend keeps its data.
        location: String,
    },
    /// The contents are of a kind that a plain store does not understand.
    #[error(
        "the namespace `{name}` holds {kind} version {version}, not plain values; open it with what \
         wrote it"
    )]
    ForeignNamespace {
        /// The namespace.
        name: String,
        /// Its kind.
        kind: String,
        /// The version of its kind.
        version: u32,
    },
    /// A commit would change nothing.
    #[error("nothing to commit: no entry differs from the last commit")]
    NothingToCommit,
    /// The branch moved since the work began.
    #[error(
        "the branch `{branch}` has moved: the work began at {}, but the branch is at {} now; keep the \
         work by checking out a new branch, which starts where the work began, and committing there; \
         or discard it",
        name_of(*.expected), name_of(*.found)
    )]
    BranchMoved {
        /// The branch.
        branch: BranchName,
        /// The commit that the work began from; none if the branch was unborn.
        expected: Option<CommitId>,
        /// The commit that the branch points to; none if it has been deleted.
        found: Option<CommitId>,
    },
    /// Another session changed the state of this worktree.
    #[error(
        "the worktree `{worktree}` was changed by another session since this one looked; what this \
         session staged is kept in memory; open the store again, or give each session a worktree of \
         its own"
    )]
    WorkMoved {
        /// The worktree.
        worktree: WorktreeName,
    },
    /// The verb would lose changes.
    #[error("uncommitted changes would be lost by {doing}; commit or discard them first")]
    Uncommitted {
        /// What was to be done.
        doing: String,
    },
    /// There is a branch of this name.
    #[error("the branch `{0}` exists already")]
    BranchExists(BranchName),
    /// There is no branch of this name.
    #[error("there is no branch `{0}`")]
    NoSuchBranch(BranchName),
    /// A branch that somebody stands on cannot be deleted.
    #[error("cannot delete the branch `{branch}`: the worktree `{worktree}` stands on it")]
    BranchInUse {
        /// The branch.
        branch: BranchName,
        /// Who stands on it.
        worktree: WorktreeName,
    },
    /// The default branch stays, because worktrees without a record stand on it.
    #[error(
        "cannot take away the default branch `{0}`: new worktrees stand on it; rename it from a \
         worktree that stands on it"
    )]
    DefaultBranch(BranchName),
    /// A new worktree would stand on the default branch, but it has gone while others are there.
    #[error(
        "the worktree `{worktree}` is new and would stand on the default branch `{branch}`, which \
         does not exist; make a branch `{branch}` from another worktree first, or open that worktree"
    )]
    DefaultBranchGone {
        /// The default branch.
        branch: BranchName,
        /// The worktree.
        worktree: WorktreeName,
    },
    /// A branch holds commits that the current one does not.
    #[error(
        "the branch `{branch}` at {} is not merged into the current commit; delete it with force to \
         lose its commits", .head.short()
    )]
    NotMerged {
        /// The branch.
        branch: BranchName,
        /// The commit that it points to.
        head: CommitId,
    },
    /// A ref moved between looking and acting.
    #[error("the ref `{name}` was moved by someone else at the same time; look again and retry")]
    RefMoved {
        /// The full name of the ref.
        name: String,
    },
    /// There is a tag of this name.
    #[error("the tag `{0}` exists already; delete it first to tag another commit")]
    TagExists(TagName),
    /// There is no tag of this name.
    #[error("there is no tag `{0}`")]
    NoSuchTag(TagName),
    /// Both sides have commits that the other does not.
    #[error(
        "cannot fast-forward: both sides have commits of their own, {} here and {} there; commit on \
         top of one of them, or start a new branch from the other", .ours.short(), .theirs.short()
    )]
    Diverged {
        /// The commit of the current branch.
        ours: CommitId,
        /// The commit that was to be merged.
        theirs: CommitId,
    },
}

impl From<HistoryError> for StoreError {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Storage(error) => Self::Storage(error),
            HistoryError::Tree(error) => Self::Tree(error),
            error => Self::History(error),
        }
    }
}

impl From<IdentityError> for StoreError {
    fn from(error: IdentityError) -> Self {
        Self::History(error.into())
    }
}

fn name_of(commit: Option<CommitId>) -> String {
    commit.map_or_else(|| "no commit".to_owned(), |commit| commit.short())
}
