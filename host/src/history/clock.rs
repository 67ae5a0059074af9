//! The time of day, passed in from outside: nothing in this layer reads a clock of its own.

use std::sync::atomic::{AtomicI64, Ordering};

use prollytree_plugin_api::Timestamp;

/// Tells the time and the time zone.
pub trait Clock: Send + Sync {
    /// Returns the present moment.
    fn now(&self) -> Timestamp;

    /// Returns the local time's distance from UTC at that moment, in minutes to the east.
    fn offset_minutes(&self, at: Timestamp) -> i16;
}

/// The system's clock and time zone.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn offset_minutes(&self, at: Timestamp) -> i16 {
        // A moment beyond what the calendar reaches has no offset of its own: UTC.
        let seconds = jiff::Timestamp::from_microsecond(at.0).map_or(0, |moment| {
            jiff::tz::TimeZone::system().to_offset(moment).seconds()
        });
        i16::try_from(seconds / 60).unwrap_or(0)
    }
}

/// A clock in UTC that goes on by a fixed step at each look: for tests and reproducible histories.
#[derive(Debug)]
pub struct SteppingClock {
    next: AtomicI64,
    step: i64,
}

impl SteppingClock {
    /// Makes a clock that shows `start` first and goes on by `step_micros`; 0 stands still.
    #[must_use]
    pub fn new(start: Timestamp, step_micros: i64) -> Self {
        Self {
            next: AtomicI64::new(start.0),
            step: step_micros,
        }
    }

    /// Sets what the clock shows next.
    pub fn set(&self, to: Timestamp) {
        self.next.store(to.0, Ordering::SeqCst);
    }
}

impl Clock for SteppingClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.next.fetch_add(self.step, Ordering::SeqCst))
    }

    fn offset_minutes(&self, _at: Timestamp) -> i16 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_knows_an_offset_for_every_moment() {
        for moment in [i64::MIN, -1, 0, i64::MAX] {
            assert!(SystemClock.offset_minutes(Timestamp(moment)).abs() < 24 * 60);
        }
    }
}
