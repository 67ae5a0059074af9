//! The fields that records and proofs are made of: fixed-width little-endian numbers, hashes, and
//! bytes behind their length. Reading never trusts a length and never allocates more than is there.

use prollytree_plugin_api::{Hash, Timestamp};

use super::Malformed;

/// Appends fields to a record.
pub(crate) trait PutFields {
    fn put_u8(&mut self, value: u8);
    fn put_u16(&mut self, value: u16);
    fn put_u32(&mut self, value: u32);
    fn put_u64(&mut self, value: u64);
    fn put_i16(&mut self, value: i16);
    fn put_time(&mut self, value: Timestamp);
    fn put_hash(&mut self, value: &Hash);
    /// One byte that says whether a hash follows, and the hash.
    fn put_optional_hash(&mut self, value: Option<&Hash>);
    /// A `u16` length and the bytes. The caller has checked that the length fits.
    fn put_short(&mut self, value: &[u8]);
    /// A `u32` count of what follows. The caller has checked that it fits.
    fn put_count(&mut self, count: usize);
    /// A `u32` length and the bytes. The caller has checked that the length fits.
    fn put_long(&mut self, value: &[u8]);
}

impl PutFields for Vec<u8> {
    fn put_u8(&mut self, value: u8) {
        self.push(value);
    }

    fn put_u16(&mut self, value: u16) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_u32(&mut self, value: u32) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_u64(&mut self, value: u64) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_i16(&mut self, value: i16) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_time(&mut self, value: Timestamp) {
        self.extend_from_slice(&value.0.to_le_bytes());
    }

    fn put_hash(&mut self, value: &Hash) {
        self.extend_from_slice(value.as_bytes());
    }

    fn put_optional_hash(&mut self, value: Option<&Hash>) {
        self.put_u8(u8::from(value.is_some()));
        if let Some(hash) = value {
            self.put_hash(hash);
        }
    }

    fn put_short(&mut self, value: &[u8]) {
        self.put_u16(u16::try_from(value.len()).expect("the caller checked the length"));
        self.extend_from_slice(value);
    }

    fn put_count(&mut self, count: usize) {
        self.put_u32(u32::try_from(count).expect("the caller checked the count"));
    }

    fn put_long(&mut self, value: &[u8]) {
        self.put_count(value.len());
        self.extend_from_slice(value);
    }
}

/// Takes fields off the front of a record.
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Fails if anything is left.
    pub(crate) fn end(self) -> Result<(), Malformed> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Malformed::new(format!(
                "{} bytes follow its last field",
                self.rest.len()
            )))
        }
    }

    pub(crate) fn u8(&mut self, field: &str) -> Result<u8, Malformed> {
        Ok(self.array::<1>(field)?[0])
    }

    pub(crate) fn u16(&mut self, field: &str) -> Result<u16, Malformed> {
        self.array(field).map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self, field: &str) -> Result<u32, Malformed> {
        self.array(field).map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self, field: &str) -> Result<u64, Malformed> {
        self.array(field).map(u64::from_le_bytes)
    }

    pub(crate) fn i16(&mut self, field: &str) -> Result<i16, Malformed> {
        self.array(field).map(i16::from_le_bytes)
    }

    pub(crate) fn time(&mut self, field: &str) -> Result<Timestamp, Malformed> {
        self.array(field)
            .map(|bytes| Timestamp(i64::from_le_bytes(bytes)))
    }

    pub(crate) fn hash(&mut self, field: &str) -> Result<Hash, Malformed> {
        self.array(field).map(Hash::new)
    }

    /// A byte that is 0 or 1.
    pub(crate) fn flag(&mut self, field: &str) -> Result<bool, Malformed> {
        match self.u8(field)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(Malformed::new(format!("its {field} flag is {other}"))),
        }
    }

    pub(crate) fn optional_hash(&mut self, field: &str) -> Result<Option<Hash>, Malformed> {
        self.flag(field)?.then(|| self.hash(field)).transpose()
    }

    pub(crate) fn short(&mut self, field: &str) -> Result<&'a [u8], Malformed> {
        let length = self.u16(field)?;
        self.take(usize::from(length), field)
    }

    pub(crate) fn long(&mut self, field: &str) -> Result<&'a [u8], Malformed> {
        let length = self.u32(field)?;
        self.take(usize::try_from(length).unwrap_or(usize::MAX), field)
    }

    pub(crate) fn short_text(&mut self, field: &str) -> Result<String, Malformed> {
        text(self.short(field)?, field)
    }

    pub(crate) fn long_text(&mut self, field: &str) -> Result<String, Malformed> {
        text(self.long(field)?, field)
    }

    /// A `u32` count of items that take at least `least` bytes each.
    pub(crate) fn count(&mut self, least: usize, field: &str) -> Result<usize, Malformed> {
        let count = usize::try_from(self.u32(field)?).unwrap_or(usize::MAX);
        if count > self.rest.len() / least {
            return Err(ends_inside(field));
        }
        Ok(count)
    }

    fn take(&mut self, length: usize, field: &str) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or_else(|| ends_inside(field))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, field: &str) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self
            .rest
            .split_first_chunk()
            .ok_or_else(|| ends_inside(field))?;
        self.rest = rest;
        Ok(*taken)
    }
}

fn text(bytes: &[u8], field: &str) -> Result<String, Malformed> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(Malformed::new(format!("its {field} is not UTF-8"))),
    }
}

fn ends_inside(field: &str) -> Malformed {
    Malformed::new(format!("it ends inside its {field}"))
}
