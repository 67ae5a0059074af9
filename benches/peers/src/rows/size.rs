//! What is stored, and what one insert writes again.

use crate::Result;
use crate::bench::Bench;
use crate::engine::{Engine, Written};
use crate::row::{REWRITTEN_BYTES, REWRITTEN_MEAN, REWRITTEN_P99, Row, STORED};

const INSERTS: usize = 1_000;

pub(crate) fn run<E: Engine>(bench: &mut Bench<'_>, engine: &E, base: &E::Map) -> Result<()> {
    if bench.wants(&STORED)
        && let Some(bytes) = engine.stored_bytes(base)
    {
        bench.figure(&STORED, bytes? as f64 / bench.data.raw_bytes() as f64);
    }
    rewritten(bench, &REWRITTEN_MEAN, (engine, base), |written| {
        mean(written, |written| written.leaves)
    })?;
    rewritten(bench, &REWRITTEN_P99, (engine, base), |written| {
        let mut leaves: Vec<_> = written.iter().map(|written| written.leaves).collect();
        leaves.sort_unstable();
        leaves[leaves.len() * 99 / 100] as f64
    })?;
    rewritten(bench, &REWRITTEN_BYTES, (engine, base), |written| {
        mean(written, |written| written.bytes)
    })
}

fn mean(written: &[Written], count: impl Fn(&Written) -> usize) -> f64 {
    written.iter().map(count).sum::<usize>() as f64 / written.len() as f64
}

/// Says of many inserts, each into the same version, what each wrote.
fn rewritten<E: Engine>(
    bench: &mut Bench<'_>,
    row: &'static Row,
    (engine, base): (&E, &E::Map),
    figure: impl Fn(&[Written]) -> f64,
) -> Result<()> {
    if !bench.wants(row) {
        return Ok(());
    }
    // Other keys than any other row has: what is stored already would not be counted.
    let rows = [&REWRITTEN_MEAN, &REWRITTEN_P99, &REWRITTEN_BYTES];
    let position = rows.iter().position(|other| other.id == row.id);
    let round = (1 + position.unwrap_or(0)) << 20;
    let mut written = Vec::new();
    for entry in bench.data.new_entries(round, INSERTS) {
        match engine.written(base, &entry) {
            Some(nodes) => written.push(nodes?),
            None => return Ok(()),
        }
    }
    bench.figure(row, figure(&written));
    Ok(())
}
