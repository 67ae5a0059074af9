//! Any bytes as the journal or the manifest that a crash or a hostile disk has left in a folder:
//! refused with a typed error, or the store is what the documented format makes of them and goes on
//! from there. Checksums are made right as well, so that a fuzzer gets behind them.

mod folder;
mod layout;
mod model;
mod seeds;

use std::fs;

use prollytree_plugin_api::{
    Call, Error, ErrorKind, Hash, Kind, NodeStorage, Record, RefName, RefUpdate, Report, Result,
    Slot, Swap,
};

use folder::Folder;
use model::{Model, Stored};

pub(crate) use seeds::seeds;

const CALL: &Call<'static> = &Call::UNLIMITED;
/// What is stored in every store that opens.
const NEW: &[u8] = b"stored afterwards";
/// The ref that is moved to it.
const REF: &str = "heads/main";

pub(crate) fn run(input: &[u8]) -> bool {
    let Some(folder) = Folder::of(input) else {
        return false;
    };
    let mended = folder.mended();
    let whole = open(&folder);
    whole | (mended != folder && open(&mended))
}

/// Opens the store and uses it; says whether it could be opened.
fn open(files: &Folder) -> bool {
    let expected = Model::of(files);
    let folder = files.write();
    let opened = files.open(&folder, true);
    assert_eq!(refused(&opened), refused(&expected), "how it opens");
    match (opened, &expected) {
        (Ok(store), Ok(model)) => compare(&*store, model),
        _ => assert_eq!(
            refused(&files.open(&folder, false)),
            refused(&expected),
            "how it opens for writing"
        ),
    }
    let left = fs::read(folder.path().join(files.journal_name()));
    assert!(
        left.expect("the journal is there") == files.journal,
        "who reads or is refused changes nothing"
    );
    let Ok(mut model) = expected else {
        return false;
    };
    let store = files.open(&folder, false).expect("who reads can write");
    compare(&*store, &model);
    go_on(&*store, &mut model);
    compare(&*store, &model);
    verify(&*store, &model);
    drop(store);
    let store = files.open(&folder, false).expect("it opens again");
    compare(&*store, &model);
    true
}

/// With which kind of error something was refused.
fn refused<T>(opened: &Result<T>) -> Option<ErrorKind> {
    opened.as_ref().err().map(Error::kind)
}

/// Stores a record and moves a ref to it.
fn go_on(store: &dyn NodeStorage, model: &mut Model) {
    let record = Record::new(Kind::BLOB, &[], NEW);
    let name = RefName::new(REF).expect("a name");
    let update = RefUpdate {
        expected: model.refs.get(&name).copied(),
        new: Some(record.hash),
        name,
    };
    let below = |name: &RefName| name.as_str().starts_with(&format!("{REF}/"));
    let collides = update.expected.is_none() && model.refs.keys().any(below);
    let said = store.commit(CALL, &[record], std::slice::from_ref(&update));
    if collides {
        let kind = said.map_err(|error| error.kind());
        assert_eq!(kind, Err(ErrorKind::CONFLICT), "a ref below another");
        return;
    }
    assert_eq!(said.expect("a commit"), Swap::Done);
    let hash = Hash::of(NEW);
    // What is there already stays as it is.
    model
        .records
        .entry(hash)
        .or_insert_with(|| Stored::blob(NEW));
    model.refs.insert(update.name, hash);
}

/// Reads everything that there is, and finds it as it should be.
fn compare(store: &dyn NodeStorage, model: &Model) {
    let refs = store
        .list_refs(CALL, "", None, usize::MAX)
        .expect("a listing");
    assert!(refs.into_iter().eq(model.refs.clone()), "the refs");
    let listed = store.list(CALL, None, usize::MAX).expect("a listing");
    let listed: Vec<_> = listed
        .into_iter()
        .map(|entry| (entry.hash, entry.kind, entry.size))
        .collect();
    let expected: Vec<_> = model
        .records
        .iter()
        .map(|(hash, stored)| (*hash, stored.kind, stored.size))
        .collect();
    assert_eq!(listed, expected, "the records");
    for (hash, stored) in &model.records {
        let mut slot = [Slot::EMPTY];
        let read = store.get_many(CALL, &[*hash], &mut slot);
        match (&stored.bytes, read) {
            (Some(bytes), Ok(())) => {
                assert_eq!(slot[0].bytes(), Some(&bytes[..]), "what is read");
            }
            (None, Err(error)) => assert_eq!(error.kind(), ErrorKind::CORRUPT),
            (expected, read) => panic!("{hash}: {read:?} where there is {expected:?}"),
        }
    }
}

/// Lets the engine look for damage itself.
fn verify(store: &dyn NodeStorage, model: &Model) {
    let report = store.maintain(CALL, "verify", &Report::new());
    let report = report.expect("a report");
    let damaged = report["damaged"].as_array().expect("a list").len();
    assert_eq!(damaged, model.damaged(), "{report:?}");
}
