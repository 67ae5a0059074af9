//! The seed of a test run: printed, so that a failure can be repeated.

use std::hash::{BuildHasher, RandomState};

use crate::step::{Failure, Result};

/// The variable that gives a seed to a whole run.
const VARIABLE: &str = "PROLLYTREE_TEST_SEED";

/// All variables that random tests read their seed from: those of this workspace, the conformance
/// suite's and proptest's.
pub(crate) const VARIABLES: &[&str] =
    &[VARIABLE, "PROLLYTREE_CONFORMANCE_SEED", "PROPTEST_RNG_SEED"];

/// The seed that was given in the environment, or a fresh one.
pub(crate) fn given_or_fresh() -> Result<u64> {
    match std::env::var(VARIABLE) {
        Err(_) => Ok(fresh()),
        Ok(text) => text.parse().map_err(|_| {
            Failure::new(format!(
                "{VARIABLE} is `{text}`, which is not a number below 2^64"
            ))
        }),
    }
}

/// A seed that nobody chose.
pub(crate) fn fresh() -> u64 {
    RandomState::new().hash_one("seed")
}

/// Says how to run with this seed again.
pub(crate) fn announce(seed: u64) {
    println!("seed {seed} (again with {VARIABLE}={seed})");
}
