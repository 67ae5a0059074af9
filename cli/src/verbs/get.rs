//! `get`: the value of a key.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};

use prollytree::history::Revision;
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
            None => store.get(&key)?,
            Some(at) => store.at(&Revision::new(at)?)?.get(&key)?,
        };
        let Some(value) = value else {
            return Err(Failure::No(format!("there is no key `{}`", escaped(&key))));
        };
        if self.format.is_json() {
            let mut out = out();
            write_json(
                &mut out,
                &json!({"key": json_bytes(&key), "value": json_bytes(&value)}),
            )?;
            return Ok(out.flush()?);
        }
        let mut out = raw_out();
        out.write_all(&value)?;
        if std::io::stdout().is_terminal() && !value.ends_with(b"\n") {
            out.write_all(b"\n")?;
        }
        Ok(out.flush()?)
    }
}
