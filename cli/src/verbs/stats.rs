//! `stats`: the sizes of a store.

use std::io::Write;

use prollytree::history::Revision;
use prollytree::store::StoreStats;
use prollytree_plugin_api::{Stat, Unit};
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::output::{FormatArgs, Table, out, write_json};
use crate::session::Session;

/// Show the sizes of a store
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly stats
  git-prolly stats v1.0 --format json")]
pub(crate) struct Stats {
    /// Look at this revision instead of the present
    revision: Option<String>,

    #[command(flatten)]
    format: FormatArgs,
}

impl Stats {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let revision = self.revision.as_deref().map(Revision::new).transpose()?;
        let stats = session.open_to_read()?.stats(revision.as_ref())?;
        let mut out = out();
        if self.format.is_json() {
            write_json(&mut out, &json_stats(&stats))?;
        } else {
            write_stats(&mut out, &stats)?;
        }
        Ok(out.flush()?)
    }
}

fn json_stats(stats: &StoreStats) -> Value {
    let levels = stats.tree.levels.iter().map(|level| {
        json!({
            "nodes": level.nodes,
            "entries": level.entries,
            "bytes": level.bytes,
            "largest": level.largest,
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

fn write_stats(out: &mut impl Write, stats: &StoreStats) -> Result<(), Failure> {
    let nodes: u64 = stats.tree.levels.iter().map(|level| level.nodes).sum();
    let mut table = Table::bare();
    let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
    row("root", stats.root.to_string());
    row("entries", stats.entries.to_string());
    row("bytes of keys and values", shown_bytes(stats.bytes));
    row("levels", stats.depth.to_string());
    row("nodes", nodes.to_string());
    row("values out of line", stats.tree.blobs.to_string());
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
    Ok(table.write(out)?)
}

fn measured(stat: &Stat) -> String {
    match stat.unit {
        Unit::BYTES => shown_bytes(stat.value),
        Unit::MICROSECONDS => format!("{} us", stat.value),
        _ => stat.value.to_string(),
    }
}

/// Returns a size as in `1234567 (1.2 MiB)`.
fn shown_bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let (mut whole, mut rest, mut unit) = (bytes, 0, None);
    for name in UNITS {
        if whole < 1024 {
            break;
        }
        (whole, rest, unit) = (whole / 1024, whole % 1024, Some(name));
    }
    match unit {
        None => bytes.to_string(),
        Some(unit) => format!("{bytes} ({whole}.{} {unit})", rest * 10 / 1024),
    }
}
