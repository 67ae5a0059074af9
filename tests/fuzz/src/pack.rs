//! Any bytes as a pack: refused with a typed error, or read from end to end. Checksums are made right
//! as well, so that a fuzzer gets behind them.

use prollytree_pack::{Pack, PackWriter};
use prollytree_plugin_api::{Error, ErrorKind, Hash, Kind, Record, Timestamp};

use crate::known::known;

const HEADER: usize = 16;
const ENTRY: usize = 64;
const FENCE: usize = 36;
const FOOTER: usize = 48;
/// Entries in a block.
const BLOCK: usize = 64;

pub(crate) fn run(bytes: &[u8]) -> bool {
    let whole = read(bytes);
    let mended = mend(bytes);
    whole | read(&mended)
}

/// Reads everything; says whether nothing was amiss.
fn read(bytes: &[u8]) -> bool {
    match walk(bytes) {
        Ok(()) => true,
        Err(error) => {
            let kind = error.kind();
            let typed = kind == ErrorKind::CORRUPT || kind == ErrorKind::UNSUPPORTED;
            assert!(typed, "an untyped error: {error}");
            false
        }
    }
}

fn walk(bytes: &[u8]) -> Result<(), Error> {
    let pack = Pack::open(bytes)?;
    assert_eq!(pack.size(), bytes.len() as u64);
    assert_eq!(pack.id()?, Hash::of(bytes));
    let mut tiles = true;
    let mut end = HEADER as u64;
    let mut size = 0;
    let mut entries = Vec::new();
    for entry in pack.entries(None) {
        let entry = entry?;
        let body = pack.body(&entry)?;
        assert_eq!(body.len() as u64, entry.body_len());
        tiles &= entry.offset == end;
        end += entry.body_len();
        size += u64::from(entry.size);
        entries.push((entry, body));
    }
    assert_eq!(entries.len() as u64, pack.records());
    for (entry, _) in entries.iter().step_by(7) {
        assert_eq!(
            pack.find(&entry.hash)?,
            Some(*entry),
            "what is listed is found"
        );
        if let Some(next) = pack.entries(Some(&entry.hash)).next() {
            assert!(next?.hash > entry.hash, "a listing goes on behind a hash");
        }
    }
    pack.find(&Hash::ZERO)?;
    // Where bodies lie as a writer lays them, the writer makes the same pack again.
    assert!(
        entries.is_sorted_by(|a, b| a.0.hash < b.0.hash),
        "hashes ascend"
    );
    let bodies_end =
        bytes.len() - FOOTER - FENCE * entries.len().div_ceil(BLOCK) - ENTRY * entries.len();
    if tiles && size == pack.bytes() && end == bodies_end as u64 {
        let mut writer = PackWriter::new(Vec::new())?;
        for (entry, body) in &entries {
            let pushed = writer.push_body(
                &entry.hash,
                entry.kind,
                entry.renewed,
                entry.size as usize,
                body,
            );
            if pushed.is_err() {
                return Ok(());
            }
        }
        let (again, _) = writer.finish()?;
        assert!(again == bytes, "two encodings of one pack");
    }
    Ok(())
}

/// Makes the checksums of a pack right, as far as its parts can be told.
fn mend(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let Some(end) = bytes.len().checked_sub(FOOTER) else {
        return bytes;
    };
    let place = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let (records, index) = (place(u64_at(&bytes, end)), place(u64_at(&bytes, end + 16)));
    let blocks = records.div_ceil(BLOCK);
    let fences = records
        .checked_mul(ENTRY)
        .and_then(|len| len.checked_add(index));
    let fits = fences.is_some_and(|fences| {
        blocks
            .checked_mul(FENCE)
            .and_then(|len| len.checked_add(fences))
            == Some(end)
    });
    if let Some(fences) = fences.filter(|_| fits) {
        for entry in (index..fences).step_by(ENTRY) {
            let offset = place(u64_at(&bytes, entry + 32));
            let len =
                u64::from(u32_at(&bytes, entry + 56)) + 32 * u64::from(u32_at(&bytes, entry + 52));
            let body = offset
                .checked_add(place(len))
                .and_then(|end| bytes.get(offset..end));
            if let Some(crc) = body.map(crc32fast::hash) {
                bytes[entry + 60..entry + 64].copy_from_slice(&crc.to_le_bytes());
            }
        }
        for block in 0..blocks {
            let start = index + block * BLOCK * ENTRY;
            let crc = crc32fast::hash(&bytes[start..fences.min(start + BLOCK * ENTRY)]);
            let fence = fences + block * FENCE;
            bytes[fence + 32..fence + FENCE].copy_from_slice(&crc.to_le_bytes());
        }
        let crc = crc32fast::hash(&bytes[fences..end]);
        bytes[end + 24..end + 28].copy_from_slice(&crc.to_le_bytes());
    }
    let crc = crc32fast::hash(&bytes[end..end + 36]);
    bytes[end + 36..end + 40].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

pub(crate) fn seeds() -> Vec<(String, Vec<u8>)> {
    [0_u32, 1, 3, 70]
        .into_iter()
        .map(|count| (format!("{count}-records"), pack_of(count)))
        .collect()
}

/// A pack of the known commit and of small records.
fn pack_of(count: u32) -> Vec<u8> {
    let known = known();
    let commit = crate::known::record(&known.backend, known.commit.0).to_vec();
    let mut records: Vec<_> = (1..count)
        .map(|number| {
            (
                Kind::BLOB,
                Vec::new(),
                [b"P\x02\0\0", &number.to_le_bytes()[..]].concat(),
            )
        })
        .collect();
    if count > 0 {
        records.push((Kind::COMMIT, vec![known.catalog], commit));
    }
    let mut records: Vec<_> = records
        .into_iter()
        .map(|(kind, links, bytes)| (Hash::of(&bytes), kind, links, bytes))
        .collect();
    records.sort_by_key(|record| record.0);
    let mut writer = PackWriter::new(Vec::new()).expect("memory is written");
    for (hash, kind, links, bytes) in &records {
        let record = Record {
            hash: *hash,
            kind: *kind,
            links,
            bytes,
            shared: None,
        };
        let pushed = writer.push(&record, Timestamp(1_700_000_000_000_000));
        pushed.expect("records ascend");
    }
    writer.finish().expect("memory is written").0
}
