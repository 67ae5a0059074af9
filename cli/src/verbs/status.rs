//! `status`: where one stands, and what is not committed.

use std::io::Write;

use prollytree::history::{CommitId, Position};
use prollytree::store::Status as Stands;
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::output::{
    FormatArgs, HEADING, begin_object, out, paint, write_changes, write_json_changes,
};
use crate::session::Session;

/// Show the branch and what is not committed
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly status
  git-prolly status --format json")]
pub(crate) struct Status {
    #[command(flatten)]
    format: FormatArgs,
}

impl Status {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let store = session.open_to_read()?;
        let status = store.status()?;
        let mut out = out();
        if self.format.is_json() {
            begin_object(&mut out, &json_status(&status), "changes")?;
            out = write_json_changes(out, store.changes(), false)?;
            writeln!(out, "}}")?;
            return Ok(out.flush()?);
        }
        match &status.position {
            Position::Branch(branch) => writeln!(out, "On branch {}", paint(HEADING, branch))?,
            Position::Detached(commit) => {
                writeln!(
                    out,
                    "At commit {}, on no branch",
                    paint(HEADING, commit.short())
                )?;
            }
        }
        if status.is_unborn() {
            writeln!(out, "No commit yet")?;
        }
        if status.has_moved() {
            writeln!(
                out,
                "The branch has moved since the uncommitted changes began"
            )?;
        }
        if status.clean {
            writeln!(out, "Nothing to commit")?;
            return Ok(out.flush()?);
        }
        writeln!(out, "Not committed:")?;
        let count = write_changes(&mut out, store.changes(), false)?;
        writeln!(out, "{}", count.shown())?;
        Ok(out.flush()?)
    }
}

fn json_status(status: &Stands) -> Map<String, Value> {
    let branch = match &status.position {
        Position::Branch(branch) => Value::from(branch.as_str()),
        Position::Detached(_) => Value::Null,
    };
    let id = |id: Option<CommitId>| id.map_or(Value::Null, |id| id.to_string().into());
    let fields = [
        ("branch", branch),
        ("head", id(status.head)),
        ("base", id(status.base)),
        ("clean", status.clean.into()),
    ];
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
