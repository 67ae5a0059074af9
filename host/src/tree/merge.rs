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
use super::frontier::{Frontier, Walks};
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
    /// Those of the base, of ours and of theirs.
    walks: [Walk; 3],
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
            let lowest = levels.iter().flatten().min().copied();
            if highest != lowest {
                // Higher ones go down first, so that equal parts meet at the same level.
                self.open(levels.map(|level| level == highest))?;
            } else if highest > Some(0) {
                self.merge_children()?;
            } else {
                self.merge_entries()?;
            }
        }
        Ok(())
    }

    fn base(&self) -> &Walk {
        &self.walks[Side::Base as usize]
    }

    fn ours(&self) -> &Walk {
        &self.walks[Side::Ours as usize]
    }

    fn theirs(&self) -> &Walk {
        &self.walks[Side::Theirs as usize]
    }

    /// Merges what stands before all three walks, which is children of one level, or nothing.
    fn merge_children(&mut self) -> Result<(), TreeError> {
        let hash = |walk: &Walk| -> Option<Hash> { walk.child().map(|child| child.hash) };
        let [base, ours, theirs] = self.walks.each_ref().map(hash);
        if ours == theirs {
            // Both are the same, whatever it was.
            return self.pass_alike([Side::Ours, Side::Theirs], Side::Base);
        }
        if base == theirs {
            // They have changed nothing: ours stays.
            return self.pass_alike([Side::Base, Side::Theirs], Side::Ours);
        }
        if base == ours && self.alike && self.adopt()? {
            return Ok(());
        }
        self.open([true; 3])
    }

    /// Goes down on some of the sides, into the children that come next there. If they are not in
    /// memory, what will be looked at soon is loaded with them.
    fn open(&mut self, sides: [bool; 3]) -> Result<(), TreeError> {
        let opened = || self.walks.iter().zip(sides).filter(|(_, opens)| *opens);
        let mut places = opened().filter_map(|(walk, _)| walk.next());
        if !places.all(|(node, index)| node.is_loaded(self.storage, index)) {
            let walks = Walks {
                stacks: self.walks.each_ref().map(Walk::stack),
                go_down: sides,
                direction: Direction::Forwards,
                bounds: &(Bound::Unbounded, Bound::Unbounded),
                // What they have removed up to the end is removed entry by entry.
                differ: |[base, ours, theirs]| {
                    let we_changed = base != ours || theirs.is_empty();
                    we_changed && base != theirs && ours != theirs
                },
            };
            self.frontier.fetch(self.storage, &walks);
        }
        let mut opened = self.walks.iter_mut().zip(sides).filter(|(_, opens)| *opens);
        opened.try_for_each(|(walk, _)| walk.open())
    }

    /// Passes children that are the same on two sides, and what the third one has in their place.
    fn pass_alike(&mut self, [one, other]: [Side; 2], third: Side) -> Result<(), TreeError> {
        let [one, other, third] = [one, other, third].map(|side| side as usize);
        let Some(key) = self.walks[one].key().map(KeyRef::to_key) else {
            self.walks[third].pass_all();
            return Ok(());
        };
        let same = [&self.walks[one], &self.walks[other]];
        let runs = runs_to_same_key(same, &self.walks[third]);
        let (alike, replaced) = runs.unwrap_or((1, 0));
        if runs.is_none() {
            self.pass_through(third, KeyRef::from(&*key))?;
        }
        self.walks[one].pass(alike);
        self.walks[other].pass(alike);
        self.walks[third].pass(replaced);
        Ok(())
    }

    /// Passes everything on one side up to a key and the key itself.
    fn pass_through(&mut self, side: usize, key: KeyRef<'_>) -> Result<(), TreeError> {
        while self.walks[side].pass_through(key) {
            self.open(std::array::from_fn(|other| other == side))?;
        }
        Ok(())
    }

    /// Takes a run of their children in place of a run of ours that we have not changed, if both
    /// runs end with the same key. Says whether it did.
    fn adopt(&mut self) -> Result<bool, TreeError> {
        if self.ours().next().is_none() {
            // Behind our last entry: whole children are taken as they come.
            return self.adopt_run(0, 1);
        }
        match runs_to_same_key([self.ours(), self.base()], self.theirs()) {
            Some((replaced, taken)) => self.adopt_run(replaced, taken),
            None => Ok(false),
        }
    }

    fn adopt_run(&mut self, replaced: usize, taken: usize) -> Result<bool, TreeError> {
        let Some((node, index)) = self.theirs().next() else {
            return Ok(false);
        };
        // The last node of a level ends with its level, and not because the rule says so.
        if self.theirs().is_last(index + taken - 1) {
            return Ok(false);
        }
        let ours = self.ours();
        let adoption = Adoption {
            behind: ours.key_before().map(KeyRef::to_key),
            old: ours
                .next()
                .map(|(node, index)| (Arc::clone(node), index..index + replaced)),
            old_ends_level: ours
                .next()
                .is_none_or(|(_, index)| replaced > 0 && ours.is_last(index + replaced - 1)),
            new: (Arc::clone(node), index..index + taken),
        };
        if !self.writer.adopt(&adoption)? {
            return Ok(false);
        }
        let [base, ours, theirs] = &mut self.walks;
        base.pass(replaced);
        ours.pass(replaced);
        theirs.pass(taken);
        Ok(true)
    }

    /// Merges what stands before the three walks, all of which are in leaves: entries that they have
    /// not changed, or the smallest key.
    fn merge_entries(&mut self) -> Result<(), TreeError> {
        let [base, ours, theirs] = &mut self.walks;
        let unchanged = base.same_run(theirs);
        if unchanged > 0 {
            // Ours stays, whatever it is; mostly it is the same.
            let alike = base.same_run(ours) >= unchanged;
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

/// Returns how many children come next that are the same on two sides, and how many on a third one,
/// until both runs end with the same key; `None` if they do not do so in the nodes that they begin in.
fn runs_to_same_key([one, other]: [&Walk; 2], third: &Walk) -> Option<(usize, usize)> {
    let ((one, at), (other, other_at)) = (one.next()?, other.next()?);
    let (third, third_at) = third.next()?;
    let (mut alike, mut replaced) = (1, 1);
    loop {
        match one
            .key(at + alike - 1)
            .cmp(&third.key(third_at + replaced - 1))
        {
            Ordering::Equal => return Some((alike, replaced)),
            Ordering::Less => {
                let (next, other_next) = (at + alike, other_at + alike);
                let is_alike = next < one.len()
                    && other_next < other.len()
                    && one.child(next).hash == other.child(other_next).hash;
                if !is_alike {
                    return None;
                }
                alike += 1;
            }
            Ordering::Greater => {
                if third_at + replaced == third.len() {
                    return None;
                }
                replaced += 1;
            }
        }
    }
}

/// One of the three trees, in the order of the walks.
#[derive(Clone, Copy)]
enum Side {
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
