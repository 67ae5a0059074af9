//! Random work on the store and on plain maps: both must give the same answers at every step.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::collections::BTreeMap;
use std::sync::Arc;

use prollytree_backend_memory::BACKEND;
use prollytree_plugin_api::{
    Call, ErrorKind, Hash, Kind, NodeStorage, OpenStorage, Options, Record, RecordEntry, RefName,
    RefUpdate, Slot, Swap, Timestamp,
};

const CALL: &Call<'static> = &Call::UNLIMITED;

/// Splitmix64 (Steele, Lea, Flood 2014): enough for choosing test steps.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }

    fn content(&mut self) -> Vec<u8> {
        let id = self.below(60);
        vec![u8::try_from(id).unwrap(); id * 7]
    }

    fn name(&mut self) -> RefName {
        const NAMES: &[&str] = &[
            "heads/a",
            "heads/a/b",
            "heads/a/b/c",
            "heads/a-",
            "heads/b",
            "tags/a",
            "tags/ü",
        ];
        RefName::new(NAMES[self.below(NAMES.len())]).unwrap()
    }
}

#[derive(Default)]
struct Oracle {
    records: BTreeMap<Hash, Vec<u8>>,
    refs: BTreeMap<RefName, Hash>,
}

enum Verdict {
    Done,
    Lost(RefName, Option<Hash>),
    Error(ErrorKind),
}

impl Oracle {
    fn commit(&mut self, contents: &[Vec<u8>], updates: &[RefUpdate]) -> Verdict {
        let mut refs = self.refs.clone();
        for (index, update) in updates.iter().enumerate() {
            if updates[..index]
                .iter()
                .any(|other| other.name == update.name)
            {
                return Verdict::Error(ErrorKind::INVALID_ARGUMENT);
            }
        }
        for update in updates {
            let current = refs.get(&update.name).copied();
            if current != update.expected {
                return Verdict::Lost(update.name.clone(), current);
            }
            let Some(new) = update.new else {
                refs.remove(&update.name);
                continue;
            };
            let name = update.name.as_str();
            let collides = refs.keys().any(|other| {
                let other = other.as_str();
                name.starts_with(&format!("{other}/")) || other.starts_with(&format!("{name}/"))
            });
            if collides {
                return Verdict::Error(ErrorKind::CONFLICT);
            }
            refs.insert(update.name.clone(), new);
        }
        self.refs = refs;
        for bytes in contents {
            self.records.insert(Hash::of(bytes), bytes.clone());
        }
        Verdict::Done
    }
}

fn commit(store: &dyn NodeStorage, oracle: &mut Oracle, random: &mut Random) {
    let contents: Vec<_> = (0..random.below(4)).map(|_| random.content()).collect();
    let updates: Vec<_> = (0..random.below(4))
        .map(|_| {
            let name = random.name();
            let expected = match random.below(5) {
                0 => Some(Hash::of(&random.content())),
                1 => None,
                _ => oracle.refs.get(&name).copied(),
            };
            let new = (random.below(3) > 0).then(|| Hash::of(&random.content()));
            RefUpdate {
                name,
                expected,
                new,
            }
        })
        .collect();
    let records: Vec<_> = contents.iter().map(|bytes| record(bytes)).collect();
    let result = store.commit(CALL, &records, &updates);
    match (oracle.commit(&contents, &updates), result) {
        (Verdict::Done, result) => assert_eq!(result.unwrap(), Swap::Done),
        (Verdict::Lost(name, current), result) => {
            assert_eq!(result.unwrap(), Swap::Lost { name, current });
        }
        (Verdict::Error(kind), result) => assert_eq!(result.unwrap_err().kind(), kind),
    }
}

fn record(bytes: &[u8]) -> Record<'_> {
    Record::new(Kind::BLOB, &[], bytes)
}

fn compare(store: &dyn NodeStorage, oracle: &Oracle, random: &mut Random) {
    let mut listed: Vec<RecordEntry> = Vec::new();
    loop {
        let after = listed.last().map(|entry| entry.hash);
        let page = store
            .list(CALL, after.as_ref(), 1 + random.below(9))
            .unwrap();
        if page.is_empty() {
            break;
        }
        listed.extend(page);
    }
    let expected = oracle.records.iter().map(|(&hash, bytes)| RecordEntry {
        hash,
        kind: Kind::BLOB,
        size: bytes.len() as u64,
    });
    assert_eq!(listed, expected.collect::<Vec<_>>());

    let hashes: Vec<_> = (0..20).map(|_| Hash::of(&random.content())).collect();
    let mut slots = Slot::empty(hashes.len());
    let mut found = vec![false; hashes.len()];
    store.get_many(CALL, &hashes, &mut slots).unwrap();
    store.contains_many(CALL, &hashes, &mut found).unwrap();
    for ((hash, slot), found) in hashes.iter().zip(&slots).zip(found) {
        let expected = oracle.records.get(hash);
        assert_eq!(slot.bytes(), expected.map(Vec::as_slice));
        assert_eq!(found, expected.is_some());
    }
    for prefix in ["", "heads/", "heads/a", "tags/ü", "zzz"] {
        let after = (random.below(2) == 0).then(|| random.name());
        let limit = random.below(4);
        let expected: Vec<_> = oracle
            .refs
            .iter()
            .filter(|(name, _)| name.as_str().starts_with(prefix))
            .filter(|(name, _)| after.as_ref().is_none_or(|after| *name > after))
            .take(limit)
            .map(|(name, &hash)| (name.clone(), hash))
            .collect();
        let listed = store.list_refs(CALL, prefix, after.as_ref(), limit);
        assert_eq!(listed.unwrap(), expected);
    }
    let name = random.name();
    let value = store.get_ref(CALL, &name).unwrap();
    assert_eq!(value, oracle.refs.get(&name).copied());
}

#[test]
fn random_work_gives_what_plain_maps_give() {
    for seed in 0..20 {
        println!("seed {seed}");
        let mut random = Random(seed);
        let mut oracle = Oracle::default();
        let store: Arc<dyn NodeStorage> =
            (BACKEND.open)(&OpenStorage::or_create(Options::new())).unwrap();
        for _ in 0..200 {
            match random.below(4) {
                0 => {
                    let contents: Vec<_> = (0..5).map(|_| random.content()).collect();
                    let records: Vec<_> = contents.iter().map(|bytes| record(bytes)).collect();
                    store.put_many(CALL, &records).unwrap();
                    let records = contents.into_iter().map(|bytes| (Hash::of(&bytes), bytes));
                    oracle.records.extend(records);
                }
                1 => {
                    let hashes: Vec<_> = (0..3).map(|_| Hash::of(&random.content())).collect();
                    let deleted = store.delete_many(CALL, &hashes, Timestamp(i64::MAX));
                    let expected = hashes
                        .iter()
                        .filter(|hash| oracle.records.remove(*hash).is_some());
                    assert_eq!(deleted.unwrap(), expected.count() as u64);
                }
                _ => commit(&*store, &mut oracle, &mut random),
            }
            compare(&*store, &oracle, &mut random);
        }
    }
}
