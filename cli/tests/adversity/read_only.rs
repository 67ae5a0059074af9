//! A store that belongs to somebody else, in a folder that may not be written to.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use super::support::{Chance, Engine, PROGRAM, Ran, Store, finish, import};

/// Every command that only reads.
const READS: &[&[&str]] = &[
    &["get", "a00001"],
    &["get", "a00001", "--at", "HEAD~1"],
    &["list", "--values"],
    &["status"],
    &["log"],
    &["show", "HEAD"],
    &["diff", "HEAD~1", "HEAD"],
    &["history", "a00001"],
    &["keys-at", "HEAD~1"],
    &["stats"],
    &["export"],
    &["branch"],
    &["tag"],
];

const WRITES: &[&[&str]] = &[
    &["set", "k", "v"],
    &["delete", "a00001"],
    &["branch", "other"],
    &["tag", "v1"],
    &["checkout", "HEAD~1"],
];

/// A folder that this test's stranger can read and not write.
struct Foreign {
    store: Store,
}

impl Foreign {
    fn new(store: Store) -> Self {
        let parent = store.folder.parent().unwrap();
        // Root may do anything, so it becomes nobody, who has to reach the program.
        fs::copy(PROGRAM, parent.join("program")).unwrap();
        fs::set_permissions(parent, fs::Permissions::from_mode(0o755)).unwrap();
        set_modes(&store.folder, 0o555, 0o444);
        Self { store }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let program = self.store.folder.with_file_name("program");
        let mut command = if fs::metadata(&program).unwrap().uid() == 0 {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
            command.arg(program);
            command
        } else {
            Command::new(program)
        };
        command.args(arguments);
        self.store.prepare(&mut command, "");
        command.env("PATH", std::env::var_os("PATH").unwrap());
        finish(command, "")
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        set_modes(&self.store.folder, 0o755, 0o644);
    }
}

fn set_modes(folder: &Path, folders: u32, files: u32) {
    fs::set_permissions(folder, fs::Permissions::from_mode(folders)).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            set_modes(&path, folders, files);
        } else {
            fs::set_permissions(&path, fs::Permissions::from_mode(files)).unwrap();
        }
    }
}

fn with_two_commits(engine: Engine) -> Store {
    let mut chance = Chance::new();
    let store = Store::new(engine);
    store.commit(&chance.rows("a", 200, 100), "one");
    store.commit(&chance.rows("a", 100, 100), "two");
    store
}

#[test]
fn what_may_only_be_read_is_read_and_never_changed() {
    for engine in Engine::ALL {
        let store = with_two_commits(engine);
        let expected: Vec<_> = READS.iter().map(|read| store.ok(*read)).collect();
        let foreign = Foreign::new(store);
        let before = foreign.store.seen();
        for (read, expected) in READS.iter().zip(expected) {
            let ran = foreign.run(read);
            assert_eq!(ran.code, Some(0), "{engine:?} {read:?}: {ran:?}");
            assert_eq!(ran.out, expected, "{engine:?} {read:?}");
        }
        for write in WRITES.iter().copied().chain([&import("three")[..]]) {
            let ran = foreign.run(write);
            assert_eq!(ran.code, Some(4), "{engine:?} {write:?}: {ran:?}");
            let path = foreign.store.path();
            assert!(ran.err.contains(path.to_str().unwrap()), "{ran:?}");
            assert!(
                ran.err.to_lowercase().contains("permission denied"),
                "{ran:?}"
            );
        }
        assert!(
            foreign.store.seen() == before,
            "{engine:?}: something changed"
        );
    }
}

#[test]
fn reading_changes_nothing_where_it_could() {
    for engine in Engine::ALL {
        let store = with_two_commits(engine);
        store.ok(["set", "uncommitted", "value"]);
        let before = store.seen();
        for read in READS {
            store.ok(*read);
        }
        assert!(store.seen() == before, "{engine:?}: something changed");
    }
}

/// redb must write to a file that was not closed; the other engine only reads over what is torn.
#[test]
fn a_store_that_needs_repair_says_so_to_those_who_may_not() {
    let store = with_two_commits(Engine::Redb);
    let expected = store.ok(["log"]);
    let mut child = store.hold(import("three"));
    child.kill().unwrap();
    child.wait().unwrap();
    let foreign = Foreign::new(store);
    let ran = foreign.run(&["log"]);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(ran.err.contains("open it once for writing"), "{ran:?}");
    set_modes(&foreign.store.folder, 0o755, 0o644);
    assert_eq!(foreign.store.ok(["log"]), expected);
}
