//! Real journals, written by the engine, with a store's id and times that are always the same.

use std::fs::{self, File};
use std::io::Read;
use std::sync::Arc;

use prollytree_backend_file::BACKEND;
use prollytree_plugin_api::{
    Call, Hash, Kind, NodeStorage, OpenStorage, Record, RefName, RefUpdate, Report, Swap, Timestamp,
};
use tempfile::TempDir;

use super::folder::{
    MANIFEST, NOTE, PACKED, SEAL, STORE, TIME, manifest, note_checksum, options, scratch,
};
use super::layout;

const CALL: &Call<'static> = &Call::UNLIMITED;

pub(crate) fn seeds() -> Vec<(String, Vec<u8>)> {
    let commits = commits();
    let last = layout::frames(&commits).pop().expect("a frame");
    let torn = &commits[..usize::midpoint(last.start, last.end)];
    let mut note = (commits.len() as u64).to_le_bytes().to_vec();
    note.extend(note_checksum(STORE, 1, &note).to_le_bytes());
    [
        ("empty", [&[0][..], &journal(|_| {})].concat()),
        ("commits", [&[0][..], &commits].concat()),
        ("noted", [&[NOTE][..], &note, &commits].concat()),
        ("torn", [&[0][..], torn].concat()),
        ("deleted", [&[SEAL][..], &deleted()].concat()),
        ("large", [&[SEAL][..], &large()].concat()),
        ("packed", [&[SEAL][..], &packed()].concat()),
        ("sealed", [&[0][..], &sealed()].concat()),
        ("manifest", [&[MANIFEST][..], &manifest(STORE, 1)].concat()),
    ]
    .map(|(name, bytes)| (name.to_owned(), bytes))
    .to_vec()
}

/// A few commits, and records that were stored between them.
pub(super) fn commits() -> Vec<u8> {
    journal(|store| {
        commit(store, &[b"one"], &[("heads/main", None, Some(b"one"))]);
        let links = [Hash::of(b"one")];
        let between = Record::new(Kind::NODE, &links, b"between");
        store.put_many(CALL, &[between]).expect("a put");
        let moves: [Move<'_>; 2] = [
            ("heads/main", Some(b"one"), Some(b"two")),
            ("tags/v1", None, Some(b"one")),
        ];
        commit(store, &[b"two", b"", b"with two"], &moves);
        commit(store, &[b"two"], &[]);
        commit(
            store,
            &[b"three"],
            &[("heads/main", Some(b"two"), Some(b"three"))],
        );
    })
}

/// Refs that come and go, and records.
fn deleted() -> Vec<u8> {
    journal(|store| {
        for text in ["heads/one", "heads/two", "side/three/deep"] {
            commit(
                store,
                &[text.as_bytes()],
                &[(text, None, Some(text.as_bytes()))],
            );
        }
        let moves: [Move<'_>; 2] = [
            ("heads/two", Some(b"heads/two"), None),
            ("side/three/deep", Some(b"side/three/deep"), None),
        ];
        commit(store, &[], &moves);
        let gone = [Hash::of(b"heads/two")];
        let deleted = store.delete_many(CALL, &gone, Timestamp(i64::MAX));
        assert_eq!(deleted.expect("a deletion"), 1);
        commit(store, &[], &[("side/three", None, Some(b"heads/one"))]);
    })
}

fn large() -> Vec<u8> {
    let large: Vec<u8> = (0_u32..1_200).flat_map(|n| (n * n).to_le_bytes()).collect();
    journal(|store| {
        commit(store, &[b"small"], &[("heads/main", None, Some(b"small"))]);
        commit(
            store,
            &[&large],
            &[("heads/main", Some(b"small"), Some(&large))],
        );
    })
}

/// A journal that goes on from a pack, and speaks of what is in there.
fn packed() -> Vec<u8> {
    journal(|store| {
        commit(store, &PACKED, &[("heads/main", None, Some(PACKED[0]))]);
        let sealed = store.maintain(CALL, "repack", &Report::new());
        sealed.expect("the journal is sealed");
        commit(store, &[PACKED[0], b"behind"], &[]);
        let gone = [Hash::of(PACKED[1])];
        let deleted = store.delete_many(CALL, &gone, Timestamp(i64::MAX));
        assert_eq!(deleted.expect("a deletion"), 1);
    })
}

/// A journal whose sealing was broken off: its last frame says that another one goes on.
fn sealed() -> Vec<u8> {
    let (folder, store) = open();
    commit(&store, &[b"one"], &[("heads/main", None, Some(b"one"))]);
    let mut file = File::open(folder.path().join("journal-0000000000000001")).expect("a journal");
    let sealed = store.maintain(CALL, "repack", &Report::new());
    sealed.expect("the journal is sealed");
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).expect("the journal is read");
    layout::settle(&mut bytes, STORE, TIME);
    bytes
}

fn open() -> (TempDir, Arc<dyn NodeStorage>) {
    let folder = scratch();
    let request = OpenStorage::or_create(options(&folder, 1 << 20));
    let store = (BACKEND.open)(&request).expect("a new store");
    (folder, store)
}

/// The journal of a store in which something was done.
fn journal(doing: impl FnOnce(&Arc<dyn NodeStorage>)) -> Vec<u8> {
    let (folder, store) = open();
    doing(&store);
    store.close().expect("a store closes");
    let names = fs::read_dir(folder.path()).expect("the folder is listed");
    let journal = names
        .map(|entry| entry.expect("an entry of a folder").path())
        .find(|path| path.to_string_lossy().contains("journal-"));
    let mut bytes = fs::read(journal.expect("a journal")).expect("the journal is read");
    layout::settle(&mut bytes, STORE, TIME);
    bytes
}

/// A ref, and the records that it points to before and after.
type Move<'a> = (&'a str, Option<&'a [u8]>, Option<&'a [u8]>);

fn commit(store: &Arc<dyn NodeStorage>, records: &[&[u8]], moves: &[Move<'_>]) {
    let records: Vec<_> = records
        .iter()
        .map(|bytes| Record::new(Kind::BLOB, &[], bytes))
        .collect();
    let moves: Vec<_> = moves
        .iter()
        .map(|(name, expected, new)| RefUpdate {
            name: RefName::new(name).expect("a name"),
            expected: expected.map(Hash::of),
            new: new.map(Hash::of),
        })
        .collect();
    let swap = store.commit(CALL, &records, &moves).expect("a commit");
    assert_eq!(swap, Swap::Done);
}
