//! `set`: gives a key a value.

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::PathBuf;

use crate::failure::Failure;
use crate::input::BytesArgs;
use crate::session::Session;

/// Give a key a value
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("source").required(true))]
#[command(override_usage = "git-prolly set [OPTIONS] <KEY> <VALUE|--file <FILE>|--stdin>")]
#[command(after_help = "\
Examples:
  git-prolly set greeting hello
  git-prolly set logo --file logo.png
  date | git-prolly set now --stdin
  git-prolly set --base64 /w== aGVsbG8=
  git-prolly set -- -1 minus")]
pub(crate) struct Set {
    /// The key
    key: OsString,

    /// The value
    #[arg(group = "source")]
    value: Option<OsString>,

    /// Read the value from a file, byte by byte
    #[arg(long, value_name = "FILE", group = "source")]
    file: Option<PathBuf>,

    /// Read the value from standard input, byte by byte
    #[arg(long, group = "source")]
    stdin: bool,

    #[command(flatten)]
    bytes: BytesArgs,
}

impl Set {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let key = self.bytes.read(&self.key)?;
        let value = match (&self.value, &self.file) {
            (Some(value), _) => self.bytes.read(value)?,
            (None, Some(file)) => {
                let path = session.path(file);
                fs::read(&path).map_err(|source| Failure::File {
                    doing: "read",
                    path,
                    source,
                })?
            }
            (None, None) => {
                let mut value = Vec::new();
                std::io::stdin()
                    .lock()
                    .read_to_end(&mut value)
                    .map_err(|source| Failure::File {
                        doing: "read",
                        path: "standard input".into(),
                        source,
                    })?;
                value
            }
        };
        let mut store = session.open()?;
        store.put(key, value)?;
        Ok(store.close()?)
    }
}
