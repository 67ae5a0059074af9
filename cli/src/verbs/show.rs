//! `show`: one commit and what it changed.

use std::io::Write;

use prollytree::history::Revision;

use crate::failure::Failure;
use crate::output::{
    FormatArgs, begin_object, json_commit, out, write_changes, write_commit, write_json_changes,
};
use crate::session::Session;

/// Show one commit and what it changed
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly show
  git-prolly show HEAD~2 --keys-only
  git-prolly show v1.0 --format json")]
pub(crate) struct Show {
    /// The commit
    #[arg(default_value = "HEAD")]
    revision: String,

    /// Leave the values out
    #[arg(long)]
    keys_only: bool,

    #[command(flatten)]
    format: FormatArgs,
}

impl Show {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let store = session.open_to_read()?;
        let shown = store.show(&Revision::new(&self.revision)?)?;
        let mut out = out();
        if self.format.is_json() {
            begin_object(&mut out, &json_commit(shown.id, &shown.commit), "changes")?;
            out = write_json_changes(out, shown.changes, !self.keys_only)?;
            writeln!(out, "}}")?;
            return Ok(out.flush()?);
        }
        write_commit(&mut out, shown.id, &shown.commit)?;
        writeln!(out)?;
        let count = write_changes(&mut out, shown.changes, !self.keys_only)?;
        writeln!(out, "{}", count.shown())?;
        Ok(out.flush()?)
    }
}
