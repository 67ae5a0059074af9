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

/// Takes away the note of what was acknowledged, as if power had gone before it was.
fn forget_note(folder: &Path) {
    fs::remove_file(folder.join("DURABLE")).unwrap();
}

/// Flips a bit: the store is not opened, or stands at the last of its records and reading them all
/// is an error. Nothing is cut off.
fn assert_flip_is_found(folder: &Path, position: usize, contents: &[&[u8]]) {
    let path = journal(folder);
    let whole = fs::read(&path).unwrap();
    let mut damaged = whole.clone();
    damaged[position] ^= 1;
    fs::write(&path, &damaged).unwrap();
    for opened in [open_read_only(folder), try_open(folder)] {
        let read = opened.and_then(|store| {
            assert_eq!(head(&store)?, contents.last().map(|last| Hash::of(last)));
            let all = contents.iter().map(|bytes| get(&store, Hash::of(bytes)));
            all.collect::<Result<Vec<_>>>()
        });
        let kind = read.unwrap_err().kind();
        let kinds = [ErrorKind::CORRUPT, ErrorKind::UNSUPPORTED];
        assert!(kinds.contains(&kind), "{position}: {kind:?}");
    }
    assert_eq!(fs::read(&path).unwrap(), damaged);
    fs::write(&path, &whole).unwrap();
}

const TWENTY: [u8; 20] = *b"abcdefghijklmnopqrst";

/// Twenty commits, each by an instance that is never closed; `between` runs after each. Returns
/// where each of them ends.
fn twenty_that_were_killed(folder: &Path, between: impl Fn()) -> Vec<usize> {
    drop(open(folder, 1 << 20));
    let mut before = None;
    let ends = TWENTY.chunks(1).map(|bytes| {
        let store = try_open(folder).unwrap();
        assert_eq!(commit(&store, before, bytes).unwrap(), Swap::Done);
        before = Some(bytes);
        let end = usize::try_from(stat(&store, "journal_bytes")).unwrap();
        std::mem::forget(store);
        between();
        end
    });
    ends.collect()
}

#[test]
fn damage_to_any_commit_of_writers_that_were_killed_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let ends = twenty_that_were_killed(folder.path(), || ());
    let contents: Vec<_> = TWENTY.chunks(1).collect();
    for position in (0..ends[19])
        .step_by(7)
        .chain(ends.iter().map(|end| end - 1))
    {
        assert_flip_is_found(folder.path(), position, &contents);
    }
    let last = head(&try_open(folder.path()).unwrap()).unwrap();
    assert_eq!(last, Some(Hash::of(contents[19])));
}

#[test]
fn damage_is_found_below_the_last_commit_even_if_power_was_lost_after_each() {
    let folder = tempfile::tempdir().unwrap();
    let ends = twenty_that_were_killed(folder.path(), || forget_note(folder.path()));
    let contents: Vec<_> = TWENTY.chunks(1).collect();
    for position in (0..ends[18])
        .step_by(7)
        .chain(ends[..19].iter().map(|end| end - 1))
    {
        assert_flip_is_found(folder.path(), position, &contents);
    }
}

#[test]
fn a_note_that_is_torn_or_about_another_store_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    three_commits(&one);
    let store = open(&other, 1 << 20);
    assert_eq!(commit(&store, None, &[7; 5000]).unwrap(), Swap::Done);
    drop(store);
    let note = fs::read(other.join("DURABLE")).unwrap();
    let mut torn = fs::read(one.join("DURABLE")).unwrap();
    torn[1] ^= 1;
    for note in [&note[..], &torn, &torn[..5], b""] {
        fs::write(one.join("DURABLE"), note).unwrap();
        let seen = state(&open_read_only(&one).unwrap()).unwrap();
        assert_eq!(seen, (Some(Hash::of(CONTENTS[2])), vec![true; 3]));
    }
    fs::remove_file(one.join("MANIFEST")).unwrap();
    fs::write(one.join("DURABLE"), note).unwrap();
    assert_eq!(head(&open(&one, 1 << 20)).unwrap(), None, "made again");
}

