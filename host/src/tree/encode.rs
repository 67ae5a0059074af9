//! Writes the entries of a node as its bytes, column by column. A run of an old node is copied as it
//! lies there; its keys are taken apart and put together again only where the new node has another
//! prefix.

use std::ops::Range;

use prollytree_plugin_api::{Buffer, Kind};

use super::content::{Content, Piece};
use super::decode::VERSION;
use super::layout::{Fields, HEAD_LEN, Layout, end_width, number_width, write_number};
use super::new_entries::Pile;
use super::node::{Node, head_of};
use super::parameters::Fingerprint;
use crate::storage::header;

/// Where the keys of a piece come from.
enum Keys<'a> {
    /// An old node with the prefix of the new one.
    Columns(&'a Node, Range<usize>),
    /// Whole keys.
    Listed(&'a Pile, Range<usize>),
}

impl Content<'_> {
    /// Makes the node that holds the entries.
    pub(super) fn node(&self, fingerprint: Fingerprint) -> Node {
        let prefix_len = match (self.first_key(), self.last_key()) {
            (Some(first), Some(last)) => first.common_prefix(last),
            _ => 0,
        };
        let mut moved = Pile::default();
        let moved_runs = self.list_moved_keys(prefix_len, &mut moved);
        let keys = self.keys_of_pieces(prefix_len, &moved, moved_runs);
        let fields = self.fields(fingerprint, prefix_len, &keys);
        let layout = Layout::new(&fields).expect("the boundary rule bounds the size of a node");

        let mut out = Vec::with_capacity(layout.end as usize);
        out.extend_from_slice(&header(Kind::NODE, VERSION));
        fields.write(&mut out);
        write_key_columns(&keys, &fields, &mut out);
        if self.level == 0 {
            self.write_cell_columns(&mut out, &fields);
        } else {
            self.write_child_columns(&mut out, &fields);
        }
        if let Some(first) = self.first_key() {
            let at = out.len();
            first.append_to(&mut out);
            out.truncate(at + prefix_len);
        }
        write_tails(&keys, prefix_len, &mut out);
        if self.level == 0 {
            self.write_cells(&mut out);
        }
        debug_assert_eq!(out.len(), layout.end as usize);
        let mut node = Node::new(Buffer::from(out), fields, layout);
        node.totals = self.totals;
        node
    }

    /// Lists the keys of runs whose node has another prefix; returns where those of each begin.
    fn list_moved_keys(&self, prefix_len: usize, moved: &mut Pile) -> Vec<usize> {
        let mut starts = Vec::new();
        for piece in self.pieces {
            if let Piece::Run(node, run) = piece
                && node.prefix().len() != prefix_len
            {
                starts.push(moved.len());
                for index in run.clone() {
                    moved.push_with(|bytes| node.key(index).append_to(bytes));
                }
            }
        }
        starts
    }

    fn keys_of_pieces<'a>(
        &'a self,
        prefix_len: usize,
        moved: &'a Pile,
        starts: Vec<usize>,
    ) -> Vec<Keys<'a>> {
        let mut starts = starts.into_iter();
        let keys = self.pieces.iter().map(|piece| match piece {
            Piece::New(new) => Keys::Listed(&self.new.keys, new.clone()),
            Piece::Run(node, run) if node.prefix().len() == prefix_len => {
                Keys::Columns(node, run.clone())
            }
            Piece::Run(_, run) => {
                let start = starts.next().expect("each moved run has been listed");
                Keys::Listed(moved, start..start + run.len())
            }
        });
        keys.collect()
    }

    fn fields(&self, fingerprint: Fingerprint, prefix_len: usize, keys: &[Keys<'_>]) -> Fields {
        let (key_width, key_size) = key_fields(keys, prefix_len);
        let (cell_width, extra, cell_size) = if self.level == 0 {
            self.cell_fields()
        } else {
            let greatest = self.greatest;
            (
                number_width(greatest.entries),
                number_width(greatest.bytes),
                0,
            )
        };
        let small = |len: usize| u32::try_from(len).expect("the boundary rule bounds node sizes");
        Fields {
            fingerprint,
            level: self.level,
            key_width,
            cell_width,
            extra,
            count: small(self.len),
            prefix_len: u16::try_from(prefix_len).expect("keys are at most 65,535 bytes long"),
            key_size: small(key_size),
            cell_size: small(cell_size),
        }
    }

    /// Returns the width of the cells' ends, whether some value is out of line, and the size.
    fn cell_fields(&self) -> (u8, u8, usize) {
        let mut lengths = Uniform::default();
        let (mut total, mut outside) = (0, false);
        for piece in self.pieces {
            match piece {
                Piece::Run(node, run) => {
                    total += node.cells(run.clone()).len();
                    outside |= node.has_outside() && run.clone().any(|cell| node.is_outside(cell));
                    match node.uniform_cell() {
                        Some(len) => lengths.add(len),
                        None => run
                            .clone()
                            .for_each(|cell| lengths.add(node.cell_len(cell))),
                    }
                }
                Piece::New(new) => {
                    outside |= !self.new.outside(new.clone()).is_empty();
                    total += self.new.cells.size(new.clone());
                    let cells = self.new.cells.range(new.clone());
                    cells.for_each(|cell| lengths.add(cell.len()));
                }
            }
        }
        match lengths.get() {
            Some(len) => (0, u8::from(outside), len),
            None => (end_width(total), u8::from(outside), total),
        }
    }

    fn write_cell_columns(&self, out: &mut Vec<u8>, fields: &Fields) {
        if fields.cell_width != 0 {
            let mut end = 0;
            let mut add = |len: usize| {
                end += len as u64;
                write_number(out, end, fields.cell_width);
            };
            for piece in self.pieces {
                match piece {
                    Piece::Run(node, run) => {
                        run.clone().for_each(|cell| add(node.cell_len(cell)));
                    }
                    Piece::New(new) => {
                        let cells = self.new.cells.range(new.clone());
                        cells.for_each(|cell| add(cell.len()));
                    }
                }
            }
        }
        if fields.extra != 0 {
            self.write_outside(out);
        }
    }

    fn write_outside(&self, out: &mut Vec<u8>) {
        let bits = out.len();
        out.resize(bits + self.len.div_ceil(8), 0);
        let mut set = |index: usize| out[bits + index / 8] |= 1 << (index % 8);
        let mut start = 0;
        for piece in self.pieces {
            match piece {
                Piece::Run(node, run) => {
                    let outside = run.clone().filter(|&cell| node.is_outside(cell));
                    outside.for_each(|cell| set(start + cell - run.start));
                    start += run.len();
                }
                Piece::New(new) => {
                    let outside = self.new.outside(new.clone()).iter();
                    outside.for_each(|&cell| set(start + cell - new.start));
                    start += new.len();
                }
            }
        }
    }

    fn write_child_columns(&self, out: &mut Vec<u8>, fields: &Fields) {
        for piece in self.pieces {
            match piece {
                Piece::Run(node, run) => node.write_counts(run.clone(), fields.cell_width, out),
                Piece::New(new) => self.new.children[new.clone()]
                    .iter()
                    .for_each(|child| write_number(out, child.totals.entries, fields.cell_width)),
            }
        }
        for piece in self.pieces {
            match piece {
                Piece::Run(node, run) => node.write_sizes(run.clone(), fields.extra, out),
                Piece::New(new) => self.new.children[new.clone()]
                    .iter()
                    .for_each(|child| write_number(out, child.totals.bytes, fields.extra)),
            }
        }
        for piece in self.pieces {
            match piece {
                Piece::Run(node, run) => out.extend_from_slice(node.hashes(run.clone())),
                Piece::New(new) => self.new.children[new.clone()]
                    .iter()
                    .for_each(|child| out.extend_from_slice(child.hash.as_bytes())),
            }
        }
    }

    fn write_cells(&self, out: &mut Vec<u8>) {
        for piece in self.pieces {
            match piece {
                Piece::Run(node, run) => out.extend_from_slice(node.cells(run.clone())),
                Piece::New(new) => out.extend_from_slice(self.new.cells.run(new.clone())),
            }
        }
    }
}

