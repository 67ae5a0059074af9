//! What differs between two states of the store, streaming.

use std::cmp::Ordering;
use std::collections::btree_map::Range;
use std::iter::Peekable;
use std::ops::Bound;

use super::{StoreError, VersionedStore};
use crate::history::Revision;
use crate::storage::Storage;
use crate::tree::{Change, Diff, Edit, Staging, Tree};

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Version {
    /// The entries as they are in this session, staged edits included.
    Work,
    /// The entries as they were committed.
    Revision(Revision),
}

impl From<Revision> for Version {
    fn from(revision: Revision) -> Self {
        Self::Revision(revision)
    }
}

impl VersionedStore {
    /// Returns what has to happen to the entries of `from` to make them those of `to`, in the order
    /// of their keys. Reads as many nodes as changes times levels.
    pub fn diff(&self, from: &Version, to: &Version) -> Result<Changes<'_>, StoreError> {
        Ok(match (from, to) {
            (Version::Work, Version::Work) => Changes::of_trees(&self.work.tree, &self.work.tree),
            (Version::Revision(from), Version::Work) => {
                Changes::of_work(&self.tree_at(from)?, &self.work.tree, &self.staged)
            }
            (Version::Work, Version::Revision(to)) => {
                let to = self.tree_at(to)?;
                Changes {
                    reversed: true,
                    ..Changes::of_work(&to, &self.work.tree, &self.staged)
                }
            }
            (Version::Revision(from), Version::Revision(to)) => {
                Changes::of_trees(&self.tree_at(from)?, &self.tree_at(to)?)
            }
        })
    }

    /// Returns the uncommitted changes, staged ones included: those made since the commit from
    /// which the work began, wherever the branch is by now.
    #[must_use]
    pub fn changes(&self) -> Changes<'_> {
        Changes::of_work(&self.base.contents.tree, &self.work.tree, &self.staged)
    }

    /// Returns what has happened to the entries since they were those of `tree`, staged edits
    /// included.
    #[must_use]
    pub fn changes_since(&self, tree: &Tree) -> Changes<'_> {
        Changes::of_work(tree, &self.work.tree, &self.staged)
    }

    fn tree_at(&self, revision: &Revision) -> Result<Tree, StoreError> {
        Ok(self.at(revision)?.into_tree())
    }
}

/// An iterator over changes. It ends after an error.
pub struct Changes<'a> {
    before: Tree,
    /// Where values lie that staged edits have stored.
    storage: Storage,
    diff: Peekable<Diff>,
    /// Edits on top of the tree that the diff leads to.
    staged: Option<Peekable<Range<'a, Vec<u8>, Edit>>>,
    reversed: bool,
    failed: bool,
}

impl<'a> Changes<'a> {
    pub(super) fn of_trees(before: &Tree, after: &Tree) -> Self {
        let (before, diff) = (before.clone(), before.diff(after).peekable());
        Self {
            before,
            storage: after.storage().clone(),
            diff,
            staged: None,
            reversed: false,
            failed: false,
        }
    }

    fn of_work(before: &Tree, after: &Tree, staged: &'a Staging) -> Self {
        let staged = staged.range(Bound::Unbounded, Bound::Unbounded).peekable();
        Self {
            staged: Some(staged),
            ..Self::of_trees(before, after)
        }
    }

    fn advance(&mut self) -> Result<Option<Change>, StoreError> {
        loop {
            let staged_key = self
                .staged
                .as_mut()
                .and_then(Peekable::peek)
                .map(|(key, _)| *key);
            let order = match (self.diff.peek(), staged_key) {
                (None, None) => return Ok(None),
                (Some(_), None) | (Some(Err(_)), _) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(Ok(change)), Some(key)) => change.key.cmp(key),
            };
            let change = if order.is_le() {
                self.diff.next().transpose()?
            } else {
                None
            };
            if order.is_lt() {
                return Ok(change);
            }
            let staged = self.staged.as_mut().and_then(Iterator::next);
            let Some((key, edit)) = staged else {
                return Ok(change);
            };
            // Where the diff says nothing, both trees have the same value.
            let before = match change {
                Some(change) => change.before,
                None => self.before.get(key)?,
            };
            let after = edit.value(&self.storage)?;
            if before.as_deref() != after.as_deref() {
                return Ok(Some(Change {
                    key: key.clone(),
                    before,
                    after,
                }));
            }
        }
    }
}

impl Iterator for Changes<'_> {
    type Item = Result<Change, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let mut change = self.advance();
        self.failed = change.is_err();
        if self.reversed
            && let Ok(Some(change)) = &mut change
        {
            std::mem::swap(&mut change.before, &mut change.after);
        }
        change.transpose()
    }
}
