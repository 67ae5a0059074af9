//! Making branches, and going from one to another.

use std::cell::RefCell;

use crate::Result;
use crate::bench::{Bench, Check};
use crate::branches::Branches;
use crate::data::{Answer, Entry};
use crate::engine::Engine;
use crate::row::{BRANCH, CHECKOUT};

const BRANCHES: usize = 100;

/// The branch that stays where all began, beside `main`, which has gone on.
const OTHER: &str = "other";

/// A store with two branches that differ in the value of one key. `main` is at hand.
struct Prepared {
    store: RefCell<Box<dyn Branches>>,
    before: Entry,
    after: Entry,
}

pub(crate) fn run<E: Engine>(bench: &mut Bench<'_>) -> Result<()> {
    if bench.wants(&BRANCH)
        && let Some(store) = E::branches(bench.data.entries.clone())
    {
        branch(bench, &Prepared::new(store?, bench)?)?;
    }
    if bench.wants(&CHECKOUT)
        && E::CHECKOUTS > 0
        && let Some(store) = E::branches(bench.data.entries.clone())
    {
        checkout(bench, &Prepared::new(store?, bench)?, E::CHECKOUTS)?;
    }
    Ok(())
}

impl Prepared {
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

/// All of them have what has been changed.
fn branch(bench: &mut Bench<'_>, prepared: &Prepared) -> Result<()> {
    let (key, value) = &prepared.after;
    bench.time(
        &BRANCH,
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

/// To and fro, an odd number of times, so that each round ends on the other branch than the last.
fn checkout(bench: &mut Bench<'_>, prepared: &Prepared, checkouts: usize) -> Result<()> {
    bench.time(
        &CHECKOUT,
        checkouts,
        |round| {
            let names = [OTHER, "main"].into_iter().cycle();
            Ok((round, names.skip(round % 2).take(checkouts)))
        },
        |(_, names)| {
            let mut store = prepared.store.borrow_mut();
            Some(names.try_for_each(|name| store.checkout(name)))
        },
        |(round, _), ()| {
            let Prepared { before, after, .. } = prepared;
            let (key, value) = if round % 2 == 0 { before } else { after };
            Ok(Check {
                found: prepared.store.borrow().get(key)?,
                expected: Answer::value(value),
            })
        },
    )
}
