//! Frames: what is appended to the journal as a whole, or not at all.
//!
//! A frame is a fixed part, a *head* of entries under one checksum, and the bodies of its records,
//! each under its own. So a reader can follow the heads alone where the bodies are known to be
//! durable. The checksum covers the frame's place, so that a copy of it elsewhere is no frame.

use crc32fast::Hasher;
use prollytree_plugin_api::{
    Error, ErrorKind, Hash, Kind, MAX_RECORD_SIZE, Record, RefName, Result, Timestamp,
};

use crate::manifest::Fields;

pub(crate) const MAGIC: [u8; 4] = *b"PJF0";
/// The length of the fixed part.
pub(crate) const FIXED: usize = 32;

const RECORD: u8 = 1;
const RENEWAL: u8 = 2;
const DELETION: u8 = 3;
const REF: u8 = 4;
const NO_REF: u8 = 5;
const SEALED: u8 = 6;

/// What is known about a record in a journal. Its body is its bytes followed by its links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) kind: Kind,
    pub(crate) links: u32,
    pub(crate) size: u32,
    pub(crate) renewed: Timestamp,
    pub(crate) crc: u32,
}

impl Meta {
    pub(crate) fn body_len(&self) -> u64 {
        u64::from(self.size) + u64::from(self.links) * Hash::LEN as u64
    }
}

/// One thing that a frame says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A record, whose body follows.
    Record(Hash, Meta),
    /// A record that is there already was stored again.
    Renewal(Hash, Timestamp),
    /// A record was deleted.
    Deletion(Hash),
    /// A ref moved.
    Ref(RefName, Option<Hash>),
    /// The store goes on in the next journal.
    Sealed,
}

/// Where a frame is: the number of its journal and the offset in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) journal: u64,
    pub(crate) offset: u64,
}

/// The fixed part of a frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fixed {
    pub(crate) entries: u32,
    pub(crate) head_len: u32,
    pub(crate) body_len: u64,
    /// The offset up to which the journal was durable when the frame was written.
    pub(crate) synced: u64,
    crc: u32,
}

impl Fixed {
    /// Reads the fixed part; `None` for what is none.
    pub(crate) fn decode(bytes: &[u8; FIXED]) -> Option<Self> {
        let mut fields = Fields(bytes);
        if fields.array()? != MAGIC {
            return None;
        }
        Some(Self {
            entries: fields.u32()?,
            head_len: fields.u32()?,
            body_len: fields.u64()?,
            synced: fields.u64()?,
            crc: fields.u32()?,
        })
    }

    /// The length of the whole frame, if that is a number.
    pub(crate) fn frame_len(&self) -> Option<u64> {
        self.body_len
            .checked_add(FIXED as u64 + u64::from(self.head_len))
    }

    /// Says whether the frame is one of this place, if `head` is the checksum of its head.
    pub(crate) fn is_of(&self, place: Place, head: u32) -> bool {
        let mut crc = checksum(place, &self.encode());
        crc.combine(&Hasher::new_with_initial_len(
            head,
            u64::from(self.head_len),
        ));
        // Nobody knows more than what lies before a frame to be durable.
        self.synced <= place.offset && crc.finalize() == self.crc
    }

    /// Reads the entries; `None` if they are not what was written at this place.
    pub(crate) fn entries(&self, place: Place, head: &[u8]) -> Option<Vec<Entry>> {
        if !self.is_of(place, crc32fast::hash(head)) {
            return None;
        }
        let mut fields = Fields(head);
        let mut entries = Vec::new();
        for _ in 0..self.entries {
            entries.push(decode_entry(&mut fields)?);
        }
        let bodies = entries.iter().map(|entry| match entry {
            Entry::Record(_, meta) => meta.body_len(),
            _ => 0,
        });
        (fields.0.is_empty() && bodies.sum::<u64>() == self.body_len).then_some(entries)
    }

    fn encode(&self) -> [u8; FIXED - 4] {
        let mut out = [0; FIXED - 4];
        out[..4].copy_from_slice(&MAGIC);
        out[4..8].copy_from_slice(&self.entries.to_le_bytes());
        out[8..12].copy_from_slice(&self.head_len.to_le_bytes());
        out[12..20].copy_from_slice(&self.body_len.to_le_bytes());
        out[20..].copy_from_slice(&self.synced.to_le_bytes());
        out
    }
}

