//! Encodings of this layer's records: golden bytes, round trips, and every way to damage them.

use prollytree_plugin_api::{Buffer, Hash, Timestamp};

use super::*;
use crate::storage::{Decode, Malformed, RecordBatch};
use crate::tree::Parameters;

fn signature(name: &str, email: &str, time: i64, offset_minutes: i16) -> Signature {
    Signature::new(
        Person::new(name, email).unwrap(),
        Timestamp(time),
        offset_minutes,
    )
}

fn commit() -> Commit {
    Commit {
        root: Hash::of(b"root"),
        aux: None,
        parents: vec![CommitId(Hash::of(b"parent"))],
        generation: 2,
        author: signature("Ada Lovelace", "ada@example.org", 1_700_000_000_000_000, 60),
        committer: signature("Bot", "", 1_700_000_000_000_001, -330),
        message: "Add the first programme\n\nIt computes Bernoulli numbers.\n".to_owned(),
        extra: vec![
            ("seal".to_owned(), b"\0\x01".to_vec()),
            ("zone".to_owned(), Vec::new()),
        ],
    }
}

fn work() -> WorkRecord {
    WorkRecord {
        position: Position::Branch(BranchName::new("feature/x").unwrap()),
        base: Some(CommitId(Hash::of(b"base"))),
        catalog: Hash::of(b"catalog"),
        merge: None,
        previous: Some(Hash::of(b"previous")),
        time: Timestamp(1_700_000_000_000_000),
        action: "flush".to_owned(),
    }
}

fn tag() -> TagRecord {
    TagRecord {
        target: CommitId(Hash::of(b"target")),
        name: TagName::new("v1.0").unwrap(),
        tagger: signature("Ada Lovelace", "ada@example.org", 1_700_000_000_000_000, 0),
        message: "First release\n".to_owned(),
    }
}

/// Bytes as hexadecimal digits, 40 bytes a line.
fn hex(bytes: &[u8]) -> Vec<String> {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap();
    let line = |bytes: &[u8]| {
        bytes
            .iter()
            .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
            .collect()
    };
    bytes.chunks(40).map(line).collect()
}

fn decode<T: Decode>(bytes: &[u8]) -> Result<T, Malformed> {
    T::decode(Buffer::from(bytes))
}

/// Damages an encoding in every way that changes one byte or the length. Whatever is still accepted
/// must be the one encoding of what was read: nothing has two.
fn assert_canonical<T: Decode>(bytes: &[u8], encode: impl Fn(&T) -> Vec<u8>) {
    assert_eq!(encode(&decode(bytes).unwrap()), bytes);
    for length in 0..bytes.len() {
        assert!(
            decode::<T>(&bytes[..length]).is_err(),
            "cut to {length} bytes"
        );
    }
    assert!(
        decode::<T>(&[bytes, b"\0"].concat()).is_err(),
        "one byte too many"
    );
    let mut damaged = bytes.to_vec();
    for index in 0..bytes.len() {
        for value in 0..=255 {
            damaged[index] = value;
            if let Ok(read) = decode(&damaged) {
                assert_eq!(encode(&read), damaged, "byte {index} = {value}");
            }
        }
        damaged[index] = bytes[index];
    }
}

#[test]
fn the_bytes_of_a_commit_are_pinned() {
    let bytes = commit().encode().unwrap();
    assert_eq!(
        hex(&bytes),
        [
            "500301004813494d137e1631bba301d5acab6e7bb7aa74ce1185d456565ef51d737677b200020000",
            "000000000001000000e47125968b3b71049fbc4802d1e40a71ea1359decfabacf70b34588037d4ff",
            "0c00401e18240a06003c000c00416461204c6f76656c6163650f00616461406578616d706c652e6f",
            "726701401e18240a0600b6fe0300426f74000038000000416464207468652066697273742070726f",
            "6772616d6d650a0a497420636f6d7075746573204265726e6f756c6c69206e756d626572732e0a02",
            "00000004007365616c02000000000104007a6f6e6500000000"
        ]
    );
    assert_eq!(
        Hash::of(&bytes).to_string(),
        "3c46f0f2fbb6b5ac2c6ccff247f6bafbde093210c30a67bf3972980665413f39"
    );
    assert_canonical::<Commit>(&bytes, |commit| commit.encode().unwrap());
    let with_aux = Commit {
        aux: Some(Hash::of(b"aux")),
        ..commit()
    };
    assert_canonical::<Commit>(&with_aux.encode().unwrap(), |commit| {
        commit.encode().unwrap()
    });
}

