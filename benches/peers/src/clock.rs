//! Time: of the processor and on the wall.

use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

/// Two times, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Time {
    /// Of the processor, by all threads of this process: an engine that hands its work to other
    /// threads has worked all the same.
    pub(crate) cpu: f64,
    pub(crate) wall: f64,
}

/// Runs something and says how long it took.
pub(crate) fn measure<T>(work: impl FnOnce() -> T) -> (T, Time) {
    let (cpu, wall) = (process_seconds(), Instant::now());
    let result = work();
    let time = Time {
        wall: wall.elapsed().as_secs_f64(),
        cpu: process_seconds() - cpu,
    };
    (result, time)
}

/// The middle one of some figures.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    if figures.len() % 2 == 1 {
        figures[middle]
    } else {
        f64::midpoint(figures[middle - 1], figures[middle])
    }
}

fn process_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
