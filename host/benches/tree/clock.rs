//! Processor time in place of time on the wall.

use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use rustix::time::{ClockId, clock_gettime};

/// The processor time of all threads of the process: a build hashes on several. Written as a wall
/// clock's is.
pub(crate) struct ProcessTime(pub(crate) WallTime);

impl Measurement for ProcessTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        let seconds = time
            .tv_sec
            .try_into()
            .expect("a process's time is not negative");
        let nanoseconds = time.tv_nsec.try_into().expect("a part of a second");
        Duration::new(seconds, nanoseconds)
    }

    fn end(&self, start: Duration) -> Duration {
        self.start().saturating_sub(start)
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, time: &Duration) -> f64 {
        self.0.to_f64(time)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        self.0.formatter()
    }
}
