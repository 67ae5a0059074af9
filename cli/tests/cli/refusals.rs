//! Bad input and bad places: the right exit code, a message that helps, and nothing changed.

use super::support::Place;

#[test]
fn absent_is_no_error_but_an_answer() {
    let place = Place::with_store();
    assert_eq!(place.fails(1, ["get", "k"]), "error: there is no key `k`\n");
    assert_eq!(
        place.fails(1, ["delete", "k"]),
        "error: there is no key `k`\n"
    );
    assert!(
        place
            .fails(1, ["commit", "-m", "m"])
            .contains("nothing to commit")
    );
    place.ok(["set", "k", "v"]);
    place.ok(["commit", "-m", "m"]);
    assert!(
        place
            .fails(1, ["history", "other"])
            .contains("no commit changed the key `other`")
    );
    // None of the keys is removed if one is not there.
    place.fails(1, ["delete", "k", "other"]);
    assert_eq!(place.ok(["get", "k"]), "v");
}

#[test]
fn hostile_names_are_refused() {
    let place = Place::with_store();
    place.ok(["set", "k", "v"]);
    place.ok(["commit", "-m", "m"]);
    let long = "x".repeat(10_000);
    for name in [
        "../../x", "/abs", "", "a..b", "x.lock", "HEAD", "a b", "a\u{1b}b", &long,
    ] {
        for verb in ["branch", "tag"] {
            let said = place.fails(2, [verb, "--", name]);
            assert!(said.len() < 600, "{said}");
            assert!(!said.contains('\u{1b}'), "{said:?}");
        }
        place.fails(2, ["checkout", "-b", "--", name]);
    }
    place.fails(2, ["branch", "--", "-x"]);
    assert_eq!(place.ok(["branch"]).lines().count(), 1);
    let said = place.fails(2, ["init", "--branch", "../x", "other"]);
    assert!(said.contains("a branch cannot have this name"), "{said}");
}

#[test]
fn unknown_revisions_are_named() {
    let place = Place::with_store();
    assert!(place.fails(2, ["log"]).contains("has no commit yet"));
    place.ok(["set", "k", "v"]);
    place.ok(["commit", "-m", "m"]);
    for (revision, expected) in [
        ("nope", "there is no branch, tag or commit `nope`"),
        ("HEAD~1", "leads nowhere"),
        ("HEAD~x", "cannot read"),
        ("HEAD@{1999-01-01}", "nothing was committed before"),
    ] {
        for verb in ["show", "checkout", "keys-at", "diff"] {
            let said = place.fails(2, [verb, revision]);
            assert!(said.contains(expected), "{verb} {revision}: {said}");
        }
    }
}

#[test]
fn what_would_be_lost_is_refused_with_3() {
    let place = Place::with_store();
    place.ok(["set", "k", "1"]);
    place.ok(["commit", "-m", "one"]);
    place.ok(["checkout", "-b", "other"]);
    place.ok(["set", "k", "2"]);
    place.ok(["commit", "-m", "two"]);
    place.ok(["set", "k", "3"]);
    assert!(
        place
            .fails(3, ["checkout", "main"])
            .contains("uncommitted changes would be lost")
    );
    place.ok(["commit", "-m", "three"]);
    place.ok(["checkout", "main"]);
    assert!(
        place
            .fails(3, ["branch", "-d", "other"])
            .contains("is not merged")
    );
    place.ok(["branch", "-D", "other"]);
}

#[test]
fn a_store_of_another_kind_is_told_apart() {
    let place = Place::new();
    place.write("not-a-database", "something else");
    let said = place.fails(2, ["--store", "redb:not-a-database", "status"]);
    assert!(said.contains("not-a-database"), "{said}");
    let said = place.fails(4, ["--store", "redb:absent.redb", "status"]);
    assert!(said.contains("absent.redb"), "{said}");
    assert!(!place.path("absent.redb").exists());
    std::fs::create_dir(place.path("folder")).unwrap();
    let said = place.fails(2, ["--store", "redb:folder", "status"]);
    assert!(said.contains("folder"), "{said}");
    let said = place.fails(4, ["--store", "memory:", "status"]);
    assert!(said.contains("memory store"), "{said}");
    place.ok(["init", "--backend", "redb:real.redb", "other"]);
    let said = place.run(["--store", "file:other/real.redb", "status"]);
    assert!(said.code == 2 || said.code == 4, "{}", said.err);
    assert!(said.err.contains("real.redb"), "{}", said.err);
    let said = place.fails(2, ["--store", "rebd:x", "status"]);
    assert!(said.contains("did you mean"), "{said}");
}

