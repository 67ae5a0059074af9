//! Where things are in the bytes of a node. Shared by the encoder and the decoder, so that they
//! cannot disagree; the format itself is described in `docs/format.md`.

use super::parameters::Fingerprint;
use crate::storage::{HEADER_LEN, Malformed};

/// The first bytes of a key after the common prefix, padded with zeros, are kept in an array of
/// their own, for searching.
pub(super) const HEAD_LEN: usize = 8;

/// The bytes of a leaf's entry whose value is out of line: its hash and its length.
pub(super) const BLOB_CELL_LEN: usize = 40;

/// The fixed fields at the start of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) fingerprint: Fingerprint,
    pub(super) level: u8,
    /// 0 where all keys have the same length, otherwise the width of the ends of their tails.
    pub(super) key_width: u8,
    /// In a leaf 0 where all cells have the same length, otherwise the width of their ends; in an
    /// internal node the width of the entry counts.
    pub(super) cell_width: u8,
    /// In a leaf 1 if some values are out of line, else 0; in an internal node the width of the
    /// byte counts.
    pub(super) extra: u8,
    pub(super) count: u32,
    pub(super) prefix_len: u16,
    /// The length of every key after the prefix, or the sum of their tails.
    pub(super) key_size: u32,
    /// The length of every cell, or their sum; 0 in an internal node.
    pub(super) cell_size: u32,
}

impl Fields {
    pub(super) const LEN: usize = 32;

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.fingerprint);
        out.extend_from_slice(&[self.level, self.key_width, self.cell_width, self.extra]);
        out.extend_from_slice(&self.count.to_le_bytes());
        out.extend_from_slice(&self.prefix_len.to_le_bytes());
        out.extend_from_slice(&[0; 2]);
        out.extend_from_slice(&self.key_size.to_le_bytes());
        out.extend_from_slice(&self.cell_size.to_le_bytes());
    }

    /// Reads the fields from the whole bytes of a node.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let Some(fields) = bytes.first_chunk::<{ Self::LEN }>() else {
            return Err(Malformed::new("it is shorter than a node's fields"));
        };
        let word = |at: usize| {
            u32::from_le_bytes([fields[at], fields[at + 1], fields[at + 2], fields[at + 3]])
        };
        if fields[22..24] != [0, 0] {
            return Err(Malformed::new("reserved bytes are not zero"));
        }
        let mut fingerprint = [0; 8];
        fingerprint.copy_from_slice(&fields[HEADER_LEN..HEADER_LEN + 8]);
        Ok(Self {
            fingerprint,
            level: fields[12],
            key_width: fields[13],
            cell_width: fields[14],
            extra: fields[15],
            count: word(16),
            prefix_len: u16::from_le_bytes([fields[20], fields[21]]),
            key_size: word(24),
            cell_size: word(28),
        })
    }

    /// Returns the number of bytes that every key has after its head, where that is the same.
    pub(super) fn uniform_tail(&self) -> usize {
        (self.key_size as usize).saturating_sub(HEAD_LEN)
    }

    /// Returns the number of bytes of a key that are in its head, where that is the same.
    pub(super) fn uniform_head(&self) -> usize {
        (self.key_size as usize).min(HEAD_LEN)
    }
}

/// The places at which the parts of a node begin. Parts that are absent are empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Where the lengths of the keys' heads are, one byte each; only if their lengths differ.
    pub(super) head_lens: u32,
    /// Where the ends of the keys' tails are; only if the keys' lengths differ.
    pub(super) tail_ends: u32,
    /// Leaf: where the ends of the cells are; only if their lengths differ.
    pub(super) cell_ends: u32,
    /// Leaf: the bits that say which values are out of line; only if some are.
    pub(super) outside: u32,
    /// Internal: the entries below each child.
    pub(super) counts: u32,
    /// Internal: the bytes of keys and values below each child.
    pub(super) sizes: u32,
    /// Internal: the children's hashes.
    pub(super) hashes: u32,
    /// The prefix that all keys have in common.
    pub(super) prefix: u32,
    /// What each key has after its head.
    pub(super) tails: u32,
    /// Leaf: the cells.
    pub(super) cells: u32,
    /// The end of the node.
    pub(super) end: u32,
}

