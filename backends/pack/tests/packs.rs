//! What is written to a pack is read from it, and damage is found and never a panic.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::collections::BTreeMap;

use prollytree_pack::{Pack, PackWriter, Written};
use prollytree_plugin_api::{ErrorKind, Hash, Kind, Record, Result, Timestamp};
use proptest::prelude::*;

fn write(contents: &BTreeMap<Hash, Vec<u8>>) -> (Vec<u8>, Written) {
    let mut writer = PackWriter::new(Vec::new()).unwrap();
    for (number, (hash, bytes)) in contents.iter().enumerate() {
        let links = vec![Hash::of(b"link"); number % 3];
        let record = Record {
            hash: *hash,
            kind: Kind(u32::try_from(number % 5).unwrap()),
            links: &links,
            bytes,
            shared: None,
        };
        let renewed = Timestamp(i64::try_from(number).unwrap() - 1);
        writer.push(&record, renewed).unwrap();
    }
    writer.finish().unwrap()
}

fn contents(count: u32) -> BTreeMap<Hash, Vec<u8>> {
    let content = |number: u32| number.to_le_bytes().repeat((number % 40) as usize);
    (0..count)
        .map(content)
        .map(|bytes| (Hash::of(&bytes), bytes))
        .collect()
}

/// Reads everything there is to read.
fn walk(bytes: &[u8], wanted: &BTreeMap<Hash, Vec<u8>>) -> Result<usize> {
    let pack = Pack::open(bytes)?;
    let mut read = 0;
    for entry in pack.entries(None) {
        read += pack.body(&entry?)?.len();
    }
    for hash in wanted.keys() {
        if let Some(entry) = pack.find(hash)? {
            read += pack.body(&entry)?.len();
        }
    }
    Ok(read)
}

#[test]
fn every_record_is_found_and_no_other() {
    for count in [0, 1, 2, 63, 64, 65, 1000] {
        let contents = contents(count);
        let (bytes, written) = write(&contents);
        let pack = Pack::open(&*bytes).unwrap();
        assert_eq!(pack.records(), contents.len() as u64);
        assert_eq!(
            pack.bytes(),
            contents.values().map(|b| b.len() as u64).sum::<u64>()
        );
        assert_eq!(pack.size(), bytes.len() as u64);
        assert_eq!((written.id, written.size), (Hash::of(&bytes), pack.size()));
        assert_eq!(pack.id().unwrap(), written.id);
        for (number, (hash, content)) in contents.iter().enumerate() {
            let entry = pack.find(hash).unwrap().unwrap();
            let body = pack.body(&entry).unwrap();
            assert_eq!(&body[..content.len()], content);
            assert_eq!(
                body[content.len()..],
                *Hash::of(b"link").as_bytes().repeat(number % 3)
            );
            assert_eq!(entry.renewed.0, i64::try_from(number).unwrap() - 1);
            assert_eq!(entry.kind.0 as usize, number % 5);
        }
        for absent in [Hash::ZERO, Hash::new([255; 32]), Hash::of(b"absent")] {
            assert_eq!(pack.find(&absent).unwrap(), None);
        }
    }
}

#[test]
fn a_listing_begins_after_any_hash() {
    let contents = contents(300);
    let (bytes, _) = write(&contents);
    let pack = Pack::open(bytes).unwrap();
    let cursors = contents.keys().copied().step_by(7);
    for after in cursors.chain([Hash::ZERO, Hash::new([255; 32]), Hash::of(b"between")]) {
        let listed: Vec<_> = pack
            .entries(Some(&after))
            .map(|entry| entry.unwrap().hash)
            .collect();
        let expected: Vec<_> = contents
            .keys()
            .copied()
            .filter(|hash| *hash > after)
            .collect();
        assert_eq!(listed, expected);
    }
}

#[test]
fn records_out_of_order_are_refused() {
    let mut writer = PackWriter::new(Vec::new()).unwrap();
    let record = Record::new(Kind::NODE, &[], b"once");
    writer.push(&record, Timestamp(0)).unwrap();
    let error = writer.push(&record, Timestamp(0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::INVALID_ARGUMENT);
}

#[test]
fn the_bytes_of_a_pack_are_pinned() {
    let mut writer = PackWriter::new(Vec::new()).unwrap();
    let link = Hash::of(b"");
    let record = Record::new(Kind::NODE, std::slice::from_ref(&link), b"abc");
    writer.push(&record, Timestamp(7)).unwrap();
    let (bytes, written) = writer.finish().unwrap();
    let mut expected = b"PROLPACK\x01\0\0\0\0\0\0\0abc".to_vec();
    expected.extend(link.as_bytes());
    let body_crc = crc32fast::hash(&expected[16..]);
    let index = expected.len();
    expected.extend(record.hash.as_bytes());
    expected.extend(16_u64.to_le_bytes());
    expected.extend(7_i64.to_le_bytes());
    expected.extend([1, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0]);
    expected.extend(body_crc.to_le_bytes());
    let block_crc = crc32fast::hash(&expected[index..]);
    let fences = expected.len();
    expected.extend(record.hash.as_bytes());
    expected.extend(block_crc.to_le_bytes());
    let fences_crc = crc32fast::hash(&expected[fences..]);
    let footer = expected.len();
    expected.extend(
        [1_u64, 3, index as u64]
            .iter()
            .flat_map(|n| n.to_le_bytes()),
    );
    expected.extend(fences_crc.to_le_bytes());
    expected.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend(crc32fast::hash(&expected[footer..]).to_le_bytes());
    expected.extend(b"PROLPEND");
    assert_eq!(bytes, expected);
    let golden = "390aab48b68a55a1a38f226d7f33e1870ac1ed8ad5decc7aaf15de6785937fe6";
    assert_eq!(written.id.to_string(), golden);
}

#[test]
fn a_flipped_bit_is_found_wherever_it_is() {
    let contents = contents(70);
    let (bytes, _) = write(&contents);
    walk(&bytes, &contents).unwrap();
    for position in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[position] ^= 1 << (position % 8);
        let error = walk(&damaged, &contents).unwrap_err();
        let kinds = [ErrorKind::CORRUPT, ErrorKind::UNSUPPORTED];
        assert!(kinds.contains(&error.kind()), "{position}: {error}");
    }
}

