//! What the authors of the tests wrote: a backend and an embedder that show what arrived.

use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;

use crate::{
    BatchSize, Buffer, Call, Capabilities, Embedder, EmbedderInfo, Error, ErrorKind, Hash, Kind,
    NodeStorage, Record, RecordEntry, RefName, RefUpdate, Report, Result, Slot, Stats, StorageInfo,
    Swap, Timestamp, Unit,
};

/// Answers with what shows that the arguments arrived; an odd hash is not there.
pub(super) struct Echo {
    location: String,
    heard: Mutex<Vec<String>>,
}

impl Echo {
    pub(super) fn new(location: String) -> Self {
        Self {
            location,
            heard: Mutex::new(Vec::new()),
        }
    }

    fn hear(&self, text: String) {
        self.heard.lock().unwrap().push(text);
    }
}

impl NodeStorage for Echo {
    fn info(&self) -> StorageInfo {
        StorageInfo {
            name: "echo".to_owned(),
            version: "1.0.0".to_owned(),
            capabilities: Capabilities::LIST | Capabilities::READ_ONLY,
            batch: BatchSize {
                records: 3,
                bytes: 1 << 40,
            },
            location: self.location.clone(),
            operations: vec!["shout".to_owned()],
        }
    }

    fn get_many(&self, call: &Call<'_>, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        call.check()?;
        for (hash, slot) in hashes.iter().zip(out) {
            match hash.as_bytes()[0] {
                odd if odd % 2 == 1 => slot.clear(),
                _ => slot.fill(Buffer::from(hash.as_bytes().to_vec())),
            }
        }
        Ok(())
    }

    fn contains_many(&self, _call: &Call<'_>, hashes: &[Hash], out: &mut [bool]) -> Result<()> {
        assert!(out.iter().all(|flag| !flag), "flags arrive clear");
        for (hash, flag) in hashes.iter().zip(out) {
            *flag = hash.as_bytes()[0] % 2 == 0;
        }
        Ok(())
    }

    fn put_many(&self, _call: &Call<'_>, records: &[Record<'_>]) -> Result<()> {
        self.hear(format!("{records:?}"));
        Ok(())
    }

    fn delete_many(
        &self,
        _call: &Call<'_>,
        hashes: &[Hash],
        not_younger_than: Timestamp,
    ) -> Result<u64> {
        assert_eq!(not_younger_than, Timestamp(-7));
        Ok(hashes.len() as u64)
    }

    fn list(
        &self,
        _call: &Call<'_>,
        after: Option<&Hash>,
        limit: usize,
    ) -> Result<Vec<RecordEntry>> {
        let hash = after.copied().unwrap_or(Hash::ZERO);
        Ok(vec![RecordEntry {
            hash,
            kind: Kind(77),
            size: limit as u64,
        }])
    }

    fn get_ref(&self, _call: &Call<'_>, name: &RefName) -> Result<Option<Hash>> {
        Ok((name.as_str() != "heads/none").then(|| Hash::of(name.as_str().as_bytes())))
    }

    fn list_refs(
        &self,
        _call: &Call<'_>,
        prefix: &str,
        after: Option<&RefName>,
        limit: usize,
    ) -> Result<Vec<(RefName, Hash)>> {
        let after = after.map_or("-", RefName::as_str);
        let name = format!("heads/{prefix}/{}/{limit}", after.replace('/', "_"));
        Ok(vec![(RefName::new(&name)?, Hash::ZERO)])
    }

    fn compare_and_swap_ref(&self, _call: &Call<'_>, update: &RefUpdate) -> Result<Swap> {
        self.hear(format!("{update:?}"));
        Ok(Swap::Lost {
            name: update.name.clone(),
            current: update.expected,
        })
    }

    fn commit(
        &self,
        _call: &Call<'_>,
        records: &[Record<'_>],
        updates: &[RefUpdate],
    ) -> Result<Swap> {
        self.hear(format!("{records:?} {updates:?}"));
        Ok(Swap::Done)
    }

    fn sync(&self, call: &Call<'_>) -> Result<()> {
        let left = call.remaining().expect("the test sets a deadline");
        assert!(
            left <= Duration::from_mins(1) && left > Duration::from_secs(1),
            "{left:?}"
        );
        panic!("sync of {}", self.location)
    }

    fn stats(&self, _call: &Call<'_>) -> Result<Stats> {
        Ok(Stats::default().with(
            "heard",
            Unit::COUNT,
            self.heard.lock().unwrap().len() as u64,
        ))
    }

    fn maintain(&self, _call: &Call<'_>, operation: &str, args: &Report) -> Result<Report> {
        let mut report = args.clone();
        report.insert("operation".to_owned(), operation.into());
        report.insert("heard".to_owned(), json!(*self.heard.lock().unwrap()));
        Ok(report)
    }

    fn close(&self) -> Result<()> {
        Err(Error::new(ErrorKind::LOCKED, "busy")
            .with("holder", "pid 7")
            .with("path", "/x")
            .retryable()
            .with_source(&std::io::Error::other("deep")))
    }
}

/// Embeds a text as its length, twice.
pub(super) struct Lengths;

impl Embedder for Lengths {
    fn info(&self) -> EmbedderInfo {
        EmbedderInfo {
            id: "lengths".to_owned(),
            version: "v1".to_owned(),
            dimensions: 2,
            max_input: None,
            normalized: false,
        }
    }

    fn embed_many(&self, _call: &Call<'_>, texts: &[&str], out: &mut [f32]) -> Result<()> {
        for (text, vector) in texts.iter().zip(out.chunks_exact_mut(2)) {
            vector.fill(f32::from(u16::try_from(text.len()).unwrap()));
        }
        Ok(())
    }
}
