//! How a store is opened or made.

use std::fmt;
use std::sync::Arc;

use crate::history::{BranchName, Clock, Identity, SystemClock, SystemIdentity, WorktreeName};
use crate::tree::Parameters;

/// How a [`VersionedStore`](super::VersionedStore) is opened or made.
#[derive(Clone)]
pub struct StoreOptions {
    /// Tells the time of commits.
    pub clock: Arc<dyn Clock>,
    /// Tells who commits; asked only when something is signed.
    pub identity: Arc<dyn Identity>,
    /// The worktree that the session works in. Two sessions at once want one each.
    pub worktree: WorktreeName,
    /// The memory that staged edits may take, in bytes, before they are written as nodes.
    pub staging_bytes: usize,
    /// For a new store: the parameters of its trees.
    pub parameters: Parameters,
    /// For a new store: the branch that worktrees stand on at first.
    pub default_branch: BranchName,
}

impl Default for StoreOptions {
    /// The system's clock, Git's identity, the worktree `main`, 64 MiB of staged edits; new stores
    /// have the default parameters and the branch `main`.
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            identity: Arc::new(SystemIdentity::default()),
            worktree: WorktreeName::main(),
            staging_bytes: 64 << 20,
            parameters: Parameters::default(),
            default_branch: BranchName::main(),
        }
    }
}

impl fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreOptions")
            .field("worktree", &self.worktree)
            .field("staging_bytes", &self.staging_bytes)
            .field("parameters", &self.parameters)
            .field("default_branch", &self.default_branch)
            .finish_non_exhaustive()
    }
}
