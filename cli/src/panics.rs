//! Panics while a store is open: those that a backend catches become errors, which are told once;
//! any other one ends the command with a message.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::Once;

use crate::failure::Failure;

thread_local! {
    /// Where the last panic of this thread began, and what it said.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Notes panics from now on, and prints them only where a backtrace is wanted.
pub(crate) fn note() {
    static NOTED: Once = Once::new();
    NOTED.call_once(|| {
        let print = panic::take_hook();
        let wanted = std::env::var_os("RUST_BACKTRACE").is_some_and(|wanted| wanted != "0");
        panic::set_hook(Box::new(move |info| {
            log::debug!("{info}");
            LAST.set(Some(info.to_string()));
            if wanted {
                print(info);
            }
        }));
    });
}

/// Does the work of a command; a panic that nobody has caught becomes a failure.
pub(crate) fn caught(
    work: impl FnOnce() -> Result<ExitCode, Failure>,
) -> Result<ExitCode, Failure> {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload: Box<dyn Any + Send>| {
        match LAST.take() {
            Some(said) => Err(Failure::Bug(said.replace('\n', " "))),
            // It has been printed.
            None => panic::resume_unwind(payload),
        }
    })
}
