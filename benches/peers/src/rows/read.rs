//! Reading: single keys and everything.

use crate::Result;
use crate::bench::{Bench, Check};
use crate::data::Answer;
use crate::engine::{Engine, Offer};
use crate::row::{GET, GET_COLD, GET_SESSION, Row, SCAN, SCAN_COLD};

/// So few that hardly any finds in memory what another has read, but for the nodes that are on the
/// way to all.
const COLD_GETS: usize = 100;

pub(crate) fn run<E: Engine>(bench: &mut Bench<'_>, engine: &E, base: &E::Map) -> Result<()> {
    if bench.wants(&GET) || bench.wants(&GET_SESSION) {
        // Warm means that all has been read once.
        engine.scan(base)?;
    }
    gets::<E>(bench, &GET, |keys| Some(engine.get(base, keys)))?;
    gets::<E>(bench, &GET_SESSION, |keys| {
        engine.get_in_session(base, keys)
    })?;
    let expected = Answer::entries(&bench.data.entries);
    bench.time(
        &SCAN,
        bench.data.entries.len(),
        |_| Ok(()),
        |()| Some(engine.scan(base)),
        |(), &found| Ok(Check { found, expected }),
    )?;
    if engine.cold().is_some() {
        cold(bench, engine, base)?;
    }
    Ok(())
}

/// Reads from a store that is opened anew each time.
fn cold<E: Engine>(bench: &mut Bench<'_>, engine: &E, base: &E::Map) -> Result<()> {
    let data = bench.data;
    bench.time(
        &GET_COLD,
        COLD_GETS,
        |round| {
            let keys = data.some_keys(round, COLD_GETS);
            Ok((engine.cold().unwrap_or_else(E::create)?, keys))
        },
        |(engine, keys)| {
            let map = engine.snapshot(base);
            Some(map.and_then(|map| engine.get(&map, keys)))
        },
        |(_, keys), &found| {
            Ok(Check {
                found,
                expected: data.values_of(keys),
            })
        },
    )?;
    let expected = Answer::entries(&data.entries);
    bench.time(
        &SCAN_COLD,
        data.entries.len(),
        |_| engine.cold().unwrap_or_else(E::create),
        |engine| Some(engine.snapshot(base).and_then(|map| engine.scan(&map))),
        |_, &found| Ok(Check { found, expected }),
    )
}

fn gets<E: Engine>(
    bench: &mut Bench<'_>,
    row: &'static Row,
    get: impl Fn(&[&[u8]]) -> Offer<Answer>,
) -> Result<()> {
    let data = bench.data;
    bench.time(
        row,
        E::GETS,
        |round| Ok((data.some_keys(round, E::GETS), round)),
        |(keys, _)| get(keys),
        |(keys, _), &found| {
            Ok(Check {
                found,
                expected: data.values_of(keys),
            })
        },
    )
}
