//! Rows on their way out, in CSV.

use std::io::{self, Write};

use thiserror::Error;

use super::RowFormat;
use super::canonical::{Fields, fields, write_object};

/// Why a row was not written.
#[derive(Debug, Error)]
pub(crate) enum NotWritten {
    /// The value is no row.
    #[error("{0}")]
    Value(String),
    /// The file does not take it.
    #[error(transparent)]
    Output(#[from] io::Error),
}

impl From<csv::Error> for NotWritten {
    fn from(error: csv::Error) -> Self {
        let text = error.to_string();
        match error.into_kind() {
            csv::ErrorKind::Io(error) => Self::Output(error),
            _ => Self::Value(text),
        }
    }
}

/// Writes CSV or TSV.
pub(crate) struct RowWriter<W: Write> {
    writer: csv::Writer<W>,
    columns: Vec<String>,
    begun: bool,
}

impl<W: Write> RowWriter<W> {
    /// Begins a file. The columns are for rows; entries have their own.
    pub(crate) fn new(out: W, format: RowFormat, columns: &[String]) -> Self {
        let delimiter = if format == RowFormat::Tsv {
            b'\t'
        } else {
            b','
        };
        let writer = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .from_writer(out);
        Self {
            writer,
            columns: columns.to_vec(),
            begun: false,
        }
    }

    /// Writes an entry as it is.
    pub(crate) fn entry(&mut self, key: &[u8], value: &[u8]) -> Result<(), NotWritten> {
        if !self.begun {
            self.columns = vec!["key".to_owned(), "value".to_owned()];
            self.begin()?;
        }
        Ok(self.writer.write_record([key, value])?)
    }

    /// Writes a value that is a JSON object: text as it is, other fields as JSON.
    pub(crate) fn row(&mut self, value: &[u8]) -> Result<(), NotWritten> {
        let fields = object(value).map_err(NotWritten::Value)?;
        if !self.begun {
            self.begin()?;
        }
        if let Some((name, _)) = fields.iter().find(|(name, _)| !self.columns.contains(name)) {
            return Err(NotWritten::Value(format!(
                "there is no column for its field `{name}`; add it to --columns"
            )));
        }
        let cells = self.columns.iter().map(|column| {
            let field = fields.iter().find(|(name, _)| name == column);
            field.map_or_else(|| Ok(String::new()), |(_, json)| cell(json))
        });
        let cells = cells.collect::<Result<Vec<_>, String>>();
        Ok(self
            .writer
            .write_record(cells.map_err(NotWritten::Value)?)?)
    }

    /// Ends the file. One without rows still names its columns.
    pub(crate) fn end(mut self) -> Result<(), NotWritten> {
        if !self.begun && self.columns.is_empty() {
            self.columns = vec!["key".to_owned(), "value".to_owned()];
        }
        if !self.begun {
            self.begin()?;
        }
        Ok(self.writer.flush()?)
    }

    fn begin(&mut self) -> Result<(), NotWritten> {
        self.begun = true;
        Ok(self.writer.write_record(&self.columns)?)
    }
}

/// Returns a value that is a JSON object in its one form.
pub(crate) fn canonical_row(value: &[u8]) -> Result<String, String> {
    Ok(write_object(&object(value)?))
}

/// Returns the names of the fields of a value that is a JSON object.
pub(crate) fn field_names(value: &[u8]) -> Result<Vec<String>, String> {
    Ok(object(value)?.into_iter().map(|(name, _)| name).collect())
}

fn object(value: &[u8]) -> Result<Fields, String> {
    let text = std::str::from_utf8(value).map_err(|_| "it is not UTF-8".to_owned())?;
    let row = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
    fields(row)
}

fn cell(json: &str) -> Result<String, String> {
    if json.starts_with('"') {
        return serde_json::from_str(json).map_err(|error| error.to_string());
    }
    Ok(json.to_owned())
}
