//! Starting the current program again, so that a case can crash, hang or be killed in a process of
//! its own.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

/// The environment variable that tells a program that it is a child of the suite, and which one.
pub(crate) const CHILD: &str = "PROLLYTREE_CONFORMANCE_CHILD";

/// How to start the current program again so that it comes to [`child_main`](crate::child_main)
/// with the same subject.
#[derive(Clone, Debug)]
pub struct Launcher {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl Launcher {
    /// The current program with the same arguments.
    ///
    /// # Errors
    /// If the system does not tell where the program is.
    pub fn again() -> io::Result<Self> {
        Ok(Self::new(
            std::env::current_exe()?,
            std::env::args_os().skip(1),
        ))
    }

    /// The current test program, running one test.
    ///
    /// # Errors
    /// If the system does not tell where the program is.
    pub fn test(name: &str) -> io::Result<Self> {
        let arguments = [name, "--exact", "--nocapture", "--test-threads=1"];
        Ok(Self::new(
            std::env::current_exe()?,
            arguments.map(OsString::from),
        ))
    }

    /// A program and its arguments.
    pub fn new(program: PathBuf, arguments: impl IntoIterator<Item = OsString>) -> Self {
        Self {
            program,
            arguments: arguments.into_iter().collect(),
        }
    }

    /// The command for a child that is to do `task`. The child ends when its standard input does.
    pub(crate) fn command(&self, task: &Value) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env(CHILD, task.to_string())
            .stdin(Stdio::piped());
        command
    }

    /// The command line, for people.
    pub(crate) fn shown(&self) -> String {
        let words = std::iter::once(self.program.as_os_str());
        let words = words.chain(self.arguments.iter().map(OsString::as_os_str));
        words
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ")
    }
}