#[test]
fn a_pack_cut_at_any_length_is_refused() {
    let (bytes, _) = write(&contents(70));
    for len in 0..bytes.len() {
        let error = Pack::open(&bytes[..len]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CORRUPT, "{len}");
    }
}

#[test]
fn an_unknown_version_is_named() {
    for (version, remedy) in [(9, "use a newer one"), (0, "before the format was final")] {
        let (mut bytes, _) = write(&contents(1));
        bytes[8] = version;
        let error = Pack::open(bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UNSUPPORTED);
        let message = error.message();
        assert!(message.contains(&format!("format version {version}")));
        assert!(message.contains(remedy), "{message}");
    }
}

proptest! {
    #[test]
    fn any_records_come_back(all in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..200)) {
        let contents: BTreeMap<_, _> = all.into_iter().map(|bytes| (Hash::of(&bytes), bytes)).collect();
        let (bytes, _) = write(&contents);
        let pack = Pack::open(bytes).unwrap();
        let read: BTreeMap<_, _> = pack.entries(None).map(|entry| {
            let entry = entry.unwrap();
            let mut body = pack.body(&entry).unwrap();
            body.truncate(entry.size as usize);
            (entry.hash, body)
        }).collect();
        prop_assert_eq!(read, contents);
    }

    /// With valid checksums over nonsense, so that more than the checksums is tried.
    #[test]
    fn hostile_bytes_never_panic(
        mut bytes in prop::collection::vec(any::<u8>(), 0..400),
        records in 0_u64..4,
        index in any::<u64>(),
        near in any::<bool>(),
    ) {
        let blocks = usize::from(records > 0);
        let index = if near { 16 + index % 64 } else { index };
        let head = b"PROLPACK\0\0\0\0\0\0\0\0";
        bytes.splice(..bytes.len().min(16), *head);
        if near {
            let entries = usize::try_from(records).unwrap() * 64;
            bytes.resize(usize::try_from(index).unwrap() + entries, 1);
            if blocks > 0 {
                let block = bytes[usize::try_from(index).unwrap()..].to_vec();
                bytes.extend(&block[..32]);
                bytes.extend(crc32fast::hash(&block).to_le_bytes());
            }
        }
        let fences_crc = crc32fast::hash(&bytes[bytes.len().saturating_sub(36 * blocks)..]);
        let mut footer = Vec::new();
        footer.extend([records, 0, index].iter().flat_map(|n| n.to_le_bytes()));
        footer.extend(fences_crc.to_le_bytes());
        footer.extend([0; 8]);
        footer.extend(crc32fast::hash(&footer).to_le_bytes());
        bytes.extend(footer);
        bytes.extend(b"PROLPEND");
        let wanted = contents(3);
        let _read = walk(&bytes, &wanted);
    }
}

/// Makes the checksums of the fences and of the footer right again.
fn mend(bytes: &mut [u8], fences: usize) {
    let end = bytes.len() - 48;
    let crc = crc32fast::hash(&bytes[fences..end]);
    bytes[end + 24..end + 28].copy_from_slice(&crc.to_le_bytes());
    let crc = crc32fast::hash(&bytes[end..end + 36]);
    bytes[end + 36..end + 40].copy_from_slice(&crc.to_le_bytes());
}

#[test]
fn a_fence_that_is_not_where_its_block_begins_is_found_out() {
    let contents = contents(200);
    let (bytes, _) = write(&contents);
    let fences = bytes.len() - 48 - 4 * 36;
    let hashes: Vec<&Hash> = contents.keys().collect();
    // The second block begins with the record 64; its fence says that it begins later or earlier.
    for (record, lie) in [(hashes[65], hashes[65]), (hashes[63], hashes[63])] {
        let mut forged = bytes.clone();
        forged[fences + 36..fences + 68].copy_from_slice(lie.as_bytes());
        mend(&mut forged, fences);
        let pack = Pack::open(&*forged).unwrap();
        assert_eq!(pack.find(record).unwrap_err().kind(), ErrorKind::CORRUPT);
        let listed = pack.entries(None).find_map(Result::err).unwrap();
        assert_eq!(listed.kind(), ErrorKind::CORRUPT);
    }
}

#[test]
fn a_reserved_field_that_is_not_zero_is_refused() {
    let (mut bytes, _) = write(&contents(3));
    let end = bytes.len() - 48;
    bytes[end + 32] = 1;
    mend(&mut bytes, end - 36);
    let error = Pack::open(&*bytes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CORRUPT);
}
