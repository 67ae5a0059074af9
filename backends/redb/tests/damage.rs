//! A flipped bit near a ref is an error, and never another ref.

mod common;

use std::fs;

use common::{CALL, blob, open, options, step};
use prollytree_backend_redb::BACKEND;
use prollytree_plugin_api::{OpenStorage, Swap};
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
