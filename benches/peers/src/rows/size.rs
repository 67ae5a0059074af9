//! What is stored, and what one insert writes again.

use crate::Result;
use crate::bench::Bench;
use crate::engine::Engine;
use crate::row::{REWRITTEN_MEAN, REWRITTEN_P99, Row, STORED};

const INSERTS: usize = 1_000;

pub(crate) fn run<E: Engine>(bench: &mut Bench<'_>, engine: &E, base: &E::Map) -> Result<()> {
    if bench.wants(&STORED)
        && let Some(bytes) = engine.stored_bytes(base)
    {
        bench.figure(&STORED, bytes? as f64 / bench.data.raw_bytes() as f64);
    }
    rewritten(bench, &REWRITTEN_MEAN, (engine, base), |leaves| {
        leaves.iter().sum::<usize>() as f64 / leaves.len() as f64
    })?;
    rewritten(bench, &REWRITTEN_P99, (engine, base), |leaves| {
        leaves[leaves.len() * 99 / 100] as f64
    })
}

/// Says of many inserts, each into the same version, how many leaves each wrote.
fn rewritten<E: Engine>(
    bench: &mut Bench<'_>,
    row: &'static Row,
    (engine, base): (&E, &E::Map),
    figure: impl Fn(&[usize]) -> f64,
) -> Result<()> {
    if !bench.wants(row) {
        return Ok(());
    }
    // Other keys than any other row has: what is stored already would not be counted.
    let round = if row.id == REWRITTEN_MEAN.id {
        1 << 20
    } else {
        1 << 21
    };
    let mut leaves = Vec::new();
    for entry in bench.data.new_entries(round, INSERTS) {
        match engine.leaves_written(base, &entry) {
            Some(count) => leaves.push(count?),
            None => return Ok(()),
        }
    }
    leaves.sort_unstable();
    bench.figure(row, figure(&leaves));
    Ok(())
}