#[test]
fn a_start_folder_that_is_a_file_is_named() {
    let place = Place::new();
    place.write("file", "");
    for folder in ["file", "gone"] {
        let said = place.fails(2, ["-C", folder, "status"]);
        assert!(
            said.contains(&format!("cannot use {folder} as the folder")),
            "{said}"
        );
    }
    let said = place.fails(2, ["init", "file"]);
    assert!(said.contains("cannot make the folder"), "{said}");
    let said = place.fails(2, ["--config", "gone.toml", "status"]);
    assert!(said.contains("cannot read the config file"), "{said}");
}

#[test]
fn a_travelling_config_is_refused_before_anything_is_opened() {
    let place = Place::with_store();
    let mut text = place.read("prolly.toml");
    text.extend_from_slice(b"[plugins]\npolicy = \"any\"\n");
    place.write("prolly.toml", text);
    let said = place.fails(2, ["status"]);
    assert!(said.contains("~/project/prolly.toml:5:1"), "{said}");
    assert!(said.contains("cannot say which code may run"), "{said}");
    assert!(said.contains("--config"), "{said}");
    place.ok(["--config", "prolly.toml", "status"]);
}

#[test]
fn keys_that_are_too_long_are_refused() {
    let place = Place::with_store();
    let key = "k".repeat(65_536);
    let said = place.fails(2, ["set", &key, "v"]);
    assert!(said.contains("65535"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    use std::process::{Command, Stdio};

    let place = Place::with_store();
    let rows: Vec<_> = (0..20_000).map(|n| format!("{{\"k\":{n}}}")).collect();
    place.write("rows.jsonl", rows.join("\n"));
    place.ok(["import", "rows.jsonl", "--key", "k"]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_git-prolly"))
        .args(["list", "--values"])
        .current_dir(place.path(""))
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_file_that_is_not_there_is_named_as_it_was_given() {
    let place = Place::with_store();
    let absent = "No such file or directory (os error 2)\n";
    for arguments in [
        ["import", "gone.csv", "--key", "id"].as_slice(),
        &["set", "k", "--file", "gone.csv"],
        &["batch", "gone.csv"],
    ] {
        let said = place.fails(2, arguments);
        assert_eq!(said, format!("error: cannot read gone.csv: {absent}"));
    }
    let said = place.fails(2, ["--config", "gone.toml", "list"]);
    assert!(said.ends_with(&format!("gone.toml: {absent}")), "{said}");
}

#[test]
fn a_commit_says_why() {
    let place = Place::with_store();
    place.ok(["set", "k", "v"]);
    place.write("rows.csv", "id\n1\n");
    for message in ["", " \n"] {
        for arguments in [
            ["commit", "-m", message].as_slice(),
            &["import", "rows.csv", "--key", "id", "-m", message],
        ] {
            let said = place.fails(2, arguments);
            assert!(said.contains("a commit says why"), "{said}");
        }
    }
}

#[test]
fn an_export_does_not_guess() {
    let place = Place::with_store();
    place.ok(["set", "k", "{}"]);
    let said = place.fails(2, ["export", "rows.data"]);
    assert!(
        said.contains("cannot tell the format of rows.data"),
        "{said}"
    );
    assert!(!place.path("rows.data").exists());
    place.ok(["export", "rows.data", "--format", "csv"]);
    place.ok(["export", "rows"]);
    let said = place.fails(2, ["export", "--rows", "--columns", "a"]);
    assert!(said.contains("only CSV and TSV have columns"), "{said}");
}

#[test]
fn a_backend_that_cannot_be_read_makes_no_folder() {
    let place = Place::new();
    let said = place.fails(2, ["init", "--backend", "", "other"]);
    assert!(said.contains("as in redb:data/main.redb"), "{said}");
    assert!(!place.path("other").exists());
}
