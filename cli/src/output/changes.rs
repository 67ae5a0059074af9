//! Changes for people and for programs.

use std::io::Write;

use prollytree::tree::{Change, ProvenChange, ProvenValue, ValueHandle};
use serde_json::{Map, Value};

use super::{
    ADDED, CHANGED, JsonArray, REMOVED, ShownValue, escaped, json_bytes, json_value, paint,
};
use crate::failure::Failure;

/// How changes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ChangeFormat {
    /// One line for each key.
    #[default]
    #[value(alias = "table")]
    Compact,
    /// The values as well.
    Detailed,
    /// For programs: exact.
    Json,
}

/// A change that can be shown.
pub(crate) trait ShownChange {
    type Value: ShownValue;

    fn key(&self) -> &[u8];

    /// Returns the values before and after.
    fn values(&self) -> [Option<&Self::Value>; 2];
}

impl ShownChange for Change {
    type Value = ValueHandle;

    fn key(&self) -> &[u8] {
        &self.key
    }

    fn values(&self) -> [Option<&ValueHandle>; 2] {
        [self.before.as_ref(), self.after.as_ref()]
    }
}

impl ShownChange for ProvenChange {
    type Value = ProvenValue;

    fn key(&self) -> &[u8] {
        &self.key
    }

    fn values(&self) -> [Option<&ProvenValue>; 2] {
        [self.before.as_ref(), self.after.as_ref()]
    }
}

/// How many keys were added, changed and removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChangeCount {
    pub(crate) added: u64,
    pub(crate) changed: u64,
    pub(crate) removed: u64,
}

impl ChangeCount {
    pub(crate) fn add(&mut self, change: &impl ShownChange) {
        match change.values() {
            [None, _] => self.added += 1,
            [Some(_), Some(_)] => self.changed += 1,
            [Some(_), None] => self.removed += 1,
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
pub(crate) fn write_changes<C: ShownChange, E>(
    out: &mut impl Write,
    changes: impl Iterator<Item = Result<C, E>>,
    detailed: bool,
) -> Result<ChangeCount, Failure>
where
    Failure: From<E>,
{
    let mut count = ChangeCount::default();
    for change in changes {
        let change = change?;
        count.add(&change);
        write_change(out, &change, detailed)?;
    }
    Ok(count)
}

/// Writes changes as a JSON array, as they come.
pub(crate) fn write_json_changes<W: Write, C: ShownChange, E>(
    out: W,
    changes: impl Iterator<Item = Result<C, E>>,
    values: bool,
) -> Result<W, Failure>
where
    Failure: From<E>,
{
    let mut array = JsonArray::begin(out)?;
    for change in changes {
        array.push(&json_change(&change?, values)?)?;
    }
    Ok(array.end()?)
}

/// Writes all changes in one of the forms, for people with how many there are.
pub(crate) fn write_all_changes<W: Write, C: ShownChange, E>(
    mut out: W,
    changes: impl Iterator<Item = Result<C, E>>,
    format: ChangeFormat,
) -> Result<(), Failure>
where
    Failure: From<E>,
{
    if format == ChangeFormat::Json {
        return Ok(write_json_changes(out, changes, true)?.flush()?);
    }
    let count = write_changes(&mut out, changes, format == ChangeFormat::Detailed)?;
    if count.total() > 0 {
        writeln!(out, "{}", count.shown())?;
    }
    Ok(out.flush()?)
}

fn write_change(
    out: &mut impl Write,
    change: &impl ShownChange,
    detailed: bool,
) -> Result<(), Failure> {
    let values = change.values();
    let (style, sign) = match values {
        [None, _] => (ADDED, '+'),
        [Some(_), Some(_)] => (CHANGED, '~'),
        [Some(_), None] => (REMOVED, '-'),
    };
    writeln!(
        out,
        "{}",
        paint(style, format_args!("{sign} {}", escaped(change.key())))
    )?;
    if detailed {
        for (style, sign, value) in [(REMOVED, '-', values[0]), (ADDED, '+', values[1])] {
            if let Some(value) = value {
                writeln!(
                    out,
                    "    {}",
                    paint(style, format_args!("{sign} {}", value.shown()?))
                )?;
            }
        }
    }
    Ok(())
}

fn json_change(change: &impl ShownChange, values: bool) -> Result<Value, Failure> {
    let [before, after] = change.values();
    let kind = match (before, after) {
        (None, _) => "added",
        (Some(_), Some(_)) => "changed",
        (Some(_), None) => "removed",
    };
    let mut object = Map::new();
    object.insert("key".into(), json_bytes(change.key()));
    object.insert("change".into(), kind.into());
    if values {
        object.insert("before".into(), json_value(before)?);
        object.insert("after".into(), json_value(after)?);
    }
    Ok(Value::Object(object))
}
