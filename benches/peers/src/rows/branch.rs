//! Making branches or names of versions, and going from one to another.

use std::cell::RefCell;

use crate::Result;
use crate::bench::{Bench, Check};
use crate::branches::Branches;
use crate::data::{Answer, Entry};
use crate::engine::{Engine, Offer};
use crate::row::{BRANCH, CHECKOUT, NAME, NAMED, Row};

const BRANCHES: usize = 100;

/// How often a round goes to another branch.
const STEPS: usize = 101;

/// Makes a store with these entries.
type Load = fn(Vec<Entry>) -> Offer<Box<dyn Branches>>;

/// The branch that stays where all began, beside `main`, which has gone on.
const OTHER: &str = "other";

/// A store with two branches that differ in the value of one key. `main` is at hand.
struct Prepared {
    store: RefCell<Box<dyn Branches>>,
    before: Entry,
    after: Entry,
}

pub(crate) fn run<E: Engine>(bench: &mut Bench<'_>) -> Result<()> {
    make(bench, &NAME, E::names)?;
    go(bench, &NAMED, E::names)?;
    make(bench, &BRANCH, E::branches)?;
    go(bench, &CHECKOUT, E::branches)
}

impl Prepared {
    /// Makes the store, if the row is wanted and the engine has one.
    fn load(bench: &Bench<'_>, row: &'static Row, load: Load) -> Result<Option<Self>> {
        if !bench.wants(row) {
            return Ok(None);
        }
        let store = load(bench.data.entries.clone()).transpose()?;
        store.map(|store| Self::new(store, bench)).transpose()
    }

    fn new(mut store: Box<dyn Branches>, bench: &Bench<'_>) -> Result<Self> {
        let data = bench.data;
        let before = data.entries[data.order[0]].clone();
        let after = data.overwrites(0, 1).remove(0);
        store.branch(OTHER)?;
        store.commit(&after)?;
        Ok(Self {
            store: RefCell::new(store),
            before,
            after,
        })
    }
}

/// Makes branches. All of them have what has been changed.
fn make(bench: &mut Bench<'_>, row: &'static Row, load: Load) -> Result<()> {
    let Some(prepared) = Prepared::load(bench, row, load)? else {
        return Ok(());
    };
    let (key, value) = &prepared.after;
    bench.time(
        row,
        BRANCHES,
        |round| {
            let names = (0..BRANCHES).map(|number| format!("branch-{round}-{number}"));
            Ok(names.collect::<Vec<_>>())
        },
        |names| {
            let mut store = prepared.store.borrow_mut();
            Some(names.iter().try_for_each(|name| store.branch(name)))
        },
        |names, ()| {
            let store = prepared.store.borrow();
            let values = names.iter().map(|name| store.get_at(name, key));
            Ok(Check {
                found: values.sum::<Result<_>>()?,
                expected: names.iter().map(|_| Answer::value(value)).sum(),
            })
        },
    )
}

/// Goes to and fro, an odd number of times, so that each round ends on the other branch than the last.
fn go(bench: &mut Bench<'_>, row: &'static Row, load: Load) -> Result<()> {
    let Some(prepared) = Prepared::load(bench, row, load)? else {
        return Ok(());
    };
    bench.time(
        row,
        STEPS,
        |round| {
            let names = [OTHER, "main"].into_iter().cycle();
            Ok((round, names.skip(round % 2).take(STEPS)))
        },
        |(_, names)| {
            let mut store = prepared.store.borrow_mut();
            Some(names.try_for_each(|name| store.checkout(name)))
        },
        |(round, _), ()| {
            let Prepared { before, after, .. } = &prepared;
            let (key, value) = if round % 2 == 0 { before } else { after };
            Ok(Check {
                found: prepared.store.borrow().get(key)?,
                expected: Answer::value(value),
            })
        },
    )
}
