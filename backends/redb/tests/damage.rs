//! A flipped bit near a ref is an error, and never another ref.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use common::{CALL, blob, name, open, options, step};
use prollytree_backend_redb::BACKEND;
use prollytree_plugin_api::{Hash, NodeStorage, OpenStorage, Swap};
use tempfile::TempDir;

/// Where in the file `text` is.
fn places(file: &[u8], text: &[u8]) -> Vec<usize> {
    let windows = file.windows(text.len()).enumerate();
    windows
        .filter(|(_, w)| *w == text)
        .map(|(i, _)| i)
        .collect()
}

#[test]
fn a_flipped_bit_near_a_ref_or_its_checksum_never_gives_other_refs() {
    const PAGE: usize = 4096;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("main.redb");
    let store = open(&path);
    for name in ["heads/main", "heads/other", "work/main"] {
        let record = blob(name.as_bytes());
        let update = step(name, None, Some(record.hash));
        assert_eq!(
            store.commit(CALL, &[record], &[update]).unwrap(),
            Swap::Done
        );
    }
    let expected = store.list_refs(CALL, "", None, 10).unwrap();
    store.close().unwrap();
    drop(store);
    let whole = fs::read(&path).unwrap();
    let mut pages: Vec<_> = [&b"heads/main"[..], b"version", b"seals"]
        .iter()
        .flat_map(|text| places(&whole, text))
        .map(|place| place / PAGE * PAGE)
        .collect();
    pages.sort_unstable();
    pages.dedup();
    assert!(!pages.is_empty());
    for offset in pages.iter().flat_map(|page| *page..*page + 256) {
        let mut bytes = whole.clone();
        bytes[offset] ^= 1 << (offset % 8);
        fs::write(&path, &bytes).unwrap();
        let mut request = OpenStorage::existing(options(&path));
        // Opening for writing syncs.
        if offset % 16 != 0 {
            request = request.read_only();
        }
        let Ok(store) = (BACKEND.open)(&request) else {
            continue;
        };
        if let Ok(found) = store.list_refs(CALL, "", None, 10) {
            assert_eq!(found, expected, "byte {offset}");
        }
    }
}

/// What of redb's file says which commit is the last: the header, and two slots for commits.
const HEADER: usize = 320;

/// Makes a store of several commits to `heads/main`, and returns where each of them led. `end` is
/// given the open store.
fn commits(path: &Path, end: impl FnOnce(Arc<dyn NodeStorage>)) -> Vec<Hash> {
    let store = open(path);
    let mut at = None;
    let heads = (0..6).map(|number| {
        let large: Vec<_> = (0..20).map(|part| vec![number * 20 + part; 9000]).collect();
        let records: Vec<_> = large.iter().map(|bytes| blob(bytes)).collect();
        let update = step("heads/main", at, Some(records[0].hash));
        at = update.new;
        let swap = store.commit(CALL, &records, &[update]);
        assert_eq!(swap.unwrap(), Swap::Done);
        records[0].hash
    });
    let heads = heads.collect();
    end(store);
    heads
}

/// Flips bits of the header, one at a time, and returns by how many commits the stores that could
/// be opened were back.
fn steps_back(path: &Path, heads: &[Hash]) -> BTreeSet<usize> {
    let whole = fs::read(path).unwrap();
    let every = (0..12 * 8).chain((12..HEADER).map(|byte| byte * 8 + byte % 8));
    let mut back = BTreeSet::new();
    for bit in every {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        for read_only in [true, false] {
            fs::write(path, &bytes).unwrap();
            let mut request = OpenStorage::existing(options(path));
            request.read_only = read_only;
            let Ok(store) = (BACKEND.open)(&request) else {
                continue;
            };
            if let Ok(found) = store.get_ref(CALL, &name("heads/main")) {
                let from_last = heads.iter().rev().position(|head| Some(*head) == found);
                back.insert(from_last.expect("a ref that was there"));
            }
        }
    }
    back
}

#[test]
fn a_flipped_bit_in_the_header_of_a_closed_store_takes_no_commit_back() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("main.redb");
    let heads = commits(&path, |store| store.close().unwrap());
    assert_eq!(steps_back(&path, &heads), [0].into());
}

/// The slot of the last commit looks as if power had been lost while it was written.
#[test]
fn a_flipped_bit_in_the_header_after_a_kill_takes_back_the_last_commit_at_most() {
    let folder = TempDir::new().unwrap();
    let (path, left) = (
        folder.path().join("main.redb"),
        folder.path().join("left.redb"),
    );
    let heads = commits(&path, |store| {
        fs::copy(&path, &left).unwrap();
        drop(store);
    });
    assert_eq!(steps_back(&left, &heads), [0, 1].into());
}
