//! `stats`: the sizes of a store.

use std::io::Write;

use prollytree::history::Revision;
use prollytree::store::{StoreError, StoreStats};
use prollytree::tree::{Fill, Sharing, TreeStats, Unshared};
use prollytree_plugin_api::{Stat, Unit};
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::output::{FormatArgs, Table, exact_bytes, out, short_bytes, write_json};
use crate::session::Session;

/// Show the sizes of a store
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly stats
  git-prolly stats v1.0 --format json
  git-prolly stats --compare HEAD~1")]
pub(crate) struct Stats {
    /// Look at this revision instead of the present
    revision: Option<String>,

    /// Also show how much the tree shares with that of this revision
    #[arg(long, value_name = "REVISION")]
    compare: Option<String>,

    #[command(flatten)]
    format: FormatArgs,
}

impl Stats {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let revision = self.revision.as_deref().map(Revision::new).transpose()?;
        let store = session.open_to_read()?;
        let stats = store.stats(revision.as_ref())?;
        let sharing = match &self.compare {
            None => None,
            Some(other) => {
                let tree = match &revision {
                    None => store.tree().clone(),
                    Some(revision) => store.at(revision)?.tree().clone(),
                };
                let other = store.at(&Revision::new(other)?)?;
                Some(tree.sharing(other.tree()).map_err(StoreError::from)?)
            }
        };
        let mut out = out();
        if self.format.is_json() {
            write_json(&mut out, &json_stats(&stats, sharing.as_ref()))?;
        } else {
            write_stats(&mut out, &stats, sharing.as_ref())?;
        }
        Ok(out.flush()?)
    }
}

fn json_stats(stats: &StoreStats, sharing: Option<&Sharing>) -> Value {
    let levels = stats.tree.levels.iter().map(|level| {
        json!({
            "nodes": level.nodes,
            "entries": level.entries,
            "bytes": level.bytes,
            "smallest": level.fill.smallest,
            "largest": level.fill.largest,
            "quarters": level.fill.quarters,
        })
    });
    let alone = |part: &Unshared| {
        json!({
            "nodes": part.nodes,
            "bytes": part.bytes,
            "values_out_of_line": part.values,
            "value_bytes": part.value_bytes,
        })
    };
    let sharing = sharing.map(|sharing| {
        json!({
            "shared_entries": sharing.shared_entries,
            "shared_bytes": sharing.shared_bytes,
            "only_here": alone(&sharing.first),
            "only_there": alone(&sharing.second),
        })
    });
    let measured: Map<_, _> = stats
        .measured
        .0
        .iter()
        .map(|stat| (stat.name.clone(), stat.value.into()))
        .collect();
    json!({
        "root": stats.root.to_string(),
        "catalog_root": stats.catalog_root.to_string(),
        "entries": stats.entries,
        "bytes": stats.bytes,
        "depth": stats.depth,
        "levels": levels.collect::<Value>(),
        "blobs": stats.tree.blobs,
        "blob_bytes": stats.tree.blob_bytes,
        "sharing": sharing,
        "commits": stats.commits,
        "branches": stats.branches,
        "tags": stats.tags,
        "backend": {
            "name": stats.backend.name,
            "version": stats.backend.version,
            "location": stats.backend.location,
            "capabilities": stats.backend.capabilities.names().collect::<Value>(),
            "measured": measured,
        },
    })
}

fn write_stats(
    out: &mut impl Write,
    stats: &StoreStats,
    sharing: Option<&Sharing>,
) -> Result<(), Failure> {
    let nodes: u64 = stats.tree.levels.iter().map(|level| level.nodes).sum();
    let mut table = Table::bare();
    let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
    row("root", stats.root.to_string());
    row("entries", stats.entries.to_string());
    row("bytes of keys and values", exact_bytes(stats.bytes));
    row("levels", stats.depth.to_string());
    row("nodes", nodes.to_string());
    row("values out of line", stats.tree.blobs.to_string());
    if let Some(sharing) = sharing {
        let entries = sharing.shared_entries;
        row(
            "entries in shared nodes",
            format!("{entries} of {}", stats.entries),
        );
        row("only in this tree", alone(&sharing.first));
        row("only in the other", alone(&sharing.second));
    }
    row("commits", stats.commits.to_string());
    row("branches", stats.branches.to_string());
    row("tags", stats.tags.to_string());
    let backend = &stats.backend;
    row("backend", format!("{} {}", backend.name, backend.version));
    row("location", backend.location.clone());
    row(
        "promises",
        backend.capabilities.names().collect::<Vec<_>>().join(", "),
    );
    for stat in &stats.measured.0 {
        row(&stat.name.replace('_', " "), measured(stat));
    }
    table.write(out)?;
    writeln!(out)?;
    write_levels(out, &stats.tree)
}

fn alone(part: &Unshared) -> String {
    let nodes = format!("{} nodes, {}", part.nodes, short_bytes(part.bytes));
    if part.values == 0 {
        return nodes;
    }
    let bytes = short_bytes(part.value_bytes);
    format!("{nodes}; values out of line: {}, {bytes}", part.values)
}

/// Writes a line for each level, the root first.
fn write_levels(out: &mut impl Write, tree: &TreeStats) -> Result<(), Failure> {
    let mut table = Table::new([
        "level", "nodes", "entries", "bytes", "smallest", "mean", "largest", "fill",
    ]);
    for (number, level) in tree.levels.iter().enumerate().rev() {
        table.row([
            number.to_string(),
            level.nodes.to_string(),
            level.entries.to_string(),
            short_bytes(level.bytes),
            short_bytes(level.fill.smallest),
            short_bytes(level.bytes / level.nodes.max(1)),
            short_bytes(level.fill.largest),
            bars(&level.fill),
        ]);
    }
    table.write(out)?;
    let note = "fill: nodes by their size, in quarters of the target from 0 to 4 times as much";
    Ok(writeln!(out, "{note}")?)
}

/// Draws how many nodes have each size.
fn bars(fill: &Fill) -> String {
    const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = fill.quarters.iter().copied().max().unwrap_or(0).max(1);
    let bar = |&count: &u64| {
        // Where there is one node, there is something to see.
        let height = (count * 8).div_ceil(most);
        BARS[usize::try_from(height).unwrap_or(8).min(8)]
    };
    let bars: String = fill.quarters.iter().map(bar).collect();
    format!("|{bars}|")
}

fn measured(stat: &Stat) -> String {
    match stat.unit {
        Unit::BYTES => exact_bytes(stat.value),
        Unit::MICROSECONDS => format!("{} us", stat.value),
        _ => stat.value.to_string(),
    }
}
