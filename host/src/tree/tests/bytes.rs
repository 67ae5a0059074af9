//! The bytes of nodes: golden, canonical, and refused when they are not.

use prollytree_plugin_api::Buffer;
use proptest::prelude::*;

use super::super::entries::Entries;
use super::super::node::{Child, Totals};
use super::super::value::{BlobRef, Cell};
use super::*;
use crate::storage::Decode;

const FINGERPRINT: [u8; 8] = *b"finger..";

fn leaf(entries: &[(&[u8], Cell<'_>)]) -> Vec<u8> {
    let mut node = Entries::new(0);
    for (key, cell) in entries {
        node.push_cell(key, cell);
    }
    node.content().node(FINGERPRINT).encoded().to_vec()
}

fn internal(entries: &[(&[u8], u64, u64)]) -> Vec<u8> {
    let mut node = Entries::new(3);
    for &(key, entries, bytes) in entries {
        let child = Child {
            hash: Hash::of(key),
            totals: Totals { entries, bytes },
        };
        node.push_child(key, child);
    }
    node.content().node(FINGERPRINT).encoded().to_vec()
}

fn decode(bytes: &[u8]) -> std::result::Result<Node, String> {
    Node::decode(Buffer::from(bytes)).map_err(|reason| reason.to_string())
}

/// Encodes what a decoded node holds.
fn encode_again(node: &Node) -> Vec<u8> {
    let mut entries = Entries::new(node.level());
    for index in 0..node.len() {
        if node.is_leaf() {
            entries.push_cell(&node.key(index).to_key(), &node.cell(index));
        } else {
            entries.push_child(&node.key(index).to_key(), node.child(index));
        }
    }
    entries
        .content()
        .node(node.fingerprint())
        .encoded()
        .to_vec()
}

fn blob(len: u64) -> Cell<'static> {
    Cell::Blob(BlobRef {
        hash: Hash::of(&len.to_le_bytes()),
        len,
    })
}

/// One node of each form that the columns can take.
fn samples() -> Vec<Vec<u8>> {
    let inline = |value| Cell::Inline(value);
    let long_keys = [
        vec![b'k'; 40_000],
        [vec![b'k'; 40_000], vec![0; 25_000]].concat(),
    ];
    let long_value = vec![1; 70_000];
    vec![
        leaf(&[]),
        leaf(&[(b"", inline(b""))]),
        leaf(&[(b"only", inline(b"value"))]),
        leaf(&[(b"key-1", inline(b"one")), (b"key-2", inline(b"two"))]),
        leaf(&[
            (b"", inline(b"")),
            (b"\0", inline(b"1")),
            (b"\0\0", inline(b"22")),
        ]),
        leaf(&[
            (b"a/12345678tail", inline(b"x")),
            (b"a/12345678tail+", inline(b"longer")),
        ]),
        leaf(&[
            (b"a", blob(5_000)),
            (b"b", inline(b"in")),
            (b"c", blob(5_000)),
            (b"d", blob(6_000)),
        ]),
        leaf(&[(b"aa", blob(3_000)), (b"ab", blob(4_000))]),
        leaf(&[(b"1", inline(&long_value)), (b"22", inline(b""))]),
        leaf(&[(&long_keys[0], inline(b"")), (&long_keys[1], inline(b"x"))]),
        internal(&[(b"only", 1, 0)]),
        internal(&[(b"m", 12, 3_000), (b"z", 300, 70_000)]),
        internal(&[(b"key/aaaaaaaaaa", 1 << 20, 1 << 40), (b"key/b", 7, 7)]),
    ]
}

#[test]
fn a_leaf_has_the_bytes_that_the_format_says() {
    let bytes = leaf(&[
        (b"key-1", Cell::Inline(b"one")),
        (b"key-20", Cell::Inline(b"two")),
    ]);
    let expected: Vec<u8> = [
        &b"P\x01\x01\x00"[..],              // header
        b"finger..",                        // fingerprint
        b"\x00\x02\x00\x00",                // level, key width, cell width, extra
        b"\x02\x00\x00\x00",                // count
        b"\x04\x00\x00\x00",                // prefix length, reserved
        b"\x00\x00\x00\x00",                // key size: no tails
        b"\x03\x00\x00\x00",                // cell size
        b"1\0\0\0\0\0\0\x0020\0\0\0\0\0\0", // heads
        b"\x01\x02",                        // head lengths
        b"\x00\x00\x00\x00",                // tail ends
        b"key-",                            // prefix
        b"onetwo",                          // cells
    ]
    .concat();
    assert_eq!(bytes, expected);
}

#[test]
fn an_internal_node_has_the_bytes_that_the_format_says() {
    let bytes = internal(&[(b"k/aaaaaaaa.", 12, 3_000), (b"k/bbbbbbbb.", 300, 70_000)]);
    let expected: Vec<u8> = [
        &b"P\x01\x01\x00finger.."[..],
        b"\x03\x00\x02\x04", // level, key width, count width, byte count width
        b"\x02\x00\x00\x00", // count
        b"\x02\x00\x00\x00", // prefix length, reserved
        b"\x09\x00\x00\x00", // key size
        b"\x00\x00\x00\x00", // cell size
        b"aaaaaaaabbbbbbbb", // heads
        b"\x0c\x00\x2c\x01", // entry counts
        b"\xb8\x0b\x00\x00\x70\x11\x01\x00", // byte counts
        Hash::of(b"k/aaaaaaaa.").as_bytes(),
        Hash::of(b"k/bbbbbbbb.").as_bytes(),
        b"k/", // prefix
        b"..", // tails
    ]
    .concat();
    assert_eq!(bytes, expected);
}

#[test]
fn every_form_of_a_node_is_read_back() {
    for bytes in samples() {
        let node = decode(&bytes).unwrap();
        assert_eq!(encode_again(&node), bytes);
        for index in 0..node.len() {
            let key = node.key(index).to_key();
            assert_eq!(node.find(&key), Some(index));
            assert_eq!(node.lower_bound(&[&key[..], b"\0"].concat()), index + 1);
        }
    }
}

#[test]
fn a_changed_node_is_refused_or_means_something_else() {
    for bytes in samples().into_iter().filter(|bytes| bytes.len() < 1_000) {
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                if let Ok(node) = decode(&changed) {
                    assert_eq!(encode_again(&node), changed, "byte {at} of {bytes:?}");
                }
            }
        }
    }
}

