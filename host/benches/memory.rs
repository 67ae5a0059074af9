//! The memory that large trees take: the peak of a build and of loads, and what stays resident. Each
//! figure is that of a process of its own.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "the figures")]

use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

use prollytree::storage::{Storage, StorageOptions};
use prollytree::tree::{BulkOptions, Parameters, Tree};
use prollytree_plugin_api::{Hash, OpenStorage, Options};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const ENTRIES: u64 = 1_000_000;

/// What a scenario is called, what it does, and what runs it in a folder that all share.
type Scenario = (&'static str, &'static str, fn(&Path) -> Result<()>);

const SCENARIOS: [Scenario; 5] = [
    (
        "build-memory",
        "build 1 M sorted entries, 116 MB of keys and values, in the engine `memory`",
        |_| {
            let storage = in_memory()?;
            build(&storage).map(drop)
        },
    ),
    ("build", "build them in `redb`", |folder| {
        let storage = open(folder, "built", CACHE)?;
        let tree = build(&storage)?;
        storage.sync()?;
        Ok(std::fs::write(folder.join(ROOT), tree.root().as_bytes())?)
    }),
    (
        "scan",
        "scan all of them twice, with 256 MiB of cache",
        |folder| scan(folder, CACHE),
    ),
    (
        "scan-small",
        "scan all of them twice, with 16 MiB of cache",
        |folder| scan(folder, 16 << 20),
    ),
    (
        "load",
        "load them in no order, 212 MB as edits, with 64 MiB for edits",
        load,
    ),
];

/// The default of the library; the engine's own is set to 16 MiB.
const CACHE: u64 = 256 << 20;
const ENGINE_CACHE: &str = "16MiB";
/// Where the root of the tree is noted that has been built.
const ROOT: &str = "root";

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [first, name, folder] = &args[..]
        && first == "scenario"
    {
        let found = SCENARIOS.iter().find(|(known, ..)| known == name);
        let (.., run) = found.ok_or("there is no such scenario")?;
        run(folder.as_ref())?;
        return print_memory();
    }
    let folder = tempfile::tempdir()?;
    println!("{:>9}  {:>9}", "peak", "at the end");
    for (name, what, _) in SCENARIOS {
        let ran = Command::new(std::env::current_exe()?)
            .args(["scenario", name])
            .arg(folder.path())
            .output()?;
        if !ran.status.success() {
            return Err(String::from_utf8_lossy(&ran.stderr).into());
        }
        println!("{}  {what}", String::from_utf8(ran.stdout)?.trim_end());
    }
    Ok(())
}

/// Prints the peak of this process's memory, and the present.
fn print_memory() -> Result<()> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let read = |field: &str| -> Result<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(number.ok_or("the system does not tell")?.trim().parse()?)
    };
    let (peak, now) = (read("VmHWM:")?, read("VmRSS:")?);
    println!("{:>6} MB  {:>6} MB", peak / 1000, now / 1000);
    Ok(())
}

fn in_memory() -> Result<Storage> {
    let opened = (prollytree_backend_memory::BACKEND.open)(&OpenStorage::or_create(Options::new()));
    Ok(Storage::new(opened?, StorageOptions::default()))
}

fn open(folder: &Path, name: &str, cache_bytes: u64) -> Result<Storage> {
    let path = folder.join(name);
    let path = path.to_str().ok_or("a folder with a strange name")?;
    let options = [("path", path), ("cache", ENGINE_CACHE)];
    let options = options.map(|(name, value)| (name.into(), value.into()));
    let options = OpenStorage::or_create(options.into_iter().collect());
    let opened = (prollytree_backend_redb::BACKEND.open)(&options)?;
    let options = StorageOptions {
        cache_bytes,
        ..StorageOptions::default()
    };
    Ok(Storage::new(opened, options))
}

fn build(storage: &Storage) -> Result<Tree> {
    let entries = (0..ENTRIES).map(|n| (key(n), value(n)));
    Ok(Tree::build(
        storage.clone(),
        Parameters::default(),
        entries,
    )?)
}

fn load(folder: &Path) -> Result<()> {
    let storage = open(folder, "loaded", CACHE)?;
    // A step without a common factor goes through all numbers, in no order.
    let entries = (0..ENTRIES).map(|n| n * 611_953 % ENTRIES);
    let entries = entries.map(|n| (key(n), value(n)));
    let options = BulkOptions {
        memory: 64 << 20,
        ..BulkOptions::default()
    };
    let tree = Tree::build_unsorted(storage.clone(), Parameters::default(), entries, options)?;
    storage.sync()?;
    assert_eq!(
        tree.root().as_bytes()[..],
        std::fs::read(folder.join(ROOT))?
    );
    Ok(())
}

fn scan(folder: &Path, cache_bytes: u64) -> Result<()> {
    let storage = open(folder, "built", cache_bytes)?;
    let root = Hash::from_slice(&std::fs::read(folder.join(ROOT))?).ok_or("a root has 32 bytes")?;
    let tree = Tree::open(storage, root, Parameters::default())?;
    let mut seen = 0;
    for _ in 0..2 {
        let end: ControlFlow<()> = tree.scan::<[u8], _, _>(.., |_, _| {
            seen += 1;
            ControlFlow::Continue(())
        })?;
        assert!(end.is_continue());
    }
    assert_eq!(seen, 2 * ENTRIES);
    Ok(())
}

fn key(n: u64) -> Vec<u8> {
    format!("{n:016}").into_bytes()
}

fn value(n: u64) -> Vec<u8> {
    let words = (0..13).map(|word| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(word));
    words.flat_map(u64::to_le_bytes).take(100).collect()
}
