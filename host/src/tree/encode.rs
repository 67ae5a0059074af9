//! Collects the entries of one node and encodes them. Its buffers serve one node after another.

use std::collections::HashSet;

use prollytree_plugin_api::{Hash, Kind};

use super::decode::VERSION;
use super::key::{KeyRef, common_prefix};
use super::layout::{Fields, HEAD_LEN, Layout, end_width, number_width, write_number};
use super::node::{Child, Totals, head_of};
use super::parameters::Fingerprint;
use super::value::Cell;
use crate::storage::header;

/// The entries of a node that is being made.
#[derive(Debug, Default)]
pub(super) struct Entries {
    keys: Vec<u8>,
    key_ends: Vec<usize>,
    /// Leaf: the cells, one after another.
    cells: Vec<u8>,
    cell_ends: Vec<usize>,
    outside: Vec<bool>,
    /// Internal: the children.
    children: Vec<Child>,
    /// The records that the node refers to; in a leaf the same one may be there several times.
    links: Vec<Hash>,
    totals: Totals,
}

impl Entries {
    pub(super) fn len(&self) -> usize {
        self.key_ends.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.key_ends.is_empty()
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    /// Returns the records that the node refers to, each once, in the order of their first mention.
    pub(super) fn links(&self) -> Vec<Hash> {
        let mut seen = HashSet::with_capacity(self.links.len());
        self.links
            .iter()
            .copied()
            .filter(|&link| seen.insert(link))
            .collect()
    }

    /// Returns a key. The index must be below the number of entries.
    pub(super) fn key(&self, index: usize) -> &[u8] {
        let start = if index == 0 {
            0
        } else {
            self.key_ends[index - 1]
        };
        &self.keys[start..self.key_ends[index]]
    }

    pub(super) fn last_key(&self) -> Option<&[u8]> {
        self.len().checked_sub(1).map(|last| self.key(last))
    }

    pub(super) fn only_child(&self) -> Option<Child> {
        if let [child] = *self.children {
            Some(child)
        } else {
            None
        }
    }

    /// Adds an entry of a leaf. Keys must come in ascending order.
    pub(super) fn push_cell(&mut self, key: KeyRef<'_>, cell: &Cell<'_>) {
        self.push_key(key);
        cell.append_to(&mut self.cells);
        self.cell_ends.push(self.cells.len());
        self.outside.push(matches!(cell, Cell::Blob(_)));
        if let Cell::Blob(blob) = cell {
            self.links.push(blob.hash);
        }
        self.add(Totals {
            entries: 1,
            bytes: (key.len() as u64).saturating_add(cell.value_len()),
        });
    }

    /// Adds an entry of an internal node. Keys must come in ascending order.
    pub(super) fn push_child(&mut self, key: KeyRef<'_>, child: Child) {
        self.push_key(key);
        self.children.push(child);
        self.links.push(child.hash);
        self.add(child.totals);
    }

    pub(super) fn clear(&mut self) {
        self.keys.clear();
        self.key_ends.clear();
        self.cells.clear();
        self.cell_ends.clear();
        self.outside.clear();
        self.children.clear();
        self.links.clear();
        self.totals = Totals::default();
    }

    /// Encodes a node that holds the entries.
    pub(super) fn encode(&self, level: u8, fingerprint: Fingerprint) -> Vec<u8> {
        let prefix_len = match self.len() {
            0 => 0,
            len => common_prefix(self.key(0), self.key(len - 1)),
        };
        let fields = self.fields(level, fingerprint, prefix_len);
        let layout = Layout::new(&fields).expect("the boundary rule bounds the size of a node");
        let mut out = Vec::with_capacity(layout.end);
        out.extend_from_slice(&header(Kind::NODE, VERSION));
        fields.write(&mut out);
        self.write_heads(&mut out, &fields);
        if level == 0 {
            self.write_cell_columns(&mut out, &fields);
        } else {
            self.write_child_columns(&mut out, &fields);
        }
        if !self.is_empty() {
            out.extend_from_slice(&self.key(0)[..prefix_len]);
        }
        for rest in self.rests(prefix_len) {
            out.extend_from_slice(rest.get(HEAD_LEN..).unwrap_or_default());
        }
        out.extend_from_slice(&self.cells);
        debug_assert_eq!(out.len(), layout.end);
        out
    }

    fn push_key(&mut self, key: KeyRef<'_>) {
        key.append_to(&mut self.keys);
        self.key_ends.push(self.keys.len());
    }

    fn add(&mut self, more: Totals) {
        // Only counts that were forged add up to so much; a reader finds that they are wrong.
        self.totals.entries = self.totals.entries.saturating_add(more.entries);
        self.totals.bytes = self.totals.bytes.saturating_add(more.bytes);
    }

    /// Returns the keys without their common prefix.
    fn rests(&self, prefix_len: usize) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(move |index| &self.key(index)[prefix_len..])
    }

