//! Where the parts of a journal lie, as far as its lengths can be believed; and checksums made right.

use std::ops::Range;

/// The length of the part before the first frame.
pub(super) const HEADER: usize = 44;
/// The length of the fixed part of a frame.
const FIXED: usize = 32;
pub(super) const RECORD: u8 = 1;
pub(super) const RENEWAL: u8 = 2;
pub(super) const DELETION: u8 = 3;
pub(super) const REF: u8 = 4;
pub(super) const NO_REF: u8 = 5;
pub(super) const SEALED: u8 = 6;

/// Bytes that look like a frame and are all there.
pub(super) struct Frame {
    pub(super) start: usize,
    pub(super) head: Range<usize>,
    pub(super) end: usize,
    pub(super) entries: Vec<Entry>,
    /// Whether the entries are what the lengths say.
    pub(super) is_sound: bool,
}

/// One entry of a head.
pub(super) struct Entry {
    pub(super) tag: u8,
    /// Its fields, without the tag.
    pub(super) fields: Range<usize>,
    /// Where its body should be; empty unless it is a record.
    pub(super) body: Range<usize>,
}

/// Looks for a frame at one place.
pub(super) fn frame(bytes: &[u8], start: usize) -> Option<Frame> {
    let fixed = bytes.get(start..)?.get(..FIXED)?;
    let head_len = usize::try_from(u32_at(fixed, 8)).ok()?;
    let body_len = usize::try_from(u64_at(fixed, 12)).ok()?;
    let head = start + FIXED..(start + FIXED).checked_add(head_len)?;
    let end = head.end.checked_add(body_len)?;
    if !fixed.starts_with(b"PJF0") || end > bytes.len() {
        return None;
    }
    let (mut at, mut body) = (head.start, head.end);
    let mut entries = Vec::new();
    for _ in 0..u32_at(fixed, 4) {
        let Some(entry) = entry(&bytes[..head.end], at, body) else {
            break;
        };
        (at, body) = (entry.fields.end, entry.body.end);
        entries.push(entry);
    }
    let all = entries.len() as u64 == u64::from(u32_at(fixed, 4));
    Some(Frame {
        start,
        is_sound: all && at == head.end && body == end,
        head,
        end,
        entries,
    })
}

fn entry(bytes: &[u8], at: usize, body: usize) -> Option<Entry> {
    let tag = *bytes.get(at)?;
    let named = || {
        let len = bytes.get(at + 1..at + 3)?;
        Some(2 + usize::from(u16::from_le_bytes([len[0], len[1]])))
    };
    let len = match tag {
        RECORD => 56,
        RENEWAL => 40,
        DELETION => 32,
        REF => named()? + 32,
        NO_REF => named()?,
        SEALED => 0,
        _ => return None,
    };
    let fields = at + 1..at + 1 + len;
    let inside = bytes.get(fields.clone())?;
    let body_len = if tag == RECORD {
        let (links, size) = (u32_at(inside, 36), u32_at(inside, 40));
        usize::try_from(u64::from(size) + 32 * u64::from(links)).ok()?
    } else {
        0
    };
    Some(Entry {
        tag,
        fields,
        body: body..body.checked_add(body_len)?,
    })
}

impl Frame {
    /// The checksum of its place, its fixed part and its head.
    pub(super) fn checksum(&self, bytes: &[u8], number: u64) -> u32 {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&number.to_le_bytes());
        crc.update(&(self.start as u64).to_le_bytes());
        crc.update(&bytes[self.start..self.start + FIXED - 4]);
        crc.update(&bytes[self.head.clone()]);
        crc.finalize()
    }

    /// Where its checksum is.
    pub(super) fn checked(&self) -> usize {
        self.head.start - 4
    }

    pub(super) fn synced(&self, bytes: &[u8]) -> u64 {
        u64_at(bytes, self.start + 20)
    }
}

/// The frames without gaps from the first on.
pub(super) fn frames(bytes: &[u8]) -> Vec<Frame> {
    let next = |before: &Frame| frame(bytes, before.end);
    std::iter::successors(frame(bytes, HEADER), next).collect()
}

/// Makes the checksums of a journal right. One that is 0 stays, so that there can be damage before
/// something whole.
pub(super) fn mend(bytes: &mut [u8], number: u64) {
    if bytes.len() >= HEADER {
        mend_field(bytes, HEADER - 4, |bytes| {
            crc32fast::hash(&bytes[..HEADER - 4])
        });
    }
    for frame in frames(bytes) {
        for entry in &frame.entries {
            if entry.tag == RECORD && entry.body.end <= frame.end {
                let body = entry.body.clone();
                mend_field(bytes, entry.fields.end - 4, |bytes| {
                    crc32fast::hash(&bytes[body])
                });
            }
        }
        mend_field(bytes, frame.checked(), |bytes| {
            frame.checksum(bytes, number)
        });
    }
}

/// Makes the checksum at one place right, unless it is 0.
pub(super) fn mend_field(bytes: &mut [u8], at: usize, crc: impl FnOnce(&[u8]) -> u32) {
    if u32_at(bytes, at) != 0 {
        let crc = crc(bytes);
        bytes[at..at + 4].copy_from_slice(&crc.to_le_bytes());
    }
}

/// Makes a real journal one that is the same whenever it is made: its store's id and all times.
pub(super) fn settle(bytes: &mut [u8], store: [u8; 16], time: i64) {
    bytes[16..32].copy_from_slice(&store);
    for frame in frames(bytes) {
        for entry in &frame.entries {
            let at = match entry.tag {
                RECORD => entry.fields.start + 44,
                RENEWAL => entry.fields.start + 32,
                _ => continue,
            };
            bytes[at..at + 8].copy_from_slice(&time.to_le_bytes());
        }
    }
    let number = u64_at(bytes, 32);
    mend(bytes, number);
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}
