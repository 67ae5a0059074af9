//! `diff`: what differs between two states.

use prollytree::history::Revision;
use prollytree::store::Version;

use crate::failure::Failure;
use crate::output::{ChangeFormat, out, write_all_changes};
use crate::pattern::Pattern;
use crate::session::Session;

/// Show what differs between two states
///
/// Without revisions: what is not committed. With one: from there to the present. Patterns are
/// matched against whole keys: `*` is anything, `?` one character, `[a-z]` one of several.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly diff
  git-prolly diff HEAD~1 HEAD
  git-prolly diff v1.0..v2.0 --format detailed
  git-prolly diff main feature --keys 'user/*' --format json")]
pub(crate) struct Diff {
    /// From here; A..B stands for both
    from: Option<String>,

    /// To here
    to: Option<String>,

    /// How the changes are written
    #[arg(long, value_name = "FORMAT", default_value = "compact")]
    format: ChangeFormat,

    /// Only keys that match one of these patterns
    #[arg(long, value_name = "PATTERN")]
    keys: Vec<Pattern>,
}

impl Diff {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let (from, to) = self.versions()?;
        let store = session.open_to_read()?;
        let changes = match &from {
            Some(from) => store.diff(from, &to)?,
            None => store.changes(),
        };
        let wanted = |key: &[u8]| {
            self.keys.is_empty() || self.keys.iter().any(|pattern| pattern.matches(key))
        };
        let changes =
            changes.filter(|change| change.as_ref().map_or(true, |change| wanted(&change.key)));
        write_all_changes(out(), changes, self.format)
    }

    fn versions(&self) -> Result<(Option<Version>, Version), Failure> {
        let version = |text: &str| Ok::<_, Failure>(Version::Revision(Revision::new(text)?));
        let or_head = |text: &str| version(if text.is_empty() { "HEAD" } else { text });
        match (&self.from, &self.to) {
            (None, _) => Ok((None, Version::Work)),
            (Some(from), Some(to)) => Ok((Some(version(from)?), version(to)?)),
            (Some(from), None) => match from.split_once("..") {
                Some((from, to)) => Ok((Some(or_head(from)?), or_head(to)?)),
                None => Ok((Some(version(from)?), Version::Work)),
            },
        }
    }
}
