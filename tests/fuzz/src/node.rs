//! Any bytes as a node: refused with a reason, or a node that can be read from end to end and whose
//! bytes are the only ones that it has.

use std::sync::Arc;

use prollytree::storage::Decode;
use prollytree::tree::{Node, Parameters, Tree};
use prollytree_plugin_api::{Buffer, Call, Hash, Kind, NodeStorage, Record};

use crate::known::{known, memory, record, storage_on, wide};
use crate::reading;

type Entry<'a> = (&'a [u8], &'a [u8]);

/// Where the fingerprint of the parameters lies.
const FINGERPRINT: std::ops::Range<usize> = 4..12;

pub(crate) fn run(bytes: &[u8]) -> bool {
    let Ok(node) = Node::decode(Buffer::from(bytes)) else {
        return false;
    };
    assert!(node.weight() >= bytes.len());
    let parameters = wide();
    let forged = with_parameters(bytes, &parameters);
    let backend = memory();
    let root = put(&backend, &forged);
    let Ok(tree) = Tree::open(storage_on(&backend), root, parameters) else {
        return true;
    };
    if let Some(entries) = reading::read(&tree) {
        check_canonical(
            root,
            parameters,
            entries.iter().map(|(key, value)| (&key[..], &value[..])),
        );
    }
    true
}

/// A leaf with the same entries, written by us, is the same leaf.
fn check_canonical<'a>(
    root: Hash,
    parameters: Parameters,
    entries: impl Iterator<Item = Entry<'a>> + Clone,
) {
    let inline = parameters.inline_limit();
    if entries.clone().any(|(_, value)| value.len() > inline) {
        return;
    }
    let entries = entries.map(|(key, value)| (key.to_vec(), value.to_vec()));
    let built = Tree::build(storage_on(&memory()), parameters, entries).expect("a tree");
    assert_eq!(built.root(), root, "two encodings of one leaf");
}

/// Returns a node as it would be in a tree with these parameters.
pub(crate) fn with_parameters(bytes: &[u8], parameters: &Parameters) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if let Some(fingerprint) = bytes.get_mut(FINGERPRINT) {
        fingerprint.copy_from_slice(&Hash::of(&parameters.encode()).as_bytes()[..8]);
    }
    bytes
}

/// Stores a node without asking what it refers to.
pub(crate) fn put(backend: &Arc<dyn NodeStorage>, bytes: &[u8]) -> Hash {
    let hash = Hash::of(bytes);
    let record = Record {
        hash,
        kind: Kind::NODE,
        links: &[],
        bytes,
        shared: None,
    };
    let stored = backend.put_many(&Call::UNLIMITED, &[record]);
    stored.expect("memory takes every record");
    hash
}

pub(crate) fn seeds() -> Vec<(String, Vec<u8>)> {
    let known = known();
    let mut seeds = vec![(
        "root".to_owned(),
        record(&known.backend, known.tree.root()).to_vec(),
    )];
    seeds.push((
        "catalog".to_owned(),
        record(&known.backend, known.catalog).to_vec(),
    ));
    let samples: [(&str, &[Entry<'_>]); 6] = [
        ("empty", &[]),
        ("one", &[(b"only", b"value")]),
        ("empty-key", &[(b"", b"")]),
        ("lengths", &[(b"", b""), (b"\0", b"1"), (b"\0\0", b"22")]),
        ("uniform", &[(b"key-1", b"one"), (b"key-2", b"two")]),
        (
            "tails",
            &[(b"a/12345678tail", b"x"), (b"a/12345678tail+", b"longer")],
        ),
    ];
    for (name, entries) in samples {
        let entries = entries
            .iter()
            .map(|(key, value)| (key.to_vec(), value.to_vec()));
        seeds.push((name.to_owned(), root_bytes(Parameters::default(), entries)));
    }
    let mixed = [b"a", b"b", b"c"].map(|key| {
        let long = if key == b"b" { 1 } else { 3_000 };
        (key.to_vec(), vec![b'v'; long])
    });
    seeds.push((
        "outside".to_owned(),
        root_bytes(Parameters::default(), mixed),
    ));
    let all = known.map.clone();
    seeds.push(("leaf".to_owned(), root_bytes(wide(), all)));
    seeds
}

fn root_bytes(
    parameters: Parameters,
    entries: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>,
) -> Vec<u8> {
    let backend = memory();
    let tree = Tree::build(storage_on(&backend), parameters, entries).expect("a tree");
    if tree.is_empty() {
        // An empty tree is stored with the first edits only.
        let mut leaf = vec![0; 32];
        leaf[..3].copy_from_slice(b"P\x01\x01");
        return with_parameters(&leaf, &parameters);
    }
    record(&backend, tree.root()).to_vec()
}
