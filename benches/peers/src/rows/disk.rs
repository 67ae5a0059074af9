//! Filling a store on disk, and reading one that was just opened.

use std::fs;
use std::path::Path;

use crate::Result;
use crate::bench::{Bench, Check};
use crate::data::Answer;
use crate::disk::{Disk, Opened};
use crate::row::{DISK_BYTES, DISK_GET, DISK_LOAD, DISK_SCAN};

const GETS: usize = 1_000;

pub(crate) fn run<D: Disk>(bench: &mut Bench<'_>, opened: &Opened<D>) -> Result<()> {
    let data = bench.data;
    if bench.wants(&DISK_BYTES) {
        let bytes = bytes_in(opened.folder())?;
        bench.figure(&DISK_BYTES, bytes as f64 / data.raw_bytes() as f64);
    }
    load::<D>(bench)?;
    bench.time(
        &DISK_GET,
        GETS,
        |round| {
            opened.reopen()?;
            Ok(data.some_keys(round, GETS))
        },
        |keys| Some(opened.with(|store| store.get(keys))),
        |keys, &found| {
            Ok(Check {
                found,
                expected: data.values_of(keys),
            })
        },
    )?;
    let expected = Answer::entries(&data.entries);
    bench.time(
        &DISK_SCAN,
        data.entries.len(),
        |_| opened.reopen(),
        |()| Some(opened.with(|store| store.scan())),
        |(), &found| Ok(Check { found, expected }),
    )
}

fn load<D: Disk>(bench: &mut Bench<'_>) -> Result<()> {
    let data = bench.data;
    let expected = Answer::entries(&data.entries);
    bench.time(
        &DISK_LOAD,
        data.entries.len(),
        |_| Ok((tempfile::tempdir()?, data.entries.clone())),
        |(folder, entries)| Some(D::create(folder.path(), std::mem::take(entries))),
        |_, store| {
            Ok(Check {
                found: store.scan()?,
                expected,
            })
        },
    )
}

fn bytes_in(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() {
            bytes_in(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(bytes)
}
