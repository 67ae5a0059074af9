//! Which store a command opens, and what it says when that is unclear.

use serde_json::json;

use super::support::Place;

#[test]
fn every_value_is_shown_with_its_source() {
    let mut place = Place::with_store();
    let folder = place.home().join(".config/prollytree");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), "[store]\ncache = \"1GiB\"\n").unwrap();
    place.set_var("PROLLYTREE_CACHE", "64MiB");
    let shown = place.run(["config", "show", "--format", "json"]).json();
    let row = |key: &str, in_force: bool| {
        let rows = shown.as_array().unwrap();
        rows.iter()
            .find(|row| row["key"] == key && row["in_force"] == in_force)
            .unwrap()
            .clone()
    };
    assert_eq!(row("store.backend", true)["scope"], "project");
    assert_eq!(row("store.cache", true)["value"], "\"64MiB\"");
    assert_eq!(
        row("store.cache", true)["source"],
        "environment variable PROLLYTREE_CACHE"
    );
    assert_eq!(row("store.cache", false)["scope"], "user");
    assert_eq!(
        place.run(["config", "check", "--format", "json"]).json()["problems"],
        json!([])
    );
}

#[test]
fn a_secret_is_not_shown() {
    let place = Place::new();
    place.write(
        "mine.toml",
        "[store]\nbackend = \"acme\"\npath = \"x\"\noptions.token = \"hunter2\"\n",
    );
    let ran = place.run(["--config", "mine.toml", "config", "show"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!ran.text().contains("hunter2"), "{}", ran.text());
    assert!(ran.text().contains("(hidden)"));
}

#[test]
fn check_names_everything_that_is_wrong() {
    let place = Place::new();
    place.write(
        "prolly.toml",
        "[store]\nbackend = \"rebd\"\npath = \"x\"\n[embedder.e]\nname = \"hash\"\noptions.dmi = 4\n",
    );
    let ran = place.run(["config", "check"]);
    assert_eq!(ran.code, 2);
    assert!(ran.text().contains("`rebd`"), "{}", ran.text());
    assert!(ran.text().contains("did you mean"), "{}", ran.text());
    assert!(ran.text().contains("has no option `dmi`"), "{}", ran.text());
    assert!(ran.err.contains("2 problems"), "{}", ran.err);
}

#[test]
fn init_writes_a_config_that_finds_the_store_from_below() {
    let place = Place::new();
    place.ok([
        "init",
        "shop",
        "--backend",
        "redb:data/shop.redb?cache=8MiB&lock_wait=1s",
    ]);
    let text = String::from_utf8(place.read("shop/prolly.toml")).unwrap();
    assert_eq!(
        text,
        "[store]\nbackend = \"redb\"\npath = \"data/shop.redb\"\ncache = \"8MiB\"\n\n\
         [store.options]\nlock_wait = \"1s\"\n"
    );
    std::fs::create_dir_all(place.path("shop/deep/er")).unwrap();
    place.ok(["-C", "shop/deep/er", "set", "k", "v"]);
    assert_eq!(place.ok(["-C", "shop", "get", "k"]), "v");
    assert_eq!(
        place.ok(["--store", "redb:shop/data/shop.redb", "get", "k"]),
        "v"
    );
    assert_eq!(place.ok(["--config", "shop/prolly.toml", "get", "k"]), "v");
}

#[test]
fn init_makes_the_store_that_a_config_names_already() {
    let place = Place::new();
    place.write(
        "prolly.toml",
        "[store]\nbackend = \"redb\"\npath = \"here.redb\"\n",
    );
    place.ok(["init", "--branch", "trunk"]);
    assert!(place.path("here.redb").exists());
    assert!(place.ok(["status"]).starts_with("On branch trunk\n"));
    let said = place.fails(2, ["init"]);
    assert!(said.contains("already"), "{said}");
    let said = place.fails(3, ["init", "--backend", "redb:other.redb"]);
    assert!(said.contains("prolly.toml is there already"), "{said}");
    assert!(!place.path("other.redb").exists());
    // The config of a folder above does not name the store of a folder below.
    place.ok(["init", "inner"]);
    assert!(place.path("inner/prolly.toml").exists());
}

#[test]
fn an_init_that_fails_leaves_no_config() {
    let place = Place::new();
    for (uri, expected) in [
        ("rebd:x", "did you mean"),
        ("redb:../outside.redb", "leads out of"),
        ("redb:x?lock_wiat=1s", "did you mean `lock_wait`?"),
        ("redb:x?durability=durabel", "did you mean \"durable\"?"),
        ("memory:?durability=durable", "does not promise"),
        ("data.redb", "a store is named by its backend and a colon"),
        ("redb:", "needs the option `path`"),
    ] {
        let said = place.fails(2, ["init", "--backend", uri]);
        assert!(said.contains(expected), "{uri}: {said}");
        assert!(!place.path("prolly.toml").exists(), "{uri}");
    }
}

#[test]
fn a_store_that_keeps_nothing_is_made_with_a_warning() {
    let ran = Place::new().run(["init", "--backend", "memory:"]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.err
            .contains("keeps nothing after this command has ended"),
        "{}",
        ran.err
    );
}

#[test]
fn nothing_configured_is_said_with_a_remedy() {
    let said = Place::new().fails(2, ["status"]);
    assert!(said.contains("no store is chosen"), "{said}");
    assert!(said.contains("git-prolly init"), "{said}");
}

#[test]
fn the_user_in_the_configuration_signs() {
    let mut place = Place::with_store();
    place.set_var("PROLLYTREE_USER_NAME", "Grace");
    place.ok(["set", "k", "v"]);
    place.ok(["commit", "-m", "m", "--author", "Ada <ada@x>"]);
    let log = place.run(["log", "--format", "json"]).json();
    assert_eq!(log[0]["author"]["email"], "ada@x");
    assert_eq!(log[0]["committer"]["name"], "Grace");
    let said = place.fails(2, ["commit", "-m", "m", "--author", "Ada"]);
    assert!(said.contains("write the author as in"), "{said}");
}

#[test]
fn one_line_changes_the_engine_and_not_the_root() {
    let roots: Vec<_> = ["redb:store", "file:store"]
        .map(|uri| {
            let place = Place::new();
            place.ok(["init", "--backend", uri]);
            place.ok(["set", "k", "v"]);
            place.ok(["commit", "-m", "m", "--date", "2016-03-01T12:00:00Z"]);
            let log = place.run(["log", "--format", "json"]).json();
            log[0]["commit"].clone()
        })
        .into();
    assert_eq!(roots[0], roots[1]);
}

#[test]
fn a_store_opened_for_reading_refuses_to_write() {
    let place = Place::with_store();
    place.ok(["set", "k", "v"]);
    let store = "redb:.prolly/store.redb?read_only=true";
    assert_eq!(place.ok(["--store", store, "get", "k"]), "v");
    let said = place.fails(4, ["--store", store, "set", "k", "w"]);
    assert!(said.contains("read-only"), "{said}");
    assert_eq!(place.ok(["get", "k"]), "v");
}

#[test]
fn init_makes_one_store_and_no_other() {
    let mut place = Place::new();
    place.ok(["--store", "redb:named.redb", "init"]);
    assert!(place.path("named.redb").exists() && !place.path("prolly.toml").exists());
    let both = ["--store", "redb:a.redb", "init", "--backend", "redb:b.redb"];
    assert!(place.fails(2, both).contains("names another store"));
    place.set_var("PROLLYTREE_STORE", "redb:c.redb");
    assert!(
        place
            .fails(2, ["init", "--backend", "redb:b.redb"])
            .contains("names another store")
    );
    for file in ["a.redb", "b.redb", "c.redb", "prolly.toml"] {
        assert!(!place.path(file).exists(), "{file}");
    }
}
