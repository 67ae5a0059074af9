//! A folder of its own for each test, and commands that run in it.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails where it stands"
)]

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A home folder, and a project inside it where commands run.
pub(crate) struct Place {
    home: TempDir,
    variables: Vec<(String, String)>,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("project")).unwrap();
        Self {
            home,
            variables: Vec::new(),
        }
    }

    /// A place with a store.
    pub(crate) fn with_store() -> Self {
        let place = Self::new();
        place.ok(["init"]);
        place
    }

    pub(crate) fn set_var(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join("project").join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Runs a command with bytes on standard input.
    pub(crate) fn run_with<S: AsRef<OsStr>>(
        &self,
        input: &[u8],
        arguments: impl IntoIterator<Item = S>,
    ) -> Ran {
        let mut program = Command::new(env!("CARGO_BIN_EXE_git-prolly"));
        program.args(arguments);
        self.finish(input, program)
    }

    /// Runs a line as a shell does.
    #[cfg(unix)]
    pub(crate) fn run_in_shell(&self, line: &str) -> Ran {
        let program = Path::new(env!("CARGO_BIN_EXE_git-prolly"));
        let folder = program.parent().unwrap().display();
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &format!("PATH='{folder}':/usr/bin:/bin; {line}")]);
        self.finish(b"", shell)
    }

    fn finish(&self, input: &[u8], mut command: Command) -> Ran {
        let mut child = command
            .current_dir(self.path(""))
            .env_clear()
            .env("HOME", self.home.path())
            .env("TZ", "UTC")
            .env("PROLLYTREE_USER_NAME", "Ada")
            .env("PROLLYTREE_USER_EMAIL", "ada@example.org")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that fails early does not read its input.
        drop(child.stdin.take().unwrap().write_all(input));
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        let home = self.home.path().canonicalize().unwrap();
        let err = err.replace(home.to_str().unwrap(), "~");
        Ran {
            code: output.status.code().unwrap(),
            out: output.stdout,
            err,
        }
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ran {
        self.run_with(b"", arguments)
    }

    /// Runs a command that has to succeed, and returns its output.
    pub(crate) fn ok<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.text()
    }

    /// Runs a command that has to fail with this exit code, and returns what it says.
    pub(crate) fn fails<S: AsRef<OsStr>>(
        &self,
        code: i32,
        arguments: impl IntoIterator<Item = S>,
    ) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, code, "{} {}", ran.text(), ran.err);
        ran.err
    }

    /// Runs one command for each line and returns what a terminal would show, with the exit code
    /// where it is not 0, and with numbers in place of hashes, which the format decides. Words are
    /// parted by spaces; quotes keep them together.
    pub(crate) fn transcript(&self, commands: &str) -> String {
        let mut text = String::new();
        for line in commands
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
        {
            let ran = self.run(words(line));
            write!(text, "$ git-prolly {line}\n{}{}", ran.text(), ran.err).unwrap();
            if ran.code != 0 {
                writeln!(text, "[exit code {}]", ran.code).unwrap();
            }
        }
        numbered(&text)
    }
}

impl Ran {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.out).unwrap()
    }
}

fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words
}

/// Writes `#1`, `#2` for the hashes of a text, whole or short, in the order of their appearance.
fn numbered(text: &str) -> String {
    let mut known: Vec<&str> = Vec::new();
    let mut numbered = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_hexdigit()) {
        let word = &rest[start..];
        let end = word
            .find(|c: char| !c.is_ascii_hexdigit())
            .unwrap_or(word.len());
        let word = &word[..end];
        numbered.push_str(&rest[..start]);
        rest = &rest[start + end..];
        if matches!(word.len(), 12 | 64) {
            let short = &word[..12];
            let number = known
                .iter()
                .position(|hash| *hash == short)
                .unwrap_or_else(|| {
                    known.push(short);
                    known.len() - 1
                });
            write!(numbered, "#{}", number + 1).unwrap();
        } else {
            numbered.push_str(word);
        }
    }
    numbered + rest
}
