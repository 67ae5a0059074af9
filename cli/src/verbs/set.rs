//! `set`: gives a key a value.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use prollytree::store::StoreError;
use tempfile::SpooledTempFile;

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
        match (&self.value, self.file) {
            (Some(value), _) => {
                let value = self.bytes.read(value)?;
                let mut store = session.open()?;
                store.put(key, value)?;
                Ok(store.close()?)
            }
            (None, Some(file)) => {
                let path = session.path(&file);
                // Before the store: without the file nothing is begun.
                let from = File::open(&path).and_then(not_a_folder);
                let file = from.map_err(|source| unreadable(&path, source))?;
                put(session, key, file, &path)
            }
            (None, None) => {
                // Nobody should type a whole value to be told that there is no store.
                session.config()?.store()?;
                put(session, key, spooled_input()?, "standard input".as_ref())
            }
        }
    }
}

/// Gives a key what comes from a file or from standard input, however much that is.
fn put(session: &Session, key: Vec<u8>, from: impl Read, path: &Path) -> Result<(), Failure> {
    let mut store = session.open()?;
    store.put_reader(key, from).map_err(|error| match error {
        StoreError::Reading { source } => unreadable(path, source),
        error => error.into(),
    })?;
    Ok(store.close()?)
}

/// Reads standard input to its end, so that no store is held open for as long as that takes: what
/// comes may be what another command reads from the same store.
fn spooled_input() -> Result<SpooledTempFile, Failure> {
    /// What is longer goes to a temporary file.
    const IN_MEMORY: usize = 8 << 20;
    let mut spool = tempfile::spooled_tempfile(IN_MEMORY);
    io::copy(&mut io::stdin().lock(), &mut spool)
        .and_then(|_| spool.rewind())
        .map_err(|source| unreadable("standard input".as_ref(), source))?;
    Ok(spool)
}

fn not_a_folder(file: File) -> io::Result<File> {
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(file)
}

fn unreadable(path: &Path, source: io::Error) -> Failure {
    Failure::File {
        doing: "read",
        path: path.to_owned(),
        source,
    }
}
