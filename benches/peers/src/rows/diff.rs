//! Finding what changed between two versions.

use crate::Result;
use crate::bench::{Bench, Check};
use crate::data::Answer;
use crate::engine::Engine;
use crate::row::{DIFF_10, DIFF_10_COLD, DIFF_1000, DIFF_1000_COLD, Row};

pub(crate) fn run<E: Engine>(bench: &mut Bench<'_>, engine: &E, base: &E::Map) -> Result<()> {
    diff(bench, [&DIFF_10_COLD, &DIFF_10], (engine, base), 10)?;
    diff(bench, [&DIFF_1000_COLD, &DIFF_1000], (engine, base), 1_000)
}

fn diff<E: Engine>(
    bench: &mut Bench<'_>,
    [cold, warm]: [&'static Row; 2],
    (engine, base): (&E, &E::Map),
    changes: usize,
) -> Result<()> {
    if !bench.wants(cold) && !bench.wants(warm) {
        return Ok(());
    }
    let edits = bench.data.overwrites(changes, changes);
    let mut edited = engine.snapshot(base)?;
    engine.apply(&mut edited, &edits)?;
    let expected = Answer::entries(&edits);
    if engine.cold().is_some() {
        bench.time(
            cold,
            1,
            |_| engine.cold().unwrap_or_else(E::create),
            |engine| {
                let opened = engine
                    .snapshot(base)
                    .and_then(|base| Ok((base, engine.snapshot(&edited)?)));
                match opened {
                    Ok((base, edited)) => engine.diff(&base, &edited),
                    Err(error) => Some(Err(error)),
                }
            },
            |_, &found| Ok(Check { found, expected }),
        )?;
    }
    bench.time(
        warm,
        1,
        |_| Ok(()),
        |()| engine.diff(base, &edited),
        |(), &found| Ok(Check { found, expected }),
    )
}
