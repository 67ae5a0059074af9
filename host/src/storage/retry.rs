//! Tries again what may pass.

use std::thread::sleep;
use std::time::Duration;

use prollytree_plugin_api::{Call, Error, NodeStorage};

use super::Storage;

/// The first pause; each later one is four times as long.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// What a call gave, and whether an earlier try of it failed.
pub(super) struct Attempt<T> {
    pub(super) value: T,
    pub(super) repeated: bool,
}

impl Storage {
    /// Runs a call until it succeeds, fails for good, or has been tried often enough.
    pub(super) fn attempt<T>(
        &self,
        mut run: impl FnMut(&dyn NodeStorage, &Call<'_>) -> Result<T, Error>,
    ) -> Result<Attempt<T>, Error> {
        let call = self.call();
        let mut pause = FIRST_PAUSE;
        let mut tries = 0;
        loop {
            match run(&*self.0.backend, &call) {
                Ok(value) => {
                    return Ok(Attempt {
                        value,
                        repeated: tries > 0,
                    });
                }
                Err(error) if !error.is_retryable() || tries == self.0.options.retries => {
                    return Err(error);
                }
                Err(error) => {
                    if call.remaining().is_some_and(|left| left < pause) {
                        return Err(error);
                    }
                    log::debug!(
                        "{}: trying again after {pause:?}: {error}",
                        self.0.info.name
                    );
                    sleep(pause);
                    pause *= 4;
                    tries += 1;
                }
            }
        }
    }
}
