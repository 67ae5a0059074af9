//! What a caller says about one call: how long it may take, and whether it is still wanted.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::{Error, ErrorKind, Result};

/// The limits of one call. Methods that can wait look at it before and between slow steps.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Call<'a> {
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
    /// Becomes true when the caller is no longer interested.
    pub cancelled: Option<&'a AtomicBool>,
}

impl<'a> Call<'a> {
    /// No limits.
    pub const UNLIMITED: Self = Self {
        deadline: None,
        cancelled: None,
    };

    /// Sets a deadline that lies `limit` from now.
    #[must_use]
    pub fn with_timeout(mut self, limit: Duration) -> Self {
        self.deadline = Instant::now().checked_add(limit);
        self
    }

    /// Sets the flag by which the caller cancels.
    #[must_use]
    pub fn with_cancel(mut self, flag: &'a AtomicBool) -> Self {
        self.cancelled = Some(flag);
        self
    }

    /// Returns the time left, or `None` where there is no deadline.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Returns an error if the call should stop.
    ///
    /// # Errors
    /// `CANCELLED` or `TIMEOUT`.
    pub fn check(&self) -> Result<()> {
        if self
            .cancelled
            .is_some_and(|flag| flag.load(Ordering::Relaxed))
        {
            return Err(Error::new(ErrorKind::CANCELLED, "the call was cancelled"));
        }
        if self.remaining().is_some_and(|left| left.is_zero()) {
            return Err(Error::new(
                ErrorKind::TIMEOUT,
                "the deadline of the call passed",
            ));
        }
        Ok(())
    }
}
