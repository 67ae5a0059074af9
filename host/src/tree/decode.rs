//! Checks the bytes of a node: exactly the canonical encodings are accepted, so that no two byte
//! strings mean the same node and no bytes can lead a reader astray later.

use prollytree_plugin_api::{Buffer, Kind};

use super::key::MAX_KEY_LEN;
use super::layout::{BLOB_CELL_LEN, Fields, HEAD_LEN, Layout, end, end_width, number_width};
use super::node::{Node, Totals};
use super::value::Cell;
use crate::storage::{Decode, Malformed, read_header};

/// The format version of nodes.
pub(super) const VERSION: u8 = 1;

/// The highest level: on each there are at most half as many nodes as on the one below.
const MAX_LEVEL: u8 = 64;

/// A node is shorter than this. None that a writer makes comes near: the weights of its entries but the
/// last stay below 4 MiB, the last one is a key and a value of 64 KiB at most, and each takes no more
/// than 9⅛ bytes beyond its weight, which is at least 8. That is 8.7 MiB.
pub(super) const LEN_LIMIT: usize = 16 << 20;

impl Decode for Node {
    const KIND: Kind = Kind::NODE;

    fn decode(bytes: Buffer) -> Result<Self, Malformed> {
        read_header(&bytes, Kind::NODE, VERSION)?;
        if bytes.len() >= LEN_LIMIT {
            return Err(Malformed::new(
                "it is not shorter than 16 MiB, as nodes are",
            ));
        }
        let fields = Fields::read(&bytes)?;
        check_fields(&fields)?;
        let layout = Layout::new(&fields).filter(|layout| layout.end as usize == bytes.len());
        let layout = layout.ok_or(Malformed::new("its length is not what its fields say"))?;
        let mut node = Self::new(bytes, fields, layout);
        node.check_keys()?;
        node.totals = if node.is_leaf() {
            node.check_cells()?
        } else {
            node.check_children()?
        };
        Ok(node)
    }

    fn weight(&self) -> usize {
        size_of::<Self>() + self.bytes.len() + self.children.weight(self.len())
    }
}

impl Node {
    fn check_keys(&self) -> Result<(), Malformed> {
        let count = self.len();
        if count == 0 {
            return Ok(());
        }
        self.check_key_lengths()?;
        for index in 0..count {
            if self.head_padding(index).iter().any(|&byte| byte != 0) {
                return Err(Malformed::new("a key's head is padded with something"));
            }
            if self.fields.prefix_len as usize + self.head_len(index) + self.tail(index).len()
                > MAX_KEY_LEN
            {
                return Err(Malformed::new("a key is too long"));
            }
        }
        let order = |index| {
            (
                self.head_word(index),
                self.head_len(index),
                self.tail(index),
            )
        };
        if (1..count).any(|index| order(index - 1) >= order(index)) {
            return Err(Malformed::new("keys are not in ascending order"));
        }
        let (first, last) = (0, count - 1);
        let more_in_common = if count == 1 {
            self.head_len(first) > 0
        } else {
            self.head_len(first) > 0
                && self.head_word(first).to_be_bytes()[0] == self.head_word(last).to_be_bytes()[0]
        };
        if more_in_common {
            return Err(Malformed::new("keys have more in common than their prefix"));
        }
        Ok(())
    }

    fn check_key_lengths(&self) -> Result<(), Malformed> {
        let width = self.fields.key_width;
        if width == 0 {
            return Ok(());
        }
        let total = self.fields.key_size as usize;
        check_ends(&self.bytes, self.layout.tail_ends, width, self.len(), total)?;
        let mut lengths =
            (0..self.len()).map(|index| (self.head_len(index), self.tail(index).len()));
        if lengths
            .clone()
            .any(|(head, tail)| head > HEAD_LEN || head < HEAD_LEN && tail > 0)
        {
            return Err(Malformed::new("a key's head has an impossible length"));
        }
        let first = lengths.next();
        if lengths.all(|length| Some(length) == first) {
            return Err(Malformed::new("keys of one length are not stored as such"));
        }
        Ok(())
    }

