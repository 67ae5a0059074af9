//! Durable changes on disk.

use crate::Result;
use crate::bench::{Bench, Check};
use crate::data::Answer;
use crate::disk::{Disk, Opened};
use crate::row::{COMMIT, COMMIT_1000, Row};

pub(crate) fn run<D: Disk>(bench: &mut Bench<'_>, opened: &Opened<D>) -> Result<()> {
    commit(bench, &COMMIT, opened, 1)?;
    commit(bench, &COMMIT_1000, opened, 1_000)
}

fn commit<D: Disk>(
    bench: &mut Bench<'_>,
    row: &'static Row,
    opened: &Opened<D>,
    changes: usize,
) -> Result<()> {
    let data = bench.data;
    bench.time(
        row,
        changes,
        |round| Ok(data.overwrites(round, changes)),
        |entries| Some(opened.with(|store| store.commit(entries))),
        |entries, ()| {
            let keys: Vec<_> = entries.iter().map(|(key, _)| key.as_slice()).collect();
            Ok(Check {
                found: opened.with(|store| store.get(&keys))?,
                expected: Answer::values(entries),
            })
        },
    )
}
