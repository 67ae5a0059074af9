//! Figures for the README, printed and not judged:
//! `cargo test --release -p prollytree-backend-file --test figures -- --ignored --nocapture`.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod shared;

use std::time::{Duration, Instant};

use prollytree_plugin_api::{Hash, RefUpdate, Swap};
use shared::{CALL, Store, head, name, open, record, spawn, stat, task};

const RUN: Duration = Duration::from_secs(3);

/// One attempt to move `heads/main` on by a record of 300 bytes.
fn attempt(store: &Store, seed: u64) -> bool {
    let mut bytes = vec![0; 300];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let expected = head(store).unwrap();
    let update = RefUpdate {
        name: name("heads/main"),
        expected,
        new: Some(Hash::of(&bytes)),
    };
    store.commit(CALL, &[record(&bytes)], &[update]).unwrap() == Swap::Done
}

#[test]
fn commits_for_some_seconds() {
    let Some((folder, index)) = task() else {
        return;
    };
    let store = open(&folder, 32 << 20);
    let begin = Instant::now();
    let (mut done, mut lost) = (0, 0);
    while begin.elapsed() < RUN {
        let seed = ((index as u64) << 40) + done + lost;
        if attempt(&store, seed) {
            done += 1;
        } else {
            lost += 1;
        }
    }
    println!("figures {done} {lost}");
}

#[test]
#[ignore = "prints figures"]
fn commits_per_second() {
    for processes in [1, 2, 4] {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path(), 32 << 20));
        let children: Vec<_> = (0..processes)
            .map(|index| spawn("commits_for_some_seconds", folder.path(), index))
            .collect();
        let (mut done, mut lost) = (0, 0);
        for (mut child, lines) in children {
            for line in lines.map_while(Result::ok) {
                if let Some((_, figures)) = line.split_once("figures ") {
                    let (won, missed) = figures.split_once(' ').unwrap();
                    done += won.parse::<u64>().unwrap();
                    lost += missed.parse::<u64>().unwrap();
                }
            }
            assert!(child.wait().unwrap().success());
        }
        let seconds = RUN.as_secs();
        println!(
            "{processes} processes, one ref: {} commits/s, {} lost/s",
            done / seconds,
            lost / seconds
        );
    }
}

#[test]
#[ignore = "prints figures"]
fn a_thousand_small_commits() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), 32 << 20);
    let begin = Instant::now();
    for seed in 0..1000 {
        assert!(attempt(&store, seed));
    }
    let took = begin.elapsed();
    let shown = [
        "records",
        "bytes",
        "bytes_on_disk",
        "files",
        "packs",
        "syncs",
    ]
    .map(|name| format!("{name} {}", stat(&store, name)));
    println!(
        "1000 commits of one 300-byte record: {took:?}, {}",
        shown.join(", ")
    );
    store.close().unwrap();
    let begin = Instant::now();
    drop(open(folder.path(), 32 << 20));
    println!("opening it: {:?}", begin.elapsed());
}

#[test]
#[ignore = "prints figures"]
fn opening_the_longest_journal() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), 32 << 20);
    let mut seed = 0_u64;
    while stat_of_journal(folder.path()) < 31 << 20 {
        let contents: Vec<_> = (0..2000)
            .map(|n| (seed + n).to_le_bytes().repeat(50))
            .collect();
        let records: Vec<_> = contents.iter().map(|bytes| record(bytes)).collect();
        store.put_many(CALL, &records).unwrap();
        seed += 2000;
    }
    store.sync(CALL).unwrap();
    assert!(attempt(&store, 1) && attempt(&store, 2));
    store.close().unwrap();
    let begin = Instant::now();
    let store = open(folder.path(), 32 << 20);
    let took = begin.elapsed();
    println!(
        "opening a journal of {} bytes, {} records: {took:?}",
        stat(&store, "journal_bytes"),
        stat(&store, "records")
    );
}

fn stat_of_journal(folder: &std::path::Path) -> u64 {
    std::fs::metadata(shared::journal(folder)).unwrap().len()
}
