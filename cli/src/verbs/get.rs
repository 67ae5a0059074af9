//! `get`: the value of a key.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};

use prollytree::history::Revision;
use prollytree::store::StoreError;
use prollytree::tree::ValueReader;
use serde_json::json;

use crate::failure::Failure;
use crate::input::BytesArgs;
use crate::output::{FormatArgs, escaped, json_bytes, out, raw_out, write_json};
use crate::session::Session;

/// Print the value of a key, byte by byte
///
/// Exits with 1 if the key has no value.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly get greeting
  git-prolly get logo > logo.png
  git-prolly get greeting --at HEAD~2
  git-prolly get greeting --format json")]
pub(crate) struct Get {
    /// The key
    key: OsString,

    /// Look at this revision instead of the present
    #[arg(long, value_name = "REVISION")]
    at: Option<String>,

    #[command(flatten)]
    bytes: BytesArgs,

    #[command(flatten)]
    format: FormatArgs,
}

impl Get {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let key = self.bytes.read(&self.key)?;
        let store = session.open_to_read()?;
        let value = match &self.at {
            None => store.value_reader(&key)?,
            Some(at) => store.at(&Revision::new(at)?)?.value_reader(&key)?,
        };
        let Some(value) = value else {
            return Err(Failure::No(format!("there is no key `{}`", escaped(&key))));
        };
        if self.format.is_json() {
            let value = value.read_all().map_err(StoreError::from)?;
            let mut out = out();
            write_json(
                &mut out,
                &json!({"key": json_bytes(&key), "value": json_bytes(&value)}),
            )?;
            return Ok(out.flush()?);
        }
        write_value(value)
    }
}

/// Writes a value byte by byte, and for people a line break if it ends without one.
fn write_value(mut value: ValueReader) -> Result<(), Failure> {
    let mut out = raw_out();
    let mut last = None;
    while let Some(part) = value.next_part().map_err(StoreError::from)? {
        out.write_all(&part)?;
        last = part.last().copied();
    }
    if std::io::stdout().is_terminal() && last != Some(b'\n') {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}
