//! Importing and exporting.

use super::support::Place;

const FIRST: &str = "{\"id\":1,\"name\":\"one\"}\n{\"id\":2,\"name\":\"two\"}\n";

#[test]
fn releases_become_commits_with_true_differences() {
    let place = Place::with_store();
    place.write("2016.jsonl", FIRST);
    place.write("2022.csv", "name,id,more\nTWO,2,\nthree,3,x\n");
    place.write(
        "again.json",
        "[{\"name\":\"three\",\"more\":\"x\",\"id\":\"3\"},\n\
                               {\"more\":\"\",\"id\":\"2\",\"name\":\"TWO\"}]",
    );
    let text = place.transcript(
        "import 2016.jsonl --key id --replace -m 2016 --date 2016-03-01T00:00:00Z
         import 2022.csv --key id --replace -m 2022 --date 2022-03-01T00:00:00Z
         import again.json --key id --replace -m again
         log --oneline
         diff HEAD~1 HEAD --format detailed
         list --values
         export --rows
         export --rows --format csv
         export --at HEAD~1",
    );
    insta::assert_snapshot!(text);
}

#[test]
fn what_is_exported_is_imported_as_it_was() {
    let place = Place::with_store();
    place.ok(["set", "--base64", "/w==", "AAEC"]);
    place.ok(["set", "quo\"te", "a,b\n\"c\""]);
    place.ok(["set", "plain", ""]);
    let root = place.run(["stats", "--format", "json"]).json()["root"].clone();
    for file in ["all.jsonl", "all.json", "all.csv", "all.tsv"] {
        place.ok(["export", file]);
        place.ok(["init", file.split('.').next_back().unwrap()]);
        let folder = file.split('.').next_back().unwrap();
        place.ok(["-C", folder, "import", &format!("../{file}")]);
        let copied = place
            .run(["-C", folder, "stats", "--format", "json"])
            .json();
        assert_eq!(copied["root"], root, "{file}");
    }
    let ran = place.run_with(
        &place.read("all.jsonl"),
        [
            "import",
            "-",
            "--input-format",
            "jsonl",
            "--replace",
            "--format",
            "json",
        ],
    );
    assert_eq!(ran.json()["rows"], 3);
    assert_eq!(ran.json()["root"], root);
}

#[test]
fn a_bad_row_leaves_the_store_as_it_was() {
    let place = Place::with_store();
    place.write("good.jsonl", FIRST);
    place.ok(["import", "good.jsonl", "--key", "id", "-m", "good"]);
    let root = place.run(["stats", "--format", "json"]).json()["root"].clone();
    let cases = [
        (
            "{\"id\":7}\n{\"id\":\n",
            "line 2: EOF while parsing a value",
        ),
        (
            "{\"id\":7}\n{\"name\":\"x\"}\n",
            "line 2: there is no column `id`; there are: name",
        ),
        (
            "{\"id\":7}\n{\"id\":7}\n",
            "line 2: the key `7` came before",
        ),
        ("{\"id\":7}\nnull\n", "line 2: expected an object"),
    ];
    for (text, expected) in cases {
        place.write("bad.jsonl", text);
        let said = place.fails(
            2,
            [
                "import",
                "bad.jsonl",
                "--key",
                "id",
                "--replace",
                "-m",
                "bad",
            ],
        );
        assert!(said.contains(expected), "{said}");
        assert!(said.ends_with("nothing was imported\n"), "{said}");
        assert_eq!(
            place.run(["stats", "--format", "json"]).json()["root"],
            root
        );
        assert!(place.ok(["status"]).contains("Nothing to commit"));
    }
    place.write("cut.csv", "id,name\n7,seven\n8,\"eig");
    let said = place.fails(2, ["import", "cut.csv", "--key", "id", "--replace"]);
    assert!(said.contains("cut.csv, line 3: a quote"), "{said}");
    assert!(place.ok(["status"]).contains("Nothing to commit"));
    place.write("bad.jsonl", cases[2].0);
    place.ok(["import", "bad.jsonl", "--key", "id", "--duplicates", "last"]);
}

#[test]
fn an_import_does_not_commit_what_others_left() {
    let place = Place::with_store();
    place.write("good.jsonl", FIRST);
    place.ok(["set", "k", "v"]);
    let said = place.fails(3, ["import", "good.jsonl", "--key", "id", "-m", "good"]);
    assert!(said.contains("which the commit would take along"), "{said}");
    place.ok(["import", "good.jsonl", "--key", "id"]);
    assert_eq!(place.ok(["list"]), "1\n2\nk\n");
}

#[test]
fn what_cannot_be_a_row_is_named_and_no_file_is_left() {
    let place = Place::with_store();
    place.ok(["set", "k", "not JSON"]);
    for file in ["rows.jsonl", "rows.csv"] {
        let said = place.fails(2, ["export", file, "--rows"]);
        assert!(
            said.contains("cannot write the value of `k` as a row: it is not JSON"),
            "{said}"
        );
        assert!(!place.path(file).exists());
        assert!(!place.path(&format!("{file}.partial")).exists());
    }
    let said = place.fails(2, ["import", "rows.data", "--key", "id"]);
    assert!(
        said.contains("cannot tell the format of rows.data"),
        "{said}"
    );
    assert!(
        place
            .fails(2, ["import", "gone.csv"])
            .contains("cannot read")
    );
    std::fs::create_dir(place.path("folder.csv")).unwrap();
    assert!(
        place
            .fails(2, ["import", "folder.csv"])
            .contains("cannot read")
    );
}

/// An export to a link replaced the link, one to a device replaced the device, and a file of the
/// user's that had the temporary name was lost.
#[test]
#[cfg(unix)]
fn an_export_replaces_nothing_but_the_file_that_was_named() {
    let place = Place::with_store();
    place.ok(["set", "key", "value"]);
    place.write("real.jsonl", "old");
    place.write("link.jsonl.partial", "mine");
    std::os::unix::fs::symlink(place.path("real.jsonl"), place.path("link.jsonl")).unwrap();
    place.ok(["export", "link.jsonl"]);
    assert!(place.path("link.jsonl").is_symlink());
    let written = std::fs::read_to_string(place.path("real.jsonl")).unwrap();
    assert_eq!(written, "{\"key\":\"key\",\"value\":\"value\"}\n");
    let mine = std::fs::read_to_string(place.path("link.jsonl.partial")).unwrap();
    assert_eq!(mine, "mine");

    let pipe = place.path("pipe.jsonl");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read_to_string(pipe).unwrap()
    });
    place.ok(["export", "pipe.jsonl"]);
    assert_eq!(reader.join().unwrap(), written);
    assert!(!pipe.is_file(), "the pipe is still one");
}
