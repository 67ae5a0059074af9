//! Log messages, on standard error.

use std::io::Write;

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::output::{CHANGED, HEADING, REMOVED, paint};

/// Writes every message that the level lets through.
struct StandardError;

/// Starts logging: warnings, with one `-v` what happens, with two everything.
pub(crate) fn start(verbose: u8) {
    static LOGGER: StandardError = StandardError;
    let level = match verbose {
        0 => LevelFilter::Error,
        1 => LevelFilter::Info,
        _ => LevelFilter::Debug,
    };
    log::set_logger(&LOGGER).expect("nothing else in this program sets a logger");
    log::set_max_level(level);
}

impl Log for StandardError {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let style = match record.level() {
            Level::Error => REMOVED,
            Level::Warn => CHANGED,
            _ => HEADING,
        };
        let level = record.level().as_str().to_ascii_lowercase();
        let line = format!(
            "{}: {}: {}",
            paint(style, level),
            record.target(),
            record.args()
        );
        // A message that cannot be written has nowhere else to go.
        drop(writeln!(anstream::stderr().lock(), "{line}"));
    }

    fn flush(&self) {}
}
