//! Records of a view: finding, reading and listing them, wherever they are.

use std::collections::btree_map;
use std::fs::File;
use std::iter::Peekable;
use std::ops::Bound;
use std::sync::Arc;

use prollytree_pack::Entries;
use prollytree_plugin_api::{Buffer, Hash, Kind, RecordEntry, Result, Slot, Timestamp};

use crate::disk::corrupt;
use crate::frame::Meta;
use crate::view::{OpenPack, State, View};

/// Where a record is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Location {
    /// In the journal, its body at this offset.
    Journal(u64, Meta),
    /// In the pack of this index.
    Pack(usize, prollytree_pack::Entry),
}

impl Location {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Journal(_, meta) => meta.kind,
            Self::Pack(_, entry) => entry.kind,
        }
    }

    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Journal(_, meta) => meta.size as usize,
            Self::Pack(_, entry) => entry.size as usize,
        }
    }

    pub(crate) fn renewed(&self) -> Timestamp {
        match self {
            Self::Journal(_, meta) => meta.renewed,
            Self::Pack(_, entry) => entry.renewed,
        }
    }

    /// Orders reads so that they go through each file forwards.
    fn order(&self) -> (usize, u64) {
        match self {
            Self::Journal(offset, _) => (usize::MAX, *offset),
            Self::Pack(index, entry) => (*index, entry.offset),
        }
    }
}

impl View {
    /// Finds a record. Costs one read of 4 KiB for each pack that is asked.
    pub(crate) fn locate(&self, hash: &Hash) -> Result<Option<Location>> {
        match self.records.get(hash) {
            Some(State::Here(offset, meta)) => return Ok(Some(Location::Journal(*offset, *meta))),
            Some(State::Deleted) => return Ok(None),
            Some(State::Renewed(_)) | None => {}
        }
        // What was stored last is asked for most.
        for (index, pack) in self.packs.iter().enumerate().rev() {
            if let Some(entry) = pack.pack.find(hash)? {
                return Ok(Some(Location::Pack(index, entry)));
            }
        }
        Ok(None)
    }

    /// Returns when a record was stored last, or `None` if it is not there.
    pub(crate) fn age(&self, hash: &Hash) -> Result<Option<Timestamp>> {
        let noted = match self.records.get(hash) {
            Some(State::Here(_, meta)) => return Ok(Some(meta.renewed)),
            Some(State::Deleted) => return Ok(None),
            Some(State::Renewed(time)) => Some(*time),
            None => None,
        };
        let mut age = None;
        for pack in &self.packs {
            age = age.max(pack.pack.find(hash)?.map(|entry| entry.renewed));
        }
        Ok(age.map(|age| noted.map_or(age, |noted| noted.max(age))))
    }

    /// Reads the body of a record: its bytes, then its links.
    pub(crate) fn body(&self, hash: &Hash, location: &Location) -> Result<Vec<u8>> {
        match location {
            Location::Pack(index, entry) => self.packs[*index].pack.body(entry),
            Location::Journal(offset, meta) => {
                let len = usize::try_from(meta.body_len());
                let mut body = vec![0; len.expect("a body was in memory when it was written")];
                self.journal.read(&mut body, *offset)?;
                if crc32fast::hash(&body) != meta.crc {
                    let message = "the checksum of a record in the journal is wrong";
                    return Err(corrupt(message).with("hash", hash));
                }
                Ok(body)
            }
        }
    }

    /// Fills the slot of each hash, or clears it. The bytes are read into buffers of their own.
    pub(crate) fn read(&self, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        let mut wanted = Vec::with_capacity(hashes.len());
        for (index, hash) in hashes.iter().enumerate() {
            match self.locate(hash)? {
                Some(location) => wanted.push((location, index)),
                None => out[index].clear(),
            }
        }
        wanted.sort_unstable_by_key(|(location, index)| (location.order(), *index));
        let mut last: Option<(Hash, Buffer)> = None;
        for (location, index) in wanted {
            let hash = hashes[index];
            let buffer = match &last {
                Some((known, buffer)) if *known == hash => buffer.clone(),
                _ => Buffer::from(self.body(&hash, &location)?).slice(..location.size()),
            };
            out[index].fill(buffer.clone());
            last = Some((hash, buffer));
        }
        Ok(())
    }

