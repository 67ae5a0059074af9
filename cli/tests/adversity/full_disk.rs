//! A disk that fills up: a small one, mounted in a mount namespace of the test's own.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::Command;

use super::support::{Chance, Engine, Ran, Store, import};

/// Set in the process that has a mount namespace of its own.
const INSIDE: &str = "PROLLYTREE_TEST_MOUNTS";

/// Runs a test of this binary again where it may mount. Says whether this is that place.
fn may_mount(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    // As root, mounts need no more than a namespace; others must be root in one of users, too.
    let Some(unshare) = [&["--mount"][..], &["--map-root-user", "--mount"]]
        .into_iter()
        .find(|options| {
            let probe = Command::new("unshare").args(*options).arg("true").output();
            probe.is_ok_and(|output| output.status.success())
        })
    else {
        println!("not tested: this system allows no mounts");
        return false;
    };
    let status = Command::new("unshare")
        .args(unshare)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(status.success(), "{test} failed where it may mount");
    false
}

/// Mounts a disk of this size.
fn mount(folder: &Path, mebibytes: usize) {
    fs::create_dir_all(folder).unwrap();
    let options = format!("size={mebibytes}m");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", &options, "none"])
        .arg(folder)
        .status();
    assert!(mounted.unwrap().success());
}

/// Commits until the disk is full. Returns the commits with what is in them, and the failure with
/// the rows that it was about.
fn fill(store: &Store, chance: &mut Chance) -> (Vec<(String, String)>, Ran, String) {
    let mut commits = Vec::new();
    loop {
        let number = commits.len();
        assert!(number < 100, "the disk does not fill up");
        let rows = chance.rows(&format!("{:02}-", number % 8), 300, 1600);
        let ran = store.run_with(&rows, import(&format!("commit {number}")));
        if ran.code != Some(0) {
            return (commits, ran, rows);
        }
        let id = ran.committed();
        let export = store.ok(["export", "--at", &id]);
        commits.push((id, export));
    }
}

/// All that was acknowledged is there.
fn check(store: &Store, commits: &[(String, String)]) {
    let log = store.log();
    let ids = log.iter().rev().map(|(id, _)| id);
    assert!(ids.eq(commits.iter().map(|(id, _)| id)), "{log:?}");
    for (id, export) in commits {
        assert!(
            store.ok(["export", "--at", id]) == *export,
            "{id} has changed"
        );
    }
    assert!(store.ok(["export"]) == commits.last().unwrap().1);
    store.ok(["diff", "HEAD~1", "HEAD"]);
    store.ok(["status"]);
}

fn fill_and_go_on(engine: Engine, test: &str) {
    if !may_mount(test) {
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let disk = temporary.path().join("disk");
    mount(&disk, 14);
    let ballast = disk.join("ballast");
    fs::write(&ballast, vec![1; 5 << 20]).unwrap();
    let store = Store::absent(engine, disk);
    store.ok(["init"]);
    let mut chance = Chance::new();
    let (mut commits, failed, rows) = fill(&store, &mut chance);
    println!("{} commits, then {}", commits.len(), failed.err);
    assert_eq!(failed.code, Some(4), "{failed:?}");
    assert!(failed.err.contains("No space left"), "{failed:?}");
    assert!(
        failed.err.contains(store.path().to_str().unwrap()),
        "{failed:?}"
    );
    assert!(commits.len() >= 2);
    check(&store, &commits);
    // It fails again in the same way, and does no harm again.
    let again = store.run_with(&rows, import("again"));
    assert!(again.err.contains("No space left"), "{again:?}");
    check(&store, &commits);
    fs::remove_file(ballast).unwrap();
    let id = store.commit(&rows, "with room");
    let export = store.ok(["export"]);
    commits.push((id, export));
    check(&store, &commits);
}

#[test]
fn a_full_disk_loses_nothing_of_a_redb_store() {
    fill_and_go_on(
        Engine::Redb,
        "full_disk::a_full_disk_loses_nothing_of_a_redb_store",
    );
}

#[test]
fn a_full_disk_loses_nothing_of_a_file_store() {
    fill_and_go_on(
        Engine::File,
        "full_disk::a_full_disk_loses_nothing_of_a_file_store",
    );
}
