//! `history`: the commits that changed a key.

use std::ffi::OsString;
use std::io::Write;

use prollytree::history::Revision;
use serde_json::Value;

use crate::failure::Failure;
use crate::input::BytesArgs;
use crate::output::{
    ADDED, FormatArgs, JsonArray, REMOVED, ShownValue, escaped, json_commit, json_value, out,
    paint, shown_time, write_summary,
};
use crate::session::Session;

/// Show the commits that changed a key, newest first
///
/// Exits with 1 if none did.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly history greeting
  git-prolly history greeting --limit 3
  git-prolly history greeting --at feature --format json")]
pub(crate) struct History {
    /// The key
    key: OsString,

    /// At most so many
    #[arg(long, short = 'n', value_name = "COUNT")]
    limit: Option<usize>,

    /// Where to start
    #[arg(long, value_name = "REVISION", default_value = "HEAD")]
    at: String,

    #[command(flatten)]
    bytes: BytesArgs,

    #[command(flatten)]
    format: FormatArgs,
}

impl History {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let key = self.bytes.read(&self.key)?;
        let store = session.open_to_read()?;
        let versions = store.history(&key, &Revision::new(&self.at)?)?;
        let mut versions = versions.take(self.limit.unwrap_or(usize::MAX)).peekable();
        if versions.peek().is_none() && self.limit != Some(0) {
            return Err(Failure::No(format!(
                "no commit changed the key `{}`",
                escaped(&key)
            )));
        }
        let mut out = out();
        if self.format.is_json() {
            let mut array = JsonArray::begin(out)?;
            for version in versions {
                let version = version?;
                let mut object = json_commit(version.id, &version.commit);
                object.insert("value".into(), json_value(version.value.as_ref())?);
                array.push(&Value::Object(object))?;
            }
            return Ok(array.end()?.flush()?);
        }
        for version in versions {
            let version = version?;
            let author = &version.commit.author;
            write!(out, "{}  ", shown_time(author.time, author.offset_minutes))?;
            write_summary(&mut out, version.id, &version.commit)?;
            match &version.value {
                Some(value) => {
                    writeln!(
                        out,
                        "    {}",
                        paint(ADDED, format_args!("+ {}", value.shown()?))
                    )?;
                }
                None => writeln!(out, "    {}", paint(REMOVED, "- removed"))?,
            }
        }
        Ok(out.flush()?)
    }
}
