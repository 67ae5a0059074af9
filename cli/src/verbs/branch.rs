//! `branch`: lists, makes, deletes and renames branches.

use std::io::Write;

use prollytree::history::{BranchName, CommitId, Revision};
use prollytree::store::VersionedStore;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::{ADDED, FormatArgs, note, out, paint, write_json};
use crate::session::Session;

/// List, make, delete or rename branches
///
/// Without a name, lists them; with one, makes a branch and stays where one is.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly branch
  git-prolly branch feature
  git-prolly branch fix v1.0
  git-prolly branch -m feature topic
  git-prolly branch -d topic")]
pub(crate) struct Branch {
    /// The branch to make, or the first operand of another action
    name: Option<String>,

    /// Where it starts; with -m, the new name
    at: Option<String>,

    /// Delete the branch; refused if its commits are nowhere else
    #[arg(short, long, requires = "name", conflicts_with_all = ["at", "rename"])]
    delete: bool,

    /// Delete the branch even if its commits are nowhere else
    #[arg(short = 'D', requires = "name", conflicts_with_all = ["at", "rename", "delete"])]
    force_delete: bool,

    /// Rename the branch; with one name, the current one
    #[arg(short = 'm', long = "move", requires = "name")]
    rename: bool,

    #[command(flatten)]
    format: FormatArgs,
}

impl Branch {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let Some(name) = &self.name else {
            return self.list(&session.open_to_read()?);
        };
        let name = BranchName::new(name)?;
        if self.rename {
            return self.rename(session, name);
        }
        if self.delete || self.force_delete {
            let was = session.open()?.delete_branch(&name, self.force_delete)?;
            return Ok(note(&format!(
                "deleted the branch {name}, which was at {}",
                was.short()
            ))?);
        }
        let at = Revision::new(self.at.as_deref().unwrap_or("HEAD"))?;
        session.open()?.create_branch(&name, &at)?;
        Ok(())
    }

    fn rename(&self, session: &Session, first: BranchName) -> Result<(), Failure> {
        let mut store = session.open()?;
        let (from, to) = match (&self.at, store.current_branch()) {
            (Some(to), _) => (first, BranchName::new(to)?),
            (None, Some(current)) => (current.clone(), first),
            (None, None) => {
                return Err(Failure::Input(
                    "you are on no branch; name the one to rename".into(),
                ));
            }
        };
        Ok(store.rename_branch(&from, &to)?)
    }

    fn list(&self, store: &VersionedStore) -> Result<(), Failure> {
        let branches = store.branches()?;
        let mut out = out();
        if self.format.is_json() {
            let branches = branches.iter().map(|branch| {
                json!({
                    "name": branch.name.as_str(),
                    "head": branch.head.map(|head| head.to_string()),
                    "current": branch.current,
                })
            });
            write_json(&mut out, &branches.collect::<Value>())?;
            return Ok(out.flush()?);
        }
        let width = branches
            .iter()
            .map(|branch| branch.name.as_str().len())
            .max()
            .unwrap_or(0);
        if store.current_branch().is_none() {
            let head = store.head().map_or_else(String::new, |head| head.short());
            writeln!(
                out,
                "{}",
                paint(ADDED, format_args!("* (no branch) {head}"))
            )?;
        }
        for branch in &branches {
            let head = branch
                .head
                .as_ref()
                .map_or_else(|| "no commit".into(), CommitId::short);
            let line = format!("{:width$} {head}", branch.name);
            if branch.current {
                writeln!(out, "{}", paint(ADDED, format_args!("* {line}")))?;
            } else {
                writeln!(out, "  {line}")?;
            }
        }
        Ok(out.flush()?)
    }
}
