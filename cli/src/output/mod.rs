//! How answers are written: tables for people, JSON for programs.
//!
//! Keys and values are bytes. For people they are shown escaped, on one line. In JSON they are a
//! string if they are UTF-8 and `{"base64": "…"}` otherwise, so that nothing is lost.

pub(crate) mod base64;
mod bytes;
mod changes;
mod commits;
mod file;
mod json;
mod sizes;
mod style;
mod table;
mod time;

use std::io::{self, BufWriter, StdoutLock, Write};

pub(crate) use bytes::{ShownValue, escaped, json_bytes, json_value};
pub(crate) use changes::{
    ChangeCount, ChangeFormat, write_all_changes, write_changes, write_json_changes,
};
pub(crate) use commits::{json_commit, printable, write_commit, write_summary};
pub(crate) use file::{sync_folder, write_file};
pub(crate) use json::{JsonArray, begin_object, write_json};
pub(crate) use sizes::{exact_bytes, short_bytes};
pub(crate) use style::{ADDED, CHANGED, HEADING, NAME, REMOVED, paint};
pub(crate) use table::Table;
pub(crate) use time::{json_time, shown_time};

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs: exact, one JSON value.
    Json,
}

/// The option that most verbs have.
#[derive(Debug, clap::Args)]
pub(crate) struct FormatArgs {
    /// How the answer is written
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: Format,
}

impl FormatArgs {
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }
}

/// Standard output, buffered; colours are dropped unless it is a terminal.
pub(crate) type Out = BufWriter<anstream::AutoStream<StdoutLock<'static>>>;

/// Opens standard output.
pub(crate) fn out() -> Out {
    BufWriter::with_capacity(1 << 16, anstream::AutoStream::auto(io::stdout().lock()))
}

/// Opens standard output for bytes that are written as they are.
pub(crate) fn raw_out() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(1 << 16, io::stdout().lock())
}

/// Writes a line to standard error for people: what was done, a hint.
pub(crate) fn note(text: &str) -> io::Result<()> {
    writeln!(anstream::stderr().lock(), "{text}")
}