#[test]
fn the_bytes_of_a_work_record_are_pinned() {
    let bytes = work().encode().unwrap();
    assert_eq!(
        hex(&bytes),
        [
            "5005010002000900666561747572652f7801cae662172fd450bb0cd710a769079c05bfc5d8e35efa",
            "6576edc7d0377afdd4a2652f55016243bf1b9f1bbea46d5749ef892dbe394e46de9d66ab1aacf0b4",
            "af5700016da0633528deaa0144e7b058315f0b753ec0b945163a72bf96a0d18180f9de0d00401e18",
            "240a06000500666c757368"
        ]
    );
    assert_canonical::<WorkRecord>(&bytes, |work| work.encode().unwrap());
    let position = Position::Detached(CommitId(Hash::of(b"detached")));
    let detached = WorkRecord {
        position,
        merge: Some(Hash::of(b"merge")),
        ..work()
    };
    assert_canonical::<WorkRecord>(&detached.encode().unwrap(), |work| work.encode().unwrap());
}

#[test]
fn the_bytes_of_a_tag_are_pinned() {
    let bytes = tag().encode().unwrap();
    assert_eq!(
        hex(&bytes),
        [
            "5004010034a04005bcaf206eec990bd9637d9fdb6725e0a0c0d4aebf003f17f4c956eb5c04007631",
            "2e3000401e18240a060000000c00416461204c6f76656c6163650f00616461406578616d706c652e",
            "6f72670e00000046697273742072656c656173650a"
        ]
    );
    assert_canonical::<Tagged>(&bytes, |tagged| match tagged {
        Tagged::Annotated(tag) => tag.encode().unwrap(),
        Tagged::Commit(commit) => commit.encode().unwrap(),
    });
}

fn entry() -> CatalogEntry {
    CatalogEntry {
        attributes: vec![("retention".to_owned(), b"30d".to_vec())],
        ..CatalogEntry::plain(Hash::of(b"root"), Parameters::default())
    }
}

#[test]
fn the_bytes_of_a_catalog_entry_are_pinned() {
    let key = NamespaceKey::plain().encode();
    assert_eq!(key, b"default\0data\0");
    assert_eq!(NamespaceKey::decode(&key).unwrap(), NamespaceKey::plain());
    let bytes = entry().encode().unwrap();
    assert_eq!(
        hex(&bytes),
        [
            "4813494d137e1631bba301d5acab6e7bb7aa74ce1185d456565ef51d737677b20100280001000000",
            "0010000000040000004000000010000000040000004000000008000000000000000000000500706c",
            "61696e01000000010000000900726574656e74696f6e03000000333064"
        ]
    );
    for length in 0..bytes.len() {
        assert!(
            CatalogEntry::decode(&bytes[..length]).is_err(),
            "cut to {length} bytes"
        );
    }
    let mut damaged = bytes.clone();
    for index in 0..bytes.len() {
        for value in 0..=255 {
            damaged[index] = value;
            if let Ok(read) = CatalogEntry::decode(&damaged) {
                assert_eq!(read.encode().unwrap(), damaged, "byte {index} = {value}");
            }
        }
        damaged[index] = bytes[index];
    }
    let large = CatalogEntry {
        attributes: vec![("a".to_owned(), vec![0; 70_000])],
        ..entry()
    };
    assert!(large.encode().is_err());
}