impl Layout {
    /// The place of the heads.
    pub(super) const HEADS: usize = Fields::LEN;

    /// Computes the places, or returns `None` if they lie beyond what a node may hold.
    pub(super) fn new(fields: &Fields) -> Option<Self> {
        let count = fields.count;
        let leaf = fields.level == 0;
        let column = |width: u8| count.checked_mul(u32::from(width));
        let present = |yes: bool, len: u32| if yes { len } else { 0 };
        let tails_len = match fields.key_width {
            0 => count.checked_mul(fields.key_size.saturating_sub(column_width(HEAD_LEN)))?,
            _ => fields.key_size,
        };
        let cells_len = match fields.cell_width {
            _ if !leaf => 0,
            0 => count.checked_mul(fields.cell_size)?,
            _ => fields.cell_size,
        };

        let heads_len = count.checked_mul(column_width(HEAD_LEN))?;
        let head_lens = column_width(Self::HEADS).checked_add(heads_len)?;
        let tail_ends = head_lens.checked_add(present(fields.key_width != 0, count))?;
        let cell_ends = tail_ends.checked_add(column(fields.key_width)?)?;
        let outside = cell_ends.checked_add(present(leaf, column(fields.cell_width)?))?;
        let bits = present(leaf && fields.extra != 0, count.div_ceil(8));
        let counts = outside.checked_add(bits)?;
        let sizes = counts.checked_add(present(!leaf, column(fields.cell_width)?))?;
        let hashes = sizes.checked_add(present(!leaf, column(fields.extra)?))?;
        let prefix = hashes.checked_add(present(!leaf, column(32)?))?;
        let tails = prefix.checked_add(u32::from(fields.prefix_len))?;
        let cells = tails.checked_add(tails_len)?;
        let end = cells.checked_add(cells_len)?;
        Some(Self {
            head_lens,
            tail_ends,
            cell_ends,
            outside,
            counts,
            sizes,
            hashes,
            prefix,
            tails,
            cells,
            end,
        })
    }
}

/// Returns a small constant as what places are counted in.
const fn column_width(width: usize) -> u32 {
    assert!(width < 256);
    #[expect(clippy::cast_possible_truncation, reason = "it is less than 256")]
    let width = width as u32;
    width
}

/// Returns the width of a column of ends whose last one is `total`.
pub(super) fn end_width(total: usize) -> u8 {
    if u16::try_from(total).is_ok() { 2 } else { 4 }
}

/// Returns the width of a column of numbers of which `greatest` is the greatest.
pub(super) fn number_width(greatest: u64) -> u8 {
    match greatest {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    }
}

/// Reads the number at `index` of the column at `start`. The width is 1, 2, 4 or 8.
#[inline]
pub(super) fn number(bytes: &[u8], start: u32, width: u8, index: usize) -> u64 {
    let start = start as usize;
    match width {
        1 => u64::from(u8::from_le_bytes(field(bytes, start, index))),
        2 => u64::from(u16::from_le_bytes(field(bytes, start, index))),
        4 => u64::from(u32::from_le_bytes(field(bytes, start, index))),
        _ => u64::from_le_bytes(field(bytes, start, index)),
    }
}

/// Reads the end at `index` of the column at `start`. The width is 2 or 4.
#[inline]
pub(super) fn end(bytes: &[u8], start: u32, width: u8, index: usize) -> usize {
    let start = start as usize;
    match width {
        2 => usize::from(u16::from_le_bytes(field(bytes, start, index))),
        _ => u32::from_le_bytes(field(bytes, start, index)) as usize,
    }
}

#[inline]
fn field<const WIDTH: usize>(bytes: &[u8], start: usize, index: usize) -> [u8; WIDTH] {
    *bytes[start + index * WIDTH..]
        .first_chunk()
        .expect("the layout has been checked")
}

/// Appends a number in `width` bytes, into which it must fit.
pub(super) fn write_number(out: &mut Vec<u8>, number: u64, width: u8) {
    out.extend_from_slice(&number.to_le_bytes()[..usize::from(width)]);
}
