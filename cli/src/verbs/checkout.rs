//! `checkout`: goes to a branch or a commit.

use prollytree::history::{BranchName, Position, Revision};
use prollytree::store::CheckoutOptions;

use crate::failure::Failure;
use crate::output::note;
use crate::session::Session;

/// Go to a branch or a commit
///
/// Refuses to lose uncommitted changes; they come along to another name of the same commit.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly checkout main
  git-prolly checkout -b feature
  git-prolly checkout -b fix v1.0
  git-prolly checkout HEAD~2
  git-prolly checkout --force HEAD      drop all uncommitted changes")]
pub(crate) struct Checkout {
    /// The branch or commit; with -b, the branch to make
    revision: String,

    /// With -b, where the branch starts
    #[arg(requires = "branch")]
    at: Option<String>,

    /// Make the branch first
    #[arg(short)]
    branch: bool,

    /// Go to the commit of a branch, not to the branch
    #[arg(long, conflicts_with = "branch")]
    detach: bool,

    /// Drop uncommitted changes
    #[arg(short, long)]
    force: bool,
}

impl Checkout {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let options = CheckoutOptions {
            force: self.force,
            detach: self.detach,
        };
        let position = if self.branch {
            let branch = BranchName::new(&self.revision)?;
            let at = self.at.as_deref().map(Revision::new).transpose()?;
            session
                .open()?
                .checkout_new(&branch, at.as_ref(), options)?
        } else {
            let revision = Revision::new(&self.revision)?;
            session.open()?.checkout(&revision, options)?
        };
        let place = match position {
            Position::Branch(branch) => format!("on branch {branch}"),
            Position::Detached(commit) => format!("at commit {}, on no branch", commit.short()),
        };
        Ok(note(&place)?)
    }
}
