//! Stores of every kind in folders of their own, commands that run on them, and chance that can be
//! repeated.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_git-prolly");

/// An engine that keeps its data on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Redb,
    File,
}

impl Engine {
    pub(crate) const ALL: [Self; 2] = [Self::Redb, Self::File];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Redb => "redb",
            Self::File => "file",
        }
    }
}

/// A store in a folder that holds nothing else.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) engine: Engine,
    pub(crate) folder: PathBuf,
    _temporary: Option<TempDir>,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; none if it was killed.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A file as anyone who looks at it sees it: its bytes and when they were written.
pub(crate) type Seen = BTreeMap<PathBuf, (Option<Vec<u8>>, SystemTime)>;

impl Store {
    /// Makes a store in a new folder.
    pub(crate) fn new(engine: Engine) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("data");
        std::fs::create_dir(&folder).unwrap();
        let store = Self {
            engine,
            folder,
            _temporary: Some(temporary),
        };
        store.ok(["init"]);
        store
    }

    /// Names a store that is not made yet.
    pub(crate) fn absent(engine: Engine, folder: PathBuf) -> Self {
        Self {
            engine,
            folder,
            _temporary: None,
        }
    }

    /// Returns the path of the store: a file or a folder, as the engine likes it.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join("store")
    }

    pub(crate) fn uri(&self) -> String {
        format!("{}:{}", self.engine.name(), self.path().display())
    }

    /// Prepares a command on the store.
    pub(crate) fn command<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments);
        self.prepare(&mut command, "");
        command
    }

    /// Gives a command the surroundings that it needs, and options of the engine such as
    /// `?lock_wait=0s`.
    pub(crate) fn prepare(&self, command: &mut Command, options: &str) {
        command
            .current_dir("/")
            .env_clear()
            .env("TZ", "UTC")
            .env("PROLLYTREE_STORE", self.uri() + options)
            .env("PROLLYTREE_USER_NAME", "Ada")
            .env("PROLLYTREE_USER_EMAIL", "ada@example.org")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ran {
        self.run_with("", arguments)
    }

    /// Runs a command with text on standard input.
    pub(crate) fn run_with<S: AsRef<OsStr>>(
        &self,
        input: &str,
        arguments: impl IntoIterator<Item = S>,
    ) -> Ran {
        finish(self.command(arguments), input)
    }

    /// Runs a command that has to succeed, and returns its output.
    pub(crate) fn ok<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> String {
        let arguments: Vec<_> = arguments.into_iter().collect();
        let ran = self.run(&arguments);
        let words: Vec<_> = arguments.iter().map(AsRef::as_ref).collect();
        assert_eq!(ran.code, Some(0), "{:?} {words:?}: {ran:?}", self.engine);
        ran.out
    }

    /// Commits rows and returns the id of the commit.
    pub(crate) fn commit(&self, rows: &str, message: &str) -> String {
        let ran = self.run_with(rows, import(message));
        assert_eq!(ran.code, Some(0), "{:?}: {ran:?}", self.engine);
        ran.committed()
    }

    /// Returns the ids and messages of all commits, the newest first.
    pub(crate) fn log(&self) -> Vec<(String, String)> {
        let log: serde_json::Value =
            serde_json::from_str(&self.ok(["log", "--format", "json"])).unwrap();
        let commits = log.as_array().unwrap().iter();
        commits
            .map(|commit| {
                let text = |name: &str| commit[name].as_str().unwrap().trim_end().to_owned();
                (text("commit"), text("message"))
            })
            .collect()
    }

    /// Begins a command that holds the store open until its input ends, and waits until it does.
    pub(crate) fn hold<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Child {
        let mut child = self.command(arguments).spawn().unwrap();
        for _ in 0..1000 {
            let open = std::fs::read_dir(format!("/proc/{}/fd", child.id())).unwrap();
            let mut files = open.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
            if files.any(|file| file.starts_with(self.path())) {
                // It has the file; it takes the lock within the same call.
                std::thread::sleep(Duration::from_millis(50));
                return child;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        child.kill().unwrap();
        panic!("{} is not opened: {:?}", self.uri(), ended(child));
    }

    /// Looks at all that is in the folder of the store.
    pub(crate) fn seen(&self) -> Seen {
        let mut seen = Seen::new();
        look(&self.folder, &mut seen);
        seen
    }
}

impl Ran {
    /// Returns the id of the commit that an import has reported.
    pub(crate) fn committed(&self) -> String {
        let id = self
            .out
            .lines()
            .find_map(|line| line.strip_prefix("commit "));
        id.unwrap().to_owned()
    }
}

/// The arguments of an import from standard input that commits.
pub(crate) fn import(message: &str) -> [&str; 8] {
    [
        "import",
        "-",
        "--input-format",
        "jsonl",
        "--key",
        "k",
        "-m",
        message,
    ]
}

/// Runs a command to its end. Whatever happens to a store, the program never panics or aborts.
pub(crate) fn finish(mut command: Command, input: &str) -> Ran {
    let mut child = command.spawn().unwrap();
    // A command that fails early does not read its input.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    ended(child)
}

/// Waits for a command.
pub(crate) fn ended(child: Child) -> Ran {
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    let ran = Ran {
        code: status.code(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    };
    assert!(!ran.err.contains("panicked at"), "{ran:?}");
    ran
}

fn look(path: &Path, seen: &mut Seen) {
    let metadata = std::fs::symlink_metadata(path).unwrap();
    let bytes = metadata.is_file().then(|| std::fs::read(path).unwrap());
    seen.insert(path.to_owned(), (bytes, metadata.modified().unwrap()));
    if metadata.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            look(&entry.unwrap().path(), seen);
        }
    }
}

/// Numbers that look random and come again with `PROLLYTREE_TEST_SEED`.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new() -> Self {
        let seed = match std::env::var("PROLLYTREE_TEST_SEED") {
            Ok(seed) => seed.parse().unwrap(),
            Err(_) => RandomState::new().hash_one("seed"),
        };
        println!("seed {seed} (again with PROLLYTREE_TEST_SEED={seed})");
        Self(seed)
    }

    /// The next number (`SplitMix64`).
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Rows with keys that begin with `prefix` and values that nothing can make smaller.
    pub(crate) fn rows(&mut self, prefix: &str, count: usize, value_len: usize) -> String {
        let mut rows = String::new();
        for number in 0..count {
            let mut value = String::new();
            while value.len() < value_len {
                write!(value, "{:016x}", self.next()).unwrap();
            }
            writeln!(rows, r#"{{"k":"{prefix}{number:05}","v":"{value}"}}"#).unwrap();
        }
        rows
    }
}

/// Returns how often to try something: more often when soaking.
pub(crate) fn rounds(usual: usize) -> usize {
    if std::env::var_os("PROLLYTREE_SOAK").is_some() {
        usual * 12
    } else {
        usual
    }
}