/// Returns the width of the ends of the tails and the size, as the format wants them.
fn key_fields(keys: &[Keys<'_>], prefix_len: usize) -> (u8, usize) {
    let mut lengths = Uniform::default();
    let mut tails = 0;
    for keys in keys {
        match keys {
            Keys::Columns(node, run) => {
                tails += node.tails(run.clone()).len();
                if let Some(len) = node.uniform_rest() {
                    lengths.add(len);
                } else {
                    run.clone()
                        .for_each(|index| lengths.add(node.rest_len(index)));
                }
            }
            Keys::Listed(keys, range) => {
                for key in keys.range(range.clone()) {
                    let rest = key.len() - prefix_len;
                    tails += rest.saturating_sub(HEAD_LEN);
                    lengths.add(rest);
                }
            }
        }
    }
    match lengths.get() {
        Some(len) => (0, len),
        None => (end_width(tails), tails),
    }
}

/// Writes the heads, and the lengths of heads and the ends of tails where lengths differ.
fn write_key_columns(keys: &[Keys<'_>], fields: &Fields, out: &mut Vec<u8>) {
    let prefix_len = usize::from(fields.prefix_len);
    for keys in keys {
        match keys {
            Keys::Columns(node, run) => out.extend_from_slice(node.heads(run.clone())),
            Keys::Listed(keys, range) => keys.range(range.clone()).for_each(|key| {
                out.extend_from_slice(&head_of(&key[prefix_len..]).to_be_bytes());
            }),
        }
    }
    if fields.key_width == 0 {
        return;
    }
    let head_len = |rest: usize| rest.min(HEAD_LEN).to_le_bytes()[0];
    for keys in keys {
        match keys {
            Keys::Columns(node, run) => {
                out.extend(run.clone().map(|index| head_len(node.head_len(index))));
            }
            Keys::Listed(keys, range) => {
                let keys = keys.range(range.clone());
                out.extend(keys.map(|key| head_len(key.len() - prefix_len)));
            }
        }
    }
    let mut end = 0;
    let mut add = |len: usize| {
        end += len as u64;
        write_number(out, end, fields.key_width);
    };
    for keys in keys {
        match keys {
            Keys::Columns(node, run) => {
                run.clone().for_each(|index| add(node.tail(index).len()));
            }
            Keys::Listed(keys, range) => keys
                .range(range.clone())
                .for_each(|key| add((key.len() - prefix_len).saturating_sub(HEAD_LEN))),
        }
    }
}

fn write_tails(keys: &[Keys<'_>], prefix_len: usize, out: &mut Vec<u8>) {
    for keys in keys {
        match keys {
            Keys::Columns(node, run) => out.extend_from_slice(node.tails(run.clone())),
            Keys::Listed(keys, range) => keys.range(range.clone()).for_each(|key| {
                out.extend_from_slice(key.get(prefix_len + HEAD_LEN..).unwrap_or_default());
            }),
        }
    }
}

/// Whether all lengths are the same.
#[derive(Default)]
struct Uniform {
    first: Option<usize>,
    differ: bool,
}

impl Uniform {
    #[inline]
    fn add(&mut self, len: usize) {
        self.differ |= *self.first.get_or_insert(len) != len;
    }

    /// Returns the length that all have, 0 if there are none, or `None` if they differ.
    fn get(&self) -> Option<usize> {
        (!self.differ).then_some(self.first.unwrap_or(0))
    }
}
