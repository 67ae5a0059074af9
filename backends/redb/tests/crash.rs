//! SIGKILL in the middle of commits: what was acknowledged is there, and nothing is half done.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use common::{CALL, blob, name, open, read, step};
use prollytree_conformance::Random;
use prollytree_plugin_api::{Hash, NodeStorage, Swap};
use tempfile::TempDir;

const CHILD: &str = "PROLLYTREE_TEST_COMMIT";
const ROUNDS: usize = 15;

/// The records of one commit: the first is put before, the second comes with the refs.
fn contents(number: u64) -> [Vec<u8>; 2] {
    let mut random = Random::new(number);
    [0, 1].map(|part| {
        let size = 8 + random.below(9_000);
        let mut bytes = vec![part; size];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        bytes
    })
}

fn number(store: &dyn NodeStorage, head: Hash) -> u64 {
    let bytes = read(store, head).expect("a ref points to a stored record");
    u64::from_le_bytes(bytes[..8].try_into().unwrap())
}

/// What the child of the test below does: commit and acknowledge until it is killed.
#[test]
fn child_commits_until_killed() {
    let Ok(path) = std::env::var(CHILD) else {
        return;
    };
    let store = open(Path::new(&path));
    let mut head = store.get_ref(CALL, &name("heads/main")).unwrap();
    let first = head.map_or(0, |head| number(&*store, head) + 1);
    let mut out = std::io::stdout();
    for number in first.. {
        let [early, late] = contents(number);
        store.put_many(CALL, &[blob(&early)]).unwrap();
        let late = blob(&late);
        let moves = [
            step("heads/main", head, Some(late.hash)),
            step("heads/twin", head, Some(late.hash)),
        ];
        assert_eq!(store.commit(CALL, &[late], &moves).unwrap(), Swap::Done);
        head = Some(late.hash);
        writeln!(out, "\nack {number}").unwrap();
    }
}

/// Runs the child for a while, kills it and returns the last commit that it acknowledged.
fn run_and_kill(path: &Path, after: Duration) -> Option<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_commits_until_killed", "--nocapture"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let reader = std::thread::spawn(move || {
        lines
            .map_while(Result::ok)
            .filter_map(|line| line.strip_prefix("ack ")?.parse().ok())
            .last()
    });
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

#[test]
fn a_kill_at_any_moment_loses_nothing_that_was_acknowledged() {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = u64::from(since.subsec_nanos());
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("main.redb");
    let mut acknowledged = None;
    for round in 0..ROUNDS {
        let after = Duration::from_millis(5 + random.below(120) as u64);
        acknowledged = run_and_kill(&path, after).or(acknowledged);
        let store = open(&path);
        let heads = ["heads/main", "heads/twin"].map(|text| {
            let head = store.get_ref(CALL, &name(text)).unwrap();
            head.map(|head| number(&*store, head))
        });
        println!("round {round}: acknowledged {acknowledged:?}, found {heads:?}");
        assert_eq!(heads[0], heads[1], "a commit of two refs was cut in half");
        assert!(heads[0] >= acknowledged, "an acknowledged commit is gone");
        for number in heads[0].map_or(0..0, |last| 0..last + 1) {
            for bytes in contents(number) {
                assert!(read(&*store, Hash::of(&bytes)) == Some(bytes));
            }
        }
        store.close().unwrap();
    }
    assert!(acknowledged.is_some(), "no round lasted long enough");
}
