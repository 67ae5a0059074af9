//! Working with a store: edits, commits, branches, tags, looking back.

use serde_json::json;

use super::support::Place;

#[test]
fn edits_become_commits() {
    let place = Place::new();
    let text = place.transcript(
        "init
         set greeting hello
         set answer 42
         get greeting --format json
         status
         commit -m 'first' --date 2016-03-01T12:00:00+01:00
         status
         set greeting 'good day'
         delete answer
         diff --format detailed
         commit -m 'second' --date 2016-03-02T12:00:00Z
         log
         history greeting
         get greeting --at HEAD~1 --format json
         show --keys-only
         keys-at HEAD~1 --values",
    );
    insta::assert_snapshot!(text);
}

#[test]
fn branches_move_forward_and_diverge() {
    let place = Place::with_store();
    let text = place.transcript(
        "set k 1
         commit -m one --date 2016-03-01T00:00:00Z
         branch feature
         checkout feature
         set k 2
         commit -m two --date 2016-03-02T00:00:00Z
         checkout main
         merge feature
         merge feature
         checkout -b other HEAD~1
         set k 3
         commit -m three --date 2016-03-03T00:00:00Z
         merge main
         branch
         branch -d feature
         branch -d main
         branch -m other third
         tag v1 HEAD~1
         tag v1
         tag
         checkout v1
         branch
         log v1..third",
    );
    insta::assert_snapshot!(text);
}

#[test]
fn a_commit_depends_on_nothing_but_its_arguments() {
    let ids: Vec<_> = (0..2)
        .map(|_| {
            let place = Place::with_store();
            place.ok(["set", "k", "v"]);
            let commit = [
                "commit",
                "-m",
                "m",
                "--date",
                "2016-03-01T12:00:00Z",
                "--format",
                "json",
            ];
            place.run(commit).json()["commit"].clone()
        })
        .collect();
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn json_answers_are_whole_json() {
    let place = Place::with_store();
    place.ok(["set", "k", "v"]);
    let status = place.run(["status", "--format", "json"]).json();
    assert_eq!(
        status,
        json!({
            "branch": "main", "head": null, "base": null, "clean": false,
            "changes": [{"key": "k", "change": "added"}],
        })
    );
    place.ok(["commit", "-m", "m", "--date", "2016-03-01T12:00:00+01:00"]);
    let log = place.run(["log", "--format", "json"]).json();
    let author = json!({
        "name": "Ada", "email": "ada@example.org", "time": "2016-03-01T12:00:00.000000+01:00",
    });
    assert_eq!(log[0]["author"], author);
    assert_eq!(log[0]["committer"], author);
    let shown = place.run(["show", "--format", "json"]).json();
    assert_eq!(shown["commit"], log[0]["commit"]);
    let change = json!({"key": "k", "change": "added", "before": null, "after": "v"});
    assert_eq!(shown["changes"], json!([change]));
    assert_eq!(
        place.run(["diff", "HEAD", "--format", "json"]).json(),
        json!([])
    );
    assert_eq!(
        place.run(["history", "k", "--format", "json"]).json()[0]["value"],
        "v"
    );
    assert_eq!(
        place.run(["branch", "--format", "json"]).json()[0]["name"],
        "main"
    );
    assert_eq!(
        place.run(["stats", "--format", "json"]).json()["entries"],
        1
    );
    assert_eq!(place.run(["tag", "--format", "json"]).json(), json!([]));
    assert_eq!(
        place.run(["list", "--format", "json"]).json(),
        json!([{"key": "k"}])
    );
}

#[test]
fn ranges_patterns_and_limits_are_really_applied() {
    let place = Place::with_store();
    for key in ["a/1", "a/2", "b/1", "c"] {
        place.ok(["set", key, "v"]);
    }
    let list = |arguments: &[&str]| {
        let arguments = [&["list"], arguments].concat();
        place.ok(arguments).lines().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(list(&[]), "a/1 a/2 b/1 c");
    assert_eq!(list(&["--prefix", "a/"]), "a/1 a/2");
    assert_eq!(list(&["--from", "a/2", "--to", "c"]), "a/2 b/1");
    assert_eq!(list(&["--reverse", "--limit", "2"]), "c b/1");
    assert_eq!(list(&["--limit", "0"]), "");
    let diff = |pattern: &str| {
        let text = place.ok(["diff", "--keys", pattern]);
        text.lines()
            .filter(|line| line.starts_with('+'))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(diff("*/1"), "+ a/1 + b/1");
    assert_eq!(diff("?"), "+ c");
    assert_eq!(diff("[!a]*"), "+ b/1 + c");
    place.ok(["commit", "-m", "one"]);
    place.ok(["commit", "-m", "two", "--allow-empty"]);
    assert_eq!(place.ok(["log", "--oneline", "-n", "1"]).lines().count(), 1);
    assert_eq!(
        place.ok(["list", "--at", "HEAD~1", "--prefix", "b"]),
        "b/1\n"
    );
}

#[test]
fn a_forced_checkout_drops_what_is_not_committed() {
    let place = Place::with_store();
    place.ok(["set", "k", "1"]);
    place.ok(["commit", "-m", "one"]);
    place.ok(["set", "k", "2"]);
    place.ok(["checkout", "--force", "HEAD"]);
    assert_eq!(place.ok(["get", "k"]), "1");
    assert!(place.ok(["status"]).contains("Nothing to commit"));
}

#[test]
fn a_long_value_is_shown_by_its_beginning_to_people_and_whole_to_programs() {
    let place = Place::with_store();
    place.write("film", "frame\n".repeat(500_000));
    place.ok(["set", "film", "--file", "film"]);
    let changed = place.ok(["diff", "--format", "detailed"]);
    place.ok(["commit", "-m", "a film"]);
    for shown in [changed, place.ok(["history", "film"])] {
        let line = shown
            .lines()
            .find(|line| line.starts_with("    + "))
            .unwrap();
        assert!(line.starts_with("    + frame\\nframe\\n"), "{line}");
        assert!(
            line.len() < 400 && line.ends_with("… 3000000 bytes"),
            "{line}"
        );
    }
    let versions = place.run(["history", "film", "--format", "json"]).json();
    assert_eq!(versions[0]["value"].as_str().map(str::len), Some(3_000_000));
}
