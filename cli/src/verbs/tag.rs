//! `tag`: lists, makes and deletes tags.

use std::io::Write;

use prollytree::history::{Revision, TagName};
use prollytree::store::VersionedStore;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::{FormatArgs, json_time, note, out, printable, write_json};
use crate::session::Session;

/// List, make or delete tags
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly tag
  git-prolly tag v1.0
  git-prolly tag v0.9 HEAD~3 -m 'the first that worked'
  git-prolly tag -d v0.9")]
pub(crate) struct Tag {
    /// The tag
    name: Option<String>,

    /// The commit to tag
    #[arg(default_value = "HEAD")]
    revision: String,

    /// Why; makes an annotated tag, which is signed with name and time
    #[arg(short, long, requires = "name", conflicts_with = "delete")]
    message: Option<String>,

    /// Delete the tag
    #[arg(short, long, requires = "name")]
    delete: bool,

    #[command(flatten)]
    format: FormatArgs,
}

impl Tag {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let Some(name) = &self.name else {
            return self.list(&session.open_to_read()?);
        };
        let name = TagName::new(name)?;
        if self.delete {
            let was = session.open()?.delete_tag(&name)?;
            return Ok(note(&format!(
                "deleted the tag {name}, which was at {}",
                was.short()
            ))?);
        }
        let revision = Revision::new(&self.revision)?;
        session
            .open()?
            .tag(&name, &revision, self.message.as_deref())?;
        Ok(())
    }

    fn list(&self, store: &VersionedStore) -> Result<(), Failure> {
        let tags = store.tags()?;
        let mut out = out();
        if self.format.is_json() {
            let tags = tags.iter().map(|tag| {
                let annotation = tag.annotation.as_ref().map(|annotation| {
                    let tagger = &annotation.tagger;
                    json!({
                        "name": tagger.person.name(),
                        "email": tagger.person.email(),
                        "time": json_time(tagger.time, tagger.offset_minutes),
                        "message": annotation.message,
                    })
                });
                let (name, target) = (tag.name.as_str(), tag.target.to_string());
                json!({"name": name, "commit": target, "annotation": annotation})
            });
            write_json(&mut out, &tags.collect::<Value>())?;
            return Ok(out.flush()?);
        }
        let width = tags
            .iter()
            .map(|tag| tag.name.as_str().len())
            .max()
            .unwrap_or(0);
        for tag in &tags {
            let message = tag
                .annotation
                .as_ref()
                .and_then(|tag| tag.message.lines().next());
            let message = message
                .map(|line| format!(" {}", printable(line)))
                .unwrap_or_default();
            writeln!(out, "{:width$} {}{message}", tag.name, tag.target.short())?;
        }
        Ok(out.flush()?)
    }
}
