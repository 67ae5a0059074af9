//! `keys-at`: the keys of a revision.

use prollytree::history::Revision;

use super::list::{listed, write_entries};
use crate::failure::Failure;
use crate::session::Session;

/// List the keys of a revision
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly keys-at HEAD~1
  git-prolly keys-at v1.0 --values
  git-prolly keys-at 'main@{2024-01-31}' --format json")]
pub(crate) struct KeysAt {
    /// The revision
    revision: String,

    /// Write the values too
    #[arg(long)]
    values: bool,

    /// How the keys are written
    #[arg(long, value_name = "FORMAT", default_value = "list")]
    format: KeyFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum KeyFormat {
    /// One on each line.
    List,
    /// For programs: exact.
    Json,
}

impl KeysAt {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let store = session.open_to_read()?;
        let snapshot = store.at(&Revision::new(&self.revision)?)?;
        let entries = listed(snapshot.iter(), self.values);
        write_entries(entries, self.format == KeyFormat::Json)
    }
}
