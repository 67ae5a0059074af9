//! `commit`: records the changes.

use std::io::Write;
use std::sync::Arc;

use jiff::fmt::temporal::{Pieces, PiecesOffset};
use prollytree::history::{Clock, Moment, Person, SystemClock};
use prollytree::store::CommitOptions;
use prollytree_plugin_api::Timestamp;
use serde_json::Value;

use crate::failure::Failure;
use crate::output::{FormatArgs, json_commit, out, write_json, write_summary};
use crate::session::Session;

/// Record the changes as a commit
///
/// Exits with 1 if there is nothing to commit.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly commit -m 'add the greeting'
  git-prolly commit -m import --date 2016-03-01T12:00:00Z
  git-prolly commit -m draft --author 'Ada Lovelace <ada@example.org>'")]
pub(crate) struct Commit {
    /// Why
    #[arg(short, long, value_parser = message)]
    message: String,

    #[command(flatten)]
    signing: SigningArgs,

    /// Commit even if nothing changed
    #[arg(long)]
    allow_empty: bool,

    #[command(flatten)]
    format: FormatArgs,
}

/// Who commits, and when.
#[derive(Debug, clap::Args)]
pub(super) struct SigningArgs {
    /// Who made the change, as in 'Ada <ada@example.org>'
    #[arg(long, value_name = "PERSON")]
    author: Option<String>,

    /// When it was made and committed, as in 2016-03-01T12:00:00Z or '2 days ago'
    #[arg(long, value_name = "TIME")]
    date: Option<String>,
}

impl Commit {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let author = self.signing.author()?;
        let clock = self.signing.clock()?;
        let mut store = session.open_with(|options| {
            if let Some(clock) = clock {
                options.clock = clock;
            }
        })?;
        let id = store.commit_with(CommitOptions {
            message: self.message,
            author,
            allow_empty: self.allow_empty,
            ..CommitOptions::default()
        })?;
        let snapshot = store.snapshot(id)?;
        let mut out = out();
        if self.format.is_json() {
            write_json(&mut out, &Value::Object(json_commit(id, snapshot.commit())))?;
        } else {
            write_summary(&mut out, id, snapshot.commit())?;
        }
        Ok(out.flush()?)
    }
}

/// Reads a message.
pub(super) fn message(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("a commit says why, in a word at least".to_owned());
    }
    Ok(text.to_owned())
}

impl SigningArgs {
    /// Reads the author, if one is given.
    pub(super) fn author(&self) -> Result<Option<Person>, Failure> {
        let Some(text) = &self.author else {
            return Ok(None);
        };
        let parts = text.strip_suffix('>').and_then(|text| text.split_once('<'));
        let Some((name, email)) = parts else {
            return Err(Failure::Input(
                "write the author as in 'Ada Lovelace <ada@example.org>'".to_owned(),
            ));
        };
        Ok(Some(Person::new(name, email)?))
    }

    /// Returns a clock that stands at the date, if one is given.
    pub(super) fn clock(&self) -> Result<Option<Arc<dyn Clock>>, Failure> {
        let Some(text) = &self.date else {
            return Ok(None);
        };
        let moment = Moment::parse(text).ok_or_else(|| {
            Failure::Input(format!(
                "cannot read the date `{text}`; write it as in 2016-03-01T12:00:00Z"
            ))
        })?;
        let now = moment.resolve(&SystemClock);
        let offset = offset_of(text).unwrap_or_else(|| SystemClock.offset_minutes(now));
        Ok(Some(Arc::new(StoppedClock { now, offset })))
    }
}

/// Returns the offset from UTC that a date names, in minutes.
fn offset_of(text: &str) -> Option<i16> {
    match Pieces::parse(text).ok()?.offset()? {
        PiecesOffset::Numeric(offset) => i16::try_from(offset.offset().seconds() / 60).ok(),
        _ => Some(0),
    }
}

/// A clock that stands.
struct StoppedClock {
    now: Timestamp,
    offset: i16,
}

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn offset_minutes(&self, _: Timestamp) -> i16 {
        self.offset
    }
}
