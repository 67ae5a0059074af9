//! Rows of input files, read one at a time: JSON Lines, a JSON array, CSV.
//!
//! A row becomes one entry. Without a key template a row is an entry as `export` writes it, with a
//! `key` and a `value`; with one, the row itself is the value, as a JSON object whose fields are
//! sorted by name: the same facts give the same bytes, whatever the order of the columns.

mod canonical;
mod csv;
mod entry;
mod json;
mod quotes;
mod template;
mod write;

use std::fmt;
use std::io::BufRead;
use std::path::Path;

pub(crate) use entry::{Entry, EntryRule};
pub(crate) use template::KeyTemplate;
pub(crate) use write::{NotWritten, RowWriter, canonical_row, field_names};

/// The format of a file of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum RowFormat {
    /// JSON Lines: one object on each line.
    Jsonl,
    /// One JSON array of objects.
    Json,
    /// Comma-separated values; the first row names the columns.
    Csv,
    /// Values separated by tabs; the first row names the columns.
    Tsv,
}

impl RowFormat {
    /// Tells the format from the name of a file.
    pub(crate) fn of_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "json" => Some(Self::Json),
            "csv" => Some(Self::Csv),
            "tsv" => Some(Self::Tsv),
            _ => None,
        }
    }
}

/// Where a row stands in its file, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Line(u64),
    Row(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Row(row) => write!(f, "row {row}"),
        }
    }
}

/// A row that cannot be read, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadRow {
    pub(crate) place: Place,
    pub(crate) reason: String,
}

/// Why reading ended early: a bad row, or whatever the caller could not do with an entry.
#[derive(Debug)]
pub(crate) enum Stopped<E> {
    Bad(BadRow),
    Sink(E),
}

/// Reads all rows of a file and hands each entry over as it comes. Memory is bounded by the largest
/// row.
pub(crate) fn read_entries<E>(
    input: impl BufRead,
    format: RowFormat,
    rule: &EntryRule,
    sink: &mut dyn FnMut(Place, Entry) -> Result<(), E>,
) -> Result<(), Stopped<E>> {
    match format {
        RowFormat::Jsonl => json::read_lines(input, rule, sink),
        RowFormat::Json => json::read_array(input, rule, sink),
        RowFormat::Csv => csv::read(input, b',', rule, sink),
        RowFormat::Tsv => csv::read(input, b'\t', rule, sink),
    }
}

#[cfg(test)]
mod tests;
