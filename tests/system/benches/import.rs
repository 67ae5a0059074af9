//! Import of 100,000 JSON Lines rows with a commit on redb, against the same rows put into one
//! transaction of bare redb. Both run in turn in one process; wall time, medians of seven.
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prollytree::history::Person;
use prollytree::storage::{Storage, StorageOptions};
use prollytree::store::{StoreOptions, VersionedStore};
use prollytree::tree::Edit;
use prollytree_plugin_api::{OpenStorage, Options};
use redb::{Database, TableDefinition};

const ROWS: u32 = 100_000;
const ROUNDS: usize = 7;
const TABLE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");

fn main() {
    let lines: String = (0..ROWS).map(row).collect();
    println!(
        "{ROWS} rows, {} bytes of JSON Lines, medians of {ROUNDS} rounds",
        lines.len()
    );
    let mut times: [Vec<Duration>; 3] = Default::default();
    for _ in 0..ROUNDS {
        let folder = tempfile::tempdir().unwrap();
        let bare = parsed(&lines);
        times[0].push(timed(|| {
            into_bare_redb(&folder.path().join("bare.redb"), &bare);
        }));
        drop(bare);
        let rows = parsed(&lines);
        times[1].push(timed(|| into_store(&folder.path().join("rows.redb"), rows)));
        times[2].push(timed(|| {
            into_store(&folder.path().join("lines.redb"), parsed(&lines));
        }));
    }
    let [bare, rows, import] = times.map(median);
    println!("bare redb, one transaction        {bare:>10.1?}");
    println!(
        "store, staged and committed       {rows:>10.1?}   {:.2}x",
        ratio(rows, bare)
    );
    println!(
        "store, parsed too                 {import:>10.1?}   {:.2}x",
        ratio(import, bare)
    );
}

/// Rows whose keys are spread, as hashes and names are.
fn row(number: u32) -> String {
    let id = number.wrapping_mul(2_654_435_761);
    format!(
        "{{\"id\":\"{id:010}\",\"name\":\"customer {number}\",\"balance\":{},\"active\":{},\"tags\":[\"a\",\"b\"]}}\n",
        u64::from(number) * 37 % 100_000,
        number.is_multiple_of(3),
    )
}

fn parsed(lines: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    lines
        .lines()
        .map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let key = row["id"].as_str().unwrap().as_bytes().to_vec();
            (key, serde_json::to_vec(&row).unwrap())
        })
        .collect()
}

fn into_bare_redb(path: &Path, rows: &[(Vec<u8>, Vec<u8>)]) {
    let database = Database::create(path).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut table = transaction.open_table(TABLE).unwrap();
        for (key, value) in rows {
            table.insert(key.as_slice(), value.as_slice()).unwrap();
        }
    }
    transaction.commit().unwrap();
}

fn into_store(path: &Path, rows: Vec<(Vec<u8>, Vec<u8>)>) {
    let mut options = Options::new();
    options.insert("path".into(), path.to_str().unwrap().into());
    let backend =
        (prollytree_backend_redb::BACKEND.open)(&OpenStorage::or_create(options)).unwrap();
    let storage = Storage::new(backend, StorageOptions::default());
    let identity = Arc::new(Person::new("Bench", "bench@example.org").unwrap());
    let options = StoreOptions {
        identity,
        ..StoreOptions::default()
    };
    let mut store = VersionedStore::init(storage, options).unwrap();
    store
        .apply_many(rows.into_iter().map(|(key, value)| (key, Edit::Put(value))))
        .unwrap();
    store.commit("import").unwrap();
}

fn timed(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn ratio(ours: Duration, theirs: Duration) -> f64 {
    ours.as_secs_f64() / theirs.as_secs_f64()
}
