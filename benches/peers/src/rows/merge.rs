//! Merging two versions that come from a third.

use crate::Result;
use crate::bench::{Bench, Check};
use crate::data::{Answer, Data, Entry};
use crate::engine::{Engine, Versions};
use crate::row::{
    MERGE_10, MERGE_10_COLD, MERGE_1000, MERGE_1000_COLD, MERGE_RANGES, MERGE_RESOLVER, Row,
};

/// The keys that both sides change where a resolver has to decide.
const CONFLICTS: usize = 10;

/// The edits of both sides.
struct Sides {
    ours: Vec<Entry>,
    theirs: Vec<Entry>,
}

/// Three versions in a store.
struct Prepared<E: Engine> {
    store: Option<E>,
    base: E::Map,
    ours: E::Map,
    theirs: E::Map,
    sides: Sides,
}

pub(crate) fn run<E: Engine>(bench: &mut Bench<'_>, engine: &E, base: &E::Map) -> Result<()> {
    let few = |data: &Data, round| Sides::scattered(data, round, 10);
    let many = |data: &Data, round| Sides::scattered(data, round, 1_000);
    if engine.cold().is_some() {
        merge(bench, &MERGE_10_COLD, (engine, base), few)?;
        merge(bench, &MERGE_1000_COLD, (engine, base), many)?;
    }
    merge(bench, &MERGE_10, (engine, base), few)?;
    merge(bench, &MERGE_1000, (engine, base), many)?;
    merge(
        bench,
        &MERGE_RESOLVER,
        (engine, base),
        Sides::with_conflicts,
    )?;
    merge(bench, &MERGE_RANGES, (engine, base), Sides::ranges)
}

fn merge<E: Engine>(
    bench: &mut Bench<'_>,
    row: &'static Row,
    (engine, base): (&E, &E::Map),
    sides: impl Fn(&Data, usize) -> Sides,
) -> Result<()> {
    let data = bench.data;
    let is_cold = [MERGE_10_COLD.id, MERGE_1000_COLD.id].contains(&row.id);
    let resolver = row.id == MERGE_RESOLVER.id;
    // Where whole subtrees can be taken over, remembered edits are the slower way.
    let write = if row.id == MERGE_RANGES.id {
        E::apply
    } else {
        E::branch
    };
    bench.time(
        row,
        1,
        |round| {
            let sides = sides(data, round);
            let (mut ours, mut theirs) = (engine.snapshot(base)?, engine.snapshot(base)?);
            write(engine, &mut ours, &sides.ours)?;
            write(engine, &mut theirs, &sides.theirs)?;
            let store = if is_cold {
                engine.cold().transpose()?
            } else {
                None
            };
            let opened = store.as_ref().unwrap_or(engine);
            Ok(Prepared {
                base: opened.snapshot(base)?,
                ours: opened.snapshot(&ours)?,
                theirs: opened.snapshot(&theirs)?,
                store,
                sides,
            })
        },
        |prepared: &mut Prepared<E>| {
            let Prepared {
                store,
                base,
                ours,
                theirs,
                ..
            } = prepared;
            store
                .as_ref()
                .unwrap_or(engine)
                .merge(Versions { base, ours, theirs }, resolver)
        },
        |prepared, merged| prepared.check(engine, merged, data.entries.len() as u64),
    )
}

impl<E: Engine> Prepared<E> {
    /// All that either side changed is there, ours where both did, and nothing was lost or added.
    fn check(&self, engine: &E, merged: &E::Map, len: u64) -> Result<Check> {
        let store = self.store.as_ref().unwrap_or(engine);
        let Sides { ours, theirs } = &self.sides;
        let is_ours = |key: &[u8]| {
            ours.binary_search_by(|(other, _)| other.as_slice().cmp(key))
                .is_ok()
        };
        let mut edits: Vec<Entry> = theirs
            .iter()
            .filter(|(key, _)| !is_ours(key))
            .cloned()
            .collect();
        edits.extend(ours.iter().cloned());
        let keys: Vec<_> = edits.iter().map(|(key, _)| key.as_slice()).collect();
        Ok(Check {
            found: store.get(merged, &keys)? + Answer::count(store.len(merged)?),
            expected: Answer::values(&edits) + Answer::count(len),
        })
    }
}

impl Sides {
    /// Different keys on both sides, all over the map.
    fn scattered(data: &Data, round: usize, count: usize) -> Self {
        Self {
            ours: data.overwrites(2 * round, count),
            theirs: data.overwrites(2 * round + 1, count),
        }
    }

    /// Scattered keys, a few of them on both sides with different values.
    fn with_conflicts(data: &Data, round: usize) -> Self {
        let mut sides = Self::scattered(data, round, 1_000);
        let step = sides.ours.len() / CONFLICTS;
        for (key, value) in sides.ours.iter().step_by(step) {
            let other = value.iter().rev().copied().collect();
            sides.theirs.push((key.clone(), other));
        }
        sides.theirs.sort();
        sides
    }

    /// A thousand neighbouring keys on either side, far from each other.
    fn ranges(data: &Data, round: usize) -> Self {
        let quarter = data.entries.len() / 4;
        Self {
            ours: data.overwrites_from(quarter, 2 * round, 1_000),
            theirs: data.overwrites_from(3 * quarter, 2 * round + 1, 1_000),
        }
    }
}
