//! What the program says about itself.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails where it stands"
)]

use super::support::Place;

/// Returns the names of the commands that a help text lists.
fn commands(help: &str) -> Vec<String> {
    let list = help.split("Commands:\n").nth(1).unwrap_or_default();
    let lines = list.lines().take_while(|line| line.starts_with("  "));
    lines
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

#[test]
fn the_help_of_every_command_has_an_example() {
    let place = Place::new();
    let verbs = commands(&place.ok(["--help"]));
    assert!(verbs.len() >= 24, "{verbs:?}");
    for verb in verbs {
        let help = place.ok([&verb, "--help"]);
        assert!(
            help.contains(&format!("Examples:\n  git-prolly {verb}")),
            "{verb}:\n{help}"
        );
        for inner in commands(&help) {
            let help = place.ok([&verb, &inner, "--help"]);
            let example = format!("Examples:\n  git-prolly {verb} {inner}");
            assert!(help.contains(&example), "{verb} {inner}:\n{help}");
        }
    }
}

/// Returns the commands that a help text gives as examples. What comes after many spaces says what
/// they do.
fn examples(help: &str) -> Vec<String> {
    let list = help.split("Examples:\n").nth(1).unwrap_or_default();
    let lines = list.lines().take_while(|line| line.starts_with("  "));
    lines
        .filter_map(|line| line.trim().split("      ").next().map(str::to_owned))
        .collect()
}

/// Returns a place with files, a store and a history.
#[cfg(unix)]
fn place_with_all() -> Place {
    let place = Place::with_store();
    for (file, content) in [
        ("logo.png", "a picture"),
        ("document.txt", "a text"),
        ("people.csv", "id,name\n1,Ada\n"),
        ("names.csv", "id,name\n1,Ada\n"),
        ("types.jsonl", "{\"type\":\"text\",\"subtype\":\"css\"}\n"),
        ("backup.jsonl", "{\"key\":\"k\",\"value\":\"v\"}\n"),
        ("commands.txt", "set k v\nget k\n"),
        ("with-init.txt", "init\nset k v\nget k\n"),
        (
            "other.toml",
            "[store]\nbackend = \"redb\"\npath = \"other.redb\"\n",
        ),
    ] {
        place.write(file, content);
    }
    std::fs::create_dir(place.path("examples")).unwrap();
    place.write("examples/prolly.toml", place.read("other.toml"));
    let embedders = "[embedder.default]\nname = \"hash\"\n[embedder.small]\nname = \"hash\"\n";
    place.write(
        "prolly.toml",
        [place.read("prolly.toml"), embedders.into()].concat(),
    );
    for (key, day) in [("a", 1), ("b", 2), ("c", 3), ("user/1", 4), ("logo", 5)] {
        let value = format!("{{\"value\":{day}}}");
        place.ok(["set", key, &value]);
        place.ok(["set", "greeting", &value]);
        place.ok(["commit", "-m", key, "--date", &format!("2016-03-0{day}")]);
    }
    place.ok(["tag", "v2.0"]);
    place
}

/// Returns a copy of a place, in which an example means something.
#[cfg(unix)]
fn place_for(example: &str, all: &Place) -> Place {
    let place = Place::new();
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .args([all.path("."), place.path("")])
        .status();
    assert!(copied.unwrap().success());
    for folder in [
        ".zfunc",
        ".config/fish/completions",
        ".local/share/bash-completion/completions",
    ] {
        std::fs::create_dir_all(place.home().join(folder)).unwrap();
    }
    if example.contains(" init") {
        std::fs::remove_dir_all(place.path(".prolly")).unwrap();
        std::fs::remove_file(place.path("prolly.toml")).unwrap();
    }
    let makes = |name: &str| {
        let mut verbs = ["branch ", "checkout -b ", "tag "].iter();
        !name.starts_with('-') && verbs.any(|verb| example.ends_with(&format!("{verb}{name}")))
    };
    for (word, before) in [
        ("git-prolly commit", "set more edits"),
        ("v1.0", "tag v1.0 HEAD~1"),
        ("feature", "branch feature"),
        ("-d topic", "branch topic"),
        ("-d v0.9", "tag v0.9"),
    ] {
        if example.contains(word) && !makes(word) {
            place.ok(before.split(' '));
        }
    }
    if example.contains("git-prolly verify") {
        place.ok(["set", "greeting", "hello"]);
        place.ok(["commit", "-m", "hello"]);
        for key in ["greeting", "nothing"] {
            place.ok(["prove", key, "-o", &format!("{key}.proof")]);
        }
        let changes = ["prove", "--from", "HEAD~1", "-o"];
        place.ok(changes.iter().chain(&["changes.proof"]));
        place.ok(changes.iter().chain(&["users.proof", "--prefix", "user/"]));
    }
    place
}

/// Puts hashes in place of the words for them: the root, the newest commit, and the two newest ones.
#[cfg(unix)]
fn with_hashes(example: &str, place: &Place) -> String {
    if example.contains(" HASH") {
        let stats = place.run(["stats", "--format", "json"]).json();
        return example.replace("HASH", stats["root"].as_str().unwrap());
    }
    let log = || place.run(["log", "--format", "json"]).json();
    let mut text = example.to_owned();
    for (word, behind) in [("ID", 0), ("FIRST", 1), ("SECOND", 0)] {
        if text.split(' ').any(|part| part == word) {
            text = text.replace(word, log()[behind]["commit"].as_str().unwrap());
        }
    }
    text
}

/// Says whether an example needs what no test has: a plugin of the user's, a network, a terminal.
#[cfg(unix)]
fn needs_more(example: &str) -> bool {
    ["acme", "curl", "man -l", "plugin conformance"]
        .iter()
        .any(|word| example.contains(word))
}

#[cfg(unix)]
#[test]
fn the_examples_of_every_command_run() {
    let all_there = place_with_all();
    let mut ran = 0;
    let place = Place::new();
    for verb in commands(&place.ok(["--help"])) {
        let help = place.ok([&verb, "--help"]);
        let inner = commands(&help).into_iter();
        let inner = inner.flat_map(|inner| examples(&place.ok([&verb, &inner, "--help"])));
        let all: Vec<_> = inner.chain(examples(&help)).collect();
        for example in all.iter().filter(|example| !needs_more(example)) {
            let place = place_for(example, &all_there);
            let output = place.run_in_shell(&with_hashes(example, &place));
            assert_eq!(output.code, 0, "{example}: {}", output.err);
            ran += 1;
        }
    }
    assert!(ran > 60, "{ran}");
}

#[test]
fn the_guide_names_every_command() {
    let guide = include_str!("../../../docs/cli.md");
    for verb in commands(&Place::new().ok(["--help"])) {
        assert!(guide.contains(&format!("`{verb}")), "{verb}");
    }
}

#[test]
fn completions_and_manual_pages_are_made() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(
            place.ok(["completions", shell]).contains("git-prolly"),
            "{shell}"
        );
    }
    assert!(place.ok(["man"]).contains(".TH git-prolly 1"));
    place.ok(["man", "pages/man1"]);
    for page in [
        "git-prolly.1",
        "git-prolly-init.1",
        "git-prolly-plugin-list.1",
    ] {
        assert!(
            !place.read(&format!("pages/man1/{page}")).is_empty(),
            "{page}"
        );
    }
}

#[test]
fn wrong_usage_exits_with_2_and_goes_to_standard_error() {
    let place = Place::new();
    for arguments in [
        vec![],
        vec!["sett"],
        vec!["get"],
        vec!["log", "--limit", "x"],
    ] {
        let ran = place.run(&arguments);
        assert_eq!(
            (ran.code, ran.out.as_slice()),
            (2, b"".as_slice()),
            "{arguments:?}"
        );
        assert!(!ran.err.is_empty());
    }
    assert!(place.run(["sett"]).err.contains("set"));
    let usage = "git-prolly set [OPTIONS] <KEY> <VALUE|--file <FILE>|--stdin>";
    assert!(place.run(["set", "k"]).err.contains(usage));
}
