//! When a writer uses other threads: where many leaves may come, once there are many. Among old entries
//! the [pipeline](super::pipeline) hashes leaves there; behind the last old one whole leaves are made there,
//! as [`append`](super::append) says.

use std::num::NonZero;
use std::thread;

use super::TreeError;
use super::pipeline::Pipeline;
use super::writer::Writer;

/// So many leaves are many.
const MANY: u64 = 256;

impl Writer<'_> {
    /// Begins to use other threads once there are many leaves.
    pub(super) fn count_leaf(&mut self) -> Result<(), TreeError> {
        if !self.output.is_bulk() {
            return Ok(());
        }
        self.leaves += 1;
        if self.leaves == MANY {
            if self.is_behind() {
                self.begin_to_append()?;
            } else {
                self.pipeline = Pipeline::start(self.other_threads());
            }
        }
        Ok(())
    }

    /// Starts no threads any more.
    pub(super) fn expect_little(&mut self) {
        self.leaves = self.leaves.max(MANY);
    }

    /// Returns how many other threads may help.
    pub(super) fn other_threads(&self) -> usize {
        self.threads.unwrap_or_else(spare_threads)
    }
}

/// Returns how many threads there are processors for besides the one of the caller, up to four.
fn spare_threads() -> usize {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    (processors - 1).min(4)
}
