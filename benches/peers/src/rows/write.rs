//! Changing single keys and many.

use crate::Result;
use crate::bench::{Bench, Check};
use crate::data::{Answer, Entry};
use crate::engine::Engine;
use crate::row::{BATCH, PUT, PUT_COLD, PUT_NEW, Row};

const BATCH_SIZE: usize = 1_000;
/// Rounds that no other row gets to, so that a cold put stores nodes which are not there yet.
const COLD_ROUNDS: usize = 1 << 10;

pub(crate) fn run<E: Engine>(bench: &mut Bench<'_>, engine: &E, base: &E::Map) -> Result<()> {
    let data = bench.data;
    let puts = |engine: &E, map: &mut E::Map, entries: &[Entry]| {
        entries.iter().try_for_each(|entry| engine.put(map, entry))
    };
    let old = |round| data.overwrites(round, E::PUTS);
    let cold = |round| data.overwrites(COLD_ROUNDS + round, E::PUTS);
    let new = |round| data.new_entries(round, E::PUTS);
    let many = |round| data.overwrites(round, BATCH_SIZE);
    write(bench, &PUT, (engine, base), E::PUTS, old, puts)?;
    if engine.cold().is_some() {
        write(bench, &PUT_COLD, (engine, base), E::PUTS, cold, puts)?;
    }
    write(bench, &PUT_NEW, (engine, base), E::PUTS, new, puts)?;
    write(bench, &BATCH, (engine, base), BATCH_SIZE, many, E::apply)
}

fn write<E: Engine>(
    bench: &mut Bench<'_>,
    row: &'static Row,
    (engine, base): (&E, &E::Map),
    operations: usize,
    entries: impl Fn(usize) -> Vec<Entry>,
    write: impl Fn(&E, &mut E::Map, &[Entry]) -> Result<()>,
) -> Result<()> {
    let before = bench.data.entries.len() as u64;
    let added = if row.id == PUT_NEW.id {
        operations as u64
    } else {
        0
    };
    let is_cold = row.id == PUT_COLD.id;
    bench.time(
        row,
        operations,
        |round| {
            let store = if is_cold {
                engine.cold().transpose()?
            } else {
                None
            };
            let map = store.as_ref().unwrap_or(engine).snapshot(base)?;
            Ok((store, map, entries(round)))
        },
        |(store, map, entries)| Some(write(store.as_ref().unwrap_or(engine), map, entries)),
        |(store, map, entries), ()| {
            let engine = store.as_ref().unwrap_or(engine);
            let keys: Vec<_> = entries.iter().map(|(key, _)| key.as_slice()).collect();
            let found = engine.get(map, &keys)? + Answer::count(engine.len(map)?);
            let expected = Answer::values(entries) + Answer::count(before + added);
            Ok(Check { found, expected })
        },
    )
}
