//! `tree`: a look at the nodes of trees.

use std::io::Write;
use std::sync::Arc;

use prollytree::history::Revision;
use prollytree::storage::StorageError;
use prollytree::store::{StoreError, VersionedStore};
use prollytree::tree::{Node, NodeEntry};
use prollytree_plugin_api::{ErrorKind, Hash, Kind};
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::output::{FormatArgs, Table, escaped, exact_bytes, json_bytes, out, write_json};
use crate::session::Session;

/// Look at the nodes of trees
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly tree inspect
  git-prolly tree inspect HASH --format json")]
pub(crate) struct Tree {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Inspect(Inspect),
}

/// Print one node: the root, or that of a hash
///
/// `list --graph` shows the hashes of all nodes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly tree inspect
  git-prolly tree inspect --at v1.0
  git-prolly tree inspect HASH
  git-prolly tree inspect HASH --format json")]
struct Inspect {
    /// The hash of a node, or its first digits
    hash: Option<String>,

    /// The root at this revision instead of the present
    #[arg(long, value_name = "REVISION", conflicts_with = "hash")]
    at: Option<String>,

    #[command(flatten)]
    format: FormatArgs,
}

impl Tree {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        match self.action {
            Action::Inspect(inspect) => inspect.run(session),
        }
    }
}

impl Inspect {
    fn run(&self, session: &Session) -> Result<(), Failure> {
        let store = session.open_to_read()?;
        let hash = match (&self.hash, &self.at) {
            (Some(digits), _) => find(&store, digits)?,
            (None, Some(at)) => store.at(&Revision::new(at)?)?.tree().root(),
            (None, None) => store.tree().root(),
        };
        let node: Option<Arc<Node>> = (store.storage())
            .try_load(&hash)
            .map_err(StoreError::from)?;
        let Some(node) = node else {
            let empty = "; the root of a tree without entries need not be stored";
            return Err(Failure::No(format!("there is no node {hash}{empty}")));
        };
        let mut out = out();
        if self.format.is_json() {
            write_json(&mut out, &json_node(&hash, &node))?;
        } else {
            write_node(&mut out, &hash, &node)?;
        }
        Ok(out.flush()?)
    }
}

/// Finds the one node whose hash begins with some digits.
fn find(store: &VersionedStore, digits: &str) -> Result<Hash, Failure> {
    /// So many are named where several are meant.
    const CANDIDATES: usize = 8;
    if digits.is_empty() {
        let message = "an empty hash names no node; leave it out for the root, or give its first \
                       digits, which `git-prolly list --graph` shows";
        return Err(Failure::Input(message.to_owned()));
    }
    let whole: Option<Hash> = digits.parse().ok();
    let (mut found, mut other) = (Vec::new(), None);
    for entry in store.storage().records_beginning(digits) {
        let entry = match entry {
            Ok(entry) => entry,
            // A whole hash can be looked up where records are not listed.
            Err(error) if whole.is_some() && is_unsupported(&error) => break,
            Err(error) => return Err(StoreError::from(error).into()),
        };
        if entry.kind == Kind::NODE {
            found.push(entry.hash);
        } else {
            other = Some(entry);
        }
        if found.len() == CANDIDATES {
            break;
        }
    }
    match (&found[..], other, whole) {
        (&[hash], _, _) | ([], None, Some(hash)) => Ok(hash),
        ([], Some(other), _) => Err(Failure::No(format!(
            "{} is a {} and not a node; `git-prolly list --graph` shows the hashes of nodes",
            other.hash,
            other.kind.name()
        ))),
        ([], None, None) => Err(Failure::No(format!(
            "there is no node whose hash begins with `{}`; `git-prolly list --graph` shows hashes",
            escaped(digits.as_bytes())
        ))),
        _ => {
            let candidates: Vec<_> = found.iter().map(Hash::to_string).collect();
            Err(Failure::Input(format!(
                "several nodes have hashes that begin with `{digits}`; give more digits: {}",
                candidates.join(", ")
            )))
        }
    }
}

fn is_unsupported(error: &StorageError) -> bool {
    error.backend_kind() == Some(ErrorKind::UNSUPPORTED)
}

fn write_node(out: &mut impl Write, hash: &Hash, node: &Node) -> Result<(), Failure> {
    let mut table = Table::bare();
    let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
    row("node", hash.to_string());
    row("level", node.level().to_string());
    row("parameters", fingerprint(node));
    row("size", exact_bytes(node.record_len() as u64));
    row("entries", node.len().to_string());
    if node.level() > 0 {
        row("entries below", node.entries_below().to_string());
    }
    row("bytes of keys and values", exact_bytes(node.bytes_below()));
    row("keys begin with", escaped(node.common_prefix()));
    table.write(out)?;
    if node.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let mut table = if node.level() == 0 {
        Table::new(["key", "value", "bytes", ""])
    } else {
        Table::new(["last key", "child", "entries", "bytes"])
    };
    for (key, entry) in node.entries() {
        let [first, second, third] = match entry {
            NodeEntry::Value(value) => [short(value), value.len().to_string(), String::new()],
            NodeEntry::Outside(blob) => [
                blob.hash().to_string(),
                blob.len().to_string(),
                "out of line".to_owned(),
            ],
            NodeEntry::Child {
                hash,
                entries,
                bytes,
            } => [hash.to_string(), entries.to_string(), bytes.to_string()],
        };
        table.row([short(&key), first, second, third]);
    }
    Ok(table.write(out)?)
}

/// Returns bytes on a line, not all if they are many.
fn short(bytes: &[u8]) -> String {
    const MOST: usize = 60;
    if bytes.len() <= MOST {
        return escaped(bytes);
    }
    escaped(&bytes[..MOST]) + "…"
}

fn json_node(hash: &Hash, node: &Node) -> Value {
    let entries = node.entries().map(|(key, entry)| {
        let mut object = Map::new();
        object.insert("key".into(), json_bytes(&key));
        let content = match entry {
            NodeEntry::Value(value) => json!({ "value": json_bytes(value) }),
            NodeEntry::Outside(blob) => {
                json!({ "blob": blob.hash().to_string(), "bytes": blob.len() })
            }
            NodeEntry::Child {
                hash,
                entries,
                bytes,
            } => json!({ "child": hash.to_string(), "entries": entries, "bytes": bytes }),
        };
        if let Value::Object(content) = content {
            object.extend(content);
        }
        Value::Object(object)
    });
    json!({
        "hash": hash.to_string(),
        "level": node.level(),
        "parameters": fingerprint(node),
        "size": node.record_len(),
        "entries_below": node.entries_below(),
        "bytes_below": node.bytes_below(),
        "prefix": json_bytes(node.common_prefix()),
        "entries": entries.collect::<Value>(),
    })
}

/// Returns the fingerprint of the parameters, as its bytes stand in the node.
fn fingerprint(node: &Node) -> String {
    format!("{:016x}", u64::from_be_bytes(node.fingerprint()))
}
