//! Whole nodes in a tree that is being written: taking over those of another tree as they are, and taking
//! away old ones without looking at them.

use std::ops::Range;
use std::sync::Arc;

use super::TreeError;
use super::key::{Key, KeyRef};
use super::level::{Level, Progress, Written, just_behind};
use super::node::Node;
use super::writer::Writer;

/// Old nodes that come next: children of one internal node.
pub(super) struct OldNodes {
    pub(super) node: Arc<Node>,
    pub(super) run: Range<usize>,
    /// Whether no other one comes behind them on their level.
    pub(super) end_level: bool,
}

impl Writer<'_> {
    /// Takes nodes of another tree with the same parameters, children of one internal node there, behind
    /// the last old key that has been passed. They come in place of old ones that end with the same key,
    /// or where the old tree has nothing. That is possible where a new boundary falls before them on their
    /// level and on all below; otherwise none is taken. Says which.
    pub(super) fn adopt(
        &mut self,
        behind: Option<&[u8]>,
        old: Option<&OldNodes>,
        (node, run): (Arc<Node>, Range<usize>),
    ) -> Result<bool, TreeError> {
        debug_assert!(self.pipeline.is_none() && self.appending.is_none());
        let at = usize::from(node.level()) - 1;
        let next = just_behind(behind);
        for level in 0..=at {
            // Old nodes that are about to go are not looked at.
            self.copy_before(level, &next)?;
            if old.is_none() {
                self.stand_before(level, &next)?;
            }
            // Otherwise the level above does not know yet which nodes are gone.
            if !self.levels[level].is_between(&next) {
                return Ok(false);
            }
        }
        self.changed = true;
        for (number, level) in self.levels[..=at].iter_mut().enumerate() {
            if let Some(old) = old {
                level.remove_old(old, &next, false);
            }
            level.has_adopted |= number < at;
        }
        let mut old_keys = old.map_or(vec![], OldNodes::keys).into_iter().peekable();
        for index in run {
            let (key, child) = (node.key(index).to_key(), node.child(index));
            while let Some(gone) = old_keys.next_if(|old| *old <= key) {
                if gone < key {
                    self.change_above(at, &gone, None)?;
                }
            }
            let level = &mut self.levels[at];
            level.written += 1;
            level.last_written = Some(Written { child, node: None });
            self.change_above(at, &key, Some(child))?;
        }
        old_keys.try_for_each(|gone| self.change_above(at, &gone, None))?;
        Ok(true)
    }

    /// Takes away old nodes behind the last old key that has been passed. What comes before them and waits
    /// for its node to end goes on with what comes behind them.
    pub(super) fn remove(
        &mut self,
        behind: Option<&[u8]>,
        old: &OldNodes,
    ) -> Result<(), TreeError> {
        debug_assert!(self.pipeline.is_none() && self.appending.is_none());
        let at = usize::from(old.node.level()) - 1;
        let next = just_behind(behind);
        let mut waits = false;
        for level in 0..=at {
            self.copy_up_to(level, &next)?;
            self.report_gone(level, None)?;
            let level = &mut self.levels[level];
            waits |= !level.chunker.entries().is_empty();
            level.remove_old(old, &next, waits);
        }
        self.changed = true;
        let mut keys = old.keys().into_iter();
        keys.try_for_each(|key| self.change_above(at, &key, None))
    }

    /// Comes to the old entry that `next` is before, and into its node if that is not its first: what is
    /// inserted there parts the node. So the last one is entered where nothing is left: it ends with its
    /// level, and not by the rule. A node that the level above does not know is entered, too.
    fn stand_before(&mut self, at: usize, next: &[u8]) -> Result<(), TreeError> {
        let level = &mut self.levels[at];
        let Some(old) = level
            .old
            .as_mut()
            .filter(|_| level.progress == Progress::Outside)
        else {
            return Ok(());
        };
        old.seek(next)?;
        if old.index() > 0 || at >= usize::from(self.tree.level()) {
            level.enter();
            self.copy_before(at, next)?;
        }
        Ok(())
    }

    /// Copies the old entries before a key, at which an old node ends, as far as nodes are being written
    /// anew; does not go on into the next one.
    fn copy_up_to(&mut self, at: usize, next: &[u8]) -> Result<(), TreeError> {
        self.reach(at);
        loop {
            let level = &self.levels[at];
            let Some(old) = level
                .old
                .as_ref()
                .filter(|_| level.progress == Progress::Inside)
            else {
                return Ok(());
            };
            let until = old.node().lower_bound(next);
            let passed = level.removed.as_deref().map(KeyRef::from);
            let passed = passed.or_else(|| old.node().last_key());
            if until < old.node().len() || passed.is_none_or(|passed| ends_at(passed, next)) {
                return self.copy(at, until);
            }
            self.copy_rest(at)?;
        }
    }
}

/// Says whether `next` comes just behind a key.
fn ends_at(key: KeyRef<'_>, next: &[u8]) -> bool {
    next.split_last()
        .is_some_and(|(_, before)| key == KeyRef::from(before))
}

impl OldNodes {
    fn keys(&self) -> Vec<Key> {
        let run = self.run.clone();
        run.map(|index| self.node.key(index).to_key()).collect()
    }

    /// Returns how many of the tree's entries lie below them.
    fn entries(&self) -> u64 {
        let run = self.run.clone();
        let entries = run.map(|index| self.node.child_totals(index).entries);
        // Only counts that were forged add up to so much.
        entries.fold(0, u64::saturating_add)
    }
}

impl Level {
    /// Passes old nodes of this level or one above it, which begin behind `next`. None of them has been
    /// entered.
    ///
    /// As long as new entries wait, here or on a level below, what they become is told to this level, which
    /// stays inside its old node for that. Otherwise it stands between nodes, and looks for its place with
    /// the next change.
    fn remove_old(&mut self, removed: &OldNodes, next: &[u8], waits: bool) {
        let Some(old) = self
            .old
            .as_mut()
            .filter(|_| self.progress != Progress::Exhausted)
        else {
            return;
        };
        self.replaced = self.replaced.saturating_add(removed.entries());
        if self.progress == Progress::Inside {
            debug_assert_eq!(old.node().lower_bound(next), old.node().len());
            old.set_index(old.node().len());
        }
        if removed.end_level {
            self.progress = Progress::Exhausted;
        } else if !waits {
            self.progress = Progress::Outside;
            self.removed = None;
        } else if self.progress == Progress::Inside {
            self.removed = Some(removed.node.key(removed.run.end - 1).to_key());
        }
    }
}
