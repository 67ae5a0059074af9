//! The whole way from the host's trait to the author's and back, in one image: every method arrives
//! with its arguments and returns with its answer.

mod authors;
#[cfg(target_pointer_width = "64")]
mod layout;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use authors::{Echo, Lengths};

use super::export::Header;
use super::module::Module;
use crate::manifest::Manifest;
use crate::{
    Backend, BatchSize, Buffer, Call, Capabilities, Create, Embedder, EmbedderKind, Error,
    ErrorKind, Hash, Kind, NodeStorage, OpenStorage, Options, Record, RecordEntry, RefName,
    RefUpdate, Report, Slot, Stats, Swap, Timestamp, Unit, options,
};

options! {
    /// Options of the backend below.
    struct EchoOptions {
        /// Where.
        path: PathBuf,
    }
}

const BACKEND: Backend = Backend {
    name: "echo",
    version: "1.0.0",
    about: "Writes down what it is told",
    options: <EchoOptions as crate::OptionSet>::FIELDS,
    open: |open| {
        let options = open.parse::<EchoOptions>()?;
        Ok(Arc::new(Echo::new(format!(
            "{} {:?} {}",
            options.path.display(),
            open.create,
            open.read_only
        ))))
    },
};
const EMBEDDER: EmbedderKind = EmbedderKind {
    name: "lengths",
    version: "1.0.0",
    about: "The length of a text, twice",
    options: &[],
    open: |_| Ok(Arc::new(Lengths)),
};
crate::export_backend!(BACKEND);
crate::export_embedder!(EMBEDDER);

unsafe extern "Rust" {
    #[link_name = "prollytree_plugin_prollytree_plugin_api_BACKEND"]
    static BACKEND_HEADER: Header;
    #[link_name = "prollytree_plugin_prollytree_plugin_api_EMBEDDER"]
    static EMBEDDER_HEADER: Header;
}

fn backend_module() -> Module {
    // SAFETY: the macro above defines the symbol, in this image.
    unsafe { Module::at((&raw const BACKEND_HEADER).cast(), super::API) }.unwrap()
}

fn embedder_module() -> Module {
    // SAFETY: as above.
    unsafe { Module::at((&raw const EMBEDDER_HEADER).cast(), super::API) }.unwrap()
}

fn open() -> Arc<dyn NodeStorage> {
    backend_module()
        .open_backend(&OpenStorage::or_create(path("/x")))
        .unwrap()
}

fn path(path: &str) -> Options {
    Options::from_iter([("path".to_owned(), path.into())])
}

fn name(name: &str) -> RefName {
    RefName::new(name).unwrap()
}

#[test]
fn a_module_describes_what_its_macro_exported() {
    let backend = Manifest::parse(&backend_module().describe()).unwrap();
    let mut expected = Manifest::of_backend(&BACKEND);
    expected.symbol = "prollytree_plugin_prollytree_plugin_api_BACKEND".to_owned();
    assert_eq!(backend, expected);
    assert_eq!(backend.options[0].doc, "Where.");
    let embedder = Manifest::parse(&embedder_module().describe()).unwrap();
    assert_eq!(
        (embedder.kind.name(), embedder.name.as_str()),
        ("embedder", "lengths")
    );
}

#[test]
fn how_to_open_arrives_whole() {
    let location = |open: OpenStorage| {
        backend_module()
            .open_backend(&open)
            .map(|storage| storage.info().location)
    };
    assert_eq!(
        location(OpenStorage::existing(path("/a"))).unwrap(),
        "/a Create(0) false"
    );
    assert_eq!(
        location(OpenStorage::or_create(path("/a"))).unwrap(),
        "/a Create(1) false"
    );
    let read_only = OpenStorage::existing(path("/ü")).read_only();
    assert_eq!(location(read_only).unwrap(), "/ü Create(0) true");
    let error = location(OpenStorage::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::INVALID_CONFIG);
    assert_eq!(error.context("option"), Some("path"));
    let unknown = OpenStorage {
        create: Create(2),
        ..OpenStorage::existing(path("/a"))
    };
    assert_eq!(
        location(unknown).unwrap_err().kind(),
        ErrorKind::UNSUPPORTED
    );
}

#[test]
fn an_export_opens_nothing_but_what_it_exports() {
    let error = embedder_module()
        .open_backend(&OpenStorage::default())
        .map(drop)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UNSUPPORTED);
    let error = backend_module()
        .open_embedder(&Options::new())
        .map(drop)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UNSUPPORTED);
}

#[test]
fn info_arrives_whole() {
    let info = open().info();
    assert_eq!(
        (info.name.as_str(), info.version.as_str()),
        ("echo", "1.0.0")
    );
    assert_eq!(
        info.capabilities,
        Capabilities::LIST | Capabilities::READ_ONLY
    );
    assert_eq!(
        info.batch,
        BatchSize {
            records: 3,
            bytes: 1 << 40
        }
    );
    assert_eq!(info.operations, ["shout"]);
}

#[test]
fn slots_are_filled_in_place_and_outlive_the_store() {
    let storage = open();
    let hashes = [Hash::new([2; 32]), Hash::new([3; 32]), Hash::new([2; 32])];
    let mut slots = Slot::empty(3);
    slots[1].fill(Buffer::from(&b"before"[..]));
    storage
        .get_many(&Call::UNLIMITED, &hashes, &mut slots)
        .unwrap();
    drop(storage);
    let bytes: Vec<_> = slots.iter().map(Slot::bytes).collect();
    assert_eq!(bytes, [Some(&[2; 32][..]), None, Some(&[2; 32][..])]);
    let buffer = slots[0].take().unwrap();
    std::thread::spawn(move || drop(buffer)).join().unwrap();
}

