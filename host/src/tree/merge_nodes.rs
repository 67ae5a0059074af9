//! What a merge does with whole nodes: it decides about children of internal nodes as it does about
//! entries, where it is known without opening them what the trees have in their place.
//!
//! What they have not changed stays, what we have not changed is taken from them, what both changed
//! alike stays. A tree has the same child there, or nothing up to its last key; or it has others that
//! end with the same key.

use std::cmp::Ordering;
use std::sync::Arc;

use prollytree_plugin_api::Hash;

use super::TreeError;
use super::adopt::OldNodes;
use super::frontier::{Row, sides_of};
use super::key::{Key, KeyRef};
use super::merge::{Merge, Side};
use super::resolve::Resolver;
use super::walk::Walk;

impl<R: Resolver> Merge<'_, R> {
    /// Merges nodes that come next, if it is known what becomes of them. Says whether it is.
    pub(super) fn merge_nodes(&mut self) -> Result<bool, TreeError> {
        use Side::{Base, Ours, Theirs};
        for (alike, third) in [([Ours, Theirs], Base), ([Base, Theirs], Ours)] {
            if self.are_same(alike) && self.side(third).level() <= self.side(alike[0]).level() {
                // Both have the same, whatever the base has; or they have changed nothing, and ours stays.
                self.pass_alike(alike, third)?;
                return Ok(true);
            }
        }
        if self.are_same([Base, Ours]) && self.replace_ours()? {
            return Ok(true);
        }
        if self.is_alone(Theirs) {
            return self.adopt(0, 1);
        }
        for side in [Base, Ours] {
            if self.is_alone(side) {
                // Both have removed it, or we have added it.
                self.walks[side as usize].pass(1);
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn side(&self, side: Side) -> &Walk {
        &self.walks[side as usize]
    }

    /// Says whether two trees have the same child next.
    fn are_same(&self, sides: [Side; 2]) -> bool {
        match sides.map(|side| self.side(side).next()) {
            [Some((one, index)), Some((other, at))] => {
                !one.is_leaf()
                    && one.level() == other.level()
                    && one.has_same_child(index, other, at)
            }
            _ => false,
        }
    }

    /// Says whether a tree has a child next in whose place the others have nothing.
    fn is_alone(&self, side: Side) -> bool {
        let Some((node, index)) = self.side(side).next().filter(|(node, _)| !node.is_leaf()) else {
            return false;
        };
        let others = [Side::Base, Side::Ours, Side::Theirs].into_iter();
        others
            .filter(|other| *other != side)
            .all(|other| self.side(other).has_nothing_up_to(node.key(index)))
    }

    /// Passes children that are the same on two sides, and what the third one has in their place, which
    /// may be on a lower level.
    fn pass_alike(&mut self, [one, other]: [Side; 2], third: Side) -> Result<(), TreeError> {
        let [one, other, third] = [one, other, third].map(|side| side as usize);
        let same = [&self.walks[one], &self.walks[other]];
        let runs = match run_beside_nothing(same, &self.walks[third]) {
            0 => runs_to_same_key(same, &self.walks[third]),
            alike => Some((alike, 0)),
        };
        let (alike, replaced) = runs.unwrap_or((1, 0));
        if runs.is_none()
            && let Some(key) = self.walks[one].key().map(KeyRef::to_key)
        {
            self.pass_through(third, KeyRef::from(&*key))?;
        }
        self.walks[one].pass(alike);
        self.walks[other].pass(alike);
        self.walks[third].pass(replaced);
        Ok(())
    }

    /// Passes everything on one side up to a key and the key itself.
    pub(super) fn pass_through(&mut self, side: usize, key: KeyRef<'_>) -> Result<(), TreeError> {
        while self.walks[side].pass_through(key) {
            self.open(std::array::from_fn(|other| other == side))?;
        }
        Ok(())
    }

    /// Takes what they have in place of children of ours that we have not changed. Says whether it did.
    fn replace_ours(&mut self) -> Result<bool, TreeError> {
        let Some((node, index)) = self.ours().next() else {
            return Ok(false);
        };
        let unchanged = [self.ours(), self.base()];
        if self.theirs().has_nothing_up_to(node.key(index)) {
            let run = run_beside_nothing(unchanged, self.theirs());
            if let Some(old) = self.our_nodes(run) {
                self.writer.remove(self.passed().as_deref(), &old)?;
            }
            self.walks[Side::Base as usize].pass(run);
            self.walks[Side::Ours as usize].pass(run);
            return Ok(true);
        }
        if self.theirs().level() != self.ours().level() {
            return Ok(false);
        }
        match runs_to_same_key(unchanged, self.theirs()) {
            Some((replaced, taken)) => self.adopt(replaced, taken),
            None => Ok(false),
        }
    }

    /// Takes children of theirs in place of some of ours, if a new boundary falls before them. Says whether
    /// it did.
    fn adopt(&mut self, replaced: usize, taken: usize) -> Result<bool, TreeError> {
        let Some((node, index)) = self.theirs().next().filter(|_| self.alike) else {
            return Ok(false);
        };
        // The last node of a level ends with its level, and not because the rule says so.
        if self.theirs().is_last(index + taken - 1) {
            return Ok(false);
        }
        let (behind, old) = (self.passed(), self.our_nodes(replaced));
        let new = (Arc::clone(node), index..index + taken);
        if !self.writer.adopt(behind.as_deref(), old.as_ref(), new)? {
            return Ok(false);
        }
        let [base, ours, theirs] = &mut self.walks;
        base.pass(replaced);
        ours.pass(replaced);
        theirs.pass(taken);
        Ok(true)
    }

    /// Returns the last key of ours that has been passed.
    fn passed(&self) -> Option<Key> {
        self.ours().key_before().map(KeyRef::to_key)
    }

    /// Returns so many children of ours that come next, if it is any.
    fn our_nodes(&self, count: usize) -> Option<OldNodes> {
        let (node, index) = self.ours().next().filter(|_| count > 0)?;
        Some(OldNodes {
            node: Arc::clone(node),
            run: index..index + count,
            end_level: self.ours().is_last(index + count - 1),
        })
    }
}

/// Returns how many children come next that are the same on two sides, and in whose place a third one
/// has nothing.
fn run_beside_nothing([one, other]: [&Walk; 2], third: &Walk) -> usize {
    let (Some((one, at)), Some((other, other_at))) = (one.next(), other.next()) else {
        return 0;
    };
    let pairs = (at..one.len()).zip(other_at..other.len());
    let run = pairs.take_while(|&(at, other_at)| {
        one.has_same_child(at, other, other_at) && third.has_nothing_up_to(one.key(at))
    });
    run.count()
}

/// Returns how many children come next that are the same on two sides, and how many children or entries
/// on a third one, until both runs end with the same key; `None` if they do not do so in the nodes that they begin in.
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
                    && one.has_same_child(next, other, other_next);
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

/// Says of children between two keys at which all trees cut, row by row, whether they will be opened:
/// those of the base, of ours and of theirs.
pub(super) fn rows_to_open(rows: &[Row<Hash, 3>]) -> Vec<bool> {
    /// In the middle of so many nodes in a row that only some trees have, the others have nothing.
    const MANY: usize = 16;
    let [base, ours, theirs] = sides_of(rows);
    if base == ours || base == theirs || ours == theirs {
        return vec![false; rows.len()];
    }
    // What they have not changed may have to be opened where ours cuts it in other places: to fetch it
    // for nothing costs less than to ask for it later.
    let is_shared = |[base, ours, theirs]: &Row<Hash, 3>| base == ours && base == theirs;
    let mut opened: Vec<bool> = rows.iter().map(|row| !is_shared(row)).collect();
    let is_alike = |one: &Row<Hash, 3>, other: &Row<Hash, 3>| {
        let there = [one, other].map(|row| row.map(|hash| hash.is_some()));
        let mut nodes = one.iter().flatten();
        let first = nodes.next();
        there[0] == there[1] && there[0].contains(&false) && nodes.all(|node| Some(node) == first)
    };
    let mut start = 0;
    for run in rows.chunk_by(is_alike) {
        let end = start + run.len();
        if run.len() > MANY {
            opened[start + 1..end - 1].fill(false);
        }
        start = end;
    }
    opened
}

/// Says the same where nodes cannot be taken over as they are, because parameters differ.
pub(super) fn rows_that_differ(rows: &[Row<Hash, 3>]) -> Vec<bool> {
    let passes = |[base, ours, theirs]: &Row<Hash, 3>| {
        theirs.is_some() && (base == theirs || ours == theirs)
    };
    rows.iter().map(|row| !passes(row)).collect()
}
