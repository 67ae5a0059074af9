//! The engines, one file each.

mod ours;

mod prolly_map;

mod prollytree_04;

mod btree;

mod branches;

mod disk;

use crate::Result;
use crate::bench::Bench;
use crate::data::Data;
use crate::disk::{Disk, Opened};
use crate::engine::Engine;
use crate::rows;

/// An engine that can be asked for.
pub(crate) struct Named {
    /// What it is called on the command line.
    pub(crate) id: &'static str,
    /// What it is called in the table.
    pub(crate) title: &'static str,
    /// Whether it is ours.
    pub(crate) is_ours: bool,
    /// Whether it runs the rows on disk or those in memory.
    pub(crate) is_on_disk: bool,
    /// Makes a store with the entries in it.
    pub(crate) load: Load,
}

/// An engine with the entries in it.
pub(crate) trait Loaded {
    /// Measures the row that is wanted, if the engine has an answer to it.
    fn run(&self, bench: &mut Bench<'_>) -> Result<()>;
}

type Load = fn(&Data) -> Result<Box<dyn Loaded>>;

/// All engines, ours first.
pub(crate) static ENGINES: &[Named] = &[
    memory("ours", "ours", true, load::<ours::Ours>),
    memory(
        "prolly-map",
        "prolly-map 0.7.2",
        false,
        load::<prolly_map::ProllyMap>,
    ),
    memory(
        "prollytree",
        "prollytree 0.4.1",
        false,
        load::<prollytree_04::ProllyTree04>,
    ),
    memory("btree", "`BTreeMap`", false, load::<btree::Standard>),
    disk(
        "ours-redb",
        "ours on redb",
        true,
        load_on_disk::<disk::Ours<disk::OnRedb>>,
    ),
    disk(
        "ours-file",
        "ours on file",
        true,
        load_on_disk::<disk::Ours<disk::OnFile>>,
    ),
    disk("redb", "redb 4.4.0", false, load_on_disk::<disk::Redb>),
    disk("sqlite", "SQLite", false, load_on_disk::<disk::Sqlite>),
];

const fn memory(id: &'static str, title: &'static str, is_ours: bool, load: Load) -> Named {
    Named {
        id,
        title,
        is_ours,
        is_on_disk: false,
        load,
    }
}

const fn disk(id: &'static str, title: &'static str, is_ours: bool, load: Load) -> Named {
    Named {
        id,
        title,
        is_ours,
        is_on_disk: true,
        load,
    }
}

/// An engine in memory and its map.
struct InMemory<E: Engine> {
    engine: E,
    base: E::Map,
}

fn load<E: Engine + 'static>(data: &Data) -> Result<Box<dyn Loaded>> {
    let engine = E::create()?;
    let base = engine.build_sorted(&mut data.entries.clone())?;
    Ok(Box::new(InMemory { engine, base }))
}

fn load_on_disk<D: Disk + 'static>(data: &Data) -> Result<Box<dyn Loaded>> {
    Ok(Box::new(Opened::<D>::create(data.entries.clone())?))
}

impl<E: Engine> Loaded for InMemory<E> {
    fn run(&self, bench: &mut Bench<'_>) -> Result<()> {
        let Self { engine, base } = self;
        rows::build::run::<E>(bench)?;
        rows::read::run(bench, engine, base)?;
        rows::write::run(bench, engine, base)?;
        rows::diff::run(bench, engine, base)?;
        rows::merge::run(bench, engine, base)?;
        rows::branch::run::<E>(bench)?;
        rows::proof::run(bench, engine, base)?;
        rows::size::run(bench, engine, base)
    }
}

impl<D: Disk> Loaded for Opened<D> {
    fn run(&self, bench: &mut Bench<'_>) -> Result<()> {
        rows::disk::run(bench, self)?;
        rows::commit::run(bench, self)
    }
}
