//! Three-way merge: what they changed since the base is put on top of what is ours.
//!
//! The three trees are walked side by side. As long as [whole nodes](super::merge_nodes) can be merged
//! they are; otherwise the walks go down a level, and in the leaves keys decide. So work is proportional
//! to what both sides changed in the same places, and a range that only one side changed costs no more
//! than its edges.

use std::ops::Bound;

use super::direction::Direction;
use super::frontier::{Frontier, Walks};
use super::key::{Key, KeyRef};
use super::merge_nodes::{rows_that_differ, rows_to_open};
use super::output::Output;
use super::resolve::{Conflict, Resolution, Resolver};
use super::value::{Cell, ValueHandle};
use super::walk::Walk;
use super::writer::Writer;
use super::{Edit, Tree, TreeError};
use crate::storage::{RecordBatch, Storage};

/// What a merge has made.
#[derive(Clone, Debug)]
pub struct Merged {
    /// The merged tree. A key that stayed in conflict has our value in it.
    pub tree: Tree,
    /// The conflicts that the resolver left, in the order of their keys.
    pub conflicts: Vec<Conflict>,
}

/// A merge under way.
pub(super) struct Merge<'a, R> {
    storage: &'a Storage,
    frontier: Frontier,
    /// Those of the base, of ours and of theirs.
    pub(super) walks: [Walk; 3],
    pub(super) writer: Writer<'a>,
    resolver: R,
    conflicts: Vec<Conflict>,
    /// Whether all trees have the same parameters, so that nodes and cells may be taken as they are.
    pub(super) alike: bool,
}

impl Tree {
    /// Makes the tree that has what this one and `theirs` changed since `base`, and adds its new
    /// records to `batch`. It can be read once the batch is stored.
    ///
    /// A key that both changed in different ways, or that one removed and the other changed, is a
    /// conflict, which the resolver decides. What a merge gives does not depend on how the trees
    /// came about: it is the tree of the merged entries, and nothing else.
    ///
    /// Reads and writes as many nodes as there are changes times levels; a range that only one side
    /// changed is taken over as whole nodes.
    ///
    /// # Errors
    /// [`TreeError::OtherStorage`] if the trees do not lie in the same storage; those of the limits
    /// for values that a resolver gives. The batch may then hold records that nothing refers to.
    pub fn merge(
        &self,
        base: &Self,
        theirs: &Self,
        resolver: impl Resolver,
        batch: &mut RecordBatch,
    ) -> Result<Merged, TreeError> {
        for tree in [base, theirs] {
            if !self.storage().is_same(tree.storage()) {
                return Err(TreeError::OtherStorage { root: tree.root() });
            }
        }
        let alike = [base, theirs]
            .iter()
            .all(|tree| tree.parameters() == self.parameters());
        if alike && self == base {
            return Ok(Merged {
                tree: theirs.clone(),
                conflicts: Vec::new(),
            });
        }
        let mut merge = Merge {
            storage: self.storage(),
            frontier: Frontier::of(&[base, self, theirs]),
            walks: [base, self, theirs].map(Walk::new),
            writer: Writer::new(self, Output::Batch(batch)),
            resolver,
            conflicts: Vec::new(),
            alike,
        };
        if base != theirs && self != theirs {
            merge.run()?;
        }
        let tree = self.with_root(merge.writer.finish()?);
        Ok(Merged {
            tree,
            conflicts: merge.conflicts,
        })
    }
}

