//! Runs of a node's entries, column by column: what a new node copies of an old one.

use std::ops::Range;

use prollytree_plugin_api::Hash;

use super::chunker::{CHILD_WEIGHT, LEAST_KEY_WEIGHT};
use super::direction::Direction;
use super::key::{common_prefix, common_suffix};
use super::layout::{HEAD_LEN, Layout, number, write_number};
use super::node::{Node, Totals};
use super::value::Cell;

impl Node {
    /// Returns what an entry weighs, where the boundary rule is concerned.
    #[inline]
    pub(super) fn weight_of(&self, index: usize) -> u64 {
        let key = self.prefix().len() + self.rest_len(index);
        let cell = if self.is_leaf() {
            self.cell_len(index)
        } else {
            CHILD_WEIGHT
        };
        (key.max(LEAST_KEY_WEIGHT) + cell) as u64
    }

    /// Returns the sum of the weights of a run.
    pub(super) fn weight_of_run(&self, run: Range<usize>) -> u64 {
        if self.uniform_rest().is_some() && (!self.is_leaf() || self.uniform_cell().is_some()) {
            return run.len() as u64
                * if run.is_empty() {
                    0
                } else {
                    self.weight_of(run.start)
                };
        }
        run.map(|index| self.weight_of(index)).sum()
    }

    /// Returns what lies in a run of a leaf.
    pub(super) fn leaf_totals(&self, run: Range<usize>) -> Totals {
        let rests: usize = match self.uniform_rest() {
            Some(len) => run.len() * len,
            None => run.clone().map(|index| self.rest_len(index)).sum(),
        };
        let keys = (run.len() * self.prefix().len() + rests) as u64;
        let values: u64 = if self.has_outside() {
            let len = |index| self.cell(index).value_len();
            run.clone().map(len).fold(0, u64::saturating_add)
        } else {
            self.cells(run.clone()).len() as u64
        };
        Totals {
            entries: run.len() as u64,
            bytes: keys.saturating_add(values),
        }
    }

    /// Returns how many of the entries that come first in these runs of two leaves are the same, one by
    /// one, keys and values. Where all have the same lengths, columns are compared as they lie there.
    pub(super) fn same_run(
        &self,
        mine: &Range<usize>,
        other: &Self,
        theirs: &Range<usize>,
        direction: Direction,
    ) -> usize {
        let most = mine.len().min(theirs.len());
        let (mine, theirs) = (direction.take(mine, most), direction.take(theirs, most));
        if !self.is_laid_out_as(other) {
            let same = |(index, at): &(usize, usize)| {
                self.compare_keys(*index, other, *at).is_eq()
                    && self.cell(*index).is_same_value(&other.cell(*at))
            };
            let pairs = mine.zip(theirs);
            return match direction {
                Direction::Forwards => pairs.take_while(same).count(),
                Direction::Backwards => pairs.rev().take_while(same).count(),
            };
        }
        let common = match direction {
            Direction::Forwards => common_prefix,
            Direction::Backwards => common_suffix,
        };
        let widths = [
            HEAD_LEN,
            self.fields.uniform_tail(),
            self.fields.cell_size as usize,
        ];
        let columns = [Self::heads, Self::tails, Self::cells];
        // More and more together: where one column is the same and another is not, all of it would be
        // compared again for each entry.
        let (mut done, mut together) = (0, 8);
        while done < most {
            let part = together.min(most - done);
            let (mine, theirs) = (direction.skip(&mine, done), direction.skip(&theirs, done));
            let mut same = part;
            for (column, width) in columns.into_iter().zip(widths) {
                let (mine, theirs) = (direction.take(&mine, same), direction.take(&theirs, same));
                let equal = common(column(self, mine), column(other, theirs));
                same = equal.checked_div(width).unwrap_or(same);
            }
            done += same;
            if same < part {
                break;
            }
            together *= 4;
        }
        done
    }

    /// Says whether two leaves have the same prefix and columns of the same widths, with all values in
    /// them.
    fn is_laid_out_as(&self, other: &Self) -> bool {
        self.is_uniform()
            && other.is_uniform()
            && self.fields.key_size == other.fields.key_size
            && self.fields.cell_size == other.fields.cell_size
            && self.prefix() == other.prefix()
    }

