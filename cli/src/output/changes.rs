//! Changes for people and for programs.

use std::io::Write;

use prollytree::store::StoreError;
use prollytree::tree::Change;
use serde_json::{Map, Value};

use super::{
    ADDED, CHANGED, JsonArray, REMOVED, escaped, json_bytes, json_value, paint, shown_value,
};
use crate::failure::Failure;

/// How changes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ChangeFormat {
    /// One line for each key.
    #[default]
    Compact,
    /// The values as well.
    Detailed,
    /// For programs: exact.
    Json,
}

/// How many keys were added, changed and removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChangeCount {
    pub(crate) added: u64,
    pub(crate) changed: u64,
    pub(crate) removed: u64,
}

impl ChangeCount {
    pub(crate) fn add(&mut self, change: &Change) {
        match (&change.before, &change.after) {
            (None, _) => self.added += 1,
            (Some(_), Some(_)) => self.changed += 1,
            (Some(_), None) => self.removed += 1,
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.added + self.changed + self.removed
    }

    /// Returns the counts as in `3 added, 1 changed, 0 removed`.
    pub(crate) fn shown(&self) -> String {
        format!(
            "{} added, {} changed, {} removed",
            self.added, self.changed, self.removed
        )
    }

    pub(crate) fn json(&self) -> Map<String, Value> {
        let counts = [
            ("added", self.added),
            ("changed", self.changed),
            ("removed", self.removed),
        ];
        counts
            .into_iter()
            .map(|(name, count)| (name.to_owned(), count.into()))
            .collect()
    }
}

/// Writes changes as they come, for people; returns how many there were.
pub(crate) fn write_changes(
    out: &mut impl Write,
    changes: impl Iterator<Item = Result<Change, StoreError>>,
    detailed: bool,
) -> Result<ChangeCount, Failure> {
    let mut count = ChangeCount::default();
    for change in changes {
        let change = change?;
        count.add(&change);
        write_change(out, &change, detailed)?;
    }
    Ok(count)
}

/// Writes changes as a JSON array, as they come.
pub(crate) fn write_json_changes<W: Write>(
    out: W,
    changes: impl Iterator<Item = Result<Change, StoreError>>,
    values: bool,
) -> Result<W, Failure> {
    let mut array = JsonArray::begin(out)?;
    for change in changes {
        array.push(&json_change(&change?, values)?)?;
    }
    Ok(array.end()?)
}

fn write_change(out: &mut impl Write, change: &Change, detailed: bool) -> Result<(), Failure> {
    let (style, sign) = match (&change.before, &change.after) {
        (None, _) => (ADDED, '+'),
        (Some(_), Some(_)) => (CHANGED, '~'),
        (Some(_), None) => (REMOVED, '-'),
    };
    writeln!(
        out,
        "{}",
        paint(style, format_args!("{sign} {}", escaped(&change.key)))
    )?;
    if detailed {
        for (style, sign, value) in [(REMOVED, '-', &change.before), (ADDED, '+', &change.after)] {
            if let Some(value) = value {
                writeln!(
                    out,
                    "    {}",
                    paint(style, format_args!("{sign} {}", shown_value(value)?))
                )?;
            }
        }
    }
    Ok(())
}

fn json_change(change: &Change, values: bool) -> Result<Value, Failure> {
    let kind = match (&change.before, &change.after) {
        (None, _) => "added",
        (Some(_), Some(_)) => "changed",
        (Some(_), None) => "removed",
    };
    let mut object = Map::new();
    object.insert("key".into(), json_bytes(&change.key));
    object.insert("change".into(), kind.into());
    if values {
        object.insert("before".into(), json_value(change.before.as_ref())?);
        object.insert("after".into(), json_value(change.after.as_ref())?);
    }
    Ok(Value::Object(object))
}
