//! Colours. They are dropped where nobody would see them.

use std::fmt;

use anstyle::{AnsiColor, Style};

pub(crate) const ADDED: Style = AnsiColor::Green.on_default();
pub(crate) const REMOVED: Style = AnsiColor::Red.on_default();
pub(crate) const CHANGED: Style = AnsiColor::Yellow.on_default();
pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();
pub(crate) const HEADING: Style = Style::new().bold();

/// Writes something in a style.
pub(crate) fn paint(style: Style, what: impl fmt::Display) -> impl fmt::Display {
    fmt::from_fn(move |f| write!(f, "{style}{what}{style:#}"))
}
