//! `prove`: a proof of what a commit has for a key.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use prollytree::history::Revision;

use crate::failure::Failure;
use crate::input::BytesArgs;
use crate::output::{note, raw_out, write_file};
use crate::session::Session;

/// Write a proof of what a commit has for a key
///
/// The proof shows the value of the key, or that it has none, to whoever knows the id of the commit:
/// `git-prolly verify` checks it without the store. It is as large as one node of each level, some
/// 12 KiB for a million entries.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly prove greeting -o greeting.proof
  git-prolly prove greeting --at v1.0 > greeting.proof")]
pub(crate) struct Prove {
    /// The key
    key: OsString,

    /// The commit that the proof is about
    #[arg(long, value_name = "REVISION", default_value = "HEAD")]
    at: String,

    /// The file; standard output unless given
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    bytes: BytesArgs,
}

impl Prove {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let key = self.bytes.read(&self.key)?;
        let store = session.open_to_read()?;
        let snapshot = store.at(&Revision::new(&self.at)?)?;
        let proof = snapshot.generate_proof(&key)?.encode();
        match &self.output {
            None => {
                let mut out = raw_out();
                out.write_all(&proof)?;
                out.flush()?;
            }
            Some(file) => write_file(&session.path(file), |out| Ok(out.write_all(&proof)?))?,
        }
        Ok(note(&format!(
            "{} bytes, about commit {}",
            proof.len(),
            snapshot.id()
        ))?)
    }
}
