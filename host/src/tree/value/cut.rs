//! Where a large value is cut into pieces: by what is in it, so that a change moves the cuts around
//! it and no others.

use fastcdc::v2020;
use prollytree_plugin_api::Hash;

/// No piece but the last is shorter.
const MIN_PIECE: usize = 16 << 10;
/// Behind this length the rule is less strict, so that most pieces are about as long.
const TYPICAL_PIECE: usize = 64 << 10;
/// No piece is longer.
pub(super) const MAX_PIECE: usize = 256 << 10;

/// The bits of the rolling hash that are zero where a piece ends, up to the typical length and
/// behind it. They are part of the format, as are the lengths and the table of the crate's
/// version 2020.
const STRICT: u64 = 0x0000_d907_0353_7000;
const LOOSE: u64 = 0x0000_d90f_0353_0000;

/// No list but the last of its level has fewer entries.
const MIN_LIST: usize = 32;
/// No list has more entries.
pub(super) const MAX_LIST: usize = 1024;

/// Returns the length of the piece that `rest` begins with. What lies behind the first
/// [`MAX_PIECE`] bytes does not matter.
///
/// The rule is `FastCDC` with normalized chunking, as in Xia et al., "The Design of Fast
/// Content-Defined Chunking for Data Deduplication Based Storage Systems" (2020).
pub(super) fn piece_len(rest: &[u8]) -> usize {
    let (_, len) = v2020::cut(
        rest,
        MIN_PIECE,
        TYPICAL_PIECE,
        MAX_PIECE,
        STRICT,
        LOOSE,
        STRICT << 1,
        LOOSE << 1,
    );
    len
}

/// Returns the length of the shortest value, or part of one, that something of a level stands for,
/// unless it is the last of its level.
pub(super) fn shortest(level: u8) -> u64 {
    times(MIN_PIECE, MIN_LIST, level)
}

/// Returns the length of the longest value, or part of one, that something of a level stands for.
pub(super) fn longest(level: u8) -> u64 {
    times(MAX_PIECE, MAX_LIST, level)
}

fn times(piece: usize, list: usize, level: u8) -> u64 {
    (piece as u64).saturating_mul((list as u64).saturating_pow(level.into()))
}

/// Says whether a list of `count` entries ends with the one that has this hash.
pub(super) fn ends_list(count: usize, last: &Hash) -> bool {
    count >= MAX_LIST || (count >= MIN_LIST && last.as_bytes()[0] == 0)
}
