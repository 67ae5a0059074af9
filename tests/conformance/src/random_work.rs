//! Random calls on an opened store and on its model, for the own tests of an engine, which decide
//! when it is opened, closed, moved or tidied in between.

use prollytree_plugin_api::{
    Call, ErrorKind, Hash, NodeStorage, RecordEntry, RefName, RefUpdate, Slot, Swap, Timestamp,
};

use crate::item::{Item, hashes};
use crate::model::{Model, Moved};
use crate::random::Random;
use crate::store::name;

const CALL: &Call<'static> = &Call::UNLIMITED;
/// The refs of the work; some exclude each other.
const NAMES: [&str; 8] = [
    "heads/a",
    "heads/a/b",
    "heads/a/b/c",
    "heads/a-",
    "heads/b",
    "tags/a",
    "tags/ü",
    "work/main",
];
const PREFIXES: [&str; 6] = ["", "heads/", "heads/a", "tags/ü", "work/", "zzz"];
/// How many different records there are: few, so that they are put again, and deleted.
const ITEMS: usize = 64;

/// Random work on a store with `LIST`, `DELETE` and `ATOMIC_COMMIT`, and what two sorted maps
/// would answer. Equal seeds give equal work.
#[derive(Debug)]
pub struct RandomWork {
    random: Random,
    model: Model,
    items: Vec<Item>,
}

impl RandomWork {
    /// Begins with an empty store. `size` gives the length of each of the records that there are
    /// to put; their numbers are below 64.
    #[must_use]
    pub fn new(seed: u64, size: impl Fn(usize) -> usize) -> Self {
        let byte = |number| u8::try_from(number).expect("there are fewer");
        Self {
            random: Random::new(seed),
            model: Model::default(),
            items: (0..ITEMS)
                .map(|number| Item::blob(vec![byte(number); size(number)]))
                .collect(),
        }
    }

    /// Returns a random number below `bound`, for the choices of the caller.
    pub fn below(&mut self, bound: usize) -> usize {
        self.random.below(bound)
    }

    /// Does one random call that writes.
    ///
    /// # Panics
    /// If the answer is not that of two sorted maps.
    pub fn step(&mut self, store: &dyn NodeStorage) {
        match self.random.below(8) {
            0 | 1 => {
                let items = self.some(8);
                let records: Vec<_> = items.iter().map(Item::record).collect();
                store.put_many(CALL, &records).expect("put_many");
                self.model.put(&items);
            }
            2 => {
                let hashes = hashes(&self.some(4));
                let deleted = store.delete_many(CALL, &hashes, Timestamp(i64::MAX));
                assert_eq!(deleted.expect("delete_many"), self.model.delete(&hashes));
            }
            3 => {
                let spared = store.delete_many(CALL, &hashes(&self.some(4)), Timestamp(0));
                assert_eq!(spared.expect("delete_many"), 0, "all is younger");
            }
            _ => self.commit(store),
        }
    }

    /// Compares everything that the store holds.
    ///
    /// # Panics
    /// If it is not what two sorted maps hold.
    pub fn compare(&mut self, store: &dyn NodeStorage) {
        let asked: Vec<Item> = (0..20).map(|_| self.item()).collect();
        let (mut slots, mut found) = (Slot::empty(asked.len()), vec![false; asked.len()]);
        let wanted = hashes(&asked);
        store.get_many(CALL, &wanted, &mut slots).expect("get_many");
        let contains = store.contains_many(CALL, &wanted, &mut found);
        contains.expect("contains_many");
        for ((item, slot), found) in asked.iter().zip(&slots).zip(found) {
            let there = self.model.contains(&item.hash);
            assert_eq!(slot.bytes(), there.then_some(&*item.bytes), "{}", item.hash);
            assert_eq!(found, there, "{}", item.hash);
        }
        assert_eq!(self.listed(store), self.model.list());
        let all = store.list_refs(CALL, "", None, 100).expect("list_refs");
        assert_eq!(all, self.model.list_refs(""));
        for prefix in PREFIXES {
            let after = (self.random.below(2) == 0).then(|| self.name());
            let limit = self.random.below(4);
            let mut expected = self.model.list_refs(prefix);
            expected.retain(|(name, _)| after.as_ref().is_none_or(|after| name > after));
            expected.truncate(limit);
            let page = store.list_refs(CALL, prefix, after.as_ref(), limit);
            assert_eq!(page.expect("list_refs"), expected, "{prefix} {after:?}");
        }
        let name = self.name();
        let value = store.get_ref(CALL, &name).expect("get_ref");
        assert_eq!(value, self.model.get_ref(&name), "{name}");
    }

    fn listed(&mut self, store: &dyn NodeStorage) -> Vec<RecordEntry> {
        let mut listed: Vec<RecordEntry> = Vec::new();
        loop {
            let after = listed.last().map(|entry| entry.hash);
            let limit = 1 + self.random.below(20);
            let page = store.list(CALL, after.as_ref(), limit).expect("list");
            if page.is_empty() {
                return listed;
            }
            listed.extend(page);
        }
    }

    fn commit(&mut self, store: &dyn NodeStorage) {
        let items = self.some(4);
        let updates: Vec<_> = (0..self.random.below(4)).map(|_| self.update()).collect();
        let records: Vec<_> = items.iter().map(Item::record).collect();
        let answer = store.commit(CALL, &records, &updates);
        let twice = |update: &RefUpdate| {
            let same = updates.iter().filter(|other| other.name == update.name);
            same.count() > 1
        };
        if updates.iter().any(twice) {
            let error = answer.expect_err("two updates of one ref");
            assert_eq!(error.kind(), ErrorKind::INVALID_ARGUMENT);
            return;
        }
        match self.model.move_refs(&updates) {
            Moved::Done => {
                assert_eq!(answer.expect("commit"), Swap::Done);
                self.model.put(&items);
            }
            Moved::Lost(name, current) => {
                assert_eq!(answer.expect("commit"), Swap::Lost { name, current });
            }
            Moved::Conflict => {
                let error = answer.expect_err("one ref below another");
                assert_eq!(error.kind(), ErrorKind::CONFLICT);
            }
        }
    }

    fn update(&mut self) -> RefUpdate {
        let name = self.name();
        let expected = match self.random.below(6) {
            0 => Some(self.item().hash),
            1 => None,
            _ => self.model.get_ref(&name),
        };
        let new: Option<Hash> = (self.random.below(3) > 0).then(|| self.item().hash);
        RefUpdate {
            name,
            expected,
            new,
        }
    }

    fn some(&mut self, bound: usize) -> Vec<Item> {
        let count = self.random.below(bound);
        (0..count).map(|_| self.item()).collect()
    }

    fn item(&mut self) -> Item {
        self.random.pick(&self.items).clone()
    }

    fn name(&mut self) -> RefName {
        name(NAMES[self.random.below(NAMES.len())])
    }
}
