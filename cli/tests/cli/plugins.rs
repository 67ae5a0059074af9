//! What can be opened, what it promises, and whether it keeps it.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::{Path, PathBuf};

use super::support::Place;

/// Returns the compiled plugin of a crate that the command line links too; cargo builds both.
fn compiled(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_git-prolly"))
        .parent()
        .expect("it is in a folder");
    folder
        .join("deps")
        .join(format!("{DLL_PREFIX}prollytree_{name}{DLL_SUFFIX}"))
}

#[test]
fn what_is_linked_in_is_listed_and_described() {
    let place = Place::new();
    let listed = place.run(["plugin", "list", "--format", "json"]).json();
    let plugins = listed["plugins"].as_array().unwrap();
    let has = |kind: &str, name: &str| {
        plugins
            .iter()
            .any(|plugin| plugin["kind"] == kind && plugin["name"] == name)
    };
    for name in ["memory", "file", "redb"] {
        assert!(has("backend", name), "{name}");
    }
    assert!(has("embedder", "hash"));
    let info = place
        .run(["plugin", "info", "redb", "--format", "json"])
        .json();
    assert_eq!(info["options"][0]["name"], "path");
    assert!(
        place
            .ok(["plugin", "info", "redb"])
            .contains("(must be given)")
    );
    let said = place.fails(2, ["plugin", "info", "rebd"]);
    assert!(said.contains("did you mean"), "{said}");
}

#[test]
fn a_file_that_is_no_plugin_is_named() {
    let place = Place::new();
    place.write("libacme.so", "not a library");
    for verb in ["info", "conformance"] {
        let said = place.fails(4, ["plugin", verb, "./libacme.so"]);
        assert!(said.contains("libacme.so"), "{said}");
    }
    let said = place.fails(4, ["plugin", "info", "./gone.so"]);
    assert!(said.contains("gone.so"), "{said}");
}

#[test]
fn a_backend_is_put_to_the_test() {
    let place = Place::new();
    let ran = place.run([
        "plugin",
        "conformance",
        "memory",
        "--filter",
        "batches.",
        "--format",
        "json",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.text().contains("memory"));
    let ran = place.run([
        "plugin",
        "conformance",
        "memory",
        "--filter",
        "batches.",
        "--format",
        "junit",
    ]);
    assert!(ran.text().starts_with("<?xml"), "{}", ran.text());
    let ran = place.run([
        "plugin",
        "conformance",
        "redb",
        "--filter",
        "batches.",
        "--seed",
        "7",
    ]);
    assert_eq!(ran.code, 0, "{} {}", ran.text(), ran.err);
    assert!(ran.text().contains("seed 7"), "{}", ran.text());
    let none = place.run([
        "plugin",
        "conformance",
        "memory",
        "--filter",
        "no such case",
    ]);
    assert_eq!(none.code, 1);
}

#[test]
fn the_stores_of_a_test_never_lie_where_a_real_one_may() {
    let place = Place::with_store();
    let said = place.fails(
        2,
        ["--config", "prolly.toml", "plugin", "conformance", "redb"],
    );
    assert!(said.contains("{folder}"), "{said}");
    place.write(
        "test.toml",
        "[store]\nbackend = \"redb\"\npath = \"{folder}/x.redb\"\n",
    );
    let test = [
        "--config",
        "test.toml",
        "plugin",
        "conformance",
        "redb",
        "--filter",
        "batches.",
    ];
    assert_eq!(place.run(test).code, 0);
    let said = place.fails(
        2,
        ["--config", "test.toml", "plugin", "conformance", "memory"],
    );
    assert!(
        said.contains("chooses the backend `redb`, not `memory`"),
        "{said}"
    );
}

#[test]
fn a_text_becomes_a_vector() {
    let place = Place::new();
    place.write(
        "prolly.toml",
        "[embedder.default]\nname = \"hash\"\noptions.dim = 8\n",
    );
    let first = place.run(["embed", "a text", "--format", "json"]).json();
    assert_eq!(first["dimensions"], 8);
    assert_eq!(first["vector"].as_array().unwrap().len(), 8);
    assert_eq!(
        place
            .run_with(b"a text", ["embed", "--stdin", "--format", "json"])
            .json(),
        first
    );
    assert_eq!(place.ok(["embed", "other"]).lines().count(), 8);
    let said = place.fails(2, ["embed", "--embedder", "none", "x"]);
    assert!(said.contains("no embedder `none` is configured"), "{said}");
}

#[test]
fn a_plugin_whose_file_the_user_names_goes_before_what_is_linked_in() {
    let place = Place::new();
    let file = compiled("embedder_hash");
    let info = ["plugin", "info", file.to_str().unwrap(), "--format", "json"];
    let sha256 = place.run(info).json()["sha256"]
        .as_str()
        .unwrap()
        .to_owned();
    let config = |sha256: &str| {
        let text = format!(
            "[plugins]\npolicy = \"allowlist\"\n[plugins.allow.hash]\npath = {file:?}\n\
             sha256 = \"{sha256}\"\n[embedder.default]\nname = \"hash\"\noptions.dim = 8\n"
        );
        place.write("mine.toml", text);
    };
    config(&sha256);
    let embed = [
        "--config",
        "mine.toml",
        "-v",
        "embed",
        "a text",
        "--format",
        "json",
    ];
    let ran = place.run(embed);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("loaded embedder `hash`"), "{}", ran.err);
    place.write(
        "prolly.toml",
        "[embedder.default]\nname = \"hash\"\noptions.dim = 8\n",
    );
    assert_eq!(
        place.run(["embed", "a text", "--format", "json"]).json(),
        ran.json()
    );

    config(&"0".repeat(64));
    let said = place.fails(4, embed);
    assert!(said.contains(&sha256), "{said}");
}

#[test]
fn a_store_lives_on_a_compiled_plugin() {
    let place = Place::new();
    let file = compiled("backend_redb");
    place.write(
        "mine.toml",
        format!(
            "[plugins]\npolicy = \"any\"\n[plugins.allow.redb]\npath = {file:?}\n\
             [store]\nbackend = \"redb\"\npath = \"x.redb\"\n"
        ),
    );
    let ran = place.run(["--config", "mine.toml", "-v", "init"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("loaded backend `redb`"), "{}", ran.err);
    place.ok(["--config", "mine.toml", "set", "k", "v"]);
    assert_eq!(place.ok(["--config", "mine.toml", "get", "k"]), "v");
    // The linked backend reads the same file.
    assert_eq!(place.ok(["--store", "redb:x.redb", "get", "k"]), "v");
}