#[test]
fn damage_to_the_last_commit_in_a_backup_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (path, to) = (folder.path().join("store"), folder.path().join("copy"));
    let lengths = three_commits(&path);
    let mut args = Report::new();
    args.insert("to".into(), to.to_str().unwrap().into());
    let store = try_open(&path).unwrap();
    store.maintain(CALL, "backup", &args).unwrap();
    for position in lengths[1]..lengths[2] {
        assert_flip_is_found(&to, usize::try_from(position).unwrap(), &CONTENTS);
    }
}

#[test]
fn a_journal_that_was_cut_while_nobody_had_it_open_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let lengths = three_commits(folder.path());
    let path = journal(folder.path());
    let file = fs::File::options().write(true).open(&path).unwrap();
    for len in [lengths[2] - 1, lengths[1], lengths[0] + 3] {
        file.set_len(len).unwrap();
        let error = try_open(folder.path()).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::CORRUPT);
        assert_eq!(fs::metadata(&path).unwrap().len(), len);
    }
}

fn after_commits(count: usize) -> (Option<Hash>, Vec<bool>) {
    let last = CONTENTS[..count].last();
    let there = (0..CONTENTS.len()).map(|number| number < count);
    (last.map(|last| Hash::of(last)), there.collect())
}

#[test]
fn a_journal_cut_anywhere_behind_its_first_frame_opens_at_the_state_after_some_commit() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, empty) = (folder.path().join("whole"), folder.path().join("empty"));
    let begin = stat(&open(&empty, 1 << 20), "journal_bytes");
    let lengths = three_commits(&whole);
    for len in begin..lengths[2] {
        let done = lengths.iter().filter(|&&end| end <= len).count();
        let cut = folder.path().join(format!("cut-{len}"));
        copy(&whole, &cut);
        forget_note(&cut);
        let file = fs::File::options().write(true).open(journal(&cut)).unwrap();
        file.set_len(len).unwrap();
        let seen = state(&open_read_only(&cut).unwrap()).unwrap();
        assert_eq!(seen, after_commits(done));
        assert_eq!(
            file.metadata().unwrap().len(),
            len,
            "reading changes nothing"
        );
        let store = try_open(&cut).unwrap();
        let end = done.checked_sub(1).map_or(begin, |last| lengths[last]);
        assert_eq!(file.metadata().unwrap().len(), end);
        assert_eq!(state(&store).unwrap(), after_commits(done));
        let before = CONTENTS[..done].last().copied();
        let again = commit(&store, before, CONTENTS[done]);
        assert_eq!(again.unwrap(), Swap::Done);
        drop(store);
        let seen = state(&try_open(&cut).unwrap()).unwrap();
        assert_eq!(seen, after_commits(done + 1));
    }
}

#[test]
fn a_flipped_byte_is_found_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    three_commits(folder.path());
    let path = journal(folder.path());
    let bytes = fs::read(&path).unwrap();
    for position in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[position] ^= 1 << (position % 8);
        fs::write(&path, &damaged).unwrap();
        let seen = open_read_only(folder.path()).and_then(|store| state(&store));
        let error = seen.expect_err("all of it was acknowledged");
        let kinds = [ErrorKind::CORRUPT, ErrorKind::UNSUPPORTED];
        assert!(kinds.contains(&error.kind()), "{position}: {error}");
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
    forget_note(folder.path());
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(len - 1).unwrap();
    let store = try_open(folder.path()).unwrap();
    assert_eq!(head(&store).unwrap(), Some(Hash::of(b"one")));
}

