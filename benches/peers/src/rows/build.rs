//! Making a map of everything at once.

use crate::Result;
use crate::bench::{Bench, Check};
use crate::data::Entry;
use crate::engine::Engine;
use crate::row::{BUILD_SORTED, BUILD_UNSORTED, Row};

pub(crate) fn run<E: Engine>(bench: &mut Bench<'_>) -> Result<()> {
    let data = bench.data;
    build::<E>(
        bench,
        &BUILD_SORTED,
        || data.entries.clone(),
        E::build_sorted,
    )?;
    build::<E>(
        bench,
        &BUILD_UNSORTED,
        || data.shuffled(),
        E::build_unsorted,
    )
}

fn build<E: Engine>(
    bench: &mut Bench<'_>,
    row: &'static Row,
    entries: impl Fn() -> Vec<Entry>,
    build: impl Fn(&E, &mut Vec<Entry>) -> Result<E::Map>,
) -> Result<()> {
    let count = bench.data.entries.len();
    bench.time(
        row,
        count,
        |_| Ok((E::create()?, entries())),
        |(engine, entries)| Some(build(engine, entries)),
        |(engine, _), map| Ok(Check::count(engine.len(map)?, count as u64)),
    )
}
