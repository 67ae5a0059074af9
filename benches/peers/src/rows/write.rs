//! Changing single keys and many.

use crate::Result;
use crate::bench::{Bench, Check};
use crate::data::{Answer, Entry};
use crate::engine::Engine;
use crate::row::{BATCH, PUT, PUT_NEW, Row};

const BATCH_SIZE: usize = 1_000;

pub(crate) fn run<E: Engine>(bench: &mut Bench<'_>, engine: &E, base: &E::Map) -> Result<()> {
    let data = bench.data;
    let puts = |map: &mut E::Map, entries: &[Entry]| {
        entries.iter().try_for_each(|entry| engine.put(map, entry))
    };
    let old = |round| data.overwrites(round, E::PUTS);
    let new = |round| data.new_entries(round, E::PUTS);
    let many = |round| data.overwrites(round, BATCH_SIZE);
    let batch = |map: &mut E::Map, entries: &[Entry]| engine.apply(map, entries);
    write(bench, &PUT, (engine, base), E::PUTS, old, puts)?;
    write(bench, &PUT_NEW, (engine, base), E::PUTS, new, puts)?;
    write(bench, &BATCH, (engine, base), BATCH_SIZE, many, batch)
}

fn write<E: Engine>(
    bench: &mut Bench<'_>,
    row: &'static Row,
    (engine, base): (&E, &E::Map),
    operations: usize,
    entries: impl Fn(usize) -> Vec<Entry>,
    write: impl Fn(&mut E::Map, &[Entry]) -> Result<()>,
) -> Result<()> {
    let before = bench.data.entries.len() as u64;
    let added = if row.id == PUT_NEW.id {
        operations as u64
    } else {
        0
    };
    bench.time(
        row,
        operations,
        |round| Ok((engine.snapshot(base)?, entries(round))),
        |(map, entries)| Some(write(map, entries)),
        |(map, entries), ()| {
            let keys: Vec<_> = entries.iter().map(|(key, _)| key.as_slice()).collect();
            let found = engine.get(map, &keys)? + Answer::count(engine.len(map)?);
            let expected = Answer::values(entries) + Answer::count(before + added);
            Ok(Check { found, expected })
        },
    )
}
