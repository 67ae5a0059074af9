//! Taking over nodes of another tree as they are, in place of old ones.

use std::ops::Range;
use std::sync::Arc;

use super::TreeError;
use super::key::Key;
use super::level::{Level, Progress, Written};
use super::node::Node;
use super::writer::Writer;

/// Nodes of another tree in place of old ones, which end with the same key; or behind the last old
/// one. The parts are children of one internal node each.
pub(super) struct Adoption {
    /// The last old key before them.
    pub(super) behind: Option<Key>,
    pub(super) old: Option<(Arc<Node>, Range<usize>)>,
    /// Whether no old node of the level comes behind them.
    pub(super) old_ends_level: bool,
    pub(super) new: (Arc<Node>, Range<usize>),
}

impl Writer<'_> {
    /// Takes nodes of another tree with the same parameters in place of old ones. That is possible
    /// where a new boundary falls before them on their level and on all below; otherwise nothing is
    /// done. Says which.
    pub(super) fn adopt(&mut self, adoption: &Adoption) -> Result<bool, TreeError> {
        let (node, run) = &adoption.new;
        let at = usize::from(node.level()) - 1;
        // The least key that is greater.
        let next = match &adoption.behind {
            Some(behind) => [behind, &[0][..]].concat(),
            None => Vec::new(),
        };
        debug_assert!(self.pipeline.is_none() && self.appending.is_none());
        for level in 0..=at {
            // The old nodes from here on are not looked at: they are about to go.
            self.copy_before(level, &next)?;
            // Until a level stands between nodes, the one above does not know which are gone.
            if !self.levels[level].is_between(adoption.old.is_none()) {
                return Ok(false);
            }
        }
        self.changed = true;
        let (old_keys, replaced) = match &adoption.old {
            None => (Vec::new(), 0),
            Some((old, run)) => (
                run.clone().map(|index| old.key(index).to_key()).collect(),
                run.clone()
                    .map(|index| old.child_totals(index).entries)
                    .sum(),
            ),
        };
        for (number, level) in self.levels[..=at].iter_mut().enumerate() {
            level.pass_old(replaced, adoption.old_ends_level);
            level.has_adopted |= number < at;
        }
        let mut old_keys = old_keys.into_iter().peekable();
        for index in run.clone() {
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
}

impl Level {
    /// Says whether the level stands between nodes, the old ones and the new ones; if it is to stand
    /// behind the last old one, whether that has been written anew, because the old level ended
    /// there and not by the rule.
    fn is_between(&self, at_end: bool) -> bool {
        let progress = if at_end {
            self.progress == Progress::Exhausted
        } else {
            self.progress != Progress::Inside
        };
        progress && self.chunker.entries().is_empty() && self.gone.is_empty()
    }

    /// Passes old nodes that others have taken the place of, with so many of the tree's entries.
    fn pass_old(&mut self, entries: u64, ends_level: bool) {
        if self.old.is_some() && self.progress != Progress::Exhausted {
            self.replaced += entries;
            if ends_level {
                self.progress = Progress::Exhausted;
            }
        }
    }
}