impl<R: Resolver> Merge<'_, R> {
    fn run(&mut self) -> Result<(), TreeError> {
        while self.theirs().level().is_some() || self.base().level().is_some() {
            let levels = self.walks.each_ref().map(Walk::level);
            let highest = levels.iter().flatten().max().copied();
            if highest == Some(0) {
                self.merge_entries()?;
            } else if !self.merge_nodes()? {
                // Higher ones go down first, so that equal parts meet at the same level.
                self.open(levels.map(|level| level == highest))?;
            }
        }
        Ok(())
    }

    pub(super) fn base(&self) -> &Walk {
        &self.walks[Side::Base as usize]
    }

    pub(super) fn ours(&self) -> &Walk {
        &self.walks[Side::Ours as usize]
    }

    pub(super) fn theirs(&self) -> &Walk {
        &self.walks[Side::Theirs as usize]
    }

    /// Goes down on some of the sides, into the children that come next there. If they are not in
    /// memory, what will be looked at soon is loaded with them.
    pub(super) fn open(&mut self, sides: [bool; 3]) -> Result<(), TreeError> {
        let opened = || self.walks.iter().zip(sides).filter(|(_, opens)| *opens);
        let mut places = opened().filter_map(|(walk, _)| walk.next());
        if !places.all(|(node, index)| node.is_loaded(self.storage, index)) {
            let walks = Walks {
                stacks: self.walks.each_ref().map(Walk::stack),
                go_down: sides,
                direction: Direction::Forwards,
                bounds: &(Bound::Unbounded, Bound::Unbounded),
                looked_at: if self.alike {
                    rows_to_open
                } else {
                    rows_that_differ
                },
            };
            self.frontier.fetch(self.storage, &walks);
        }
        let mut opened = self.walks.iter_mut().zip(sides).filter(|(_, opens)| *opens);
        opened.try_for_each(|(walk, _)| walk.open())
    }

    /// Merges what stands before the three walks, all of which are in leaves: entries that they have
    /// not changed, or the smallest key.
    fn merge_entries(&mut self) -> Result<(), TreeError> {
        let [base, ours, theirs] = &mut self.walks;
        let unchanged = base.same_run(theirs, usize::MAX);
        if unchanged > 0 {
            // Ours stays, whatever it is; mostly it is the same.
            let alike = base.same_run(ours, unchanged) == unchanged;
            base.pass(unchanged);
            theirs.pass(unchanged);
            if alike {
                ours.pass(unchanged);
            } else if let Some(last) = theirs.key_before().map(KeyRef::to_key) {
                self.pass_through(Side::Ours as usize, KeyRef::from(&*last))?;
            }
            return Ok(());
        }
        let mut smallest = &self.walks[0];
        for walk in &self.walks[1..] {
            if walk.compare(smallest).is_lt() {
                smallest = walk;
            }
        }
        let walks = self.walks.each_ref();
        let [base, ours, theirs] =
            walks.map(|walk| walk.cell().filter(|_| walk.compare(smallest).is_eq()));
        let there = [base, ours, theirs].map(|cell| cell.is_some());
        if !is_same(ours, theirs) && !is_same(base, theirs) {
            let key = smallest.key().map(KeyRef::to_key).unwrap_or_default();
            if is_same(base, ours) {
                self.take(&key, Side::Theirs, there)?;
            } else {
                self.decide(key, there)?;
            }
        }
        for (walk, there) in self.walks.iter_mut().zip(there) {
            if there {
                walk.pass(1);
            }
        }
        Ok(())
    }

    /// Gives a key what a side has if it stands there, or nothing.
    fn take(&mut self, key: &[u8], side: Side, there: [bool; 3]) -> Result<(), TreeError> {
        let side = side as usize;
        let Some((node, index)) = self.walks[side].next().filter(|_| there[side]) else {
            return self.writer.apply(key, &Edit::Delete);
        };
        match node.cell(index) {
            Cell::Blob(blob) if !self.alike => self.writer.apply(key, &Edit::PutBlob(blob)),
            Cell::Inline(value) if !self.alike => {
                self.writer.apply(key, &Edit::Put(value.to_vec()))
            }
            cell => self.writer.put_cell(key, cell),
        }
    }

    /// Lets the resolver decide a conflict.
    fn decide(&mut self, key: Key, there: [bool; 3]) -> Result<(), TreeError> {
        let value = |side: Side| -> Option<ValueHandle> {
            let side = side as usize;
            self.walks[side].handle().filter(|_| there[side])
        };
        let conflict = Conflict {
            base: value(Side::Base),
            ours: value(Side::Ours),
            theirs: value(Side::Theirs),
            key,
        };
        match self.resolver.resolve(&conflict)? {
            Resolution::Unresolved => self.conflicts.push(conflict),
            Resolution::Ours => {}
            Resolution::Theirs => self.take(&conflict.key, Side::Theirs, there)?,
            Resolution::Base => self.take(&conflict.key, Side::Base, there)?,
            Resolution::Put(value) => self.writer.apply(&conflict.key, &Edit::Put(value))?,
            Resolution::Delete => self.writer.apply(&conflict.key, &Edit::Delete)?,
        }
        Ok(())
    }
}

/// One of the three trees, in the order of the walks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Base,
    Ours,
    Theirs,
}

/// Says whether two sides have the same under a key.
fn is_same(one: Option<Cell<'_>>, other: Option<Cell<'_>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.is_same_value(&other),
        (one, other) => one.is_none() == other.is_none(),
    }
}
