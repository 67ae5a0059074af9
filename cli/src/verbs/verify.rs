//! `verify`: checks a proof without a store.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{Read, Write};
use std::ops::Bound;
use std::path::{Path, PathBuf};

use clap::ArgGroup;
use prollytree::history::{Anchor, CommitId, NamespaceKey, StoreDiffProof, StoreProof};
use prollytree::tree::{Key, ProofError, ProvenValue};
use serde_json::json;

use crate::failure::Failure;
use crate::input::BytesArgs;
use crate::output::{
    ChangeFormat, ShownValue, escaped, json_bytes, json_value, note, out, write_all_changes,
    write_json,
};
use crate::session::Session;

/// Check a proof that `prove` has written
///
/// Needs no store: the ids of the commits vouch for everything. Prints the proven value of the key if
/// none is given to compare with, or with --from and --to all that differs between two commits, as
/// `diff` does; in place of a value out of line, which no proof holds, it prints its address and its
/// length. Exits with 1 if the proof does not show it.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("about").required(true).args(["commit", "from"]))]
#[command(after_help = "\
Examples:
  git-prolly verify greeting.proof --commit ID greeting hello
  git-prolly verify greeting.proof --commit ID greeting
  git-prolly verify nothing.proof --commit ID nothing --absent
  git-prolly verify changes.proof --from FIRST --to SECOND
  git-prolly verify users.proof --from FIRST --to SECOND --prefix user/ --format detailed")]
pub(crate) struct Verify {
    /// The file with the proof; - is standard input
    file: PathBuf,

    /// The whole id of the commit that the proof of a key is about
    #[arg(long, value_name = "ID", requires = "key")]
    commit: Option<String>,

    /// The key
    #[arg(requires = "commit", conflicts_with = "from")]
    key: Option<OsString>,

    /// The value that it is to have
    value: Option<OsString>,

    /// The key is to have no value
    #[arg(long, conflicts_with_all = ["value", "from"])]
    absent: bool,

    /// The whole id of the commit from which something differs
    #[arg(long, value_name = "ID", requires = "to")]
    from: Option<String>,

    /// The whole id of the commit to which it differs
    #[arg(long, value_name = "ID", requires = "from", conflicts_with = "commit")]
    to: Option<String>,

    /// The proof is about keys that begin with this, and no others
    #[arg(long, value_name = "KEY", requires = "from", conflicts_with = "commit")]
    prefix: Option<OsString>,

    #[command(flatten)]
    bytes: BytesArgs,

    /// How the answer is written
    #[arg(long, value_name = "FORMAT", default_value = "compact")]
    format: ChangeFormat,
}

