//! One random call, done to the store and to the model.

use prollytree_plugin_api::{
    Capabilities, Hash, Kind, OpenStorage, RefName, RefUpdate, Swap, Timestamp,
};

use crate::case::{Failure, Verdict, ensure, ensure_same};
use crate::cases::far_future;
use crate::context::{Context, Place};
use crate::item::{Item, hashes};
use crate::model::{Model, Moved};
use crate::random::Random;
use crate::store::{CALL, Store, name, update};

/// The refs of the world; some exclude each other.
const REFS: [&str; 7] = [
    "heads/a",
    "heads/b",
    "heads/a/x",
    "heads/a-b",
    "tags/v1",
    "tags/v1/y",
    "heads/a/x/z",
];
const PREFIXES: [&str; 8] = [
    "", "heads/", "heads/a", "heads/a/", "tags/v", "t", "x", "heads/a-",
];
const ITEMS: usize = 24;

/// A wanted move: of which ref, to which item, and whether it is expected elsewhere than it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    name: usize,
    to: Option<usize>,
    stale: bool,
}

/// One call. Items and refs are numbers, so that an operation makes sense without those before it.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    Put(Vec<usize>),
    Get(Vec<usize>),
    List {
        after: Option<usize>,
        limit: usize,
    },
    Delete(Vec<usize>),
    /// A deletion whose guard spares everything.
    Spare(Vec<usize>),
    Swap(Move),
    Commit {
        put: Vec<usize>,
        moves: Vec<Move>,
    },
    ListRefs {
        prefix: usize,
        after: Option<usize>,
        limit: usize,
    },
    Sync,
    Reopen,
}

/// Makes up one call that a backend of these capabilities offers.
pub(super) fn random_operation(random: &mut Random, declared: Capabilities) -> Operation {
    let several = |random: &mut Random, most: usize| -> Vec<usize> {
        (0..=random.below(most))
            .map(|_| random.below(ITEMS))
            .collect()
    };
    let one_move = |random: &mut Random| Move {
        name: random.below(REFS.len()),
        to: if random.below(4) == 0 {
            None
        } else {
            Some(random.below(ITEMS))
        },
        stale: random.below(5) == 0,
    };
    let maybe = |random: &mut Random, most: usize| -> Option<usize> {
        if random.below(3) == 0 {
            None
        } else {
            Some(random.below(most))
        }
    };
    match random.below(20) {
        0..=3 => Operation::Put(several(random, 6)),
        4..=6 if declared.contains(Capabilities::DELETE) => Operation::Delete(several(random, 4)),
        7 if declared.contains(Capabilities::DELETE) => Operation::Spare(several(random, 4)),
        8..=9 if declared.contains(Capabilities::LIST) => Operation::List {
            after: maybe(random, ITEMS),
            limit: random.below(12),
        },
        10..=12 => Operation::Swap(one_move(random)),
        13..=14 => {
            let most = if declared.contains(Capabilities::ATOMIC_COMMIT) {
                3
            } else {
                1
            };
            let mut moves: Vec<Move> = (0..=random.below(most)).map(|_| one_move(random)).collect();
            moves.sort_by_key(|wanted| wanted.name);
            moves.dedup_by_key(|wanted| wanted.name);
            random.shuffle(&mut moves);
            Operation::Commit {
                put: several(random, 6),
                moves,
            }
        }
        15..=16 => Operation::ListRefs {
            prefix: random.below(PREFIXES.len()),
            after: maybe(random, REFS.len()),
            limit: random.below(5),
        },
        17 => Operation::Sync,
        18 if declared.contains(Capabilities::DURABLE) => Operation::Reopen,
        _ => Operation::Get(several(random, 8)),
    }
}

/// The store, and what it should be.
pub(super) struct World<'a> {
    context: &'a Context,
    place: Place,
    store: Store,
    model: Model,
    items: Vec<Item>,
}

