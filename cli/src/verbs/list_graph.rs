//! `list --graph`: the nodes of the tree, drawn.

use std::io::Write;
use std::sync::Arc;

use prollytree::store::StoreError;
use prollytree::tree::{Node, NodeEntry, Tree};
use prollytree_plugin_api::Hash;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::{NAME, Out, escaped, json_bytes, paint, short_bytes};

/// How much of a tree is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// The levels below the root.
    pub(super) depth: usize,
    /// The children of each node.
    pub(super) children: usize,
}

/// What a parent says of a node.
struct Said {
    hash: Hash,
    level: u8,
    entries: u64,
    bytes: u64,
    last_key: Vec<u8>,
}

/// Draws a tree for people.
pub(super) fn draw(out: &mut Out, tree: &Tree, extent: Extent) -> Result<(), Failure> {
    write_node(out, "", &root_of(tree)?)?;
    let Some(node) = load_root(tree)? else {
        return Ok(());
    };
    draw_children(out, tree, &node, "", extent.depth, extent.children)?;
    let below = tree.depth() - 1;
    if below > extent.depth {
        let left_out = below - extent.depth;
        writeln!(
            out,
            "levels below that are left out: {left_out}; --depth {below} draws them too"
        )?;
    }
    Ok(())
}

/// Returns a tree as JSON, as much of it as would be drawn.
pub(super) fn json_tree(tree: &Tree, extent: Extent) -> Result<Value, Failure> {
    let node = load_root(tree)?;
    json_node(
        tree,
        &root_of(tree)?,
        node.as_ref(),
        extent.depth,
        extent.children,
    )
}

fn draw_children(
    out: &mut Out,
    tree: &Tree,
    node: &Arc<Node>,
    indent: &str,
    depth: usize,
    most: usize,
) -> Result<(), Failure> {
    if depth == 0 || node.level() == 0 {
        return Ok(());
    }
    let left_out = node.len().saturating_sub(most);
    let shown = node.len() - left_out;
    for (index, child) in children(node).take(shown).enumerate() {
        let is_last = index + 1 == node.len();
        write_node(
            out,
            &format!("{indent}{}", if is_last { "└── " } else { "├── " }),
            &child,
        )?;
        if depth > 1 && child.level > 0 {
            let below = load(tree, &child.hash)?;
            let indent = format!("{indent}{}", if is_last { "    " } else { "│   " });
            draw_children(out, tree, &below, &indent, depth - 1, most)?;
        }
    }
    if left_out > 0 {
        writeln!(out, "{indent}└── … {left_out} more")?;
    }
    Ok(())
}

fn write_node(out: &mut Out, indent: &str, node: &Said) -> Result<(), Failure> {
    /// So much of a key is shown.
    const KEY: usize = 40;
    let what = match node.level {
        0 => "leaf".to_owned(),
        level => format!("level {level}"),
    };
    let key = escaped(&node.last_key);
    let shown: String = key.chars().take(KEY).collect();
    let more = if shown.len() < key.len() { "…" } else { "" };
    let up_to = match node.entries {
        0 => String::new(),
        _ => format!(", up to {shown}{more}"),
    };
    writeln!(
        out,
        "{indent}{}  {what}, {} entries, {}{up_to}",
        paint(NAME, node.hash.short()),
        node.entries,
        short_bytes(node.bytes),
    )?;
    Ok(())
}

fn json_node(
    tree: &Tree,
    said: &Said,
    node: Option<&Arc<Node>>,
    depth: usize,
    most: usize,
) -> Result<Value, Failure> {
    let mut shown = Vec::new();
    let mut count = None;
    if let Some(node) = node.filter(|node| node.level() > 0) {
        count = Some(node.len());
        let drawn = if depth == 0 { 0 } else { most };
        for child in children(node).take(drawn) {
            let below = if depth > 1 && child.level > 0 {
                Some(load(tree, &child.hash)?)
            } else {
                None
            };
            shown.push(json_node(tree, &child, below.as_ref(), depth - 1, most)?);
        }
    }
    Ok(json!({
        "hash": said.hash.to_string(),
        "level": said.level,
        "entries": said.entries,
        "bytes": said.bytes,
        "last_key": json_bytes(&said.last_key),
        "child_count": count,
        "children": shown,
    }))
}

fn children(node: &Node) -> impl Iterator<Item = Said> {
    let level = node.level().saturating_sub(1);
    node.entries()
        .filter_map(move |(last_key, entry)| match entry {
            NodeEntry::Child {
                hash,
                entries,
                bytes,
            } => Some(Said {
                hash,
                level,
                entries,
                bytes,
                last_key,
            }),
            _ => None,
        })
}

fn root_of(tree: &Tree) -> Result<Said, Failure> {
    let last = tree.keys().next_back().transpose();
    Ok(Said {
        hash: tree.root(),
        level: u8::try_from(tree.depth() - 1).unwrap_or(u8::MAX),
        entries: tree.len(),
        bytes: tree.byte_count(),
        last_key: last.map_err(StoreError::from)?.unwrap_or_default(),
    })
}

/// The root; nothing if the tree is empty, because such a one need not be stored.
fn load_root(tree: &Tree) -> Result<Option<Arc<Node>>, Failure> {
    if tree.is_empty() {
        return Ok(None);
    }
    load(tree, &tree.root()).map(Some)
}

fn load(tree: &Tree, hash: &Hash) -> Result<Arc<Node>, Failure> {
    Ok(tree
        .storage()
        .load::<Node>(hash)
        .map_err(StoreError::from)?)
}
