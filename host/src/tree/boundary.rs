//! The boundary rule: which entries end a node. Part of the format; see `docs/format.md`.
//!
//! The size of a node follows a Weibull distribution of shape 3: the chance that a node ends grows
//! with the square of its size, so that very small and very large nodes are rare, and still each
//! entry's own key decides, so that an edit moves few boundaries.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Measure, Parameters};

/// The rule for one level, and its state: what has gone into the node so far.
#[derive(Clone, Debug)]
pub(super) struct Boundary {
    seed: u64,
    /// The size that each entry adds; `None` where it is the entry's weight.
    step: Option<u64>,
    target: u64,
    min: u64,
    max: u64,
    fewest_entries: u32,

    entries: u32,
    bytes: u64,
    size: u64,
}

/// No node grows above this many bytes plus two entries, whatever its measure.
const MOST_BYTES: u64 = 4 << 20;

/// Γ(4/3)³ with 16 fractional bits: makes the mean of the distribution the target.
const SCALE: u128 = 46_666;

/// Levels must not decide alike: a key that ends a leaf would end the node above it, too.
const LEVEL_SALT: u64 = 0x9e37_79b9_7f4a_7c15;

impl Boundary {
    pub(super) fn new(parameters: &Parameters, level: u8) -> Self {
        let shape = parameters.shape();
        let size = if level == 0 {
            shape.leaf
        } else {
            shape.internal
        };
        let (target, min, max) = (
            u64::from(size.target),
            u64::from(size.min),
            u64::from(size.max),
        );
        // Entries are counted in halves, and the target is half an entry less: a node ends after
        // the entry in which the distribution puts its end, half an entry later on average.
        let (step, target, min, max) = match shape.measure {
            Measure::Bytes => (None, target, min, max),
            Measure::Entries => (Some(2), 2 * target - 1, 2 * min, 2 * max),
        };
        Self {
            seed: shape
                .seed
                .wrapping_add(u64::from(level).wrapping_mul(LEVEL_SALT)),
            step,
            target,
            min,
            max,
            // A level of internal nodes with one entry each would not be smaller than the one
            // below it.
            fewest_entries: if level == 0 { 1 } else { 2 },
            entries: 0,
            bytes: 0,
            size: 0,
        }
    }

    /// Adds an entry to the node and says whether the node ends with it. If so, the next entry
    /// begins a new one. The key is asked for only where it decides.
    #[inline]
    pub(super) fn ends_with<'k>(&mut self, weight: u64, key: impl FnOnce() -> &'k [u8]) -> bool {
        let before = self.size;
        self.add(1, weight);
        let ends = self.ends(before, key);
        if ends {
            (self.entries, self.bytes, self.size) = (0, 0, 0);
        }
        ends
    }

    /// Adds entries of which it is known that the node ends with none of them.
    pub(super) fn pass(&mut self, count: usize, weight: u64) {
        self.add(u32::try_from(count).unwrap_or(u32::MAX), weight);
    }

    #[inline]
    fn add(&mut self, count: u32, weight: u64) {
        self.entries = self.entries.saturating_add(count);
        self.bytes += weight;
        self.size += self.step.map_or(weight, |step| step * u64::from(count));
    }

    /// Returns a size in units of the target, as a fixed-point number with 16 fractional bits.
    #[inline]
    fn relative(&self, size: u64) -> u64 {
        (size << 16) / self.target
    }

    #[inline]
    fn ends<'k>(&self, before: u64, key: impl FnOnce() -> &'k [u8]) -> bool {
        if self.entries < self.fewest_entries {
            return false;
        }
        if self.size >= self.max || self.bytes >= MOST_BYTES {
            return true;
        }
        if self.size < self.min {
            return false;
        }
        let hazard = hazard(self.relative(before), self.relative(self.size));
        // The chance is 1 - exp(-hazard), here as 2 hazard / (2 + hazard), which is as good and
        // needs neither floats nor a table.
        let two = 2_u128 << 32;
        hazard >= two
            || u128::from(xxh3_64_with_seed(key(), self.seed)) * (two + hazard) < (2 * hazard) << 64
    }
}

/// Returns how much the cumulative hazard grows between two relative sizes: a number with 32 fractional
/// bits.
#[inline]
fn hazard(before: u64, after: u64) -> u128 {
    // The third power of anything less fits into 64 bits.
    const SMALL: u64 = 1 << 21;
    let grown = if after < SMALL {
        u128::from(after.pow(3) - before.pow(3))
    } else {
        u128::from(after).pow(3) - u128::from(before).pow(3)
    };
    (SCALE * grown) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_sizes_are_reckoned_alike() {
        let plain = |before: u64, after: u64| {
            (SCALE * (u128::from(after).pow(3) - u128::from(before).pow(3))) >> 32
        };
        let borders = [1 << 16, 1 << 21, 2_642_245, 2_642_246, 1 << 22, 1 << 33];
        for after in borders
            .into_iter()
            .flat_map(|border| [border - 1, border, border + 1])
        {
            for before in [0, 1, after / 2, after - 1, after] {
                assert_eq!(
                    hazard(before, after),
                    plain(before, after),
                    "{before} {after}"
                );
            }
        }
    }
}
