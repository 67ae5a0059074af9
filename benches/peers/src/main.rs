//! The same work on the same data in one run: ours and its peers, side by side.
//!
//! An *engine* (`engine`, one file each in `engines`) is a library that keeps a sorted map; a *row*
//! (`row`, one file for each family in `rows`) is one kind of work. Every repetition of every row
//! also checks the answer, so that an engine which finds nothing does not look fast.
#![forbid(unsafe_code)]

mod options;

mod data;

mod clock;

mod row;

mod engine;

mod branches;

mod disk;

mod bench;

mod engines;

mod rows;

mod report;

use std::process::ExitCode;

use bench::Bench;
use data::Data;
use engines::{ENGINES, Named};
use options::Options;
use report::Report;
use row::ROWS;

/// Whatever an engine, a file or an argument has to complain about.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Keeps to one processor, so that engines which use several are compared with those that do not.
#[cfg(target_os = "linux")]
fn stay_on_one_processor() -> Result<()> {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    let allowed = sched_getaffinity(None)?;
    let last = (0..CpuSet::MAX_CPU).rfind(|&cpu| allowed.is_set(cpu));
    let mut one = CpuSet::new();
    one.set(last.ok_or("there is no processor")?);
    Ok(sched_setaffinity(None, &one)?)
}

#[cfg(not(target_os = "linux"))]
fn stay_on_one_processor() -> Result<()> {
    Ok(())
}

/// Row by row, so that what is compared is measured within seconds of each other.
fn run(options: &Options) -> Result<()> {
    stay_on_one_processor()?;
    let mut report = Report::default();
    for &entries in &options.entries {
        let data = Data::new(entries);
        let wanted = ENGINES.iter().filter(|engine| options.wants_engine(engine));
        let mut engines = Vec::new();
        for engine in wanted {
            let loaded = (engine.load)(&data);
            engines.push((
                engine,
                loaded.map_err(|error| failed(engine, entries, &*error))?,
            ));
        }
        for row in ROWS.iter().filter(|row| options.wants_row(row)) {
            for (engine, loaded) in &engines {
                let mut bench = Bench::new(&data, options.repeat, engine, row, &mut report);
                let done = loaded.run(&mut bench);
                done.map_err(|error| failed(engine, entries, &*error))?;
            }
        }
    }
    report.print(options)
}

fn failed(engine: &Named, entries: usize, error: &dyn std::error::Error) -> String {
    format!("{} at {entries} entries: {error}", engine.id)
}