#[test]
fn the_bytes_of_a_store_record_are_pinned() {
    let record = StoreRecord {
        parameters: Parameters::default(),
        default_branch: BranchName::main(),
        created: Timestamp(1_700_000_000_000_000),
    };
    let bytes = record.encode();
    assert_eq!(
        hex(&bytes),
        [
            "50050100010100000028000100000000100000000400000040000000100000000400000040000000",
            "080000000000000000000004006d61696e00401e18240a0600"
        ]
    );
    assert_eq!(
        decode::<StoreFormat>(&bytes).unwrap(),
        StoreFormat::Known(Box::new(record))
    );
    for length in 0..bytes.len() {
        assert!(
            decode::<StoreFormat>(&bytes[..length]).is_err(),
            "cut to {length} bytes"
        );
    }
    let mut damaged = bytes.clone();
    for index in 0..bytes.len() {
        for value in 0..=255 {
            damaged[index] = value;
            if let Ok(StoreFormat::Known(read)) = decode(&damaged) {
                assert_eq!(read.encode(), damaged, "byte {index} = {value}");
            }
        }
        damaged[index] = bytes[index];
    }
}

#[test]
fn a_namespace_is_named_by_text_and_used_as_a_facet() {
    let long = "x".repeat(256);
    for (name, facet) in [
        ("", "data"),
        ("a\0b", "data"),
        ("a\nb", "data"),
        (&long, "data"),
        ("a", ""),
        ("a", "A"),
        ("a", "a b"),
        ("a", &long),
    ] {
        let error = NamespaceKey::new(name, facet).unwrap_err();
        assert!(error.to_string().len() < 300, "{error}");
    }
    for key in [
        &b"a"[..],
        b"a\0",
        b"a\0b",
        b"\0b\0",
        b"a\0\0",
        b"a\0b\0c",
        b"a\0b\0c\0",
        b"\xff\0b\0",
    ] {
        assert!(NamespaceKey::decode(key).is_err(), "{}", key.escape_ascii());
    }
}

#[test]
fn a_ref_below_tags_may_point_to_a_commit() {
    let tagged: Tagged = decode(&commit().encode().unwrap()).unwrap();
    assert_eq!(tagged, Tagged::Commit(Box::new(commit())));
}

#[test]
fn the_links_of_a_commit_are_its_roots_and_parents() {
    let aux = Hash::of(b"aux");
    let commit = Commit {
        aux: Some(aux),
        ..commit()
    };
    assert_eq!(commit.links(), [commit.root, aux, commit.parents[0].0]);
    let mut batch = RecordBatch::new();
    let id = commit.push_to(&mut batch).unwrap();
    assert_eq!(id.0, Hash::of(&commit.encode().unwrap()));
    assert_eq!(batch.records()[0].links, commit.links());
}

#[test]
fn the_links_of_a_work_record_name_each_record_once() {
    let base = CommitId(Hash::of(b"base"));
    let work = WorkRecord {
        position: Position::Detached(base),
        ..work()
    };
    assert_eq!(work.links(), [base.0, work.catalog, Hash::of(b"previous")]);
}

#[test]
fn a_commit_that_breaks_a_rule_is_neither_written_nor_read() {
    let parent = commit().parents[0];
    let field = |name: &str| (name.to_owned(), Vec::new());
    let broken = [
        Commit {
            generation: 0,
            ..commit()
        },
        Commit {
            generation: 1,
            ..commit()
        },
        Commit {
            parents: Vec::new(),
            ..commit()
        },
        Commit {
            parents: vec![parent, parent],
            ..commit()
        },
        Commit {
            message: "a\0b".to_owned(),
            ..commit()
        },
        Commit {
            extra: vec![field("b"), field("a")],
            ..commit()
        },
        Commit {
            extra: vec![field("a"), field("a")],
            ..commit()
        },
        Commit {
            extra: vec![field("")],
            ..commit()
        },
        Commit {
            extra: vec![field("a b")],
            ..commit()
        },
        Commit {
            extra: vec![field(&"x".repeat(256))],
            ..commit()
        },
        Commit {
            message: "x".repeat(33 << 20),
            ..commit()
        },
    ];
    for commit in broken {
        assert!(commit.encode().is_err(), "{:?}", commit.summary());
    }
}

#[test]
fn a_count_beyond_the_record_allocates_nothing() {
    let mut bytes = commit().encode().unwrap();
    let parents = 4 + 32 + 1 + 8;
    bytes[parents..parents + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(decode::<Commit>(&bytes).is_err());
}
