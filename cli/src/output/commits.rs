//! Commits for people and for programs.

use std::io::{self, Write};

use prollytree::history::{Commit, CommitId, Signature};
use serde_json::{Map, Value, json};

use super::{CHANGED, escaped, json_time, paint, shown_time};

/// Returns a commit as JSON.
pub(crate) fn json_commit(id: CommitId, commit: &Commit) -> Map<String, Value> {
    let parents: Vec<_> = commit.parents.iter().map(ToString::to_string).collect();
    let mut object = Map::new();
    object.insert("commit".into(), id.to_string().into());
    object.insert("parents".into(), parents.into());
    object.insert("author".into(), json_signature(&commit.author));
    object.insert("committer".into(), json_signature(&commit.committer));
    object.insert("message".into(), commit.message.as_str().into());
    object.insert("root".into(), commit.root.to_string().into());
    object.insert("generation".into(), commit.generation.into());
    object
}

/// Writes a commit as `git log` does.
pub(crate) fn write_commit(out: &mut impl Write, id: CommitId, commit: &Commit) -> io::Result<()> {
    writeln!(out, "{}", paint(CHANGED, format_args!("commit {id}")))?;
    if commit.parents.len() > 1 {
        let parents: Vec<_> = commit.parents.iter().map(CommitId::short).collect();
        writeln!(out, "Merge:  {}", parents.join(" "))?;
    }
    let author = &commit.author;
    writeln!(out, "Author: {}", printable(&author.person.to_string()))?;
    writeln!(
        out,
        "Date:   {}",
        shown_time(author.time, author.offset_minutes)
    )?;
    writeln!(out)?;
    for line in commit.message.lines() {
        writeln!(out, "    {}", printable(line))?;
    }
    Ok(())
}

/// Writes a commit on one line.
pub(crate) fn write_summary(out: &mut impl Write, id: CommitId, commit: &Commit) -> io::Result<()> {
    writeln!(
        out,
        "{} {}",
        paint(CHANGED, id.short()),
        printable(commit.summary())
    )
}

/// Returns text without anything that a terminal would obey.
pub(crate) fn printable(text: &str) -> String {
    escaped(text.as_bytes()).replace("\\\\", "\\")
}

fn json_signature(signature: &Signature) -> Value {
    json!({
        "name": signature.person.name(),
        "email": signature.person.email(),
        "time": json_time(signature.time, signature.offset_minutes),
    })
}