/// Changes the fixed part of the frame at `start`, and makes its checksum right again.
fn forge_frame(folder: &Path, start: u64, change: impl FnOnce(&mut [u8])) {
    let path = journal(folder);
    let mut bytes = fs::read(&path).unwrap();
    let at = usize::try_from(start).unwrap();
    change(&mut bytes[at..at + 28]);
    let head_len = u32::from_le_bytes(bytes[at + 8..at + 12].try_into().unwrap());
    let mut crc = crc32fast::Hasher::new();
    crc.update(&1_u64.to_le_bytes());
    crc.update(&start.to_le_bytes());
    crc.update(&bytes[at..at + 28]);
    crc.update(&bytes[at + 32..][..head_len as usize]);
    bytes[at + 28..at + 32].copy_from_slice(&crc.finalize().to_le_bytes());
    fs::write(&path, bytes).unwrap();
}

#[test]
fn a_frame_that_claims_more_than_lies_before_it_is_none_and_commits_are_still_forced_to_disk() {
    for claim in [1, u64::MAX / 2] {
        let folder = tempfile::tempdir().unwrap();
        let lengths = three_commits(folder.path());
        forget_note(folder.path());
        forge_frame(folder.path(), lengths[1], |fixed| {
            fixed[20..28].copy_from_slice(&(lengths[1] + claim).to_le_bytes());
        });
        let store = try_open(folder.path()).unwrap();
        assert_eq!(state(&store).unwrap(), after_commits(2));
        let before = stat(&store, "syncs");
        let again = commit(&store, Some(CONTENTS[1]), CONTENTS[2]);
        assert_eq!(again.unwrap(), Swap::Done);
        assert!(stat(&store, "syncs") > before);
    }
}

#[test]
fn a_claim_that_ends_inside_a_frame_is_no_obstacle_to_writing() {
    let folder = tempfile::tempdir().unwrap();
    let lengths = three_commits(folder.path());
    forget_note(folder.path());
    forge_frame(folder.path(), lengths[1], |fixed| {
        fixed[20..28].copy_from_slice(&(lengths[1] - 5).to_le_bytes());
    });
    let store = try_open(folder.path()).unwrap();
    assert_eq!(state(&store).unwrap().1, [true; 3]);
    let next = commit(&store, Some(CONTENTS[2]), b"four");
    assert_eq!(next.unwrap(), Swap::Done);
}

#[test]
fn a_damaged_record_below_a_torn_commit_is_an_error_and_no_obstacle_to_writing() {
    let folder = tempfile::tempdir().unwrap();
    let lengths = three_commits(folder.path());
    forget_note(folder.path());
    let path = journal(folder.path());
    let mut bytes = fs::read(&path).unwrap();
    for end in &lengths[1..] {
        bytes[usize::try_from(end - 1).unwrap()] ^= 1;
    }
    fs::write(&path, &bytes).unwrap();
    let store = try_open(folder.path()).unwrap();
    assert_eq!(head(&store).unwrap(), Some(Hash::of(CONTENTS[1])));
    let next = commit(&store, Some(CONTENTS[1]), b"four");
    assert_eq!(next.unwrap(), Swap::Done);
    let read = get(&store, Hash::of(CONTENTS[1])).unwrap_err();
    assert_eq!(read.kind(), ErrorKind::CORRUPT);
}

/// Bytes in which a frame seems to begin at every 32nd, with a head as long as all that follows.
fn as_of_frames(len: usize) -> Vec<u8> {
    let frame = |rest: usize| {
        let rest = u32::try_from(rest).unwrap();
        let lengths = [&1_u32.to_le_bytes()[..], &rest.to_le_bytes(), &[0; 8]].concat();
        [b"PJF0", &lengths[..], &1_000_u64.to_le_bytes(), &[7; 4]].concat()
    };
    (1..len / 32)
        .rev()
        .flat_map(|n| frame(n * 32 - 32))
        .collect()
}