#[test]
fn a_node_that_was_cut_or_extended_is_refused() {
    for bytes in samples().into_iter().filter(|bytes| bytes.len() < 1_000) {
        for len in 0..bytes.len() {
            assert!(decode(&bytes[..len]).is_err(), "{len} bytes of {bytes:?}");
        }
        assert!(decode(&[&bytes[..], &[0]].concat()).is_err());
    }
}

#[test]
fn a_node_says_why_it_is_refused() {
    let bytes = leaf(&[
        (b"key-1", Cell::Inline(b"one")),
        (b"key-2", Cell::Inline(b"two")),
    ]);
    let with = |at: usize, new: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at..at + new.len()].copy_from_slice(new);
        decode(&bytes).unwrap_err()
    };
    assert_eq!(with(1, &[2]), "it is a blob and not a node");
    assert_eq!(
        with(12, &[65]),
        "it is on a higher level than a tree can have"
    );
    assert_eq!(with(16, &[3]), "its length is not what its fields say");
    assert_eq!(with(22, &[1]), "reserved bytes are not zero");
    assert_eq!(with(32, b"3"), "keys are not in ascending order");
    assert_eq!(with(32, b"2"), "keys are not in ascending order");
    assert_eq!(with(33, &[1]), "a key's head is padded with something");
}

