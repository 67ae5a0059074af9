//! How a plugin tells its host what it does.
//!
//! Nothing of a logging framework crosses the boundary: the host passes one callback and a level,
//! and a message below the level is never formatted. Each loaded image has its own callback;
//! statically linked backends share the host's.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{PoisonError, RwLock};

/// How important a message is; the lower, the more. The numbers are part of the ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Level(pub u32);

impl Level {
    /// Nothing at all.
    pub const OFF: Self = Self(0);
    /// Something failed.
    pub const ERROR: Self = Self(1);
    /// Something deserves attention.
    pub const WARN: Self = Self(2);
    /// Something rare happened as it should.
    pub const INFO: Self = Self(3);
    /// For finding faults.
    pub const DEBUG: Self = Self(4);
}

/// Where messages go: level, target (the backend's name) and text. Must not call back into a store.
pub type Sink = Box<dyn Fn(Level, &str, &str) + Send + Sync>;

static LEVEL: AtomicU32 = AtomicU32::new(Level::OFF.0);
static SINK: RwLock<Option<Sink>> = RwLock::new(None);

/// Sends the messages of this image down to `level` to `sink`. Called by the host.
pub fn set_sink(level: Level, sink: Sink) {
    *SINK.write().unwrap_or_else(PoisonError::into_inner) = Some(sink);
    LEVEL.store(level.0, Ordering::Release);
}

/// Returns the level down to which messages of this image are wanted.
#[must_use]
pub fn level() -> Level {
    Level(LEVEL.load(Ordering::Acquire))
}

/// Says something to the host. Costs one load where the level is not wanted.
///
/// ```
/// use prollytree_plugin_api::log::{Level, log};
/// log(Level::WARN, "acme", format_args!("slow answer: {} ms", 1200));
/// ```
pub fn log(level: Level, target: &str, message: fmt::Arguments<'_>) {
    if level > self::level() {
        return;
    }
    let sink = SINK.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(sink) = sink.as_ref() {
        sink(level, target, &message.to_string());
    }
}
