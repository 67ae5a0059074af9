//! A disk that is full, played by a limit on the size of files: what was acknowledged stays, what
//! was half written is cut off, and the store goes on when there is room again.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod shared;

use std::process::Command;

use prollytree_plugin_api::{ErrorKind, Hash, Swap};
use shared::{TASK, commit, get, head, open, task};

/// Longer than the files may be: it is appending that fails.
const JOURNAL_SIZE: u64 = 1 << 20;

fn content(number: u8) -> Vec<u8> {
    vec![number; 1600]
}

#[test]
fn commits_until_the_disk_is_full() {
    let Some((folder, _)) = task() else {
        return;
    };
    let store = open(&folder, JOURNAL_SIZE);
    assert_eq!(commit(&store, None, &content(0)).unwrap(), Swap::Done);
    let mut number = 0;
    let error = loop {
        match commit(&store, Some(&content(number)), &content(number + 1)) {
            Ok(swap) => assert_eq!(swap, Swap::Done),
            Err(error) => break error,
        }
        number += 1;
    };
    assert_eq!(error.kind(), ErrorKind::IO);
    assert_eq!(head(&store).unwrap(), Some(Hash::of(&content(number))));
    // A smaller frame still fits: nothing of the torn one is in its way.
    let swap = commit(&store, Some(&content(number)), b"small").unwrap();
    assert_eq!(swap, Swap::Done);
    assert_eq!(get(&store, Hash::of(&content(number + 1))).unwrap(), None);
}

#[test]
fn a_full_disk_loses_nothing_and_leaves_the_store_usable() {
    let folder = tempfile::tempdir().unwrap();
    let limited = "trap '' XFSZ; ulimit -f 32; exec \"$0\" \"$@\"";
    let output = Command::new("bash")
        .args(["-c", limited])
        .arg(std::env::current_exe().unwrap())
        .args(["commits_until_the_disk_is_full", "--exact", "--nocapture"])
        .env(TASK, format!("0:{}", folder.path().display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let store = open(folder.path(), JOURNAL_SIZE);
    assert_eq!(head(&store).unwrap(), Some(Hash::of(b"small")));
    assert!(get(&store, Hash::of(&content(0))).unwrap().is_some());
    let swap = commit(&store, Some(b"small"), &vec![1; 100_000]).unwrap();
    assert_eq!(swap, Swap::Done);
}