#[test]
fn damage_is_found_by_what_is_claimed_behind_much_that_looks_like_frames() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), 1 << 30);
    assert_eq!(commit(&store, None, &[7; 1_000]).unwrap(), Swap::Done);
    let start = usize::try_from(stat(&store, "journal_bytes")).unwrap();
    let large = as_of_frames(2 << 20);
    assert_eq!(
        commit(&store, Some(&[7; 1_000]), &large).unwrap(),
        Swap::Done
    );
    let end = stat(&store, "journal_bytes");
    let small: Vec<_> = (0..200_u32).map(u32::to_le_bytes).collect();
    let small: Vec<_> = small.iter().map(|bytes| record(bytes)).collect();
    store.put_many(CALL, &small).unwrap();
    drop(store);
    forget_note(folder.path());
    let path = journal(folder.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes[start + 40] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let error = try_open(folder.path()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::CORRUPT);
    // Without the claim it is a torn tail.
    bytes.truncate(usize::try_from(end).unwrap());
    fs::write(&path, &bytes).unwrap();
    let store = try_open(folder.path()).unwrap();
    assert_eq!(head(&store).unwrap(), Some(Hash::of(&[7; 1_000])));
}

#[test]
fn an_old_end_of_the_journal_does_not_hide_what_was_acknowledged_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, sealed) = (folder.path().join("whole"), folder.path().join("sealed"));
    let store = open(&whole, 1 << 20);
    assert_eq!(commit(&store, None, CONTENTS[0]).unwrap(), Swap::Done);
    let start = usize::try_from(stat(&store, "journal_bytes")).unwrap();
    // What a process leaves that ends while it seals: a journal that says so, and the old manifest.
    copy(&whole, &sealed);
    let old = try_open(&sealed).unwrap();
    let path = folder.path().join("old");
    fs::hard_link(journal(&sealed), &path).unwrap();
    old.maintain(CALL, "repack", &Report::new()).unwrap();
    let end = fs::read(path).unwrap().split_off(start);
    // It was written over long ago, but the disk gives it back.
    for pair in CONTENTS.windows(2) {
        assert_eq!(commit(&store, Some(pair[0]), pair[1]).unwrap(), Swap::Done);
    }
    drop(store);
    let path = journal(&whole);
    let mut bytes = fs::read(&path).unwrap();
    bytes[start..start + end.len()].copy_from_slice(&end);
    fs::write(&path, &bytes).unwrap();
    for forget in [|_: &Path| (), forget_note] {
        forget(&whole);
        for opened in [open_read_only(&whole), try_open(&whole)] {
            assert_eq!(opened.err().unwrap().kind(), ErrorKind::CORRUPT);
            assert_eq!(fs::read(&path).unwrap(), bytes, "nothing is cut off");
        }
    }
}

#[test]
fn a_manifest_whose_numbers_have_come_to_their_end_is_read_and_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    three_commits(folder.path());
    let path = folder.path().join("MANIFEST");
    let mut bytes = fs::read(&path).unwrap();
    bytes[28..36].fill(0xff);
    let body = bytes.len() - 4;
    let crc = crc32fast::hash(&bytes[..body]);
    bytes[body..].copy_from_slice(&crc.to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    let store = try_open(folder.path()).unwrap();
    assert_eq!(state(&store).unwrap().1, [true; 3]);
    let error = store.maintain(CALL, "repack", &Report::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CORRUPT);
    assert_eq!(state(&store).unwrap().1, [true; 3]);
    assert_eq!(fs::read(&path).unwrap(), bytes);
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
    for len in [lengths[2] - 1, lengths[2] - 10, lengths[1], lengths[0], 7] {
        file.set_len(len).unwrap();
        for said in [
            commit(&store, Some(CONTENTS[2]), b"four").map(drop),
            store.put_many(CALL, &[record(b"four")]),
            head(&store).map(drop),
            store.maintain(CALL, "repack", &Report::new()).map(drop),
        ] {
            assert_eq!(said.unwrap_err().kind(), ErrorKind::CORRUPT, "{len}");
            assert_eq!(fs::metadata(&path).unwrap().len(), len, "made longer");
        }
    }
}