    /// Says for each hash whether its record is there.
    pub(crate) fn contains(&self, hashes: &[Hash], out: &mut [bool]) -> Result<()> {
        for (hash, answer) in hashes.iter().zip(out) {
            *answer = self.locate(hash)?.is_some();
        }
        Ok(())
    }

    /// Lists up to `limit` records after `after`, in the order of their hashes.
    pub(crate) fn list(&self, after: Option<&Hash>, limit: usize) -> Result<Vec<RecordEntry>> {
        let page = self.walk(after).take(limit);
        page.map(|found| {
            let (hash, location) = found?;
            Ok(RecordEntry {
                hash,
                kind: location.kind(),
                size: location.size() as u64,
            })
        })
        .collect()
    }

    /// Walks all records after `after`, in the order of their hashes, each once.
    pub(crate) fn walk(&self, after: Option<&Hash>) -> Walk<'_> {
        let from = (
            after.map_or(Bound::Unbounded, Bound::Excluded),
            Bound::Unbounded,
        );
        let all = self.packs.iter().enumerate();
        Walk::new(self, all, self.records.range::<Hash, _>(from), after)
    }

    /// Walks the records of some packs that are not deleted and not in the journal anyway.
    pub(crate) fn walk_packs(&self, chosen: &[usize]) -> Walk<'_> {
        let packs = chosen.iter().map(|&index| (index, &self.packs[index]));
        Walk::new(self, packs, btree_map::Range::default(), None)
    }
}

/// Records in the order of their hashes, merged from packs and journal.
pub(crate) struct Walk<'a> {
    view: &'a View,
    packs: Vec<(usize, Peekable<Entries<'a, File>>)>,
    journal: Peekable<btree_map::Range<'a, Hash, State>>,
}

impl<'a> Walk<'a> {
    fn new(
        view: &'a View,
        packs: impl Iterator<Item = (usize, &'a Arc<OpenPack>)>,
        journal: btree_map::Range<'a, Hash, State>,
        after: Option<&Hash>,
    ) -> Self {
        let entries = |(index, open): (usize, &'a Arc<OpenPack>)| {
            (index, open.pack.entries(after).peekable())
        };
        Self {
            view,
            packs: packs.map(entries).collect(),
            journal: journal.peekable(),
        }
    }

    /// Takes the next hash from all packs that have it, and returns where it is, as young as the
    /// youngest.
    fn next_in_packs(&mut self) -> Option<Result<Location>> {
        let mut least: Option<Hash> = None;
        for (_, entries) in &mut self.packs {
            match entries.peek() {
                Some(Ok(entry)) => least = Some(least.map_or(entry.hash, |l| l.min(entry.hash))),
                Some(Err(_)) => return entries.next()?.err().map(Err),
                None => {}
            }
        }
        let least = least?;
        let mut found: Option<(usize, prollytree_pack::Entry)> = None;
        for (index, entries) in &mut self.packs {
            let same = |entry: &Result<prollytree_pack::Entry>| {
                entry.as_ref().is_ok_and(|entry| entry.hash == least)
            };
            if let Some(Ok(mut entry)) = entries.next_if(same) {
                if let Some((_, other)) = found {
                    entry.renewed = entry.renewed.max(other.renewed);
                }
                found = Some((*index, entry));
            }
        }
        found.map(|(index, entry)| Ok(Location::Pack(index, entry)))
    }

    fn peek_packs(&mut self) -> Option<Hash> {
        let heads = self.packs.iter_mut().filter_map(|(_, entries)| {
            let head = entries.peek()?;
            Some(head.as_ref().map_or(Hash::ZERO, |entry| entry.hash))
        });
        heads.min()
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<(Hash, Location)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let packed = self.peek_packs();
            if let Some((&hash, state)) = self.journal.peek().copied()
                && packed.is_none_or(|packed| hash <= packed)
            {
                self.journal.next();
                // A pack that has it too is passed over below, by what the journal says of it.
                if let State::Here(offset, meta) = state {
                    return Some(Ok((hash, Location::Journal(*offset, *meta))));
                }
                continue;
            }
            let mut location = match self.next_in_packs()? {
                Ok(location) => location,
                Err(error) => return Some(Err(error)),
            };
            let Location::Pack(_, entry) = &mut location else {
                continue;
            };
            match self.view.records.get(&entry.hash) {
                Some(State::Here(..) | State::Deleted) => continue,
                Some(State::Renewed(time)) => entry.renewed = entry.renewed.max(*time),
                None => {}
            }
            return Some(Ok((entry.hash, location)));
        }
    }
}
