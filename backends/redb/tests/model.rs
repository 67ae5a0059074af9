//! Random work on the store and on plain maps: both must give the same answers at every step,
//! also after the store was closed and opened again.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod common;

use std::collections::BTreeMap;

use common::{CALL, Random, blob, open};
use prollytree_plugin_api::{
    ErrorKind, Hash, Kind, NodeStorage, RecordEntry, RefName, RefUpdate, Slot, Swap, Timestamp,
};
use tempfile::TempDir;

fn content(random: &mut Random) -> Vec<u8> {
    let id = random.below(60);
    vec![u8::try_from(id).unwrap(); id * id * 3]
}

fn name(random: &mut Random) -> RefName {
    const NAMES: &[&str] = &[
        "heads/a",
        "heads/a/b",
        "heads/a/b/c",
        "heads/a-",
        "heads/b",
        "tags/a",
        "tags/ü",
    ];
    RefName::new(NAMES[random.below(NAMES.len())]).unwrap()
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
    let contents: Vec<_> = (0..random.below(4)).map(|_| content(random)).collect();
    let updates: Vec<_> = (0..random.below(4))
        .map(|_| {
            let name = name(random);
            let expected = match random.below(5) {
                0 => Some(Hash::of(&content(random))),
                1 => None,
                _ => oracle.refs.get(&name).copied(),
            };
            let new = (random.below(3) > 0).then(|| Hash::of(&content(random)));
            RefUpdate {
                name,
                expected,
                new,
            }
        })
        .collect();
    let records: Vec<_> = contents.iter().map(|bytes| blob(bytes)).collect();
    let result = store.commit(CALL, &records, &updates);
    match (oracle.commit(&contents, &updates), result) {
        (Verdict::Done, result) => assert_eq!(result.unwrap(), Swap::Done),
        (Verdict::Lost(name, current), result) => {
            assert_eq!(result.unwrap(), Swap::Lost { name, current });
        }
        (Verdict::Error(kind), result) => assert_eq!(result.unwrap_err().kind(), kind),
    }
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

    let hashes: Vec<_> = (0..20).map(|_| Hash::of(&content(random))).collect();
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
        let after = (random.below(2) == 0).then(|| name(random));
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
    let name = name(random);
    let value = store.get_ref(CALL, &name).unwrap();
    assert_eq!(value, oracle.refs.get(&name).copied());
}

fn one_step(store: &dyn NodeStorage, oracle: &mut Oracle, random: &mut Random) {
    match random.below(4) {
        0 => {
            let contents: Vec<_> = (0..5).map(|_| content(random)).collect();
            let records: Vec<_> = contents.iter().map(|bytes| blob(bytes)).collect();
            store.put_many(CALL, &records).unwrap();
            let records = contents.into_iter().map(|bytes| (Hash::of(&bytes), bytes));
            oracle.records.extend(records);
        }
        1 => {
            let hashes: Vec<_> = (0..3).map(|_| Hash::of(&content(random))).collect();
            let deleted = store.delete_many(CALL, &hashes, Timestamp(i64::MAX));
            let expected = hashes
                .iter()
                .filter(|hash| oracle.records.remove(*hash).is_some());
            assert_eq!(deleted.unwrap(), expected.count() as u64);
        }
        _ => commit(store, oracle, random),
    }
}

#[test]
fn random_work_gives_what_plain_maps_give() {
    for seed in 0..8 {
        println!("seed {seed}");
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("main.redb");
        let random = &mut Random(seed);
        let mut oracle = Oracle::default();
        let mut store = open(&path);
        for _ in 0..120 {
            one_step(&*store, &mut oracle, random);
            if random.below(15) == 0 {
                store.sync(CALL).unwrap();
                store.close().unwrap();
                store = open(&path);
            }
            compare(&*store, &oracle, random);
        }
    }
}
