//! SIGKILL at any moment.
#![cfg(unix)]

use std::io::Write as _;
use std::time::{Duration, Instant};

use super::support::{Chance, Engine, Store, import, rounds};

/// A commit that was acknowledged, or is known to be there.
struct Known {
    id: String,
    message: String,
    /// All that a reader sees at this commit.
    export: String,
}

/// A store, and what is known to be in it.
struct Growing {
    store: Store,
    chance: Chance,
    known: Vec<Known>,
    /// How long an import takes that is not killed.
    usual: Duration,
}

impl Growing {
    fn new(engine: Engine) -> Self {
        let mut growing = Self {
            store: Store::new(engine),
            chance: Chance::new(),
            known: Vec::new(),
            usual: Duration::ZERO,
        };
        for number in 0..2 {
            let begun = Instant::now();
            let rows = growing.rows();
            let id = growing.store.commit(&rows, &format!("begin {number}"));
            growing.usual = begun.elapsed();
            growing.keep(id, format!("begin {number}"));
        }
        growing
    }

    /// Rows of which some replace earlier ones.
    fn rows(&mut self) -> String {
        let prefix = self.chance.below(20);
        self.chance.rows(&format!("{prefix:02}-"), 150, 300)
    }

    fn keep(&mut self, id: String, message: String) {
        let export = self.store.ok(["export", "--at", &id]);
        self.known.push(Known {
            id,
            message,
            export,
        });
    }

    /// Begins a commit and kills it after a random time; then looks at the store.
    fn round(&mut self, message: &str) {
        let rows = self.rows();
        let mut child = self.store.command(import(message)).spawn().unwrap();
        // The rows fit into no pipe: what the program has not read when it dies is not written.
        let mut input = child.stdin.take().unwrap();
        let writing = std::thread::spawn(move || input.write_all(rows.as_bytes()).is_ok());
        let limit = u64::try_from(self.usual.as_micros()).unwrap() * 6 / 5;
        std::thread::sleep(Duration::from_micros(self.chance.below(limit)));
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        writing.join().unwrap();
        let acknowledged = String::from_utf8(output.stdout).unwrap();
        let acknowledged = (acknowledged.lines())
            .find_map(|line| line.strip_prefix("commit "))
            .filter(|_| acknowledged.ends_with('\n'));
        self.check(message, acknowledged);
    }

    /// Everything is there that was, and all or nothing of the last commit.
    fn check(&mut self, message: &str, acknowledged: Option<&str>) {
        let log = self.store.log();
        let newer = log.len().checked_sub(self.known.len()).unwrap();
        assert!(newer <= 1, "{log:?}");
        for ((id, message), known) in log.iter().rev().zip(&self.known) {
            assert_eq!((id, message), (&known.id, &known.message));
        }
        if let Some(id) = acknowledged {
            assert_eq!(log[0].0, id);
        }
        assert!(self.store.ok(["status"]).contains("Nothing to commit"));
        self.store.ok(["diff", "HEAD~1", "HEAD"]);
        self.store.ok(["list", "--values"]);
        let known = &self.known[usize::try_from(self.chance.next()).unwrap() % self.known.len()];
        let export = self.store.ok(["export", "--at", &known.id]);
        assert!(export == known.export, "{} has changed", known.message);
        let head = self.store.ok(["export"]);
        if newer == 1 {
            assert_eq!(log[0].1, message);
            self.keep(log[0].0.clone(), message.to_owned());
        }
        assert!(
            head == self.known.last().unwrap().export,
            "the entries are not those of the head"
        );
    }
}

fn kill_again_and_again(engine: Engine) {
    let mut growing = Growing::new(engine);
    for round in 0..rounds(25) {
        growing.round(&format!("round {round}"));
    }
    for known in &growing.known {
        let export = growing.store.ok(["export", "--at", &known.id]);
        assert!(export == known.export, "{} has changed", known.message);
    }
    println!("{engine:?}: {} commits", growing.known.len());
}

#[test]
fn a_kill_loses_nothing_acknowledged_in_a_redb_store() {
    kill_again_and_again(Engine::Redb);
}

#[test]
fn a_kill_loses_nothing_acknowledged_in_a_file_store() {
    kill_again_and_again(Engine::File);
}
