//! `merge`: takes over the commits of another branch.

use prollytree::history::Revision;
use prollytree::store::Merge as Merged;

use crate::failure::Failure;
use crate::output::note;
use crate::session::Session;

/// Take over the commits of another branch
///
/// Moves the current branch forward. If both sides have commits of their own, exits with 3.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly merge feature")]
pub(crate) struct Merge {
    /// The branch or commit
    #[arg(value_name = "BRANCH")]
    revision: String,
}

impl Merge {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let revision = Revision::new(&self.revision)?;
        let merged = session.open()?.merge(&revision)?;
        let done = match merged {
            Merged::UpToDate => "already up to date".to_owned(),
            Merged::FastForward { from, to } => {
                let from = from.map_or_else(|| "no commit".to_owned(), |from| from.short());
                format!("moved forward from {from} to {}", to.short())
            }
        };
        Ok(note(&done)?)
    }
}
