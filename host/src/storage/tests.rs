//! The storage layer over a scripted backend that counts calls, fails on demand and can lie.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use prollytree_plugin_api::{
    BatchSize, Buffer, Call, Capabilities, Error, ErrorKind, Hash, Kind, NodeStorage, Record,
    RefName, RefUpdate, Result, Slot, StorageInfo, Swap,
};

use super::*;

#[derive(Default)]
struct Scripted {
    records: Mutex<HashMap<Hash, Vec<u8>>>,
    refs: Mutex<BTreeMap<RefName, Hash>>,
    /// Errors for the next calls; a call takes one before it does anything.
    before: Mutex<VecDeque<Error>>,
    /// Errors for the next commits, returned after the commit has happened.
    after_commit: Mutex<VecDeque<Error>>,
    calls: Mutex<Vec<String>>,
}

impl Scripted {
    fn called(&self, what: String) -> Result<()> {
        self.calls.lock().push(what);
        self.before.lock().pop_front().map_or(Ok(()), Err)
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock())
    }
}

impl NodeStorage for Scripted {
    fn info(&self) -> StorageInfo {
        StorageInfo {
            name: "scripted".into(),
            version: "1".into(),
            capabilities: Capabilities::ATOMIC_COMMIT,
            batch: BatchSize {
                records: 4,
                bytes: 1000,
            },
            location: "nowhere".into(),
            operations: vec![],
        }
    }

    fn get_many(&self, _: &Call<'_>, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        self.called(format!("get {}", hashes.len()))?;
        let records = self.records.lock();
        for (hash, slot) in hashes.iter().zip(out) {
            match records.get(hash) {
                Some(bytes) => slot.fill(Buffer::from(bytes.as_slice())),
                None => slot.clear(),
            }
        }
        Ok(())
    }

    fn contains_many(&self, _: &Call<'_>, hashes: &[Hash], out: &mut [bool]) -> Result<()> {
        let records = self.records.lock();
        for (hash, present) in hashes.iter().zip(out) {
            *present = records.contains_key(hash);
        }
        Ok(())
    }

