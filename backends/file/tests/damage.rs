//! A journal that was torn or damaged: opened at the last whole state, or refused, never believed.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod shared;

use std::fs;
use std::path::Path;

use prollytree_plugin_api::{ErrorKind, Hash, Report, Result, Swap};
use shared::{
    CALL, Store, commit, copy, get, head, journal, open, open_read_only, record, stat, try_open,
};

const CONTENTS: [&[u8]; 3] = [b"one", b"the second one", b"three"];

/// Makes a store with three commits, and returns the journal's length after each.
fn three_commits(folder: &Path) -> Vec<u64> {
    let store = open(folder, 1 << 20);
    let mut before = None;
    let lengths = CONTENTS.map(|bytes| {
        assert_eq!(commit(&store, before, bytes).unwrap(), Swap::Done);
        before = Some(bytes);
        stat(&store, "journal_bytes")
    });
    store.close().unwrap();
    lengths.to_vec()
}

/// Where the head is, and which of the records are there.
fn state(store: &Store) -> Result<(Option<Hash>, Vec<bool>)> {
    let there = CONTENTS.iter().map(|bytes| {
        let found = get(store, Hash::of(bytes))?;
        assert!(found.is_none() || found.as_deref() == Some(*bytes));
        Ok(found.is_some())
    });
    let there = there.collect::<Result<_>>()?;
    Ok((head(store)?, there))
}

fn after_two_commits() -> (Option<Hash>, Vec<bool>) {
    (Some(Hash::of(CONTENTS[1])), vec![true, true, false])
}

#[test]
fn a_journal_cut_anywhere_in_its_last_frame_opens_at_the_state_before() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let lengths = three_commits(&whole);
    for len in lengths[1]..lengths[2] {
        let cut = folder.path().join(format!("cut-{len}"));
        copy(&whole, &cut);
        let file = fs::File::options().write(true).open(journal(&cut)).unwrap();
        file.set_len(len).unwrap();
        assert_eq!(
            state(&open_read_only(&cut).unwrap()).unwrap(),
            after_two_commits()
        );
        assert_eq!(
            file.metadata().unwrap().len(),
            len,
            "reading changes nothing"
        );
        let store = try_open(&cut).unwrap();
        assert_eq!(file.metadata().unwrap().len(), lengths[1]);
        assert_eq!(state(&store).unwrap(), after_two_commits());
        let again = commit(&store, Some(CONTENTS[1]), CONTENTS[2]);
        assert_eq!(again.unwrap(), Swap::Done);
        drop(store);
        assert_eq!(state(&try_open(&cut).unwrap()).unwrap().1, [true; 3]);
    }
}

#[test]
fn a_flipped_byte_is_found_or_lies_in_the_tail() {
    let folder = tempfile::tempdir().unwrap();
    let lengths = three_commits(folder.path());
    let path = journal(folder.path());
    let bytes = fs::read(&path).unwrap();
    for position in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[position] ^= 1 << (position % 8);
        fs::write(&path, &damaged).unwrap();
        let seen = open_read_only(folder.path()).and_then(|store| state(&store));
        match seen {
            Ok(seen) => {
                // Only what the writer that ended has claimed can be lost, and nothing else is.
                assert!(position as u64 >= lengths[2], "{position} went unnoticed");
                assert_eq!(seen, (Some(Hash::of(CONTENTS[2])), vec![true; 3]));
            }
            Err(error) => {
                let kinds = [ErrorKind::CORRUPT, ErrorKind::UNSUPPORTED];
                assert!(kinds.contains(&error.kind()), "{position}: {error}");
            }
        }
    }
}

#[test]
fn damage_below_a_later_commit_is_not_cut_off_by_a_writer() {
    let folder = tempfile::tempdir().unwrap();
    let lengths = three_commits(folder.path());
    let path = journal(folder.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes[usize::try_from(lengths[0]).unwrap() + 33] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let error = try_open(folder.path()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::CORRUPT);
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_record_that_looks_like_a_frame_is_not_taken_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), 1 << 20);
    assert_eq!(commit(&store, None, b"one").unwrap(), Swap::Done);
    let frames = fs::read(journal(folder.path())).unwrap();
    assert_eq!(commit(&store, Some(b"one"), &frames).unwrap(), Swap::Done);
    let len = stat(&store, "journal_bytes");
    drop(store);
    let path = journal(folder.path());
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(len - 1).unwrap();
    let store = try_open(folder.path()).unwrap();
    assert_eq!(head(&store).unwrap(), Some(Hash::of(b"one")));
}

#[test]
fn a_pack_that_is_missing_or_damaged_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), 1 << 20);
    store.put_many(CALL, &[record(b"packed")]).unwrap();
    store.maintain(CALL, "repack", &Report::new()).unwrap();
    drop(store);
    let pack = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "pack"))
        .unwrap();
    let bytes = fs::read(&pack).unwrap();
    for position in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[position] ^= 0x10;
        fs::write(&pack, damaged).unwrap();
        let read = try_open(folder.path()).and_then(|store| get(&store, Hash::of(b"packed")));
        let kinds = [ErrorKind::CORRUPT, ErrorKind::UNSUPPORTED];
        assert!(kinds.contains(&read.unwrap_err().kind()), "{position}");
    }
    fs::remove_file(&pack).unwrap();
    let error = try_open(folder.path()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::CORRUPT);
}

#[test]
fn a_manifest_that_is_damaged_foreign_or_newer_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    three_commits(folder.path());
    let path = folder.path().join("MANIFEST");
    let bytes = fs::read(&path).unwrap();
    for position in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[position] ^= 1;
        fs::write(&path, damaged).unwrap();
        let kind = try_open(folder.path()).err().unwrap().kind();
        let expected = match position {
            0..8 => ErrorKind::INVALID_CONFIG,
            8..12 => ErrorKind::UNSUPPORTED,
            _ => ErrorKind::CORRUPT,
        };
        assert_eq!(kind, expected, "{position}");
    }
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(
        try_open(folder.path()).err().unwrap().kind(),
        ErrorKind::CORRUPT
    );
}

#[test]
fn a_journal_that_became_shorter_under_a_writer_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let lengths = three_commits(folder.path());
    let store = try_open(folder.path()).unwrap();
    let path = journal(folder.path());
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(lengths[1]).unwrap();
    let error = commit(&store, Some(CONTENTS[2]), b"four").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CORRUPT);
    assert_eq!(fs::metadata(&path).unwrap().len(), lengths[1]);
}
