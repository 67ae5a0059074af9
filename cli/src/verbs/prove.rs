//! `prove`: a proof of what a commit has for a key, or of what differs between two.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use clap::ArgGroup;
use prollytree::history::Revision;
use prollytree::store::VersionedStore;
use prollytree::tree::Key;

use crate::failure::Failure;
use crate::input::BytesArgs;
use crate::output::{note, raw_out, write_file};
use crate::session::Session;

/// Write a proof of what a commit has for a key, or of what differs between two commits
///
/// The proof of a key shows its value, or that it has none, to whoever knows the id of the commit. It
/// is as large as one node of each level, some 12 KiB for a million entries. With --from, the proof
/// shows all that differs between two commits, and that nothing else does, to whoever knows the ids
/// of both. It holds the nodes that the two do not share. `git-prolly verify` checks both without the
/// store.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("about").required(true).args(["key", "from"]))]
#[command(after_help = "\
Examples:
  git-prolly prove greeting -o greeting.proof
  git-prolly prove greeting --at v1.0 > greeting.proof
  git-prolly prove --from v1.0 --to v2.0 -o changes.proof
  git-prolly prove --from HEAD~1 --prefix user/ -o users.proof")]
pub(crate) struct Prove {
    /// The key
    key: Option<OsString>,

    /// The commit that the proof of a key is about
    #[arg(
        long,
        value_name = "REVISION",
        default_value = "HEAD",
        conflicts_with = "from"
    )]
    at: String,

    /// Prove what differs from this commit
    #[arg(long, value_name = "REVISION")]
    from: Option<String>,

    /// Prove what differs to this commit
    #[arg(
        long,
        value_name = "REVISION",
        default_value = "HEAD",
        conflicts_with = "key"
    )]
    to: String,

    /// Only what differs in keys that begin with this
    #[arg(long, value_name = "KEY", conflicts_with = "key")]
    prefix: Option<OsString>,

    /// The file; standard output unless given
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    bytes: BytesArgs,
}

impl Prove {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let store = session.open_to_read()?;
        let (proof, about) = match (&self.from, &self.key) {
            (Some(from), _) => self.of_difference(&store, from)?,
            (None, Some(key)) => self.of_key(&store, &self.bytes.read(key)?)?,
            (None, None) => {
                return Err(Failure::Bug(
                    "neither a key nor --from was demanded".to_owned(),
                ));
            }
        };
        match &self.output {
            None => {
                let mut out = raw_out();
                out.write_all(&proof)?;
                out.flush()?;
            }
            Some(file) => write_file(&session.path(file), |out| Ok(out.write_all(&proof)?))?,
        }
        Ok(note(&format!("{} bytes, about {about}", proof.len()))?)
    }

    /// Returns a proof, and what it is about.
    fn of_key(&self, store: &VersionedStore, key: &[u8]) -> Result<(Vec<u8>, String), Failure> {
        let snapshot = store.at(&Revision::new(&self.at)?)?;
        let proof = snapshot.generate_proof(key)?;
        Ok((proof.encode(), format!("commit {}", snapshot.id())))
    }

    /// Returns a proof, and what it is about.
    fn of_difference(
        &self,
        store: &VersionedStore,
        from: &str,
    ) -> Result<(Vec<u8>, String), Failure> {
        let range = self.bytes.read_prefix(self.prefix.as_deref())?;
        let before = store.at(&Revision::new(from)?)?;
        let after = store.at(&Revision::new(&self.to)?)?;
        let proof = before.generate_diff_range_proof::<Key, _>(&after, range)?;
        let about = format!("what differs from commit {} to {}", before.id(), after.id());
        Ok((proof.encode(), about))
    }
}
