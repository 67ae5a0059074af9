//! Forged nodes that refer to each other by their right hashes: what a fuzzer cannot find out itself.
//!
//! An input is a row of parts, each a `u16` length and so many bytes; the last one is the root. Of a
//! part, 32 equal bytes stand for the hash of the part of that number, which must come before it.

use prollytree::tree::Tree;
use prollytree_plugin_api::Hash;

use crate::known::{Map, known, map, memory, narrow, record, storage_on};
use crate::node::{put, with_parameters};
use crate::reading;

pub(crate) fn run(bytes: &[u8]) -> bool {
    let parameters = narrow();
    let backend = memory();
    let mut hashes = Vec::new();
    for part in parts(bytes) {
        let part = with_hashes(&with_parameters(part, &parameters), &hashes);
        hashes.push(put(&backend, &part));
    }
    let Some(root) = hashes.last() else {
        return false;
    };
    let Ok(tree) = Tree::open(storage_on(&backend), *root, parameters) else {
        return false;
    };
    reading::read(&tree);
    let Ok(other) = Tree::build(storage_on(&backend), parameters, rows()) else {
        return true;
    };
    let _changes = tree.diff(&other).take_while(Result::is_ok).count();
    let _changes = other.diff(&tree).take_while(Result::is_ok).count();
    true
}

fn rows() -> Map {
    map()
        .into_iter()
        .filter(|(key, _)| key.starts_with(b"row/0"))
        .collect()
}

/// At most 64 parts: what is beyond them is not read.
fn parts(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    while let Some((len, rest)) = bytes.split_first_chunk()
        && parts.len() < 64
    {
        let len = usize::from(u16::from_le_bytes(*len)).min(rest.len());
        let (part, rest) = rest.split_at(len);
        parts.push(part);
        bytes = rest;
    }
    parts
}

fn with_hashes(part: &[u8], hashes: &[Hash]) -> Vec<u8> {
    let mut out = part.to_vec();
    let mut at = 0;
    while at + Hash::LEN <= out.len() {
        let run = &out[at..at + Hash::LEN];
        let equal = run.iter().all(|byte| *byte == run[0]);
        match hashes.get(usize::from(run[0])).filter(|_| equal) {
            Some(hash) => {
                out[at..at + Hash::LEN].copy_from_slice(hash.as_bytes());
                at += Hash::LEN;
            }
            None => at += 1,
        }
    }
    out
}

pub(crate) fn seeds() -> Vec<(String, Vec<u8>)> {
    let few: Map = map().into_iter().take(9).collect();
    let rows = rows().into_iter().take(30).collect();
    vec![
        ("few".to_owned(), bundle(few)),
        ("rows".to_owned(), bundle(rows)),
        (
            "one".to_owned(),
            bundle(known().map.clone().into_iter().take(1).collect()),
        ),
    ]
}

/// The nodes of a tree, each after those below it, with their numbers in place of their hashes.
fn bundle(map: Map) -> Vec<u8> {
    let backend = memory();
    let tree = Tree::build(storage_on(&backend), narrow(), map).expect("a tree");
    let proof = tree
        .generate_range_proof::<Vec<u8>, _>(..)
        .expect("a proof");
    let nodes = nodes_of(&proof.encode());
    let mut out: Vec<u8> = Vec::new();
    let mut hashes: Vec<Hash> = Vec::new();
    for node in nodes.iter().rev() {
        let mut bytes = record(&backend, Hash::of(node)).to_vec();
        for (number, hash) in hashes.iter().enumerate() {
            let number = u8::try_from(number).expect("a small tree");
            while let Some(at) = bytes
                .windows(Hash::LEN)
                .position(|run| run == hash.as_bytes())
            {
                bytes[at..at + Hash::LEN].fill(number);
            }
        }
        hashes.push(Hash::of(node));
        let len = u16::try_from(bytes.len()).expect("a small node");
        out.extend(len.to_le_bytes());
        out.extend(bytes);
    }
    out
}

/// The nodes of a proof about everything, each before those below it.
fn nodes_of(proof: &[u8]) -> Vec<Vec<u8>> {
    let u32_at = |at: usize| u32::from_le_bytes(proof[at..at + 4].try_into().expect("four bytes"));
    // Behind the magic, version and kind, and two absent bounds.
    let mut at = 10 + 2 * 5;
    let count = u32_at(at);
    at += 4;
    let mut nodes = Vec::new();
    for _ in 0..count {
        let len = u32_at(at) as usize;
        nodes.push(proof[at + 4..at + 4 + len].to_vec());
        at += 4 + len;
    }
    nodes
}
