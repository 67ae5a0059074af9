//! Trees and nodes, as they are shown.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails where it stands"
)]

use std::fmt::Write;

use super::support::Place;

/// A place with a store of three levels, one row of which was changed after a commit.
fn place() -> Place {
    let place = Place::with_store();
    let mut rows = String::new();
    for n in 0..30_000 {
        writeln!(rows, "{{\"key\":\"row/{n:05}\",\"value\":\"value {n}\"}}").unwrap();
    }
    place.write("rows.jsonl", rows);
    place.ok(["import", "rows.jsonl", "-m", "rows"]);
    place.ok(["set", "row/00777", "changed"]);
    place
}

#[test]
fn the_nodes_of_a_tree_are_drawn() {
    let place = place();
    let drawn = place.ok(["list", "--graph", "--limit", "3"]);
    let lines: Vec<&str> = drawn.lines().collect();
    assert!(lines[0].ends_with(" KiB, up to row/29999"), "{drawn}");
    assert!(
        lines[1].starts_with("├── ") && lines[1].contains("level 1"),
        "{drawn}"
    );
    assert!(
        lines[2].starts_with("│   ├── ") && lines[2].contains("leaf"),
        "{drawn}"
    );
    assert!(lines[5].starts_with("│   └── … "), "{drawn}");
    let json = |args: &[&str]| place.run(args.iter().copied()).json();
    let whole = json(&[
        "list", "--graph", "--limit", "10000", "--depth", "9", "--format", "json",
    ]);
    let mut leaves = 0;
    let mut open = vec![whole];
    while let Some(node) = open.pop() {
        let children = node["children"].as_array().unwrap().clone();
        if node["level"] == 0 {
            leaves += node["entries"].as_u64().unwrap();
        } else {
            assert_eq!(node["child_count"], children.len());
        }
        open.extend(children);
    }
    assert_eq!(leaves, 30_000);
    let said = "levels below that are left out: 1; --depth 2 draws them too";
    assert_eq!(
        place.ok(["list", "--graph", "--depth", "1"]).lines().last(),
        Some(said)
    );
    assert!(!drawn.contains("left out"), "{drawn}");
    let root = json(&["list", "--graph", "--depth", "0", "--format", "json"]);
    assert_eq!(root["children"], serde_json::json!([]));
    assert!(
        place
            .fails(2, ["list", "--graph", "--values"])
            .contains("cannot be used with")
    );
}

#[test]
fn the_node_of_an_empty_tree_is_drawn() {
    let drawn = Place::with_store().ok(["list", "--graph"]);
    assert!(drawn.ends_with("  leaf, 0 entries, 0 B\n"), "{drawn}");
}

#[test]
fn a_node_is_printed_entry_by_entry() {
    let place = place();
    let node = |args: &[&str]| {
        let args = ["tree", "inspect"].iter().chain(args).copied();
        place.run(args.chain(["--format", "json"])).json()
    };
    let mut below = node(&[]);
    assert_eq!(below["level"], 2);
    assert_eq!(below["entries_below"], 30_000);
    while below["level"] != 0 {
        let child = below["entries"][0]["child"].as_str().unwrap().to_owned();
        below = node(&[&child]);
        assert_eq!(below, node(&[&child[..16]]));
    }
    assert_eq!(
        below["entries"][0],
        serde_json::json!({"key": "row/00000", "value": "value 0"})
    );
    assert_eq!(node(&["--at", "HEAD"])["level"], 2);
    let shown = place.ok(["tree", "inspect", below["hash"].as_str().unwrap()]);
    assert!(
        shown.contains("keys begin with           row/00"),
        "{shown}"
    );
    assert!(shown.contains("\nrow/00000  value 0  "), "{shown}");
    let said = place.fails(1, ["tree", "inspect", "xyz"]);
    assert!(
        said.contains("`git-prolly list --graph` shows hashes"),
        "{said}"
    );
    assert!(
        place
            .fails(2, ["tree", "inspect", ""])
            .contains("an empty hash names no node")
    );
    assert!(
        place
            .fails(2, ["tree", "inspect", "0"])
            .contains("give more digits: 0")
    );
    let commit = place.run(["log", "--format", "json"]).json()[0]["commit"].clone();
    let commit = commit.as_str().unwrap();
    for digits in [commit, &commit[..12]] {
        let said = place.fails(1, ["tree", "inspect", digits]);
        let expected = format!("error: {commit} is a commit and not a node; ");
        assert!(said.starts_with(&expected), "{said}");
    }
    let absent = "a".repeat(64);
    let said = place.fails(1, ["tree", "inspect", &absent]);
    assert!(
        said.contains(&format!("there is no node {absent}")),
        "{said}"
    );
}

#[test]
fn statistics_show_levels_and_what_is_shared() {
    let place = place();
    let stats = place
        .run(["stats", "--compare", "HEAD", "--format", "json"])
        .json();
    assert_eq!(stats["sharing"]["only_here"]["nodes"], 3);
    assert_eq!(stats["sharing"]["only_there"]["nodes"], 3);
    assert!(stats["sharing"]["shared_entries"].as_u64().unwrap() > 29_000);
    let leaves = &stats["levels"][0];
    let quarters = leaves["quarters"].as_array().unwrap();
    let sum: u64 = quarters.iter().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(leaves["nodes"], sum);
    let shown = place.ok(["stats", "--compare", "HEAD"]);
    assert!(
        shown.contains("only in this tree         3 nodes, "),
        "{shown}"
    );
    assert!(shown.contains("\nLEVEL  NODES  ENTRIES  BYTES"), "{shown}");
    let plain = place.run(["stats", "--format", "json"]).json();
    assert!(plain["sharing"].is_null());
    place.ok(["set", "film", &"x".repeat(5_000)]);
    let shown = place.ok(["stats", "--compare", "HEAD"]);
    assert!(
        shown.contains("; values out of line: 1, 4.8 KiB"),
        "{shown}"
    );
}