#[test]
fn columns_wider_than_needed_and_children_without_entries_are_refused() {
    let narrow = leaf(&[
        (b"key-1", Cell::Inline(b"one")),
        (b"key-20", Cell::Inline(b"two")),
    ]);
    let (heads_end, tail_ends) = (50, 50..54);
    assert_eq!((narrow[13], &narrow[tail_ends.clone()]), (2, &[0; 4][..]));
    let mut wide = [&narrow[..heads_end], &[0; 8], &narrow[tail_ends.end..]].concat();
    wide[13] = 4;
    assert_eq!(
        decode(&wide).unwrap_err(),
        "ends are wider than they need to be"
    );
    let barren = internal(&[(b"a", 3, 30), (b"b", 0, 0)]);
    assert_eq!(decode(&barren).unwrap_err(), "a child has no entries");
}

#[test]
fn lengths_whose_sum_is_beyond_all_bounds_are_refused() {
    let mut bytes = leaf(&[(b"key", blob(5_000))]);
    let length = bytes.len() - 8;
    bytes[length..].copy_from_slice(&u64::MAX.to_le_bytes());
    assert_eq!(
        decode(&bytes).unwrap_err(),
        "its totals are beyond all bounds"
    );
}

proptest! {
    /// Several bytes at once may agree with each other where one alone would not.
    #[test]
    fn whatever_is_accepted_is_canonical(
        entries in prop::collection::btree_map(
            prop::collection::vec(0_u8..3, 0..12),
            prop_oneof![prop::collection::vec(any::<u8>(), 0..4), Just(vec![b'v'; 40])],
            1..5,
        ),
        level in 0_u8..2,
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..12), 1..5),
    ) {
        let mut node = Entries::new(level);
        for (key, value) in &entries {
            let entries = value.len() as u64 + 1;
            let child = Child { hash: Hash::of(value), totals: Totals { entries, bytes: 900 } };
            match level {
                0 => node.push_cell(key, &Cell::Inline(value)),
                _ => node.push_child(key, child),
            }
        }
        let mut bytes = node.content().node(FINGERPRINT).encoded().to_vec();
        for (at, byte) in changes {
            // Most of what has to agree comes before the values and hashes.
            let at = at.index(bytes.len().min(80) - 12) + 12;
            bytes[at] = byte;
        }
        if let Ok(node) = decode(&bytes) {
            prop_assert_eq!(encode_again(&node), bytes);
        }
    }
}

#[test]
fn parameters_are_read_back_and_nothing_else_is() {
    for parameters in [Parameters::default(), tiny(), small()] {
        let bytes = parameters.encode();
        assert_eq!(Parameters::decode(&bytes).unwrap(), parameters);
        assert!(Parameters::decode(&bytes[1..]).is_err());
        for at in 0..bytes.len() {
            let mut changed = bytes;
            changed[at] ^= 0xff;
            if let Ok(other) = Parameters::decode(&changed) {
                assert_eq!(other.encode(), changed);
                assert_ne!(other, parameters);
            }
        }
    }
}

#[test]
fn roots_are_the_ones_that_they_always_were() {
    let (_, storage) = new_storage();
    let mut map: Map = (0..2_000_u32)
        .map(|n| {
            (
                format!("key/{n:06}").into_bytes(),
                vec![b'v'; n as usize % 100],
            )
        })
        .collect();
    map.insert(b"large".to_vec(), vec![0; 100_000]);
    map.insert(vec![], b"the empty key".to_vec());
    let root = |parameters, map: &Map| build(&storage, parameters, map).root().to_string();
    let roots = [
        root(Parameters::default(), &Map::new()),
        root(Parameters::default(), &map),
        root(tiny(), &map),
        root(small(), &map),
    ];
    let expected = [
        "2b28efe369277260df71406dc2ad7c7c8e238c0bf2c3e6613765135bc7dbf44a",
        "7e61b53820f13af94dff0eab170dd9854befdcbb214d24820d4b080bfea20c59",
        "18f9c68321a08d5e58676f62e71f1099a326b8fa0af14f9809a3de90d1382ce0",
        "4c858df892e50592861cd30c7516073e3d8cc797618f547ecfae6954c80d17bd",
    ];
    assert_eq!(roots, expected);
}
