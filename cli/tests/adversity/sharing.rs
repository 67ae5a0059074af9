//! Several processes on one store.

use std::io::{Read as _, Write as _};
use std::thread;

use super::support::{Chance, Engine, PROGRAM, Ran, Store, ended, finish, import};

/// Runs a command that does not wait for others.
fn at_once(store: &Store, lock_wait: &str, arguments: &[&str]) -> Ran {
    let mut command = std::process::Command::new(PROGRAM);
    command.args(arguments);
    store.prepare(&mut command, &format!("?lock_wait={lock_wait}"));
    finish(command, "")
}

#[test]
fn readers_do_not_wait_for_each_other() {
    for engine in Engine::ALL {
        let store = Store::new(engine);
        // More than fits into a pipe, so that the first reader stays in the middle.
        store.commit(&Chance::new().rows("a", 400, 1000), "one");
        let mut first = store.hold(["list", "--values"]);
        let mut byte = [0];
        first
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut byte)
            .unwrap();
        for read in [&["log"][..], &["status"], &["list"]] {
            let ran = at_once(&store, "0s", read);
            assert_eq!(ran.code, Some(0), "{engine:?} {read:?}: {ran:?}");
        }
        assert_eq!(ended(first).code, Some(0));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn who_waits_in_vain_is_told_for_whom() {
    let store = Store::new(Engine::Redb);
    let mut holder = store.hold(import("held"));
    for command in [&["set", "k", "v"][..], &["log"]] {
        let ran = at_once(&store, "200ms", command);
        assert_eq!(ran.code, Some(4), "{ran:?}");
        let name = format!("git-prolly (pid {})", holder.id());
        assert!(ran.err.contains(&name), "{ran:?}");
        assert!(ran.err.contains(store.path().to_str().unwrap()), "{ran:?}");
        assert!(ran.err.contains("lock_wait"), "{ran:?}");
    }
    let rows = "{\"k\":\"a\"}\n";
    holder
        .stdin
        .take()
        .unwrap()
        .write_all(rows.as_bytes())
        .unwrap();
    assert_eq!(ended(holder).code, Some(0));
    store.ok(["set", "k", "v"]);
}

#[test]
fn a_second_writer_waits_for_the_first() {
    let store = Store::new(Engine::Redb);
    let mut holder = store.hold(import("first"));
    thread::scope(|scope| {
        let second = scope.spawn(|| store.commit("{\"k\":\"b\"}\n", "second"));
        let rows = "{\"k\":\"a\"}\n";
        holder
            .stdin
            .take()
            .unwrap()
            .write_all(rows.as_bytes())
            .unwrap();
        assert_eq!(ended(holder).code, Some(0));
        second.join().unwrap();
    });
    assert_eq!(messages(&store), ["second", "first"]);
}

#[test]
fn who_commits_on_what_is_no_longer_the_head_is_refused() {
    let store = Store::new(Engine::File);
    store.commit("{\"k\":\"a\"}\n", "base");
    let mut slow = store.hold(import("slow"));
    store.commit("{\"k\":\"fast\"}\n", "fast");
    let rows = "{\"k\":\"slow\"}\n";
    slow.stdin
        .take()
        .unwrap()
        .write_all(rows.as_bytes())
        .unwrap();
    let ran = ended(slow);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert_eq!(messages(&store), ["fast", "base"]);
    assert_eq!(store.ok(["list"]), "a\nfast\n");
    assert!(store.ok(["status"]).contains("Nothing to commit"));
    store.commit(rows, "slow");
    assert_eq!(messages(&store), ["slow", "fast", "base"]);
}

#[test]
fn a_race_of_writers_loses_nothing() {
    const WRITERS: usize = 4;
    const COMMITS: usize = 6;
    for engine in Engine::ALL {
        let store = Store::new(engine);
        store.commit("{\"k\":\"base\"}\n", "base");
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let store = &store;
                scope.spawn(move || {
                    store.ok(["branch", &format!("branch-{writer}")]);
                    for number in 0..COMMITS {
                        insist(store, &format!("{writer}-{number}"));
                    }
                });
            }
        });
        let mut committed = messages(&store);
        assert_eq!(committed.pop().unwrap(), "base");
        committed.sort();
        let mut expected: Vec<_> = (0..WRITERS * COMMITS)
            .map(|n| format!("{}-{}", n / COMMITS, n % COMMITS))
            .collect();
        expected.sort();
        assert_eq!(committed, expected, "{engine:?}");
        let keys = store.ok(["list"]);
        assert!(
            expected
                .iter()
                .all(|key| keys.lines().any(|line| line == key))
        );
        assert_eq!(store.ok(["branch"]).lines().count(), WRITERS + 1);
    }
}

/// Commits one key, again for as long as others are faster.
fn insist(store: &Store, key: &str) {
    let rows = format!("{{\"k\":\"{key}\"}}\n");
    loop {
        let ran = store.run_with(&rows, import(key));
        match ran.code {
            Some(0) => return,
            Some(3) => {}
            _ => panic!("{:?}: {ran:?}", store.engine),
        }
    }
}

fn messages(store: &Store) -> Vec<String> {
    store
        .log()
        .into_iter()
        .map(|(_, message)| message)
        .collect()
}
