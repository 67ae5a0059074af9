//! `cargo xtask bench`: the benches, in an optimised build; `bench peers` beside other libraries.

use crate::cargo::{Workspace, cargo};
use crate::plugins;
use crate::step::{self, Result};
use crate::test::PLUGINS;

pub(crate) const HELP: &str = "
Builds the plugins with optimisations and runs the benches. Arguments go to
cargo bench: the name of a bench, or a filter.

`bench peers` builds the workspace benches/peers instead and runs the same work
on the same data with ours and its peers: prolly-map, prollytree 0.4.1, a
BTreeMap; on disk redb and SQLite. A run of everything takes a quarter of an
hour and is written to docs/benchmarks.md. Its options choose less:
  --entries 10k,100k,1m   sizes (100k,1m)
  --only ours,prolly-map  engines (all)
  --row get,put           rows whose names begin so (all)
  --repeat N              repetitions of each row, at least (5)

Examples:
  cargo xtask bench
  cargo xtask bench -p prollytree --bench tree
  cargo xtask bench peers --entries 100k --only ours,prolly-map --row get
";

/// The workspace of the peers, and where its build goes.
const PEERS: &str = "benches/peers/Cargo.toml";
const PEERS_TARGET: &str = "peers";

pub(crate) fn run(args: &[String]) -> Result<()> {
    let workspace = Workspace::load()?;
    if let [first, rest @ ..] = args
        && first == "peers"
    {
        return peers(&workspace, rest);
    }
    let built = plugins::build(&workspace, true)?;
    step::run(
        "benches",
        cargo().arg("bench").args(args).env(PLUGINS, &built.folder),
    )
}

/// Runs ours and its peers side by side.
fn peers(workspace: &Workspace, args: &[String]) -> Result<()> {
    step::run(
        "peers",
        cargo()
            .args(["run", "--release", "--locked", "--manifest-path", PEERS])
            .arg("--target-dir")
            .arg(workspace.target.join(PEERS_TARGET))
            .arg("--")
            .args(args)
            // One thread, for all.
            .env("RAYON_NUM_THREADS", "1"),
    )
}
