//! What the program says about itself.

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
}
