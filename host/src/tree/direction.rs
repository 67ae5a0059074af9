//! The two ways along what is in order.

use std::cmp::Ordering;
use std::ops::Range;

/// From the smallest key to the greatest, or the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Forwards,
    Backwards,
}

impl Direction {
    /// Returns the position that comes first in a run, which must not be empty.
    pub(super) fn first(self, run: &Range<usize>) -> usize {
        match self {
            Self::Forwards => run.start,
            Self::Backwards => run.end - 1,
        }
    }

    /// Returns the part of a run that comes first, so many positions of it.
    pub(super) fn take(self, run: &Range<usize>, count: usize) -> Range<usize> {
        match self {
            Self::Forwards => run.start..run.start + count,
            Self::Backwards => run.end - count..run.end,
        }
    }

    /// Returns what is left of a run behind so many positions of it.
    pub(super) fn skip(self, run: &Range<usize>, count: usize) -> Range<usize> {
        match self {
            Self::Forwards => run.start + count..run.end,
            Self::Backwards => run.start..run.end - count,
        }
    }

    /// Returns the order in which two keys come that are in this order.
    pub(super) fn order(self, order: Ordering) -> Ordering {
        match self {
            Self::Forwards => order,
            Self::Backwards => order.reverse(),
        }
    }
}
