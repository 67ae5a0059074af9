//! Errors of redb, translated; its panics too, for it panics on some damaged files.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use prollytree_plugin_api::{Error, ErrorKind, Result};

/// Returns the translation of an error that came up while `doing` something, as in "read a ref".
pub(crate) fn fault<E: Into<redb::Error>>(doing: &'static str) -> impl Fn(E) -> Error {
    move |error| translate(doing, &error.into())
}

/// Does work with redb and turns a panic into an error.
///
/// Nothing of ours is left half changed by one: what waits is changed only outside of redb, and the
/// database is opened again after a `CORRUPT` error.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        Err(Error::new(
            ErrorKind::CORRUPT,
            format!(
                "redb panicked, so the database file is probably damaged: {}; restore it from a \
                 copy",
                panic_text(&*panic)
            ),
        ))
    })
}

/// Returns whether redb may be unable to go on after this error until it is opened again: it
/// refuses all work after the first failed read or write, and after some failed commits.
pub(crate) fn needs_reopening(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::IO | ErrorKind::CORRUPT | ErrorKind::INTERNAL
    )
}

/// Makes the error for data that redb keeps intact but that this backend cannot have written.
pub(crate) fn malformed(what: &str) -> Error {
    Error::new(
        ErrorKind::CORRUPT,
        format!("{what} in the store is malformed; restore the file from a copy"),
    )
}

fn translate(doing: &str, error: &redb::Error) -> Error {
    match error {
        redb::Error::Io(error) => Error::io(doing, error),
        redb::Error::PreviousIo => Error::new(
            ErrorKind::IO,
            format!("cannot {doing}: an earlier read or write of the file failed"),
        )
        .retryable(),
        redb::Error::DatabaseClosed => Error::closed(),
        redb::Error::Corrupted(_)
        | redb::Error::TableTypeMismatch { .. }
        | redb::Error::TableIsMultimap(_)
        | redb::Error::TypeDefinitionChanged { .. }
        | redb::Error::TableDoesNotExist(_) => {
            Error::new(ErrorKind::CORRUPT, format!("cannot {doing}: {error}")).with_source(error)
        }
        redb::Error::UpgradeRequired(_) => Error::new(
            ErrorKind::UNSUPPORTED,
            format!("cannot {doing}: the file has an old format of redb; upgrade it with redb 2.6"),
        )
        .with_source(error),
        redb::Error::RepairAborted => Error::new(
            ErrorKind::UNAVAILABLE,
            format!(
                "cannot {doing}: it was not closed cleanly; open it once for writing to repair it"
            ),
        ),
        _ => Error::new(ErrorKind::INTERNAL, format!("cannot {doing}: {error}")).with_source(error),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text,
        (None, None) => "no message",
    }
}
