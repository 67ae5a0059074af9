//! `log`: commits, newest first.

use std::io::Write;

use prollytree::history::Revision;
use serde_json::Value;

use crate::failure::Failure;
use crate::output::{FormatArgs, JsonArray, json_commit, out, write_commit, write_summary};
use crate::session::Session;

/// Show commits, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly log
  git-prolly log --oneline --limit 5
  git-prolly log feature
  git-prolly log --format json")]
pub(crate) struct Log {
    /// Where to start
    #[arg(default_value = "HEAD")]
    revision: String,

    /// At most so many
    #[arg(long, short = 'n', value_name = "COUNT")]
    limit: Option<usize>,

    /// One line for each
    #[arg(long)]
    oneline: bool,

    #[command(flatten)]
    format: FormatArgs,
}

impl Log {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let store = session.open_to_read()?;
        let commits = store.log(&Revision::new(&self.revision)?)?;
        let commits = commits.take(self.limit.unwrap_or(usize::MAX));
        let mut out = out();
        if self.format.is_json() {
            let mut array = JsonArray::begin(out)?;
            for commit in commits {
                let (id, commit) = commit?;
                array.push(&Value::Object(json_commit(id, &commit)))?;
            }
            return Ok(array.end()?.flush()?);
        }
        for (index, commit) in commits.enumerate() {
            let (id, commit) = commit?;
            if self.oneline {
                write_summary(&mut out, id, &commit)?;
            } else {
                if index > 0 {
                    writeln!(out)?;
                }
                write_commit(&mut out, id, &commit)?;
            }
        }
        Ok(out.flush()?)
    }
}
