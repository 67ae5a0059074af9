//! What differs between two states of the store, streaming.

use std::cmp::Ordering;
use std::collections::btree_map::Range;
use std::iter::Peekable;
use std::ops::Bound;

use super::{StoreError, VersionedStore};
use crate::history::Revision;
use crate::storage::Storage;
use crate::tree::{Change, Diff, Edit, Staging, Tree, UntilError};

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
                Changes::of_work(&self.tree_at(from)?, &self.work.tree, &self.staged, false)
            }
            (Version::Work, Version::Revision(to)) => {
                Changes::of_work(&self.tree_at(to)?, &self.work.tree, &self.staged, true)
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
        self.changes_since(&self.base.contents.tree)
    }

    /// Returns what has happened to the entries since they were those of `tree`, staged edits
    /// included.
    #[must_use]
    pub fn changes_since(&self, tree: &Tree) -> Changes<'_> {
        Changes::of_work(tree, &self.work.tree, &self.staged, false)
    }

    fn tree_at(&self, revision: &Revision) -> Result<Tree, StoreError> {
        Ok(self.at(revision)?.into_tree())
    }
}

/// An iterator over changes. It ends after an error.
pub struct Changes<'a>(UntilError<Steps<'a>>);

/// What differs, step by step.
struct Steps<'a> {
    before: Tree,
    /// Where values lie that staged edits have stored.
    storage: Storage,
    diff: Peekable<Diff>,
    /// Edits on top of the tree that the diff leads to.
    staged: Option<Peekable<Range<'a, Vec<u8>, Edit>>>,
    reversed: bool,
}

impl<'a> Changes<'a> {
    pub(super) fn of_trees(before: &Tree, after: &Tree) -> Self {
        Self::new(before, after, None, false)
    }

    fn of_work(before: &Tree, after: &Tree, staged: &'a Staging, reversed: bool) -> Self {
        let staged = staged.range(Bound::Unbounded, Bound::Unbounded);
        Self::new(before, after, Some(staged), reversed)
    }

    fn new(
        before: &Tree,
        after: &Tree,
        staged: Option<Range<'a, Vec<u8>, Edit>>,
        reversed: bool,
    ) -> Self {
        Self(UntilError::new(Steps {
            before: before.clone(),
            storage: after.storage().clone(),
            diff: before.diff(after).peekable(),
            staged: staged.map(Iterator::peekable),
            reversed,
        }))
    }
}

impl Iterator for Changes<'_> {
    type Item = Result<Change, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

impl Steps<'_> {
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
                None => self.before.handle(key)?,
            };
            let after = edit.handle(&self.storage);
            if before != after {
                return Ok(Some(Change {
                    key: key.clone(),
                    before,
                    after,
                }));
            }
        }
    }
}

impl Iterator for Steps<'_> {
    type Item = Result<Change, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut change = self.advance().transpose()?;
        if let Ok(change) = &mut change
            && self.reversed
        {
            std::mem::swap(&mut change.before, &mut change.after);
        }
        Some(change)
    }
}
