//! The other processes of a case: each opens the same store and does one simple thing.
//!
//! An actor is the current program, started again. It hears on its standard input and speaks on its
//! standard output, one line of JSON at a time; lines that are not marked as the suite's own come
//! from elsewhere and are passed over.

pub(crate) mod counter;
pub(crate) mod peer;
pub(crate) mod writer;

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use prollytree_plugin_api::{Error, ErrorKind, OpenStorage, Options};
use serde_json::{Value, json};

use crate::case::{Failure, Verdict};
use crate::context::Context;
use crate::store::Store;
use crate::subject::Subject;
use crate::suite::Suite;

/// What the suite's own lines begin with.
const MARK: &str = "@prollytree-conformance ";

/// How an actor opens the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    ReadOnly,
    Write,
    Create,
}

/// A running actor, as its case sees it. It is killed when it is dropped.
pub(crate) struct Actor {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Actor {
    /// Starts an actor of this role on the store of a place.
    pub(crate) fn start(
        context: &Context,
        role: &str,
        options: &Options,
        access: Access,
        details: &Value,
    ) -> Verdict<Self> {
        let task = json!({
            "role": role,
            "options": options,
            "read_only": access == Access::ReadOnly,
            "create": access == Access::Create,
            "details": details,
        });
        let mut command = context.surroundings.launcher.command(&task);
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Failure::setup("start this program again"))?;
        let output = child.stdout.take().expect("its standard output is a pipe");
        Ok(Self {
            child,
            lines: BufReader::new(output),
        })
    }

    pub(crate) fn say(&mut self, request: &Value) -> Verdict {
        let input = self
            .child
            .stdin
            .as_mut()
            .expect("its standard input is a pipe");
        let written = writeln!(input, "{request}").and_then(|()| input.flush());
        written.map_err(Failure::setup("speak to another process"))
    }

    /// Waits for what the actor says next; `None` when it has come to its end.
    pub(crate) fn hear(&mut self) -> Verdict<Option<Value>> {
        let failed = || Failure::setup("hear another process");
        loop {
            let mut line = Vec::new();
            if self.lines.read_until(b'\n', &mut line).map_err(failed())? == 0 {
                return Ok(None);
            }
            let text = String::from_utf8_lossy(&line);
            // What a test program prints before the mark stays on the same line.
            if let Some((_, text)) = text.split_once(MARK) {
                if !text.ends_with('\n') {
                    return Ok(None);
                }
                return serde_json::from_str(text)
                    .map(Some)
                    .map_err(|error| failed()(error.into()));
            }
        }
    }

    /// Kills the actor (SIGKILL on Unix) and waits until it is gone.
    pub(crate) fn kill(&mut self) -> Verdict<ExitStatus> {
        let gone = self.child.kill().and_then(|()| self.child.wait());
        gone.map_err(Failure::setup("kill another process"))
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        // An actor that has ended by itself cannot be killed, and need not be.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Hears what the process that started this one says. When that process is gone, or says that all
/// is said, this one has as long as `grace` to come to its end by itself.
pub(crate) fn listen(grace: Duration) -> Receiver<Value> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            // Whoever does not listen is not interested.
            if let Ok(request) = serde_json::from_str(&line) {
                drop(sender.send(request));
            }
        }
        drop(sender);
        thread::sleep(grace);
        std::process::exit(1);
    });
    receiver
}

/// Plays the part that `task` describes.
pub(crate) fn run_as_child(suite: &Suite, task: &Value) -> io::Result<()> {
    let Suite::Storage(subject) = suite else {
        return Err(io::Error::other("only backends have actors"));
    };
    match task["role"].as_str() {
        Some("peer") => {
            let requests = listen(Duration::from_secs(5));
            peer::play(open(&**subject, task), &requests)
        }
        Some("writer") => {
            drop(listen(Duration::ZERO));
            let store = open(&**subject, task).map_err(io::Error::other)?;
            writer::play(&store, &task["details"])
        }
        _ => Err(io::Error::other("an actor without a role")),
    }
}

fn open(subject: &dyn Subject, task: &Value) -> Result<Store, Error> {
    let options = task["options"].as_object().cloned().unwrap_or_default();
    let mut how = OpenStorage::existing(options.clone());
    if task["create"] == true {
        how = OpenStorage::or_create(options);
    }
    if task["read_only"] == true {
        how = how.read_only();
    }
    subject.open(&how).map(Store::new)
}

/// Says something to the process that started this one.
fn speak(value: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{MARK}{value}")?;
    out.flush()
}

fn error_to_json(error: &Error) -> Value {
    json!({
        "error": error.kind().0,
        "message": error.message(),
        "context": error.parts().context,
    })
}

fn error_from_json(answer: &Value) -> Option<Error> {
    let kind = answer["error"]
        .as_u64()
        .and_then(|number| u32::try_from(number).ok())?;
    let error = Error::new(
        ErrorKind(kind),
        answer["message"].as_str().unwrap_or_default(),
    );
    let context = answer["context"].as_array().into_iter().flatten();
    let pairs = context.filter_map(|pair| Some((pair[0].as_str()?, pair[1].as_str()?)));
    Some(pairs.fold(error, |error, (name, value)| error.with(name, value)))
}
