//! Several processes on one store: killed at any moment, counting together, following each other.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod shared;

use std::io::Write;
use std::time::Duration;

use prollytree_conformance::Random;
use prollytree_plugin_api::{Hash, Swap};
use shared::{Store, commit, get, head, open, open_read_only, spawn, task};

/// So short that journals are sealed and packs merged all the time.
const SHORT: u64 = 3000;

fn content(number: u64) -> Vec<u8> {
    let mut bytes = number.to_le_bytes().to_vec();
    bytes.resize(100 + usize::try_from(number % 300).unwrap(), 7);
    bytes
}

/// The number at which `heads/main` stands; 0 where it is not there.
fn number(store: &Store) -> u64 {
    let Some(hash) = head(store).unwrap() else {
        return 0;
    };
    let bytes = get(store, hash).unwrap().expect("a ref points to a record");
    u64::from_le_bytes(*bytes.first_chunk().unwrap())
}

fn step(store: &Store, from: u64) -> Swap {
    let before = content(from);
    let expected = (from > 0).then_some(&*before);
    commit(store, expected, &content(from + 1)).unwrap()
}

#[test]
fn commits_until_it_is_killed() {
    let Some((folder, _)) = task() else { return };
    let store = open(&folder, SHORT);
    let mut at = number(&store);
    let mut out = std::io::stdout();
    loop {
        assert_eq!(step(&store, at), Swap::Done);
        at += 1;
        writeln!(out, "acknowledged {at}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn a_killed_writer_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let seed = 7;
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let mut acknowledged = 0;
    for round in 0..25 {
        let (mut child, lines) = spawn("commits_until_it_is_killed", folder.path(), 0);
        let reading = std::thread::spawn(move || {
            let number = |line: String| line.rsplit(' ').next()?.parse::<u64>().ok();
            let acknowledged = lines
                .map_while(Result::ok)
                .filter(|line| line.contains("acknowledged "));
            acknowledged.filter_map(number).last()
        });
        std::thread::sleep(Duration::from_micros(20_000 + random.below(120_000) as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged = reading
            .join()
            .unwrap()
            .unwrap_or(acknowledged)
            .max(acknowledged);
        let store = open(folder.path(), SHORT);
        let at = number(&store);
        assert!(
            at >= acknowledged,
            "round {round}: {at}, {acknowledged} acknowledged"
        );
        for earlier in 1..=at {
            let bytes = content(earlier);
            assert_eq!(get(&store, Hash::of(&bytes)).unwrap(), Some(bytes));
        }
        let names = std::fs::read_dir(folder.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        assert!(!names.into_iter().any(|name| name.starts_with("tmp-")));
    }
    assert!(acknowledged > 0);
}

const STEPS: u64 = 40;
const THREADS: usize = 2;
const PROCESSES: usize = 3;

#[test]
fn counts() {
    let Some((folder, _)) = task() else { return };
    let store = open(&folder, SHORT);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..STEPS {
                    while step(&store, number(&store)) != Swap::Done {}
                }
            });
        }
    });
}

#[test]
fn several_processes_count_without_losing_a_step() {
    let folder = tempfile::tempdir().unwrap();
    let children: Vec<_> = (0..PROCESSES)
        .map(|index| spawn("counts", folder.path(), index))
        .collect();
    for (mut child, lines) in children {
        for line in lines {
            line.unwrap();
        }
        assert!(child.wait().unwrap().success());
    }
    let store = open(folder.path(), SHORT);
    assert_eq!(number(&store), STEPS * (THREADS * PROCESSES) as u64);
}

#[test]
fn commits_a_number() {
    let Some((folder, count)) = task() else {
        return;
    };
    let store = open(&folder, SHORT);
    for at in 0..count as u64 {
        assert_eq!(step(&store, at), Swap::Done);
        println!("acknowledged {}", at + 1);
    }
}

#[test]
fn a_reader_sees_each_commit_that_another_process_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let early = open(folder.path(), SHORT);
    let only = open_read_only(folder.path()).unwrap();
    let (mut child, lines) = spawn("commits_a_number", folder.path(), 200);
    let mut seen = 0;
    for line in lines {
        let line = line.unwrap();
        let Some((_, acknowledged)) = line.split_once("acknowledged ") else {
            continue;
        };
        let acknowledged = acknowledged.parse().unwrap();
        for store in [&early, &only] {
            assert!(number(store) >= acknowledged);
            let bytes = content(acknowledged);
            assert_eq!(get(store, Hash::of(&bytes)).unwrap(), Some(bytes));
        }
        seen = acknowledged;
    }
    assert!(child.wait().unwrap().success());
    assert_eq!(seen, 200);
}
