//! Faults of records and batches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use prollytree_plugin_api::{Buffer, Error, ErrorKind, Hash, NodeStorage, Record, Result, Slot};

use crate::fault::{CALL, Fault};

/// Counts a shared buffer up and never down.
#[derive(Default)]
pub(crate) struct LeaksSharedBuffers;

impl Fault for LeaksSharedBuffers {
    fn put_many(&self, base: &dyn NodeStorage, records: &[Record<'_>]) -> Result<()> {
        for shared in records.iter().filter_map(|record| record.shared) {
            std::mem::forget(shared.clone());
        }
        base.put_many(&CALL, records)
    }
}

#[derive(Default)]
pub(crate) struct ForgetsTheLast;

impl Fault for ForgetsTheLast {
    fn put_many(&self, base: &dyn NodeStorage, records: &[Record<'_>]) -> Result<()> {
        let kept = if records.len() > 1 {
            records.len() - 1
        } else {
            records.len()
        };
        base.put_many(&CALL, &records[..kept])
    }
}

/// A cache with too short a key.
#[derive(Default)]
pub(crate) struct ConfusesHashes(Mutex<BTreeMap<[u8; 2], Buffer>>);

impl Fault for ConfusesHashes {
    fn get_many(&self, base: &dyn NodeStorage, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        base.get_many(&CALL, hashes, out)?;
        let mut cache = self.0.lock().unwrap();
        for (hash, slot) in hashes.iter().zip(out) {
            let key = [hash.as_bytes()[0], hash.as_bytes()[1]];
            if let Some(buffer) = slot.take() {
                slot.fill(cache.entry(key).or_insert(buffer).clone());
            }
        }
        Ok(())
    }
}

#[derive(Default)]
pub(crate) struct LeavesOldBuffers;

impl Fault for LeavesOldBuffers {
    fn get_many(&self, base: &dyn NodeStorage, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        let mut fresh = Slot::empty(out.len());
        base.get_many(&CALL, hashes, &mut fresh)?;
        for (slot, fresh) in out.iter_mut().zip(&mut fresh) {
            if let Some(buffer) = fresh.take() {
                slot.fill(buffer);
            }
        }
        Ok(())
    }
}

/// Answers through a map from hash to position, which keeps one position only.
#[derive(Default)]
pub(crate) struct AnswersOnce;

impl Fault for AnswersOnce {
    fn get_many(&self, base: &dyn NodeStorage, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        base.get_many(&CALL, hashes, out)?;
        let mut seen = BTreeSet::new();
        for (hash, slot) in hashes.iter().zip(out) {
            if !seen.insert(hash) {
                slot.clear();
            }
        }
        Ok(())
    }
}

#[derive(Default)]
pub(crate) struct EmptyIsAbsent;

impl Fault for EmptyIsAbsent {
    fn get_many(&self, base: &dyn NodeStorage, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        base.get_many(&CALL, hashes, out)?;
        for slot in out
            .iter_mut()
            .filter(|slot| slot.bytes().is_some_and(<[u8]>::is_empty))
        {
            slot.clear();
        }
        Ok(())
    }
}

#[derive(Default)]
pub(crate) struct RefusesLarge;

impl Fault for RefusesLarge {
    fn put_many(&self, base: &dyn NodeStorage, records: &[Record<'_>]) -> Result<()> {
        if records.iter().any(|record| record.bytes.len() > 16 << 20) {
            return Err(Error::new(
                ErrorKind::INVALID_ARGUMENT,
                "the record is too large",
            ));
        }
        base.put_many(&CALL, records)
    }
}

#[derive(Default)]
pub(crate) struct IgnoresLengths;

impl Fault for IgnoresLengths {
    fn get_many(&self, base: &dyn NodeStorage, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        let count = hashes.len().min(out.len());
        base.get_many(&CALL, &hashes[..count], &mut out[..count])
    }
}

/// A filter that is never told of deletions.
#[derive(Default)]
pub(crate) struct ContainsForever(Mutex<BTreeSet<Hash>>);

impl Fault for ContainsForever {
    fn put_many(&self, base: &dyn NodeStorage, records: &[Record<'_>]) -> Result<()> {
        self.0
            .lock()
            .unwrap()
            .extend(records.iter().map(|record| record.hash));
        base.put_many(&CALL, records)
    }

    fn contains_many(&self, _: &dyn NodeStorage, hashes: &[Hash], out: &mut [bool]) -> Result<()> {
        let seen = self.0.lock().unwrap();
        for (hash, out) in hashes.iter().zip(out) {
            *out = seen.contains(hash);
        }
        Ok(())
    }
}

/// Checks links against what was there before the batch.
#[derive(Default)]
pub(crate) struct DemandsLinksBefore;

impl Fault for DemandsLinksBefore {
    fn put_many(&self, base: &dyn NodeStorage, records: &[Record<'_>]) -> Result<()> {
        let links: Vec<Hash> = records
            .iter()
            .flat_map(|record| record.links)
            .copied()
            .collect();
        let mut there = vec![false; links.len()];
        base.contains_many(&CALL, &links, &mut there)?;
        if there.contains(&false) {
            return Err(Error::new(
                ErrorKind::INVALID_ARGUMENT,
                "a link leads nowhere",
            ));
        }
        base.put_many(&CALL, records)
    }
}

/// Looks at everything that a record reaches, one call deeper for each link.
#[derive(Default)]
pub(crate) struct FollowsLinks;

fn follow(links: &BTreeMap<Hash, &[Hash]>, hash: &Hash) -> usize {
    // As much as a careless function keeps on the stack.
    let frame = std::hint::black_box([0_u8; 4096]);
    let below = links.get(hash).into_iter().copied().flatten();
    below.map(|link| follow(links, link)).sum::<usize>() + frame.len()
}

impl Fault for FollowsLinks {
    fn put_many(&self, base: &dyn NodeStorage, records: &[Record<'_>]) -> Result<()> {
        let links = records
            .iter()
            .map(|record| (record.hash, record.links))
            .collect();
        if let Some(last) = records.last() {
            std::hint::black_box(follow(&links, &last.hash));
        }
        base.put_many(&CALL, records)
    }
}

/// Takes an error of reading for absence.
#[derive(Default)]
pub(crate) struct ErrorIsAbsent;

impl Fault for ErrorIsAbsent {
    fn get_many(&self, base: &dyn NodeStorage, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        if base.get_many(&CALL, hashes, out).is_err() {
            out.iter_mut().for_each(Slot::clear);
        }
        Ok(())
    }
}