impl Verify {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        match (&self.from, &self.to, &self.commit, &self.key) {
            (Some(from), Some(to), ..) => self.check_difference(session, from, to),
            (.., Some(commit), Some(key)) => self.check_key(session, commit, key),
            _ => Err(Failure::Bug(
                "neither two commits nor a key were demanded".to_owned(),
            )),
        }
    }

    fn check_difference(&self, session: &Session, from: &str, to: &str) -> Result<(), Failure> {
        let (before, after) = (anchor("--from", from)?, anchor("--to", to)?);
        let range = self.bytes.read_prefix(self.prefix.as_deref())?;
        let bytes = self.read(session)?;
        let proof = StoreDiffProof::decode(&bytes).map_err(|error| {
            if StoreProof::decode(&bytes).is_ok() {
                Failure::Input("this is the proof of a key; check it with --commit".to_owned())
            } else {
                not_shown(&error)
            }
        })?;
        let changes = proof
            .changes_in::<Key, _>(range.clone(), before, after, &NamespaceKey::plain())
            .map_err(|error| match error {
                ProofError::NotCovered => about_other_keys(proof.bounds(), &range),
                error => not_shown(&error),
            })?;
        let told = if changes.is_empty() {
            "proven: nothing differs"
        } else {
            "proven: nothing else differs"
        };
        let changes = changes.into_iter().map(Ok::<_, Failure>);
        write_all_changes(out(), changes, self.format)?;
        Ok(note(told)?)
    }

    fn check_key(&self, session: &Session, commit: &str, key: &OsStr) -> Result<(), Failure> {
        let anchor = anchor("--commit", commit)?;
        let key = self.bytes.read(key)?;
        let value = self.value.as_deref().map(|value| self.bytes.read(value));
        let value = value.transpose()?;
        let bytes = self.read(session)?;
        let proof = StoreProof::decode(&bytes).map_err(|error| {
            if StoreDiffProof::decode(&bytes).is_ok() {
                let told = "this is a proof of what differs; check it with --from and --to";
                Failure::Input(told.to_owned())
            } else {
                not_shown(&error)
            }
        })?;
        let proven = proof
            .value(anchor, &NamespaceKey::plain(), &key)
            .map_err(|error| not_shown(&error))?;
        let told = match &proven {
            None => format!("`{}` has no value", escaped(&key)),
            Some(_) => format!("`{}` has a value", escaped(&key)),
        };
        match (&proven, &value) {
            (None, Some(_)) => return Err(Failure::No(told)),
            (Some(_), None) if self.absent => return Err(Failure::No(told)),
            (Some(proven), Some(value)) if !proven.is(value) => {
                return Err(Failure::No(format!(
                    "`{}` has another value",
                    escaped(&key)
                )));
            }
            _ => {}
        }
        self.answer(&key, proven.as_ref())
    }

    fn answer(&self, key: &[u8], proven: Option<&ProvenValue>) -> Result<(), Failure> {
        let mut out = out();
        if self.format == ChangeFormat::Json {
            let value = json_value(proven)?;
            write_json(
                &mut out,
                &json!({"key": json_bytes(key), "proven": true, "value": value}),
            )?;
            return Ok(out.flush()?);
        }
        match proven {
            None => writeln!(out, "proven: `{}` has no value", escaped(key))?,
            Some(_) if self.value.is_some() => {
                writeln!(out, "proven: `{}` has this value", escaped(key))?;
            }
            Some(ProvenValue::Whole(value)) => {
                writeln!(out, "proven: `{}` is {}", escaped(key), escaped(value))?;
            }
            Some(outside @ ProvenValue::Outside { .. }) => {
                writeln!(out, "proven: `{}` is {}", escaped(key), outside.shown()?)?;
            }
        }
        Ok(out.flush()?)
    }

    fn read(&self, session: &Session) -> Result<Vec<u8>, Failure> {
        let path = session.path(&self.file);
        let read = if self.file == Path::new("-") {
            let mut bytes = Vec::new();
            std::io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .map(|_| bytes)
        } else {
            fs::read(&path)
        };
        read.map_err(|source| Failure::File {
            doing: "read",
            path,
            source,
        })
    }
}

fn anchor(option: &str, id: &str) -> Result<Anchor, Failure> {
    let id = id
        .parse()
        .map_err(|_| Failure::Input(format!("{option} needs all 64 digits of the id")))?;
    Ok(Anchor::Commit(CommitId(id)))
}

fn about_other_keys(
    found: (Bound<&[u8]>, Bound<&[u8]>),
    (start, end): &(Bound<Key>, Bound<Key>),
) -> Failure {
    let asked = (
        start.as_ref().map(Vec::as_slice),
        end.as_ref().map(Vec::as_slice),
    );
    let found = if found == asked {
        "another namespace".to_owned()
    } else {
        shown_range(found)
    };
    Failure::No(format!("not proven: the proof is about {found}"))
}

/// Returns a range of keys in words.
fn shown_range((start, end): (Bound<&[u8]>, Bound<&[u8]>)) -> String {
    let start = match start {
        Bound::Unbounded => String::new(),
        Bound::Included(key) => format!(" from `{}` on", escaped(key)),
        Bound::Excluded(key) => format!(" behind `{}`", escaped(key)),
    };
    let end = match end {
        Bound::Unbounded => String::new(),
        Bound::Included(key) => format!(" up to `{}`", escaped(key)),
        Bound::Excluded(key) => format!(" before `{}`", escaped(key)),
    };
    if start.is_empty() && end.is_empty() {
        return "all keys".to_owned();
    }
    format!("the keys{start}{end} and no others")
}

fn not_shown(error: &ProofError) -> Failure {
    match error {
        ProofError::Malformed(_) | ProofError::OtherVersion { .. } => {
            Failure::Input(error.to_string())
        }
        _ => Failure::No(format!("not proven: {error}")),
    }
}
