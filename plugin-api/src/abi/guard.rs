//! Keeps panics of a plugin inside the plugin.
//!
//! A panic can be caught only by the image in which it began. So every function that a host calls
//! runs inside [`guarded`], and the image's panic hook notes where a panic began instead of
//! printing it. Panics outside of a call, on threads of the plugin's own, go to the hook that was
//! there before.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::ptr;
use std::sync::Once;
use std::thread;

use super::failure::Outcome;
use crate::{Error, ErrorKind, Result};

thread_local! {
    /// How many guarded calls this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// Where the last panic inside of one began.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `work`; a panic becomes a `PANIC` error with its message and place.
#[inline]
pub(super) fn guarded(work: impl FnOnce() -> Result<()>) -> Outcome {
    match unwound(work) {
        Ok(result) => result.into(),
        Err(payload) => panicked(payload).into(),
    }
}

/// As [`guarded`], for a call with an answer.
pub(super) fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    unwound(work).unwrap_or_else(|payload| Err(panicked(payload)))
}

#[inline]
fn unwound<T>(work: impl FnOnce() -> T) -> thread::Result<T> {
    // One look-up for both ends: in a loaded library it is a call.
    let depth = DEPTH.with(ptr::from_ref);
    // SAFETY: the value belongs to this thread, which is in this function, and is never dropped.
    let depth = unsafe { &*depth };
    depth.set(depth.get() + 1);
    // What a panic leaves half done is the author's to keep sound, as with any lock: the instance
    // stays open and answers further calls.
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    depth.set(depth.get() - 1);
    result
}

/// Installs the panic hook of this image, once. Called when a host opens the image as a plugin,
/// and never where the crate is linked into the host.
pub(super) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if DEPTH.with(Cell::get) == 0 || !note(info) {
                previous(info);
            }
        }));
    });
}

/// Notes where a panic began; false on a thread that is past noting.
fn note(info: &PanicHookInfo<'_>) -> bool {
    let place = info.location().map(ToString::to_string);
    PLACE.try_with(|slot| slot.replace(place)).is_ok()
}

#[cold]
fn panicked(payload: Box<dyn Any + Send>) -> Error {
    let message = match (
        payload.downcast_ref::<&str>(),
        payload.downcast_ref::<String>(),
    ) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "a value that is not text".to_owned(),
    };
    // Dropping an arbitrary payload may panic again.
    std::mem::forget(payload);
    let error = Error::new(ErrorKind::PANIC, format!("the plugin panicked: {message}"));
    match PLACE.try_with(RefCell::take) {
        Ok(Some(place)) => error.with("at", place),
        _ => error,
    }
}