    fn put_many(&self, _: &Call<'_>, records: &[Record<'_>]) -> Result<()> {
        self.called(format!("put {}", records.len()))?;
        for record in records {
            self.records
                .lock()
                .insert(record.hash, record.bytes.to_vec());
        }
        Ok(())
    }

    fn get_ref(&self, _: &Call<'_>, name: &RefName) -> Result<Option<Hash>> {
        Ok(self.refs.lock().get(name).copied())
    }

    fn list_refs(
        &self,
        _: &Call<'_>,
        prefix: &str,
        after: Option<&RefName>,
        limit: usize,
    ) -> Result<Vec<(RefName, Hash)>> {
        self.called("list refs".into())?;
        let refs = self.refs.lock();
        let wanted = refs.iter().filter(|(name, _)| {
            name.as_str().starts_with(prefix) && after.is_none_or(|after| *name > after)
        });
        Ok(wanted
            .take(limit)
            .map(|(name, hash)| (name.clone(), *hash))
            .collect())
    }

    fn compare_and_swap_ref(&self, call: &Call<'_>, update: &RefUpdate) -> Result<Swap> {
        self.commit(call, &[], std::slice::from_ref(update))
    }

    fn commit(&self, _: &Call<'_>, records: &[Record<'_>], updates: &[RefUpdate]) -> Result<Swap> {
        self.called(format!("commit {} {}", records.len(), updates.len()))?;
        let mut refs = self.refs.lock();
        for update in updates {
            let current = refs.get(&update.name).copied();
            if current != update.expected {
                return Ok(Swap::Lost {
                    name: update.name.clone(),
                    current,
                });
            }
        }
        for RefUpdate { name, new, .. } in updates {
            match new {
                Some(hash) => drop(refs.insert(name.clone(), *hash)),
                None => drop(refs.remove(name)),
            }
        }
        for record in records {
            self.records
                .lock()
                .insert(record.hash, record.bytes.to_vec());
        }
        self.after_commit
            .lock()
            .pop_front()
            .map_or(Ok(Swap::Done), Err)
    }

    fn sync(&self, _: &Call<'_>) -> Result<()> {
        Ok(())
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

/// A record of the tests: a header and any text.
#[derive(Debug)]
struct Text(Buffer);

impl Decode for Text {
    const KIND: Kind = Kind::META;

    fn decode(bytes: Buffer) -> Result<Self, Malformed> {
        read_header(&bytes, Self::KIND, 0)?;
        Ok(Self(bytes.slice(HEADER_LEN..)))
    }

    fn weight(&self) -> usize {
        self.0.len()
    }
}

fn text(content: &str) -> Vec<u8> {
    [&header(Kind::META, 0)[..], content.as_bytes()].concat()
}

fn batch(contents: &[&str]) -> (RecordBatch, Vec<Hash>) {
    let mut batch = RecordBatch::new();
    let hashes = contents
        .iter()
        .map(|content| batch.push(Kind::META, vec![], text(content)))
        .collect();
    (batch, hashes)
}

fn opened() -> (Arc<Scripted>, Storage) {
    let backend = Arc::new(Scripted::default());
    (
        Arc::clone(&backend),
        Storage::new(backend, StorageOptions::default()),
    )
}

fn failing(kind: ErrorKind) -> Error {
    Error::new(kind, "scripted")
}

fn moving(name: &str, expected: Option<Hash>, new: Option<Hash>) -> RefUpdate {
    RefUpdate {
        name: RefName::new(name).unwrap(),
        expected,
        new,
    }
}

#[test]
fn absent_corrupt_and_failed_are_three_things() {
    let (backend, storage) = opened();
    let (records, hashes) = batch(&["a", "b"]);
    storage.put(&records).unwrap();

    let absent = Hash::of(b"absent");
    assert!(storage.try_load::<Text>(&absent).unwrap().is_none());
    let missing = storage.load::<Text>(&absent).unwrap_err();
    assert!(matches!(missing, StorageError::Missing { hash, .. } if hash == absent));

    backend.records.lock().get_mut(&hashes[0]).unwrap()[5 - 1] ^= 1;
    let corrupt = storage.try_load::<Text>(&hashes[0]).unwrap_err();
    assert!(matches!(corrupt, StorageError::Corrupt { hash, .. } if hash == hashes[0]));

    backend.before.lock().push_back(failing(ErrorKind::IO));
    let failed = storage.try_load::<Text>(&hashes[1]).unwrap_err();
    assert_eq!(failed.backend_kind(), Some(ErrorKind::IO));
    assert_eq!(
        failed.to_string(),
        "scripted at nowhere: read a record: scripted"
    );
}

#[test]
fn a_record_of_another_kind_or_version_is_named_and_one_that_is_none_is_corrupt() {
    let (_, storage) = opened();
    let mut records = RecordBatch::new();
    let node = records.push(Kind::NODE, vec![], header(Kind::NODE, 0).to_vec());
    let newer = records.push(Kind::META, vec![], header(Kind::META, 9).to_vec());
    let short = records.push(Kind::META, vec![], vec![b'P']);
    storage.put(&records).unwrap();
    let error = |hash| storage.load::<Text>(hash).unwrap_err();
    assert!(matches!(
        error(&node),
        StorageError::OtherKind {
            expected: Kind::META,
            found: Kind::NODE,
            ..
        }
    ));
    assert!(
        error(&node)
            .to_string()
            .contains(" is a node and not a meta; ")
    );
    assert!(matches!(
        error(&newer),
        StorageError::OtherVersion {
            found: 9,
            known: 0,
            ..
        }
    ));
    let said = error(&newer).to_string();
    assert!(
        said.ends_with("; the version that wrote it reads it"),
        "{said}"
    );
    let StorageError::Corrupt { reason, .. } = error(&short) else {
        panic!("it is no record");
    };
    assert!(reason.contains("shorter than a header"));
}

#[test]
fn a_record_is_read_from_the_backend_once() {
    let (backend, storage) = opened();
    let (records, hashes) = batch(&["a"]);
    storage.put(&records).unwrap();
    backend.calls();
    for _ in 0..3 {
        assert_eq!(&*storage.load::<Text>(&hashes[0]).unwrap().0, b"a");
    }
    assert_eq!(backend.calls(), ["get 1"]);
}

#[test]
fn absence_is_not_remembered() {
    let (_, storage) = opened();
    let (records, hashes) = batch(&["late"]);
    assert!(storage.try_load::<Text>(&hashes[0]).unwrap().is_none());
    storage.put(&records).unwrap();
    assert!(storage.try_load::<Text>(&hashes[0]).unwrap().is_some());
}

#[test]
fn the_cache_forgets_rather_than_grow() {
    let backend = Arc::new(Scripted::default());
    let options = StorageOptions {
        cache_bytes: 4096,
        ..StorageOptions::default()
    };
    let storage = Storage::new(Arc::clone(&backend) as _, options);
    let contents: Vec<String> = (0..200).map(|i| format!("{i:0100}")).collect();
    let (records, hashes) = batch(&contents.iter().map(String::as_str).collect::<Vec<_>>());
    storage.put(&records).unwrap();
    for hash in hashes.iter().chain(&hashes) {
        storage.load::<Text>(hash).unwrap();
    }
    let gets = backend
        .calls()
        .iter()
        .filter(|call| call.starts_with("get"))
        .count();
    assert!(
        gets > 350,
        "at most 20 of 200 records fit, yet only {gets} of 400 loads were reads"
    );
}

#[test]
fn loading_many_keeps_the_order_and_asks_once_for_what_is_not_cached() {
    let (backend, storage) = opened();
    let (records, hashes) = batch(&["a", "b", "c"]);
    storage.put(&records).unwrap();
    storage.load::<Text>(&hashes[1]).unwrap();
    backend.calls();
    let asked = [hashes[2], hashes[0], hashes[1], hashes[2]];
    let texts = storage.load_many::<Text>(&asked).unwrap();
    let texts: Vec<&[u8]> = texts.iter().map(|text| &*text.0).collect();
    assert_eq!(texts, [b"c", b"a", b"b", b"c"]);
    assert_eq!(backend.calls(), ["get 2"]);

    let absent = Hash::of(b"absent");
    let missing = storage.load_many::<Text>(&[hashes[0], absent]).unwrap_err();
    assert!(matches!(missing, StorageError::Missing { hash, .. } if hash == absent));
}

#[test]
fn what_may_pass_is_tried_again_but_not_for_ever() {
    let (backend, storage) = opened();
    let (records, hashes) = batch(&["a"]);
    storage.put(&records).unwrap();
    backend.calls();

    backend
        .before
        .lock()
        .extend([failing(ErrorKind::UNAVAILABLE).retryable()]);
    storage.load::<Text>(&hashes[0]).unwrap();
    assert_eq!(backend.calls().len(), 2);

    backend
        .before
        .lock()
        .extend((0..9).map(|_| failing(ErrorKind::UNAVAILABLE).retryable()));
    storage.try_load::<Text>(&Hash::of(b"other")).unwrap_err();
    assert_eq!(backend.calls().len(), 4, "one try and three retries");
    backend.before.lock().clear();

    backend.before.lock().push_back(failing(ErrorKind::IO));
    storage.try_load::<Text>(&Hash::of(b"other")).unwrap_err();
    assert_eq!(
        backend.calls().len(),
        1,
        "an error for good is not tried again"
    );
}

#[test]
fn a_commit_whose_answer_was_lost_has_happened() {
    let (backend, storage) = opened();
    let (records, hashes) = batch(&["a"]);
    backend
        .after_commit
        .lock()
        .push_back(failing(ErrorKind::TIMEOUT).retryable());
    let update = moving("heads/main", None, Some(hashes[0]));
    assert_eq!(
        storage
            .commit(&records, std::slice::from_ref(&update))
            .unwrap(),
        Swap::Done
    );
    assert_eq!(backend.calls().len(), 2);
    // The same again is a lost race: the ref is no longer absent.
    assert!(
        matches!(storage.swap(&update).unwrap(), Swap::Lost { current, .. } if current.is_some())
    );
}

#[test]
fn a_large_batch_goes_in_parts_and_the_last_one_with_the_refs() {
    let (backend, storage) = opened();
    let (records, hashes) = batch(&["1", "2", "3", "4", "5", "6"]);
    let update = moving("heads/main", None, Some(hashes[5]));
    assert_eq!(storage.commit(&records, &[update]).unwrap(), Swap::Done);
    assert_eq!(backend.calls(), ["put 4", "commit 2 1"]);

    let big = "x".repeat(600);
    let (records, _) = batch(&[&format!("{big}1"), &format!("{big}2"), "3"]);
    storage.put(&records).unwrap();
    assert_eq!(backend.calls(), ["put 1", "put 2"]);

    assert_eq!(
        storage.commit(&RecordBatch::new(), &[]).unwrap(),
        Swap::Done
    );
    assert_eq!(backend.calls(), ["commit 0 0"]);
}

#[test]
fn refs_are_listed_across_pages_until_an_empty_one() {
    let (backend, storage) = opened();
    for index in 0..600 {
        let name = RefName::new(&format!("heads/{index:04}")).unwrap();
        backend.refs.lock().insert(name, Hash::ZERO);
    }
    backend
        .refs
        .lock()
        .insert(RefName::new("tags/v1").unwrap(), Hash::ZERO);
    let names: Vec<String> = storage
        .references("heads/")
        .map(|item| item.unwrap().0.to_string())
        .collect();
    assert_eq!(names.len(), 600);
    assert!(names.is_sorted());
    assert_eq!(backend.calls().len(), 4, "three pages and the empty one");

    backend.before.lock().push_back(failing(ErrorKind::IO));
    let mut refs = storage.references("heads/");
    assert!(refs.next().unwrap().is_err());
    assert!(refs.next().is_none());
}

#[test]
fn what_is_held_is_found_until_the_last_hold_lets_go() {
    let (backend, _) = opened();
    let options = StorageOptions {
        cache_bytes: 0,
        ..StorageOptions::default()
    };
    let storage = Storage::new(Arc::clone(&backend) as _, options);
    let (records, hashes) = batch(&["a", "b"]);
    storage.put(&records).unwrap();
    let records = storage.load_many::<Text>(&hashes).unwrap();
    backend.calls();
    let asks = || {
        storage.load::<Text>(&hashes[0]).unwrap();
        storage.load_many::<Text>(&hashes[..1]).unwrap();
        backend.calls().len()
    };
    assert_eq!(asks(), 2);
    let mut holds = [Hold::default(), Hold::default()];
    for hold in &mut holds {
        hold.add(&storage, hashes[0], &records[0]);
        hold.add(&storage, hashes[0], &records[0]);
    }
    assert!(storage.is_cached(&hashes[0]) && !storage.is_cached(&hashes[1]));
    let [one, other] = holds;
    drop(one);
    assert_eq!(asks(), 0);
    drop(other);
    assert!(!storage.is_cached(&hashes[0]));
    assert_eq!(asks(), 2);
}
