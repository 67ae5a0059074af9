//! Random work by several instances on one store, and on plain maps: the same answers at every step,
//! while journals are sealed and packs merged all the time.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod shared;

use std::collections::{BTreeMap, BTreeSet};

use prollytree_plugin_api::{ErrorKind, Hash, RefUpdate, Report, Slot, Swap, Timestamp};
use shared::{CALL, Random, Store, name, open, record};

const NAMES: [&str; 6] = [
    "heads/a",
    "heads/a/b",
    "heads/a/b/c",
    "heads/a-",
    "heads/b",
    "tags/a",
];

#[derive(Default)]
struct Model {
    records: BTreeMap<Hash, Vec<u8>>,
    refs: BTreeMap<String, Hash>,
}

enum Expected {
    Done,
    Lost,
    Error(ErrorKind),
}

impl Model {
    fn move_refs(&mut self, updates: &[RefUpdate]) -> Expected {
        let names: BTreeSet<_> = updates.iter().map(|update| &update.name).collect();
        if names.len() < updates.len() {
            return Expected::Error(ErrorKind::INVALID_ARGUMENT);
        }
        let mut refs = self.refs.clone();
        for update in updates {
            let name = update.name.as_str();
            if refs.get(name).copied() != update.expected {
                return Expected::Lost;
            }
            refs.remove(name);
            let Some(new) = update.new else { continue };
            let below = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|a| a.starts_with('/'));
            if refs
                .keys()
                .any(|other| below(name, other) || below(other, name))
            {
                return Expected::Error(ErrorKind::CONFLICT);
            }
            refs.insert(name.to_owned(), new);
        }
        self.refs = refs;
        Expected::Done
    }
}

fn content(random: &mut Random) -> Vec<u8> {
    let id = u8::try_from(random.below(80)).unwrap();
    vec![id; usize::from(id) * 5]
}

fn commit(store: &Store, model: &mut Model, random: &mut Random) {
    let contents: Vec<_> = (0..random.below(4)).map(|_| content(random)).collect();
    let updates: Vec<_> = (0..random.below(4))
        .map(|_| {
            let text = NAMES[random.below(NAMES.len())];
            let expected = match random.below(6) {
                0 => Some(Hash::of(&content(random))),
                1 => None,
                _ => model.refs.get(text).copied(),
            };
            let new = (random.below(3) > 0).then(|| Hash::of(&content(random)));
            RefUpdate {
                name: name(text),
                expected,
                new,
            }
        })
        .collect();
    let records: Vec<_> = contents.iter().map(|bytes| record(bytes)).collect();
    let result = store.commit(CALL, &records, &updates);
    match model.move_refs(&updates) {
        Expected::Done => {
            assert_eq!(result.unwrap(), Swap::Done);
            let new = contents
                .iter()
                .map(|bytes| (Hash::of(bytes), bytes.clone()));
            model.records.extend(new);
        }
        Expected::Lost => assert!(matches!(result.unwrap(), Swap::Lost { .. })),
        Expected::Error(kind) => assert_eq!(result.unwrap_err().kind(), kind),
    }
}

fn work(store: &Store, model: &mut Model, random: &mut Random) {
    match random.below(12) {
        0..3 => {
            let contents: Vec<_> = (0..random.below(8)).map(|_| content(random)).collect();
            let records: Vec<_> = contents.iter().map(|bytes| record(bytes)).collect();
            store.put_many(CALL, &records).unwrap();
            let new = contents
                .iter()
                .map(|bytes| (Hash::of(bytes), bytes.clone()));
            model.records.extend(new);
        }
        3..5 => {
            let hashes: Vec<_> = (0..3).map(|_| Hash::of(&content(random))).collect();
            let deleted = store
                .delete_many(CALL, &hashes, Timestamp(i64::MAX))
                .unwrap();
            let gone = hashes
                .iter()
                .filter(|hash| model.records.remove(*hash).is_some());
            assert_eq!(deleted, gone.count() as u64);
        }
        5 => assert_eq!(
            store
                .delete_many(CALL, &[Hash::of(&content(random))], Timestamp(0))
                .unwrap(),
            0
        ),
        6 if random.below(10) == 0 => {
            store.maintain(CALL, "repack", &Report::new()).unwrap();
        }
        6 => store.sync(CALL).unwrap(),
        _ => commit(store, model, random),
    }
}

fn compare(store: &Store, model: &Model, random: &mut Random) {
    let hashes: Vec<_> = (0..20).map(|_| Hash::of(&content(random))).collect();
    let (mut slots, mut found) = (Slot::empty(20), vec![false; 20]);
    store.get_many(CALL, &hashes, &mut slots).unwrap();
    store.contains_many(CALL, &hashes, &mut found).unwrap();
    for ((hash, slot), found) in hashes.iter().zip(&slots).zip(found) {
        let expected = model.records.get(hash).map(Vec::as_slice);
        assert_eq!(slot.bytes(), expected);
        assert_eq!(found, expected.is_some());
    }
    let mut listed = BTreeMap::new();
    let mut after = None;
    loop {
        let page = store
            .list(CALL, after.as_ref(), 1 + random.below(30))
            .unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.hash);
        listed.extend(page.iter().map(|entry| (entry.hash, entry.size)));
    }
    let expected = model.records.iter();
    let expected: BTreeMap<_, _> = expected
        .map(|(&hash, bytes)| (hash, bytes.len() as u64))
        .collect();
    assert_eq!(listed, expected);
    let refs = store.list_refs(CALL, "heads/", None, 100).unwrap();
    let refs: Vec<_> = refs
        .iter()
        .map(|(name, hash)| (name.as_str(), *hash))
        .collect();
    let expected = model
        .refs
        .iter()
        .filter(|(name, _)| name.starts_with("heads/"));
    assert_eq!(
        refs,
        expected
            .map(|(name, &hash)| (name.as_str(), hash))
            .collect::<Vec<_>>()
    );
}

#[test]
fn random_work_of_three_instances_gives_what_plain_maps_give() {
    for seed in 0..6 {
        println!("seed {seed}");
        let folder = tempfile::tempdir().unwrap();
        let size = 200 << (2 * seed);
        let mut random = Random(seed);
        let mut model = Model::default();
        let mut stores: Vec<_> = (0..3).map(|_| open(folder.path(), size)).collect();
        for _ in 0..250 {
            let index = random.below(stores.len());
            if random.below(20) == 0 {
                stores[index].close().unwrap();
                stores[index] = open(folder.path(), size);
            }
            work(&stores[index], &mut model, &mut random);
            let index = random.below(stores.len());
            compare(&stores[index], &model, &mut random);
        }
        for store in &stores {
            compare(store, &model, &mut random);
        }
        let report = stores[0].maintain(CALL, "verify", &Report::new()).unwrap();
        assert!(
            report["damaged"].as_array().unwrap().is_empty(),
            "{report:?}"
        );
    }
}
