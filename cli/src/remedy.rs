//! What to do about an error, in the words of the command line. The library says it in its own.

use prollytree::store::StoreError;

/// Returns the commands that help, if some do.
pub(crate) fn remedy(error: &StoreError) -> Option<String> {
    let told = match error {
        StoreError::NothingToCommit => {
            "`git-prolly commit --allow-empty` commits all the same".to_owned()
        }
        StoreError::BranchMoved { .. } => {
            "`git-prolly checkout -b NAME` keeps the changes on a branch of their own; \
             `git-prolly checkout --force HEAD` drops them"
                .to_owned()
        }
        StoreError::WorkMoved { .. } | StoreError::RefMoved { .. } => {
            "run the command again".to_owned()
        }
        StoreError::Uncommitted { .. } => {
            "`git-prolly commit -m MESSAGE` commits them; `git-prolly checkout --force HEAD` drops \
             them"
                .to_owned()
        }
        StoreError::NotMerged { branch, .. } => {
            format!("`git-prolly branch -D {branch}` deletes it all the same")
        }
        StoreError::BranchInUse { branch, .. } => {
            format!("`git-prolly checkout` another branch first, then delete `{branch}`")
        }
        StoreError::TagExists(tag) => format!("`git-prolly tag -d {tag}` deletes it"),
        StoreError::NoSuchBranch(_) => "`git-prolly branch` lists the branches".to_owned(),
        StoreError::NoSuchTag(_) => "`git-prolly tag` lists the tags".to_owned(),
        StoreError::Diverged { .. } => {
            "`git-prolly diff HEAD OTHER` shows what differs; `git-prolly checkout -b NAME OTHER` \
             begins a branch there"
                .to_owned()
        }
        _ => return None,
    };
    Some(told)
}
