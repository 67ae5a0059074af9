//! `export`: entries become rows of a file.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use prollytree::history::Revision;
use prollytree::store::StoreError;
use prollytree::tree::{Key, Value};
use serde_json::json;

use crate::failure::Failure;
use crate::input::BytesArgs;
use crate::output::{JsonArray, escaped, json_bytes, raw_out, write_file};
use crate::rows::{NotWritten, RowFormat, RowWriter, canonical_row, field_names};
use crate::session::Session;

/// Write entries to a file
///
/// Each entry becomes a row with a `key` and a `value`, which `import` reads back byte by byte: in
/// JSON, what is not UTF-8 is {"base64": "…"}; in CSV, it is written as it is. With --rows, the
/// values, which have to be JSON objects, are the rows.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly export backup.jsonl
  git-prolly export --at v1.0 --prefix user/ users.csv
  git-prolly export --rows types.csv
  git-prolly export > all.jsonl")]
pub(crate) struct Export {
    /// The file; standard output if it is left out or -
    file: Option<PathBuf>,

    /// The format; told from the name of the file unless given, JSON Lines without a name that tells
    #[arg(long, value_name = "FORMAT")]
    format: Option<RowFormat>,

    /// Write the values as rows
    #[arg(long)]
    rows: bool,

    /// With --rows and CSV, the columns; all there are unless given
    #[arg(
        long,
        value_name = "COLUMN,…",
        value_delimiter = ',',
        requires = "rows"
    )]
    columns: Vec<String>,

    /// Only keys that begin with this
    #[arg(long, value_name = "KEY")]
    prefix: Option<OsString>,

    /// Look at this revision instead of the present
    #[arg(long, value_name = "REVISION")]
    at: Option<String>,

    #[command(flatten)]
    bytes: BytesArgs,
}

type Entries<'a> = Box<dyn Iterator<Item = Result<(Key, Value), StoreError>> + 'a>;

impl Export {
    pub(super) fn run(mut self, session: &Session) -> Result<(), Failure> {
        let file = self.file.take().filter(|file| file != Path::new("-"));
        let format = self.row_format(file.as_deref())?;
        let prefix = self
            .prefix
            .as_deref()
            .map(|prefix| self.bytes.read(prefix))
            .transpose()?;
        let prefix = prefix.unwrap_or_default();
        let store = session.open_to_read()?;
        let snapshot = match &self.at {
            None => None,
            Some(at) => Some(store.at(&Revision::new(at)?)?),
        };
        let entries = || -> Entries<'_> {
            match &snapshot {
                None => Box::new(store.prefix(&prefix)),
                Some(snapshot) => Box::new(
                    snapshot
                        .prefix(&prefix)
                        .map(|entry| entry.map_err(StoreError::from)),
                ),
            }
        };
        if self.rows && self.columns.is_empty() && matches!(format, RowFormat::Csv | RowFormat::Tsv)
        {
            self.columns = columns(entries())?;
        }
        match file {
            None => self.write(&mut raw_out(), format, entries()),
            Some(file) => write_file(&session.path(&file), |out| {
                self.write(out, format, entries())
            }),
        }
    }

    fn row_format(&self, file: Option<&Path>) -> Result<RowFormat, Failure> {
        let format = match (self.format, file) {
            (Some(format), _) => format,
            (None, Some(file)) if file.extension().is_some() => RowFormat::of_path(file)
                .ok_or_else(|| {
                    Failure::Input(format!(
                        "cannot tell the format of {} from its name; say it with --format",
                        file.display()
                    ))
                })?,
            (None, _) => RowFormat::Jsonl,
        };
        if !self.columns.is_empty() && matches!(format, RowFormat::Json | RowFormat::Jsonl) {
            return Err(Failure::Input(
                "only CSV and TSV have columns; leave out --columns, or say --format csv"
                    .to_owned(),
            ));
        }
        Ok(format)
    }

    fn write(
        &self,
        out: &mut impl Write,
        format: RowFormat,
        entries: impl Iterator<Item = Result<(Key, Value), StoreError>>,
    ) -> Result<(), Failure> {
        match format {
            RowFormat::Jsonl => {
                for entry in entries {
                    let text = self.json_row(&entry?)?;
                    writeln!(out, "{text}")?;
                }
            }
            RowFormat::Json => {
                let mut array = JsonArray::begin(&mut *out)?;
                for entry in entries {
                    array.push_text(&self.json_row(&entry?)?)?;
                }
                array.end()?;
            }
            RowFormat::Csv | RowFormat::Tsv => {
                let mut writer = RowWriter::new(&mut *out, format, &self.columns);
                for entry in entries {
                    let (key, value) = entry?;
                    let written = if self.rows {
                        writer.row(&value)
                    } else {
                        writer.entry(&key, &value)
                    };
                    written.map_err(|reason| not_written(&key, reason))?;
                }
                writer.end()?;
            }
        }
        Ok(out.flush()?)
    }

    fn json_row(&self, (key, value): &(Key, Value)) -> Result<String, Failure> {
        if !self.rows {
            return Ok(json!({"key": json_bytes(key), "value": json_bytes(value)}).to_string());
        }
        canonical_row(value).map_err(|reason| not_a_row(key, &reason))
    }
}

/// Returns the names of all fields of all rows, in order.
fn columns(entries: Entries<'_>) -> Result<Vec<String>, Failure> {
    let mut columns = BTreeSet::new();
    for entry in entries {
        let (key, value) = entry?;
        columns.extend(field_names(&value).map_err(|reason| not_a_row(&key, &reason))?);
    }
    Ok(columns.into_iter().collect())
}

fn not_written(key: &[u8], reason: NotWritten) -> Failure {
    match reason {
        NotWritten::Value(reason) => not_a_row(key, &reason),
        NotWritten::Output(error) => Failure::Output(error),
    }
}

fn not_a_row(key: &[u8], reason: &str) -> Failure {
    Failure::Input(format!(
        "cannot write the value of `{}` as a row: {reason}",
        escaped(key)
    ))
}
