//! A guide in Markdown as steps: a block with a title is a file, a block of `sh` is commands.

/// Something that a reader of the guide does.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Writes a file.
    Write {
        /// Its path inside the new crate.
        path: String,
        /// Its content.
        text: String,
    },
    /// Runs commands in the folder of the new crate.
    Run(String),
}

/// Reads the steps of a guide, in their order. Blocks of other kinds are only shown.
pub(crate) fn steps(guide: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let text = block.join("\n") + "\n";
        let title = info
            .split("title=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        match title {
            Some(path) => steps.push(Step::Write {
                path: path.to_owned(),
                text,
            }),
            None if info == "sh" => steps.push(Step::Run(text)),
            None => {}
        }
    }
    steps
}

#[test]
fn files_and_commands_are_found_in_their_order() {
    let guide =
        "x\n```toml title=\"a/b.toml\"\nc = 1\n```\n```text\nshown\n```\n```sh\nd\ne\n```\n";
    let file = Step::Write {
        path: "a/b.toml".to_owned(),
        text: "c = 1\n".to_owned(),
    };
    assert_eq!(steps(guide), [file, Step::Run("d\ne\n".to_owned())]);
}
