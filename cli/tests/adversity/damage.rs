//! One bit of a store's files is another one.

use std::fs;
use std::path::PathBuf;

use super::support::{Chance, Engine, Store, rounds};

/// Commands whose answers say all that is in a store.
const READS: &[&[&str]] = &[
    &["log"],
    &["status"],
    &["branch"],
    &["export"],
    &["export", "--at", "HEAD~1"],
    &["diff", "HEAD~2", "HEAD"],
    &["history", "01-00001"],
];

fn with_history(engine: Engine, chance: &mut Chance) -> Store {
    let store = Store::new(engine);
    for number in 0..4 {
        let rows = chance.rows(&format!("{:02}-", number % 3), 300, 200);
        store.commit(&rows, &format!("commit {number}"));
    }
    store.ok(["branch", "other", "HEAD~1"]);
    store
}

/// The files of a store and their lengths.
fn files(store: &Store) -> Vec<(PathBuf, u64)> {
    let seen = store.seen().into_iter();
    let files = seen.filter_map(|(path, (bytes, _))| Some((path, bytes?.len() as u64)));
    files.filter(|(_, len)| *len > 0).collect()
}

fn flip(store: &Store, path: &PathBuf, offset: u64, bit: u64, expected: &[String]) {
    let whole = fs::read(path).unwrap();
    let mut damaged = whole.clone();
    damaged[usize::try_from(offset).unwrap()] ^= 1 << bit;
    fs::write(path, damaged).unwrap();
    let place = format!("bit {bit} of byte {offset} in {}", path.display());
    for (read, expected) in READS.iter().zip(expected) {
        let ran = store.run(*read);
        match ran.code {
            Some(0) => assert!(
                ran.out == *expected,
                "{place}: {read:?} is wrong: {}",
                ran.out
            ),
            Some(2 | 4) => assert!(ran.err.starts_with("error: "), "{place}: {ran:?}"),
            _ => panic!("{place}: {read:?}: {ran:?}"),
        }
    }
    fs::write(path, whole).unwrap();
}

fn damage(engine: Engine) {
    let mut chance = Chance::new();
    let store = with_history(engine, &mut chance);
    let expected: Vec<_> = READS.iter().map(|read| store.ok(*read)).collect();
    let files = files(&store);
    for _ in 0..rounds(40) {
        let (path, len) = &files[usize::try_from(chance.next() % files.len() as u64).unwrap()];
        let (offset, bit) = (chance.below(*len), chance.below(8));
        flip(&store, path, offset, bit, &expected);
    }
}

#[test]
fn any_flipped_bit_of_a_redb_store_never_gives_wrong_data() {
    damage(Engine::Redb);
}

#[test]
fn any_flipped_bit_of_a_file_store_never_gives_wrong_data() {
    damage(Engine::File);
}