#[test]
fn flags_are_set_whatever_they_were() {
    let mut flags = [true; 3];
    let hashes = [Hash::new([2; 32]), Hash::new([3; 32]), Hash::new([4; 32])];
    open()
        .contains_many(&Call::UNLIMITED, &hashes, &mut flags)
        .unwrap();
    assert_eq!(flags, [true, false, true]);
}

#[test]
fn records_and_updates_arrive_as_they_left() {
    let storage = open();
    let links = [Hash::of(b"1"), Hash::of(b"2")];
    let records = [
        Record::new(Kind::NODE, &links, b"bytes"),
        Record::new(Kind(4711), &[], b""),
    ];
    let updates = [
        RefUpdate {
            name: name("heads/a"),
            expected: None,
            new: Some(links[0]),
        },
        RefUpdate {
            name: name("heads/b"),
            expected: Some(links[1]),
            new: None,
        },
    ];
    storage.put_many(&Call::UNLIMITED, &records).unwrap();
    assert_eq!(
        storage
            .commit(&Call::UNLIMITED, &records, &updates)
            .unwrap(),
        Swap::Done
    );
    let swap = storage
        .compare_and_swap_ref(&Call::UNLIMITED, &updates[1])
        .unwrap();
    assert_eq!(
        swap,
        Swap::Lost {
            name: name("heads/b"),
            current: Some(links[1])
        }
    );
    let args = Report::from_iter([("n".to_owned(), json!(1))]);
    let report = storage.maintain(&Call::UNLIMITED, "shout", &args).unwrap();
    let heard = [
        format!("{records:?}"),
        format!("{records:?} {updates:?}"),
        format!("{:?}", updates[1]),
    ];
    assert_eq!(
        serde_json::Value::from(report),
        json!({"n": 1, "operation": "shout", "heard": heard})
    );
    let stats = storage.stats(&Call::UNLIMITED).unwrap();
    assert_eq!(stats, Stats::default().with("heard", Unit::COUNT, 3));
}

#[test]
fn listings_and_lookups_arrive_whole() {
    let (storage, call) = (open(), Call::UNLIMITED);
    let hash = Hash::of(b"x");
    let page = storage.list(&call, Some(&hash), 9).unwrap();
    assert_eq!(
        page,
        [RecordEntry {
            hash,
            kind: Kind(77),
            size: 9
        }]
    );
    assert_eq!(storage.list(&call, None, 9).unwrap()[0].hash, Hash::ZERO);
    assert_eq!(
        storage
            .delete_many(&call, &[hash; 5], Timestamp(-7))
            .unwrap(),
        5
    );
    assert_eq!(storage.get_ref(&call, &name("heads/none")).unwrap(), None);
    assert_eq!(
        storage.get_ref(&call, &name("heads/x")).unwrap(),
        Some(Hash::of(b"heads/x"))
    );
    let after = name("heads/q");
    let refs = storage.list_refs(&call, "p", Some(&after), 4).unwrap();
    assert_eq!(refs, [(name("heads/p/heads_q/4"), Hash::ZERO)]);
    let error = storage.list_refs(&call, "..", None, 4).unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::INVALID_ARGUMENT,
        "a name is checked on the way"
    );
}

#[test]
fn an_error_arrives_with_all_its_parts() {
    let error = open().close().unwrap_err();
    let expected = Error::new(ErrorKind::LOCKED, "busy")
        .with("holder", "pid 7")
        .with("path", "/x");
    let expected = expected
        .retryable()
        .with_source(&std::io::Error::other("deep"));
    assert_eq!(error.into_parts(), expected.into_parts());
}

#[test]
fn a_panic_is_an_error_with_its_message_and_place_and_the_instance_lives_on() {
    let storage = open();
    let call = Call::UNLIMITED.with_timeout(Duration::from_mins(1));
    for _ in 0..2 {
        let error = storage.sync(&call).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PANIC);
        assert_eq!(
            error.message(),
            "the plugin panicked: sync of /x Create(1) false"
        );
        let place = error.context("at").unwrap();
        assert!(place.contains("tests/authors.rs:"), "{place}");
    }
    assert_eq!(storage.list(&call, None, 1).unwrap().len(), 1);
}

#[test]
fn the_limits_of_a_call_arrive() {
    let storage = open();
    let get = |call: &Call<'_>| {
        storage
            .get_many(call, &[Hash::ZERO], &mut Slot::empty(1))
            .map_err(|error| error.kind())
    };
    let flag = AtomicBool::new(false);
    let call = Call::UNLIMITED.with_cancel(&flag);
    assert_eq!(get(&call), Ok(()));
    flag.store(true, Ordering::Relaxed);
    assert_eq!(get(&call), Err(ErrorKind::CANCELLED));
    assert_eq!(
        get(&Call::UNLIMITED.with_timeout(Duration::ZERO)),
        Err(ErrorKind::TIMEOUT)
    );
}

#[test]
fn texts_are_embedded_into_the_callers_buffer() {
    let embedder = embedder_module().open_embedder(&Options::new()).unwrap();
    assert_eq!(embedder.info(), Lengths.info());
    let mut out = [0.0; 6];
    embedder
        .embed_many(&Call::UNLIMITED, &["a", "", "ü€"], &mut out)
        .unwrap();
    assert_eq!(
        out.map(f32::to_bits),
        [1.0, 1.0, 0.0, 0.0, 5.0, 5.0_f32].map(f32::to_bits)
    );
}
