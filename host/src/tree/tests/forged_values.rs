//! Lists of values that no writer makes.

use std::io::{Read, Seek, SeekFrom};

use prollytree_plugin_api::Kind;

use super::super::value::MAX_WHOLE;
use super::value::noise;
use super::*;
use crate::storage::StorageError;

/// Records of values, made by hand.
struct Forge {
    storage: Storage,
    batch: RecordBatch,
}

impl Forge {
    fn record(&mut self, level: u8, content: &[u8]) -> Hash {
        let bytes = [b"P\x02\x01\x00", &[level][..], content].concat();
        self.batch.push(Kind::BLOB, vec![], bytes)
    }

    /// Makes a piece that ends a list, or one that does not.
    fn piece(&mut self, len: usize, ends: bool) -> BlobRef {
        let seeds = 0..;
        let mut hashes = seeds.map(|seed| self.record(0, &noise(len, seed)));
        let hash = hashes
            .find(|hash| (hash.as_bytes()[0] == 0) == ends)
            .unwrap();
        let len = len as u64;
        BlobRef { hash, len }
    }

    fn list(&mut self, level: u8, entries: &[BlobRef]) -> BlobRef {
        let content: Vec<u8> = entries.iter().flat_map(|entry| entry.to_bytes()).collect();
        let hash = self.record(level, &content);
        let lens = entries.iter().map(|entry| entry.len);
        let len = lens.fold(0, u64::saturating_add);
        BlobRef { hash, len }
    }

    /// Reads a value, and says whether that was possible.
    fn is_read(&self, value: BlobRef) -> bool {
        self.storage.put(&self.batch).unwrap();
        match ValueReader::of_blob(&self.storage, value).and_then(ValueReader::read_all) {
            Ok(read) => {
                assert_eq!(read.len() as u64, value.len);
                true
            }
            Err(
                TreeError::Inconsistent { .. } | TreeError::Storage(StorageError::Corrupt { .. }),
            ) => false,
            Err(error) => panic!("{error}"),
        }
    }
}

fn forge() -> Forge {
    let (_, storage) = new_storage();
    let batch = RecordBatch::new();
    Forge { storage, batch }
}

#[test]
fn a_forged_list_is_an_error() {
    let mut forge = forge();
    let piece = forge.piece(200_000, false);
    let six = [piece; 6];
    let honest = forge.list(1, &six);
    let longer = BlobRef {
        len: honest.len + 1,
        ..honest
    };
    let lying = BlobRef {
        len: piece.len + 1,
        ..piece
    };
    let empty = BlobRef { len: 0, ..piece };
    let endless = BlobRef {
        len: u64::MAX,
        ..piece
    };
    let too_long = forge.piece(262_145, false);
    let short = forge.piece(16_383, false);
    let cases = [
        ("honest", honest, true),
        ("another sum", longer, false),
        (
            "lengths that are not those of its pieces",
            forge.list(1, &[lying; 6]),
            false,
        ),
        (
            "an empty list",
            BlobRef {
                len: honest.len,
                ..forge.list(1, &[])
            },
            false,
        ),
        (
            "an empty piece",
            forge.list(1, &[&six[..], &[empty]].concat()),
            false,
        ),
        ("too many entries", forge.list(1, &vec![piece; 1025]), false),
        (
            "lengths beyond all bounds",
            forge.list(1, &[endless; 2]),
            false,
        ),
        ("a level too high", forge.list(17, &six), false),
        ("pieces where lists should be", forge.list(2, &six), false),
        (
            "lists where pieces should be",
            forge.list(1, &[honest; 2]),
            false,
        ),
        (
            "pieces that are too long",
            forge.list(1, &[too_long; 6]),
            false,
        ),
        (
            "a short piece before others",
            forge.list(1, &[&[short], &six[..]].concat()),
            false,
        ),
        (
            "a short piece at the end",
            forge.list(1, &[&six[..], &[short]].concat()),
            true,
        ),
    ];
    for (what, value, right) in cases {
        assert_eq!(forge.is_read(value), right, "{what}");
    }
    for (what, level, content, len) in [
        ("half an entry", 1, &[0; 60][..], 1_200_000),
        (
            "bytes too long for one record",
            0,
            &vec![7; MAX_WHOLE + 1],
            MAX_WHOLE + 1,
        ),
        ("a list for a short value", 1, &piece.to_bytes(), 200_000),
    ] {
        let hash = forge.record(level, content);
        let len = len as u64;
        assert!(!forge.is_read(BlobRef { hash, len }), "{what}");
    }
    let hash = forge
        .batch
        .push(Kind::BLOB, vec![], b"P\x02\x01\x00".to_vec());
    assert!(!forge.is_read(BlobRef { hash, len: 0 }), "no level");
}

#[test]
fn lists_end_where_the_rule_ends_them() {
    let mut forge = forge();
    let (piece, end) = (forge.piece(40_000, false), forge.piece(40_000, true));
    let (short, short_end) = (forge.piece(100, false), forge.piece(100, true));
    let list = |forge: &mut Forge, count: usize, last: BlobRef| {
        forge.list(1, &[&vec![piece; count - 1][..], &[last]].concat())
    };
    let full = list(&mut forge, 32, end);
    let largest = list(&mut forge, 1024, piece);
    let early = list(&mut forge, 31, end);
    let open = list(&mut forge, 40, piece);
    let cut_short = list(&mut forge, 32, short_end);
    let rest = list(&mut forge, 1, short);
    let behind_end = forge.list(1, &[&vec![piece; 31][..], &[end, piece]].concat());
    let pairs = forge.list(2, &[full, full]);
    let cases = [
        (
            "ended and followed",
            forge.list(2, &[full, largest, rest]),
            true,
        ),
        (
            "ended by the value",
            forge.list(2, &[full, cut_short]),
            true,
        ),
        ("going on behind an end", behind_end, false),
        ("the only list", forge.list(2, &[full]), false),
        (
            "followed before its end",
            forge.list(2, &[early, rest]),
            false,
        ),
        (
            "followed without an end",
            forge.list(2, &[open, rest]),
            false,
        ),
        (
            "followed behind a short piece",
            forge.list(2, &[cut_short, rest]),
            false,
        ),
        (
            "lists of two that are followed",
            forge.list(3, &[pairs, pairs]),
            false,
        ),
    ];
    for (what, value, right) in cases {
        assert_eq!(forge.is_read(value), right, "{what}");
    }
}

/// A list that repeats one piece claims a value that no memory holds.
#[test]
fn a_value_that_does_not_fit_into_memory_is_read_in_parts() {
    let mut forge = forge();
    let mut value = forge.piece(1 << 18, false);
    for level in 1..=4 {
        value = forge.list(level, &vec![value; 1024]);
        assert!(
            value.hash.as_bytes()[0] != 0,
            "no list ends before its last entry"
        );
    }
    forge.storage.put(&forge.batch).unwrap();
    let reader = || ValueReader::of_blob(&forge.storage, value).unwrap();
    let mut parts = reader();
    parts.seek(SeekFrom::End(-3)).unwrap();
    let mut end = Vec::new();
    parts.read_to_end(&mut end).unwrap();
    assert_eq!(end.len(), 3);
    parts.rewind().unwrap();
    assert_eq!(parts.next_part().unwrap().unwrap().len(), 1 << 18);
    let error = reader().read_all().unwrap_err();
    assert!(matches!(error, TreeError::ValueTooLarge { len } if len == value.len));
}
