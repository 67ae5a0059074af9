//! Passes what backends and embedders say on to the `log` facade of this program.

use prollytree_plugin_api::log::{Level, set_sink};

/// Makes the facade the receiver, down to the level that is wanted at this time. Costs next to
/// nothing, so it is done for every opening: a logger may have been installed since the last.
pub(super) fn connect() {
    set_sink(wanted(), Box::new(receive));
}

fn wanted() -> Level {
    match log::max_level() {
        log::LevelFilter::Off => Level::OFF,
        log::LevelFilter::Error => Level::ERROR,
        log::LevelFilter::Warn => Level::WARN,
        log::LevelFilter::Info => Level::INFO,
        log::LevelFilter::Debug | log::LevelFilter::Trace => Level::DEBUG,
    }
}

fn receive(level: Level, target: &str, message: &str) {
    let level = match level {
        Level::ERROR => log::Level::Error,
        Level::WARN => log::Level::Warn,
        Level::INFO => log::Level::Info,
        _ => log::Level::Debug,
    };
    log::log!(target: target, level, "{message}");
}
