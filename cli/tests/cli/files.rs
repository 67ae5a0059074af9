//! Files that commands write, and answers that nobody reads.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::support::Place;

fn with_entries() -> Place {
    let place = Place::with_store();
    place.ok(["set", "a", r#"{"x":1}"#]);
    place.ok(["commit", "-m", "one"]);
    place
}

#[test]
#[cfg(target_os = "linux")]
fn a_device_that_is_full_is_named_and_blames_no_key() {
    let place = with_entries();
    for format in ["jsonl", "json", "csv", "tsv"] {
        for rows in [&[][..], &["--rows"]] {
            let said = place.fails(
                4,
                ["export", "/dev/full", "--format", format]
                    .iter()
                    .chain(rows),
            );
            assert_eq!(
                said,
                "error: cannot write /dev/full: No space left on device (os error 28)\n"
            );
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn an_answer_that_cannot_be_written_is_a_failure_of_every_verb() {
    let place = with_entries();
    for verb in [
        &["list"][..],
        &["get", "a"],
        &["log"],
        &["show"],
        &["stats"],
        &["export"],
        &["export", "--format", "csv"],
        &["export", "--format", "json", "--rows"],
        &["history", "a"],
        &["keys-at", "HEAD"],
        &["branch"],
        &["config", "show"],
        &["plugin", "list"],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full");
        let output = Command::new(env!("CARGO_BIN_EXE_git-prolly"))
            .args(verb)
            .current_dir(place.path(""))
            .env("HOME", place.home())
            .stdout(full.unwrap())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{verb:?}: {said}");
        assert!(said.contains("No space left"), "{verb:?}: {said}");
    }
}

#[test]
fn a_batch_does_all_of_its_work_whether_or_not_its_answers_are_read() {
    let place = with_entries();
    let lines: String = (0..40)
        .flat_map(|n| [format!("set key-{n} {n}\n"), "list\n".to_owned()])
        .collect();
    place.write("commands.txt", lines);
    let mut child = Command::new(env!("CARGO_BIN_EXE_git-prolly"))
        .args(["batch", "commands.txt"])
        .current_dir(place.path(""))
        .env("HOME", place.home())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(place.ok(["get", "key-39"]), "39");
}

#[test]
fn an_import_counts_what_it_changed_and_not_what_was_there() {
    let place = with_entries();
    place.ok(["set", "mine", "1"]);
    place.write("rows.jsonl", r#"{"key":"b","value":"2"}"#);
    let said = place.ok(["import", "rows.jsonl"]);
    assert!(said.contains("1 added, 0 changed, 0 removed"), "{said}");
}

#[test]
#[cfg(unix)]
fn an_export_writes_what_a_link_leads_to_even_if_nothing_is_there_yet() {
    let place = with_entries();
    fs::create_dir(place.path("below")).unwrap();
    std::os::unix::fs::symlink("below/next", place.path("link")).unwrap();
    std::os::unix::fs::symlink("real.jsonl", place.path("below/next")).unwrap();
    place.ok(["export", "link"]);
    assert!(place.path("link").is_symlink());
    assert!(place.path("below/next").is_symlink());
    assert!(!place.read("below/real.jsonl").is_empty());

    std::os::unix::fs::symlink("round", place.path("round")).unwrap();
    let said = place.fails(4, ["export", "round"]);
    assert!(said.contains("too many links"), "{said}");
}

#[test]
#[cfg(unix)]
fn an_export_keeps_the_permissions_of_a_file_and_makes_a_new_one_as_others_do() {
    use std::os::unix::fs::PermissionsExt;
    let place = with_entries();
    place.write("secret.jsonl", "");
    let mode = |name: &str| fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
    for wanted in [0o600, 0o640] {
        let permissions = fs::Permissions::from_mode(wanted);
        fs::set_permissions(place.path("secret.jsonl"), permissions).unwrap();
        place.ok(["export", "secret.jsonl"]);
        assert_eq!(mode("secret.jsonl"), wanted);
    }
    place.ok(["export", "new.jsonl"]);
    place.write("other", "");
    assert_eq!(mode("new.jsonl"), mode("other"));
}

#[test]
fn an_export_may_have_the_longest_name_there_is() {
    let place = with_entries();
    let name = format!("{}.jsonl", "n".repeat(249));
    place.ok(["export", &name]);
    assert!(!place.read(&name).is_empty());
}

#[test]
fn an_export_that_fails_leaves_nothing_behind_and_the_file_as_it_was() {
    let place = with_entries();
    place.ok(["set", "b", "no object"]);
    place.write("rows.csv", "old");
    place.fails(2, ["export", "--rows", "--columns", "x", "rows.csv"]);
    assert_eq!(place.read("rows.csv"), b"old");
    let left: Vec<_> = fs::read_dir(place.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("partial"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
