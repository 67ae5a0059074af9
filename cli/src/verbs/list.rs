//! `list`: keys in order.

use std::ffi::OsString;
use std::io::{self, Write};
use std::ops::Bound;

use prollytree::history::Revision;
use prollytree::store::{StoreError, VersionedStore};
use prollytree::tree::{Iter, Key, Value, after_prefix};
use serde_json::{Map, json};

use super::list_graph::{Extent, draw, json_tree};
use crate::failure::Failure;
use crate::input::BytesArgs;
use crate::output::{FormatArgs, JsonArray, NAME, escaped, json_bytes, out, paint, write_json};
use crate::session::Session;

/// List keys in order
///
/// For people, each key stands escaped on a line of its own, and its value after a tab.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly list
  git-prolly list --values --prefix user/
  git-prolly list --from b --to d --reverse --limit 10
  git-prolly list --at v1.0 --format json
  git-prolly list --graph --depth 3 --limit 5")]
pub(crate) struct List {
    /// Write the values too
    #[arg(long)]
    values: bool,

    /// Only keys that begin with this
    #[arg(long, value_name = "KEY", conflicts_with_all = ["from", "to"])]
    prefix: Option<OsString>,

    /// Only this key and those after it
    #[arg(long, value_name = "KEY")]
    from: Option<OsString>,

    /// Only keys before this one
    #[arg(long, value_name = "KEY")]
    to: Option<OsString>,

    /// The last key first
    #[arg(long)]
    reverse: bool,

    /// At most so many; with --graph, of the children of each node (10)
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,

    /// Draw the nodes of the tree instead
    #[arg(long, conflicts_with_all = ["values", "prefix", "from", "to", "reverse"])]
    graph: bool,

    /// So many levels below the root are drawn
    #[arg(long, value_name = "LEVELS", requires = "graph", default_value_t = 2)]
    depth: usize,

    /// Look at this revision instead of the present
    #[arg(long, value_name = "REVISION")]
    at: Option<String>,

    #[command(flatten)]
    bytes: BytesArgs,

    #[command(flatten)]
    format: FormatArgs,
}

/// Entries in order, of the present or of a revision; without values where only keys are wanted.
pub(super) type Entries<'a> =
    Box<dyn DoubleEndedIterator<Item = Result<(Key, Option<Value>), StoreError>> + 'a>;

impl List {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let store = session.open_to_read()?;
        if self.graph {
            return self.draw(&store);
        }
        let entries = self.entries(&store)?;
        let entries: Box<dyn Iterator<Item = _>> = if self.reverse {
            Box::new(entries.rev())
        } else {
            entries
        };
        let entries = entries.take(self.limit.unwrap_or(usize::MAX));
        write_entries(entries, self.format.is_json())
    }

    fn draw(&self, store: &VersionedStore) -> Result<(), Failure> {
        let tree = match &self.at {
            None => store.tree().clone(),
            Some(at) => store.at(&Revision::new(at)?)?.tree().clone(),
        };
        let extent = Extent {
            depth: self.depth,
            children: self.limit.unwrap_or(10),
        };
        let mut out = out();
        if self.format.is_json() {
            write_json(&mut out, &json_tree(&tree, extent)?)?;
        } else {
            draw(&mut out, &tree, extent)?;
        }
        Ok(out.flush()?)
    }

    /// Returns what is listed. Values are read only if they are wanted: one out of line may be large.
    fn entries<'a>(&self, store: &'a VersionedStore) -> Result<Entries<'a>, Failure> {
        let key = |argument: &Option<OsString>| {
            let argument = argument.as_deref();
            argument
                .map(|argument| self.bytes.read(argument))
                .transpose()
        };
        let (prefix, from, to) = (key(&self.prefix)?, key(&self.from)?, key(&self.to)?);
        let end = prefix.as_deref().and_then(after_prefix).or(to);
        let range = (
            (prefix.or(from)).map_or(Bound::Unbounded, Bound::Included),
            end.map_or(Bound::Unbounded, Bound::Excluded),
        );
        let Some(at) = &self.at else {
            return Ok(if self.values {
                let entries = store.range::<Key, _>(range);
                Box::new(entries.map(|entry| entry.map(|(key, value)| (key, Some(value)))))
            } else {
                let keys = store.range_keys::<Key, _>(range);
                Box::new(keys.map(|key| Ok((key?, None))))
            });
        };
        let entries = store.at(&Revision::new(at)?)?.range::<Key, _>(range);
        Ok(listed(entries, self.values))
    }
}

/// Returns entries of a tree, with or without their values.
pub(super) fn listed(entries: Iter, values: bool) -> Entries<'static> {
    if values {
        return Box::new(entries.map(|entry| {
            let (key, value) = entry.map_err(StoreError::from)?;
            Ok((key, Some(value)))
        }));
    }
    let keys = entries.keys();
    Box::new(keys.map(|key| Ok((key.map_err(StoreError::from)?, None))))
}

/// Writes entries as they come.
pub(super) fn write_entries(
    entries: impl Iterator<Item = Result<(Key, Option<Value>), StoreError>>,
    json: bool,
) -> Result<(), Failure> {
    let mut out = out();
    if !json {
        for entry in entries {
            let (key, value) = entry?;
            write_line(&mut out, &key, value.as_ref())?;
        }
        return Ok(out.flush()?);
    }
    let mut array = JsonArray::begin(out)?;
    for entry in entries {
        let (key, value) = entry?;
        let mut object = Map::new();
        object.insert("key".into(), json_bytes(&key));
        if let Some(value) = value {
            object.insert("value".into(), json_bytes(&value));
        }
        array.push(&json!(object))?;
    }
    Ok(array.end()?.flush()?)
}

fn write_line(out: &mut impl Write, key: &[u8], value: Option<&Value>) -> io::Result<()> {
    match value {
        None => writeln!(out, "{}", escaped(key)),
        Some(value) => writeln!(out, "{}\t{}", paint(NAME, escaped(key)), escaped(value)),
    }
}
