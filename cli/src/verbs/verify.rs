//! `verify`: checks a proof without a store.

use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use prollytree::history::{Anchor, CommitId, NamespaceKey, StoreProof};
use prollytree::tree::{ProofError, ProvenValue};
use prollytree_plugin_api::Hash;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::input::BytesArgs;
use crate::output::{FormatArgs, escaped, json_bytes, out, write_json};
use crate::session::Session;

/// Check a proof that `prove` has written
///
/// Needs no store: the id of the commit vouches for everything. Prints the proven value if none is
/// given to compare with. Exits with 1 if the proof does not show it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly verify greeting.proof --commit ID greeting hello
  git-prolly verify greeting.proof --commit ID greeting
  git-prolly verify nothing.proof --commit ID nothing --absent")]
pub(crate) struct Verify {
    /// The file with the proof; - is standard input
    file: PathBuf,

    /// The whole id of the commit
    #[arg(long, value_name = "ID")]
    commit: String,

    /// The key
    key: OsString,

    /// The value that it is to have
    value: Option<OsString>,

    /// The key is to have no value
    #[arg(long, conflicts_with = "value")]
    absent: bool,

    #[command(flatten)]
    bytes: BytesArgs,

    #[command(flatten)]
    format: FormatArgs,
}

impl Verify {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let commit: Hash = self
            .commit
            .parse()
            .map_err(|_| Failure::Input("--commit needs all 64 digits of the id".to_owned()))?;
        let key = self.bytes.read(&self.key)?;
        let value = self.value.as_deref().map(|value| self.bytes.read(value));
        let value = value.transpose()?;
        let proof = StoreProof::decode(&self.read(session)?).map_err(|error| not_shown(&error))?;
        let anchor = Anchor::Commit(CommitId(commit));
        let proven = proof
            .value(anchor, &NamespaceKey::plain(), &key)
            .map_err(|error| not_shown(&error))?;
        let told = match &proven {
            None => format!("`{}` has no value", escaped(&key)),
            Some(_) => format!("`{}` has a value", escaped(&key)),
        };
        match (&proven, &value) {
            (None, Some(_)) => return Err(Failure::No(told)),
            (Some(_), None) if self.absent => return Err(Failure::No(told)),
            (Some(proven), Some(value)) if !proven.is(value) => {
                return Err(Failure::No(format!(
                    "`{}` has another value",
                    escaped(&key)
                )));
            }
            _ => {}
        }
        self.answer(&key, proven.as_ref())
    }

    fn answer(&self, key: &[u8], proven: Option<&ProvenValue>) -> Result<(), Failure> {
        let mut out = out();
        if self.format.is_json() {
            let value = match proven {
                None => Value::Null,
                Some(ProvenValue::Whole(value)) => json_bytes(value),
                Some(ProvenValue::Outside { hash, len }) => {
                    json!({"hash": hash.to_string(), "length": len})
                }
            };
            write_json(
                &mut out,
                &json!({"key": json_bytes(key), "proven": true, "value": value}),
            )?;
            return Ok(out.flush()?);
        }
        match proven {
            None => writeln!(out, "proven: `{}` has no value", escaped(key))?,
            Some(_) if self.value.is_some() => {
                writeln!(out, "proven: `{}` has this value", escaped(key))?;
            }
            Some(ProvenValue::Whole(value)) => {
                writeln!(out, "proven: `{}` is {}", escaped(key), escaped(value))?;
            }
            Some(ProvenValue::Outside { hash, len }) => writeln!(
                out,
                "proven: `{}` is a value of {len} bytes with the address {hash}",
                escaped(key)
            )?,
        }
        Ok(out.flush()?)
    }

    fn read(&self, session: &Session) -> Result<Vec<u8>, Failure> {
        let path = session.path(&self.file);
        let read = if self.file == Path::new("-") {
            let mut bytes = Vec::new();
            std::io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .map(|_| bytes)
        } else {
            fs::read(&path)
        };
        read.map_err(|source| Failure::File {
            doing: "read",
            path,
            source,
        })
    }
}

fn not_shown(error: &ProofError) -> Failure {
    match error {
        ProofError::Malformed(_) => Failure::Input(error.to_string()),
        _ => Failure::No(format!("not proven: {error}")),
    }
}