    fn check_cells(&self) -> Result<Totals, Malformed> {
        let (count, width) = (self.len(), self.fields.cell_width);
        if width != 0 {
            let total = self.fields.cell_size as usize;
            check_ends(&self.bytes, self.layout.cell_ends, width, count, total)?;
            let len = |index| {
                let (start, end) = self.cell_range(index);
                end - start
            };
            if (1..count).all(|index| len(index) == len(0)) {
                return Err(Malformed::new(
                    "values of one length are not stored as such",
                ));
            }
        }
        if self.fields.extra != 0 {
            self.check_outside()?;
        }
        let mut totals = Totals {
            entries: count as u64,
            bytes: 0,
        };
        for index in 0..count {
            for len in [self.key(index).len() as u64, self.cell(index).value_len()] {
                totals.bytes = add(totals.bytes, len)?;
            }
        }
        Ok(totals)
    }

    fn check_outside(&self) -> Result<(), Malformed> {
        let bits = &self.bytes[self.layout.outside as usize..self.layout.counts as usize];
        let used = self.len() % 8;
        let unused = if used == 0 { 0 } else { u8::MAX << used };
        if bits.last().is_none_or(|last| last & unused != 0) {
            return Err(Malformed::new(
                "the bits of out-of-line values are padded with something",
            ));
        }
        if bits.iter().all(|&byte| byte == 0) {
            return Err(Malformed::new(
                "it says that values are out of line, and none is",
            ));
        }
        for index in (0..self.len()).filter(|&index| self.is_outside(index)) {
            let (start, end) = self.cell_range(index);
            if end - start != BLOB_CELL_LEN {
                return Err(Malformed::new(
                    "an out-of-line value is not a hash and a length",
                ));
            }
            if Cell::of_blob(&self.bytes[start..end]).value_len() == 0 {
                return Err(Malformed::new("an empty value is out of line"));
            }
        }
        Ok(())
    }

    fn check_children(&self) -> Result<Totals, Malformed> {
        let (mut totals, mut greatest) = (Totals::default(), Totals::default());
        for index in 0..self.len() {
            let child = self.child(index).totals;
            if child.entries == 0 {
                return Err(Malformed::new("a child has no entries"));
            }
            totals.entries = add(totals.entries, child.entries)?;
            totals.bytes = add(totals.bytes, child.bytes)?;
            greatest.entries = greatest.entries.max(child.entries);
            greatest.bytes = greatest.bytes.max(child.bytes);
        }
        if self.fields.cell_width != number_width(greatest.entries)
            || self.fields.extra != number_width(greatest.bytes)
        {
            return Err(Malformed::new("counts are wider than they need to be"));
        }
        Ok(totals)
    }
}

fn check_fields(fields: &Fields) -> Result<(), Malformed> {
    if fields.level > MAX_LEVEL {
        return Err(Malformed::new(
            "it is on a higher level than a tree can have",
        ));
    }
    let leaf = fields.level == 0;
    let widths_known = if leaf {
        matches!(fields.cell_width, 0 | 2 | 4) && fields.extra <= 1
    } else {
        matches!(fields.cell_width, 1 | 2 | 4 | 8)
            && matches!(fields.extra, 1 | 2 | 4 | 8)
            && fields.cell_size == 0
    };
    if !widths_known || !matches!(fields.key_width, 0 | 2 | 4) {
        return Err(Malformed::new("a column has an impossible width"));
    }
    let wrong_width = |width, size| width != 0 && width != end_width(size as usize);
    if wrong_width(fields.key_width, fields.key_size)
        || leaf && wrong_width(fields.cell_width, fields.cell_size)
    {
        return Err(Malformed::new("ends are wider than they need to be"));
    }
    let empty = Fields {
        key_width: 0,
        cell_width: 0,
        extra: 0,
        prefix_len: 0,
        key_size: 0,
        cell_size: 0,
        ..*fields
    };
    if fields.count == 0 && (!leaf || *fields != empty) {
        return Err(Malformed::new(
            "a node without entries is not that of an empty tree",
        ));
    }
    Ok(())
}

fn check_ends(
    bytes: &[u8],
    start: u32,
    width: u8,
    count: usize,
    total: usize,
) -> Result<(), Malformed> {
    let mut before = 0;
    for index in 0..count {
        let end = end(bytes, start, width, index);
        if end < before {
            return Err(Malformed::new("an entry ends before it begins"));
        }
        before = end;
    }
    if before != total {
        return Err(Malformed::new(
            "the last entry does not end where the entries do",
        ));
    }
    Ok(())
}

fn add(total: u64, more: u64) -> Result<u64, Malformed> {
    total
        .checked_add(more)
        .ok_or(Malformed::new("its totals are beyond all bounds"))
}
