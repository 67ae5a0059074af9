//! Running a case within this process.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::timed_out;
use crate::case::Outcome;
use crate::context::Surroundings;
use crate::suite::{Ran, Suite};

/// Runs a case on a thread of its own. A case that does not end is left to itself.
pub(super) fn run(
    suite: &Suite,
    id: &str,
    surroundings: Surroundings,
    timeout: Duration,
) -> io::Result<Ran> {
    let (suite, id) = (suite.clone(), id.to_owned());
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new().name(id.clone()).spawn(move || {
        // The receiver is gone only if the case was given up.
        drop(sender.send(guarded(&suite, &id, surroundings)));
    })?;
    Ok(receiver
        .recv_timeout(timeout)
        .unwrap_or_else(|_| timed_out(timeout)))
}

/// Runs a case on this thread and makes an outcome of its panic.
pub(super) fn guarded(suite: &Suite, id: &str, surroundings: Surroundings) -> Ran {
    let run = AssertUnwindSafe(|| suite.run_case(id, surroundings));
    catch_unwind(run).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        let message = format!("panic: {}", text.as_deref().unwrap_or("without a message"));
        Ran {
            outcome: Outcome::Crashed { message },
            about: Value::Null,
        }
    })
}