    /// Returns the totals of a child.
    #[inline]
    pub(super) fn child_totals(&self, index: usize) -> Totals {
        let (layout, fields) = (&self.layout, &self.fields);
        Totals {
            entries: number(&self.bytes, layout.counts, fields.cell_width, index),
            bytes: number(&self.bytes, layout.sizes, fields.extra, index),
        }
    }

    /// Returns the addresses of children.
    pub(super) fn child_hashes(&self, run: Range<usize>) -> impl Iterator<Item = Hash> {
        let (hashes, _) = self.hashes(run).as_chunks();
        hashes.iter().map(|hash| Hash::new(*hash))
    }

    /// Returns the addresses of the values out of line in a run of a leaf.
    pub(super) fn blob_hashes(&self, run: Range<usize>) -> impl Iterator<Item = Hash> {
        run.filter_map(|index| match self.cell(index) {
            Cell::Inline(_) => None,
            Cell::Blob(blob) => Some(blob.hash),
        })
    }

    /// Says whether some value of a leaf is out of line.
    #[inline]
    pub(super) fn has_outside(&self) -> bool {
        self.is_leaf() && self.fields.extra != 0
    }

    /// Says whether all keys of a leaf have one length and all its values another, and lie in it.
    pub(super) fn is_uniform(&self) -> bool {
        self.fields.key_width == 0 && self.fields.cell_width == 0 && self.fields.extra == 0
    }

    /// Returns the lengths that all keys of a leaf have behind the prefix, and all its values, if each
    /// is the same and all values are in it.
    pub(super) fn uniform(&self) -> Option<(usize, usize)> {
        let lengths = self.uniform_rest().zip(self.uniform_cell());
        lengths.filter(|_| self.is_uniform())
    }

    /// Returns the length that every cell of a leaf has, if it is the same.
    #[inline]
    pub(super) fn uniform_cell(&self) -> Option<usize> {
        (self.fields.cell_width == 0).then_some(self.fields.cell_size as usize)
    }

    /// Returns the length that every key has behind the prefix, if it is the same.
    #[inline]
    pub(super) fn uniform_rest(&self) -> Option<usize> {
        (self.fields.key_width == 0).then_some(self.fields.key_size as usize)
    }

    pub(super) fn cell_len(&self, index: usize) -> usize {
        let (start, end) = self.cell_range(index);
        end - start
    }

    /// Returns the length of a key behind the prefix.
    #[inline]
    pub(super) fn rest_len(&self, index: usize) -> usize {
        self.uniform_rest()
            .unwrap_or_else(|| self.head_len(index) + self.tail(index).len())
    }

    pub(super) fn heads(&self, run: Range<usize>) -> &[u8] {
        let at = |index| Layout::HEADS + index * HEAD_LEN;
        &self.bytes[at(run.start)..at(run.end)]
    }

    pub(super) fn tails(&self, run: Range<usize>) -> &[u8] {
        &self.bytes[self.tail_start(run.start)..self.tail_start(run.end)]
    }

    pub(super) fn cells(&self, run: Range<usize>) -> &[u8] {
        &self.bytes[self.cell_start(run.start)..self.cell_start(run.end)]
    }

    pub(super) fn hashes(&self, run: Range<usize>) -> &[u8] {
        let at = |index| self.layout.hashes as usize + index * Hash::LEN;
        &self.bytes[at(run.start)..at(run.end)]
    }

    /// Appends the entry counts of children.
    pub(super) fn write_counts(&self, run: Range<usize>, width: u8, out: &mut Vec<u8>) {
        let (own, start) = (self.fields.cell_width, self.layout.counts);
        self.write_numbers(own, start, run, width, out);
    }

    /// Appends the byte counts of children.
    pub(super) fn write_sizes(&self, run: Range<usize>, width: u8, out: &mut Vec<u8>) {
        let (own, start) = (self.fields.extra, self.layout.sizes);
        self.write_numbers(own, start, run, width, out);
    }

    fn write_numbers(&self, own: u8, start: u32, run: Range<usize>, width: u8, out: &mut Vec<u8>) {
        if own == width {
            let at = |index| start as usize + index * usize::from(width);
            return out.extend_from_slice(&self.bytes[at(run.start)..at(run.end)]);
        }
        run.for_each(|index| write_number(out, number(&self.bytes, start, own, index), width));
    }
}