impl<'a> World<'a> {
    pub(super) fn new(context: &'a Context) -> Verdict<Self> {
        let (place, store) = context.fresh()?;
        let mut random = Random::new(7);
        let kinds = [Kind::NODE, Kind::BLOB, Kind::COMMIT, Kind::META];
        let items = (0..ITEMS).map(|number| {
            let size = [0, 9, 100, 5_000][random.below(4)] + number;
            Item::new(*random.pick(&kinds), Vec::new(), random.bytes(size))
        });
        let items = items.collect();
        Ok(Self {
            context,
            place,
            store,
            model: Model::default(),
            items,
        })
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Compares everything that there is.
    pub(super) fn compare(&self) -> Verdict {
        let asked = hashes(&self.items);
        let expected: Vec<bool> = asked.iter().map(|hash| self.model.contains(hash)).collect();
        ensure_same(
            "contains_many of all records",
            &expected,
            &self.store.contains(&asked)?,
        )?;
        let there: Vec<Item> = self
            .items
            .iter()
            .filter(|item| self.model.contains(&item.hash))
            .cloned()
            .collect();
        self.store
            .expect_items("get_many of all records that should be there", &there)?;
        ensure_same(
            "list_refs",
            &self.model.list_refs(""),
            &self.store.all_refs("", 4)?,
        )?;
        if self.store.has(Capabilities::LIST) {
            ensure_same("list", &self.model.list(), &self.store.list_all(10)?)?;
        }
        Ok(())
    }

    fn pick(&self, numbers: &[usize]) -> Vec<Item> {
        numbers
            .iter()
            .map(|number| self.items[*number].clone())
            .collect()
    }

    /// The update that is meant; the record that it points to is stored first.
    fn update(&mut self, wanted: &Move) -> Verdict<RefUpdate> {
        let name = name(REFS[wanted.name]);
        let current = self.model.get_ref(&name);
        let expected = if wanted.stale {
            self.elsewhere(current)
        } else {
            current
        };
        let target = wanted.to.map(|number| self.items[number].clone());
        if let Some(item) = target.iter().find(|item| !self.model.contains(&item.hash)) {
            self.store.put([item])?;
            self.model.put([item]);
        }
        Ok(update(&name, expected, target.map(|item| item.hash)))
    }

    fn elsewhere(&self, current: Option<Hash>) -> Option<Hash> {
        let other = self
            .items
            .iter()
            .map(|item| item.hash)
            .find(|hash| Some(*hash) != current);
        if current.is_some() && current.map(|hash| hash.as_bytes()[0] % 2) == Some(0) {
            return None;
        }
        other
    }
}

impl Operation {
    pub(super) fn run(&self, world: &mut World<'_>) -> Verdict {
        match self {
            Self::Put(numbers) => {
                let items = world.pick(numbers);
                world.store.put(&items)?;
                world.model.put(&items);
                Ok(())
            }
            Self::Get(numbers) => get(world, &world.pick(numbers)),
            Self::List { after, limit } => list(world, *after, *limit),
            Self::Delete(numbers) => {
                let mut items = world.pick(numbers);
                items.retain(|item| !world.model.is_target(&item.hash));
                let deleted = world.store.delete(&hashes(&items), far_future())?;
                ensure_same(
                    "delete_many",
                    &world.model.delete(&hashes(&items)),
                    &deleted,
                )
            }
            Self::Spare(numbers) => {
                let hashes = hashes(&world.pick(numbers));
                let deleted = world.store.delete(&hashes, Timestamp(0))?;
                ensure_same(
                    "delete_many with a guard that spares everything",
                    &0,
                    &deleted,
                )
            }
            Self::Swap(wanted) => {
                let update = world.update(wanted)?;
                let answer = world.store.raw().compare_and_swap_ref(&CALL, &update);
                judge(world, &[update], answer).map(drop)
            }
            Self::Commit { put, moves } => commit(world, put, moves),
            Self::ListRefs {
                prefix,
                after,
                limit,
            } => list_refs(world, *prefix, *after, *limit),
            Self::Sync => world.store.sync(),
            Self::Reopen => {
                world.store.sync()?;
                world.store.close()?;
                let how = OpenStorage::existing(world.place.options.clone());
                world.store = world
                    .context
                    .open(&how)
                    .map_err(Failure::call("reopening"))?;
                world.compare()
            }
        }
    }
}

fn get(world: &World<'_>, items: &[Item]) -> Verdict {
    for (item, found) in items.iter().zip(world.store.get(&hashes(items))?) {
        let expected = world.model.contains(&item.hash).then_some(&*item.bytes);
        let right = found.as_deref() == expected;
        ensure!(
            right,
            "get_many",
            "record {} is not as it should be",
            item.hash.short()
        );
    }
    Ok(())
}

fn list(world: &World<'_>, after: Option<usize>, limit: usize) -> Verdict {
    let after = after.map(|number| world.items[number].hash);
    let page = world.store.list(after.as_ref(), limit)?;
    let all = world
        .model
        .list()
        .into_iter()
        .filter(|entry| Some(entry.hash) > after);
    let expected: Vec<_> = all.take(page.len().max(limit.min(1))).collect();
    ensure_same(&format!("list with a limit of {limit}"), &expected, &page)
}

fn list_refs(world: &World<'_>, prefix: usize, after: Option<usize>, limit: usize) -> Verdict {
    let (prefix, after): (_, Option<RefName>) =
        (PREFIXES[prefix], after.map(|number| name(REFS[number])));
    let page = world.store.list_refs(prefix, after.as_ref(), limit)?;
    let all = world.model.list_refs(prefix).into_iter();
    let behind = all.filter(|(name, _)| after.as_ref().is_none_or(|after| name > after));
    let expected: Vec<_> = behind.take(page.len().max(limit.min(1))).collect();
    ensure_same(
        &format!("list_refs of prefix `{prefix}`, limit {limit}"),
        &expected,
        &page,
    )
}

fn commit(world: &mut World<'_>, put: &[usize], moves: &[Move]) -> Verdict {
    let updates: Vec<RefUpdate> = moves
        .iter()
        .map(|wanted| world.update(wanted))
        .collect::<Verdict<_>>()?;
    let items = world.pick(put);
    let records: Vec<_> = items.iter().map(Item::record).collect();
    let answer = world.store.raw().commit(&CALL, &records, &updates);
    let done = judge(world, &updates, answer)?;
    if done || !world.store.has(Capabilities::ATOMIC_COMMIT) {
        // Without atomicity the records of a lost commit may be there; putting them says they are.
        if !done {
            world.store.put(&items)?;
        }
        world.model.put(&items);
    }
    Ok(())
}

/// Compares the answer to a move of refs with the model's, and says whether they moved.
fn judge(
    world: &mut World<'_>,
    updates: &[RefUpdate],
    answer: prollytree_plugin_api::Result<Swap>,
) -> Verdict<bool> {
    let expected = world.model.move_refs(updates);
    let seen = match answer {
        Ok(Swap::Done) => Moved::Done,
        Ok(Swap::Lost { name, current }) => Moved::Lost(name, current),
        Err(error) if error.kind() == prollytree_plugin_api::ErrorKind::CONFLICT => Moved::Conflict,
        Err(error) => {
            return Err(Failure::Call {
                did: "moving refs".into(),
                error,
            });
        }
    };
    let texts: Vec<String> = updates.iter().map(crate::store::describe).collect();
    ensure_same(&texts.join(", then "), &expected, &seen)?;
    Ok(seen == Moved::Done)
}
