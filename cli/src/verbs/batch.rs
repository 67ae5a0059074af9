//! `batch`: several commands in one process.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use super::Verb;
use crate::failure::Failure;
use crate::session::Session;

/// Run the commands of a file in one process
///
/// One command on each line, without `git-prolly` and without global options, which are those of
/// this command; quotes as in a shell, and a line that begins with `#` is a comment. Stops at the
/// first command that fails. No process is started for each, and a store in memory lasts from the
/// first to the last if it has a name.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly batch commands.txt
  git-prolly --store 'memory:?name=scratch' batch with-init.txt
  echo 'set greeting hello' | git-prolly batch -")]
pub(crate) struct Batch {
    /// The file; - is standard input
    file: PathBuf,
}

/// One line of the file.
#[derive(Debug, Parser)]
#[command(name = "git-prolly", no_binary_name = true, disable_help_flag = true)]
struct Line {
    #[command(subcommand)]
    verb: Verb,
}

impl Batch {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        for (index, line) in self.text(session)?.lines().enumerate() {
            let at = |reason: String| {
                Failure::Input(format!(
                    "line {} of {}: {reason}",
                    index + 1,
                    self.file.display()
                ))
            };
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let verb = parse(line).map_err(at)?;
            match super::run(verb, session) {
                Ok(ExitCode::SUCCESS) => {}
                Ok(code) => return Ok(code),
                // The commands that follow are there for more than their answers.
                Err(failure) if failure.is_unread() => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn text(&self, session: &Session) -> Result<String, Failure> {
        let path = session.path(&self.file);
        let read = if self.file == Path::new("-") {
            let mut text = String::new();
            std::io::stdin()
                .lock()
                .read_to_string(&mut text)
                .map(|_| text)
        } else {
            fs::read_to_string(&path)
        };
        read.map_err(|source| Failure::File {
            doing: "read",
            path,
            source,
        })
    }
}

fn parse(line: &str) -> Result<Verb, String> {
    let line = Line::try_parse_from(words(line)?).map_err(|error| error.to_string())?;
    match line.verb {
        Verb::Batch(_) => Err("a batch does not run another one".to_owned()),
        verb => Ok(verb),
    }
}

/// Splits a line at blanks. Between `'` or `"` everything is taken as it is.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '\'' || c == '"' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    match quote {
        None => Ok(words),
        Some(open) => Err(format!("the quote {open} is not closed")),
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, words};

    #[test]
    fn words_are_split_as_a_shell_does() {
        let line = r#"  set 'a b'c "it's" '{"x": 1}' ''"#;
        assert_eq!(
            words(line).unwrap(),
            ["set", "a bc", "it's", r#"{"x": 1}"#, ""]
        );
        assert!(words("set 'a").is_err());
    }

    #[test]
    fn a_line_is_a_verb_and_no_batch() {
        assert!(parse("get greeting").is_ok());
        for line in [
            "batch other.txt",
            "--store memory: get x",
            "frobnicate",
            "get",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
