//! Making a failing sequence of calls short enough to read.

use std::time::{Duration, Instant};

use super::operation::Operation;
use super::replay;
use crate::case::Failure;
use crate::context::Context;

/// How long to look for a shorter sequence.
const PATIENCE: Duration = Duration::from_secs(10);

/// Returns the failure of the shortest sequence that was found to fail, and says which one it is.
///
/// Drops what comes after the failing call, then ever smaller runs of calls for as long as what is
/// left still fails (the idea of delta debugging: Zeller and Hildebrandt, 2002).
pub(super) fn shrunk(
    context: &Context,
    mut operations: Vec<Operation>,
    at: usize,
    failure: Failure,
) -> Failure {
    let begun = Instant::now();
    let original = operations.len();
    let mut failure = failure;
    operations.truncate(at + 1);
    let mut run = operations.len() / 2;
    while run > 0 && begun.elapsed() < PATIENCE {
        let mut start = 0;
        while start < operations.len() && begun.elapsed() < PATIENCE {
            let mut fewer = operations.clone();
            fewer.drain(start..(start + run).min(operations.len()));
            match replay(context, &fewer) {
                Err((at, shorter)) if !matches!(shorter, Failure::Setup(_)) => {
                    fewer.truncate(at + 1);
                    (operations, failure) = (fewer, shorter);
                }
                _ => start += run,
            }
        }
        run /= 2;
    }
    let seed = context.surroundings.seed;
    let calls: Vec<String> = operations.iter().map(|one| format!("  {one:?}")).collect();
    let story = format!(
        "with seed {seed}, of {original} random calls these {} are enough:\n{}\nthen: ",
        calls.len(),
        calls.join("\n")
    );
    match failure {
        Failure::Broken { did, saw } => Failure::Broken {
            did: story + &did,
            saw,
        },
        Failure::Call { did, error } => Failure::Call {
            did: story + &did,
            error,
        },
        other @ Failure::Setup(_) => other,
    }
}
