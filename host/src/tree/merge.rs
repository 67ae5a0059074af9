//! Three-way merge: what they changed since the base is put on top of what is ours.
//!
//! The three trees are walked side by side. Where all stand before children of one level, equal
//! addresses decide: what they have not changed stays, what we have not changed is taken from them
//! as whole nodes, what both changed alike stays; otherwise all go down a level, and in the leaves
//! keys decide. So work is proportional to what both sides changed in the same places, and taking
//! over a range that only one side changed costs no more than its edges.

use std::cmp::Ordering;
use std::ops::Bound;
use std::sync::Arc;

use prollytree_plugin_api::Hash;

use super::adopt::Adoption;
use super::direction::Direction;
use super::frontier::Frontier;
use super::key::{Key, KeyRef};
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
struct Merge<'a, R> {
    storage: &'a Storage,
    frontier: Frontier,
    base: Walk,
    ours: Walk,
    theirs: Walk,
    writer: Writer<'a>,
    resolver: R,
    conflicts: Vec<Conflict>,
    /// Whether all trees have the same parameters, so that nodes and cells may be taken as they are.
    alike: bool,
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
            frontier: Frontier::default(),
            base: Walk::new(base),
            ours: Walk::new(self),
            theirs: Walk::new(theirs),
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
        while self.theirs.level().is_some() || self.base.level().is_some() {
            let walks = [&mut self.base, &mut self.ours, &mut self.theirs];
            let highest = walks.iter().filter_map(|walk| walk.level()).max();
            let Some(highest) = highest else { break };
            let mut same_level = true;
            let lowest = walks.iter().filter_map(|walk| walk.level()).min();
            for walk in walks {
                // Higher ones go down first, so that equal parts meet at the same level.
                if Some(highest) != lowest && walk.level() == Some(highest) {
                    walk.open()?;
                    same_level = false;
                }
            }
            if !same_level {
                continue;
            }
            if highest > 0 {
                self.merge_children()?;
            } else {
                self.merge_entries()?;
            }
        }
        Ok(())
    }

    /// Merges what stands before all three walks, which is children of one level, or nothing.
    fn merge_children(&mut self) -> Result<(), TreeError> {
        let hash = |walk: &Walk| -> Option<Hash> { walk.child().map(|child| child.hash) };
        let (base, ours, theirs) = (hash(&self.base), hash(&self.ours), hash(&self.theirs));
        if ours == theirs {
            // Both are the same, whatever it was.
            match self.ours.key().map(KeyRef::to_key) {
                None => self.base.pass_all(),
                Some(_) if base == ours => self.base.pass(1),
                Some(key) => self.base.pass_through(KeyRef::from(&*key))?,
            }
            self.ours.pass(1);
            self.theirs.pass(1);
            return Ok(());
        }
        if base == theirs {
            // They have changed nothing: ours stays.
            match self.theirs.key().map(KeyRef::to_key) {
                None => self.ours.pass_all(),
                Some(key) => self.ours.pass_through(KeyRef::from(&*key))?,
            }
            self.base.pass(1);
            self.theirs.pass(1);
            return Ok(());
        }
        if base == ours && self.alike && self.adopt()? {
            return Ok(());
        }
        self.fetch_ahead()?;
        for walk in [&mut self.base, &mut self.ours, &mut self.theirs] {
            walk.open()?;
        }
        Ok(())
    }

    /// Loads what will be compared below the three nodes, if that is not in memory.
    fn fetch_ahead(&mut self) -> Result<(), TreeError> {
        let walks = [&self.base, &self.ours, &self.theirs];
        if (walks.iter().filter_map(|walk| walk.next()))
            .all(|(node, index)| node.is_loaded(self.storage, index))
        {
            return Ok(());
        }
        self.frontier.fetch(
            self.storage,
            &walks.map(Walk::stack),
            Direction::Forwards,
            &(Bound::Unbounded, Bound::Unbounded),
            |[base, ours, theirs]| base != ours && base != theirs && ours != theirs,
        )
    }

    /// Takes a run of their children in place of a run of ours that we have not changed, if both
    /// runs end with the same key. Says whether it did.
    fn adopt(&mut self) -> Result<bool, TreeError> {
        let Some((theirs, at)) = self.theirs.next() else {
            return Ok(false);
        };
        let Some((ours, base)) = self.ours.next().zip(self.base.next()) else {
            // Behind our last entry: whole children are taken as they come.
            return self.adopt_run(0, 1);
        };
        let ((ours, our_at), (base, base_at)) = (ours, base);
        let (mut taken, mut replaced) = (1, 1);
        loop {
            match theirs
                .key(at + taken - 1)
                .cmp(&ours.key(our_at + replaced - 1))
            {
                Ordering::Equal => break,
                Ordering::Less => {
                    taken += 1;
                    if at + taken > theirs.len() {
                        return Ok(false);
                    }
                }
                Ordering::Greater => {
                    replaced += 1;
                    let (mine, first) = (our_at + replaced, base_at + replaced);
                    if mine > ours.len()
                        || first > base.len()
                        || ours.child(mine - 1).hash != base.child(first - 1).hash
                    {
                        return Ok(false);
                    }
                }
            }
        }
        self.adopt_run(replaced, taken)
    }

    fn adopt_run(&mut self, replaced: usize, taken: usize) -> Result<bool, TreeError> {
        let Some((node, index)) = self.theirs.next() else {
            return Ok(false);
        };
        // The last node of a level ends with its level, and not because the rule says so.
        if self.theirs.is_last(index + taken - 1) {
            return Ok(false);
        }
        let adoption = Adoption {
            behind: self.ours.key_before().map(KeyRef::to_key),
            old: self
                .ours
                .next()
                .map(|(node, index)| (Arc::clone(node), index..index + replaced)),
            old_ends_level: self
                .ours
                .next()
                .is_none_or(|(_, index)| replaced > 0 && self.ours.is_last(index + replaced - 1)),
            new: (Arc::clone(node), index..index + taken),
        };
        if !self.writer.adopt(&adoption)? {
            return Ok(false);
        }
        self.base.pass(replaced);
        self.ours.pass(replaced);
        self.theirs.pass(taken);
        Ok(true)
    }

    /// Merges what stands before the three walks, all of which are in leaves: entries that they have
    /// not changed, or the smallest key.
    fn merge_entries(&mut self) -> Result<(), TreeError> {
        let unchanged = self.base.same_run(&self.theirs);
        if unchanged > 0 {
            // Ours stays, whatever it is; mostly it is the same.
            let alike = self.base.same_run(&self.ours) >= unchanged;
            self.base.pass(unchanged);
            self.theirs.pass(unchanged);
            if alike {
                self.ours.pass(unchanged);
            } else if let Some(last) = self.theirs.key_before().map(KeyRef::to_key) {
                self.ours.pass_through(KeyRef::from(&*last))?;
            }
            return Ok(());
        }
        let walks = [&self.base, &self.ours, &self.theirs];
        let mut smallest: Option<&Walk> = None;
        for walk in walks {
            if smallest.is_none_or(|smallest| walk.compare(smallest).is_lt()) {
                smallest = Some(walk);
            }
        }
        let Some(smallest) = smallest else {
            return Ok(());
        };
        let [base, ours, theirs] =
            walks.map(|walk| walk.cell().filter(|_| walk.compare(smallest).is_eq()));
        let there = [base, ours, theirs].map(|cell| cell.is_some());
        if !is_same(ours, theirs) && !is_same(base, theirs) {
            let key = smallest.key().map(KeyRef::to_key).unwrap_or_default();
            if is_same(base, ours) {
                self.take(&key, Side::Theirs, there[2])?;
            } else {
                self.decide(key, there)?;
            }
        }
        for (walk, there) in [&mut self.base, &mut self.ours, &mut self.theirs]
            .into_iter()
            .zip(there)
        {
            if there {
                walk.pass(1);
            }
        }
        Ok(())
    }

    /// Gives a key what a side has that stands there, or nothing.
    fn take(&mut self, key: &[u8], side: Side, there: bool) -> Result<(), TreeError> {
        let walk = match side {
            Side::Base => &self.base,
            Side::Theirs => &self.theirs,
        };
        let Some((node, index)) = walk.next().filter(|_| there) else {
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
    fn decide(&mut self, key: Key, [base, ours, theirs]: [bool; 3]) -> Result<(), TreeError> {
        let value =
            |walk: &Walk, there: bool| -> Option<ValueHandle> { walk.handle().filter(|_| there) };
        let conflict = Conflict {
            base: value(&self.base, base),
            ours: value(&self.ours, ours),
            theirs: value(&self.theirs, theirs),
            key,
        };
        match self.resolver.resolve(&conflict)? {
            Resolution::Unresolved => self.conflicts.push(conflict),
            Resolution::Ours => {}
            Resolution::Theirs => self.take(&conflict.key, Side::Theirs, theirs)?,
            Resolution::Base => self.take(&conflict.key, Side::Base, base)?,
            Resolution::Put(value) => self.writer.apply(&conflict.key, &Edit::Put(value))?,
            Resolution::Delete => self.writer.apply(&conflict.key, &Edit::Delete)?,
        }
        Ok(())
    }
}

/// A side that has what is not ours.
#[derive(Clone, Copy)]
enum Side {
    Base,
    Theirs,
}

/// Says whether two sides have the same under a key.
fn is_same(one: Option<Cell<'_>>, other: Option<Cell<'_>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.is_same_value(&other),
        (one, other) => one.is_none() == other.is_none(),
    }
}