/// A frame being put together.
#[derive(Default)]
pub(crate) struct FrameWriter<'a> {
    head: Vec<u8>,
    entries: Vec<Entry>,
    records: Vec<&'a Record<'a>>,
    body_len: u64,
}

impl<'a> FrameWriter<'a> {
    /// Adds a record.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for a record that is larger than the format allows.
    pub(crate) fn record(&mut self, record: &'a Record<'a>, renewed: Timestamp) -> Result<()> {
        let (size, links) = (record.bytes.len(), u32::try_from(record.links.len()));
        let (Ok(size), Ok(links), true) = (u32::try_from(size), links, size <= MAX_RECORD_SIZE)
        else {
            let message = "a record is larger than 64 MiB, or has too many links";
            return Err(Error::new(ErrorKind::INVALID_ARGUMENT, message).with("hash", record.hash));
        };
        let mut crc = Hasher::new();
        crc.update(record.bytes);
        for link in record.links {
            crc.update(link.as_bytes());
        }
        let meta = Meta {
            kind: record.kind,
            links,
            size,
            renewed,
            crc: crc.finalize(),
        };
        self.body_len += meta.body_len();
        self.records.push(record);
        self.push(Entry::Record(record.hash, meta));
        Ok(())
    }

    /// Adds anything but a record.
    pub(crate) fn push(&mut self, entry: Entry) {
        encode_entry(&entry, &mut self.head);
        self.entries.push(entry);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the frame's bytes for this place, and its entries.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for a batch of more than 4 GiB of entries.
    pub(crate) fn finish(self, place: Place, synced: u64) -> Result<(Vec<u8>, Vec<Entry>)> {
        let lengths = (
            u32::try_from(self.entries.len()),
            u32::try_from(self.head.len()),
        );
        let (Ok(entries), Ok(head_len)) = lengths else {
            let message = "a batch has too many records: hand them over in several";
            return Err(Error::new(ErrorKind::INVALID_ARGUMENT, message));
        };
        let mut fixed = Fixed {
            entries,
            head_len,
            body_len: self.body_len,
            synced,
            crc: 0,
        };
        let mut crc = checksum(place, &fixed.encode());
        crc.update(&self.head);
        fixed.crc = crc.finalize();
        let bodies = usize::try_from(self.body_len).expect("the bodies are in memory already");
        let mut out = Vec::with_capacity(FIXED + self.head.len() + bodies);
        out.extend_from_slice(&fixed.encode());
        out.extend_from_slice(&fixed.crc.to_le_bytes());
        out.extend_from_slice(&self.head);
        for record in self.records {
            out.extend_from_slice(record.bytes);
            for link in record.links {
                out.extend_from_slice(link.as_bytes());
            }
        }
        Ok((out, self.entries))
    }
}

/// The checksum of a frame, as far as the head, which follows.
fn checksum(place: Place, fixed: &[u8]) -> Hasher {
    let mut crc = Hasher::new();
    crc.update(&place.journal.to_le_bytes());
    crc.update(&place.offset.to_le_bytes());
    crc.update(fixed);
    crc
}

fn encode_entry(entry: &Entry, out: &mut Vec<u8>) {
    match entry {
        Entry::Record(hash, meta) => {
            out.push(RECORD);
            out.extend_from_slice(hash.as_bytes());
            out.extend_from_slice(&meta.kind.0.to_le_bytes());
            out.extend_from_slice(&meta.links.to_le_bytes());
            out.extend_from_slice(&meta.size.to_le_bytes());
            out.extend_from_slice(&meta.renewed.0.to_le_bytes());
            out.extend_from_slice(&meta.crc.to_le_bytes());
        }
        Entry::Renewal(hash, renewed) => {
            out.push(RENEWAL);
            out.extend_from_slice(hash.as_bytes());
            out.extend_from_slice(&renewed.0.to_le_bytes());
        }
        Entry::Deletion(hash) => {
            out.push(DELETION);
            out.extend_from_slice(hash.as_bytes());
        }
        Entry::Ref(name, value) => {
            let name = name.as_str();
            let len = u16::try_from(name.len()).expect("a ref name has at most 200 bytes");
            out.push(if value.is_some() { REF } else { NO_REF });
            out.extend_from_slice(&len.to_le_bytes());
            out.extend_from_slice(name.as_bytes());
            if let Some(hash) = value {
                out.extend_from_slice(hash.as_bytes());
            }
        }
        Entry::Sealed => out.push(SEALED),
    }
}

fn decode_entry(fields: &mut Fields<'_>) -> Option<Entry> {
    let time = |fields: &mut Fields<'_>| Some(Timestamp(fields.u64()?.cast_signed()));
    Some(match fields.u8()? {
        RECORD => Entry::Record(
            fields.hash()?,
            Meta {
                kind: Kind(fields.u32()?),
                links: fields.u32()?,
                size: fields.u32()?,
                renewed: time(fields)?,
                crc: fields.u32()?,
            },
        ),
        RENEWAL => Entry::Renewal(fields.hash()?, time(fields)?),
        DELETION => Entry::Deletion(fields.hash()?),
        tag @ (REF | NO_REF) => {
            let len = usize::from(fields.u16()?);
            let name = std::str::from_utf8(fields.bytes(len)?).ok()?;
            let value = (tag == REF).then(|| fields.hash());
            let value = match value {
                Some(None) => return None,
                Some(Some(hash)) => Some(hash),
                None => None,
            };
            Entry::Ref(RefName::new(name).ok()?, value)
        }
        SEALED => Entry::Sealed,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place {
        journal: 3,
        offset: 44,
    };

    #[test]
    fn the_bytes_of_a_frame_are_pinned() {
        let link = Hash::of(b"");
        let record = Record::new(Kind::NODE, std::slice::from_ref(&link), b"abc");
        let name = RefName::new("heads/x").unwrap();
        let mut frame = FrameWriter::default();
        frame.record(&record, Timestamp(7)).unwrap();
        frame.push(Entry::Renewal(link, Timestamp(8)));
        frame.push(Entry::Deletion(link));
        frame.push(Entry::Ref(name.clone(), Some(link)));
        frame.push(Entry::Ref(name, None));
        frame.push(Entry::Sealed);
        let (bytes, written) = frame.finish(PLACE, 40).unwrap();

        let mut body = b"abc".to_vec();
        body.extend(link.as_bytes());
        let mut head = vec![1];
        head.extend(record.hash.as_bytes());
        head.extend([1, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
        head.extend(crc32fast::hash(&body).to_le_bytes());
        head.push(2);
        head.extend(link.as_bytes());
        head.extend(8_i64.to_le_bytes());
        head.push(3);
        head.extend(link.as_bytes());
        head.extend(b"\x04\x07\0heads/x");
        head.extend(link.as_bytes());
        head.extend(b"\x05\x07\0heads/x");
        head.push(6);
        let mut expected = b"PJF0\x06\0\0\0".to_vec();
        expected.extend(u32::try_from(head.len()).unwrap().to_le_bytes());
        expected.extend(35_u64.to_le_bytes());
        expected.extend(40_u64.to_le_bytes());
        let mut checked = [3_u64.to_le_bytes(), 44_u64.to_le_bytes()].concat();
        checked.extend(&expected);
        checked.extend(&head);
        expected.extend(crc32fast::hash(&checked).to_le_bytes());
        expected.extend(&head);
        expected.extend(body);
        assert_eq!(bytes, expected);

        let fixed = Fixed::decode(bytes.first_chunk().unwrap()).unwrap();
        let read = fixed.entries(PLACE, &head).unwrap();
        assert_eq!(read, written);
        assert_eq!(fixed.frame_len(), Some(bytes.len() as u64));
    }

    #[test]
    fn a_frame_is_one_only_in_its_place() {
        let mut frame = FrameWriter::default();
        frame.push(Entry::Deletion(Hash::ZERO));
        let (bytes, _) = frame.finish(PLACE, 0).unwrap();
        let fixed = Fixed::decode(bytes.first_chunk().unwrap()).unwrap();
        assert!(fixed.entries(PLACE, &bytes[FIXED..]).is_some());
        for (journal, offset) in [(3, 45), (4, 44)] {
            let elsewhere = Place { journal, offset };
            assert!(fixed.entries(elsewhere, &bytes[FIXED..]).is_none());
        }
    }

    proptest::proptest! {
        /// Under a right checksum, so that the entries themselves are read.
        #[test]
        fn hostile_heads_never_panic(
            head in proptest::collection::vec(0..8_u8, 0..200),
            entries in 0..10_u32,
            body_len in 0..100_u64,
        ) {
            let head_len = u32::try_from(head.len()).unwrap();
            let mut fixed = Fixed { entries, head_len, body_len, synced: 0, crc: 0 };
            let mut crc = checksum(PLACE, &fixed.encode());
            crc.update(&head);
            fixed.crc = crc.finalize();
            let _entries = fixed.entries(PLACE, &head);
        }
    }
}