    fn fields(&self, level: u8, fingerprint: Fingerprint, prefix_len: usize) -> Fields {
        let lengths = self.rests(prefix_len).map(<[u8]>::len);
        let (key_width, key_size) = if let Some(len) = uniform(lengths) {
            (0, len)
        } else {
            let tails = self
                .rests(prefix_len)
                .map(|rest| rest.len().saturating_sub(HEAD_LEN));
            let total = tails.sum();
            (end_width(total), total)
        };
        let (cell_width, extra, cell_size) = if level == 0 {
            let outside = u8::from(self.outside.contains(&true));
            let starts = std::iter::once(0).chain(self.cell_ends.iter().copied());
            match uniform(
                self.cell_ends
                    .iter()
                    .zip(starts)
                    .map(|(end, start)| end - start),
            ) {
                Some(len) => (0, outside, len),
                None => (end_width(self.cells.len()), outside, self.cells.len()),
            }
        } else {
            let greatest = |of: fn(&Child) -> u64| self.children.iter().map(of).max().unwrap_or(0);
            let entries = number_width(greatest(|child| child.totals.entries));
            (
                entries,
                number_width(greatest(|child| child.totals.bytes)),
                0,
            )
        };
        let small = |len: usize| u32::try_from(len).expect("the boundary rule bounds node sizes");
        Fields {
            fingerprint,
            level,
            key_width,
            cell_width,
            extra,
            count: small(self.len()),
            prefix_len: u16::try_from(prefix_len).expect("keys are at most 65,535 bytes long"),
            key_size: small(key_size),
            cell_size: small(cell_size),
        }
    }

    fn write_heads(&self, out: &mut Vec<u8>, fields: &Fields) {
        let prefix_len = usize::from(fields.prefix_len);
        for rest in self.rests(prefix_len) {
            out.extend_from_slice(&head_of(rest).to_be_bytes());
        }
        if fields.key_width == 0 {
            return;
        }
        out.extend(
            self.rests(prefix_len)
                .map(|rest| rest.len().min(HEAD_LEN).to_le_bytes()[0]),
        );
        let mut end = 0;
        for rest in self.rests(prefix_len) {
            end += rest.len().saturating_sub(HEAD_LEN) as u64;
            write_number(out, end, fields.key_width);
        }
    }

    fn write_cell_columns(&self, out: &mut Vec<u8>, fields: &Fields) {
        if fields.cell_width != 0 {
            for &end in &self.cell_ends {
                write_number(out, end as u64, fields.cell_width);
            }
        }
        if fields.extra != 0 {
            let bits = self.outside.chunks(8);
            out.extend(bits.map(|bits| {
                bits.iter()
                    .rev()
                    .fold(0, |byte, &outside| byte << 1 | u8::from(outside))
            }));
        }
    }

    fn write_child_columns(&self, out: &mut Vec<u8>, fields: &Fields) {
        for child in &self.children {
            write_number(out, child.totals.entries, fields.cell_width);
        }
        for child in &self.children {
            write_number(out, child.totals.bytes, fields.extra);
        }
        for child in &self.children {
            out.extend_from_slice(child.hash.as_bytes());
        }
    }
}

/// Returns the length that all have, 0 if there are none, or `None` if they differ.
fn uniform(mut lengths: impl Iterator<Item = usize>) -> Option<usize> {
    let first = lengths.next().unwrap_or(0);
    lengths.all(|len| len == first).then_some(first)
}
