//! What the demo does, as commands of `git-prolly`: the same on every engine.

use std::path::Path;

/// A release of the data set: its file, its version, its date.
struct Release {
    file: &'static str,
    version: &'static str,
    date: &'static str,
    tag: &'static str,
}

const RELEASES: &[Release] = &[
    Release {
        file: "mime-2016.jsonl",
        version: "1.22.0",
        date: "2016-02-15",
        tag: "r2016",
    },
    Release {
        file: "mime-2022.jsonl",
        version: "1.52.0",
        date: "2022-02-21",
        tag: "r2022",
    },
    Release {
        file: "mime-2025.jsonl",
        version: "1.54.0",
        date: "2025-03-17",
        tag: "r2025",
    },
];

/// A part of the story: a heading and commands.
pub(super) struct Chapter {
    pub(super) heading: &'static str,
    pub(super) commands: Vec<Vec<String>>,
}

/// The chapters that write: after them every engine has the same root hash.
pub(super) fn writing(folder: &Path) -> Vec<Chapter> {
    let mut import = vec![words(&["init"])];
    for release in RELEASES {
        let file = folder.join(release.file).display().to_string();
        let message = format!("mime-db {}", release.version);
        let date = format!("{}T12:00:00Z", release.date);
        import.push(words(&["import", &file, "--key", "type", "--replace"]));
        import.push(words(&["commit", "-m", &message, "--date", &date]));
        import.push(words(&["tag", release.tag]));
    }
    let ours = r#"{"type":"application/x-prolly","source":"us","extensions":["prolly"]}"#;
    vec![
        Chapter {
            heading: "Three releases of a registry become three commits",
            commands: import,
        },
        Chapter {
            heading: "A branch of our own",
            commands: vec![
                words(&["checkout", "-b", "ours"]),
                words(&["set", "application/x-prolly", ours]),
                words(&["delete", "application/x-shockwave-flash"]),
                words(&["status"]),
                words(&["diff"]),
                words(&[
                    "commit",
                    "-m",
                    "One more, one less",
                    "--date",
                    "2025-04-01T12:00:00Z",
                ]),
                words(&["checkout", "main"]),
                words(&["merge", "ours"]),
                words(&["branch"]),
            ],
        },
    ]
}

/// The chapters that look back.
pub(super) fn reading() -> Vec<Chapter> {
    vec![
        Chapter {
            heading: "What happened, and what changed between two releases",
            commands: vec![
                words(&["log", "--oneline"]),
                words(&["diff", "r2016", "r2025", "--keys", "font/*"]),
                words(&["diff", "r2016", "r2025"]),
            ],
        },
        Chapter {
            heading: "The history of one key, and the past as it was",
            commands: vec![
                words(&["history", "text/javascript"]),
                words(&["get", "text/javascript"]),
                words(&["get", "text/javascript", "--at", "r2016"]),
                words(&["get", "text/javascript", "--at", "main@{2023-01-01}"]),
                words(&["keys-at", "r2016"]),
            ],
        },
        Chapter {
            heading: "What it takes",
            commands: vec![words(&["stats"])],
        },
    ]
}

/// What ends a session on any engine: the numbers, for programs.
pub(super) fn measuring() -> Vec<String> {
    words(&["stats", "--format", "json"])
}

/// A command as a person would type it into a shell.
pub(super) fn typed(command: &[String]) -> String {
    let quoted = command.iter().map(|word| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:+@".contains(c);
        if !word.is_empty() && word.chars().all(is_plain) {
            word.clone()
        } else {
            format!("'{word}'")
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}
