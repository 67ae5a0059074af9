//! Plugins that work: what is found of them, what they do, and what stays apart.

#![forbid(unsafe_code)]

mod common;

use std::sync::{Arc, Mutex};
use std::thread;

use common::{allow_any, open, registry};
use prollytree::plugin::{AllowedPlugin, Origin, PluginSettings, Policy, Registry, inspect};
use prollytree_plugin_api::{
    Call, Create, Error, ErrorKind, Hash, Kind, NodeStorage, OpenStorage, Options, Record, RefName,
    RefUpdate, Report, Slot, Swap,
};
use prollytree_plugin_tests::{Variant, copy, plugin};

/// Options from names and values.
fn options(options: &[(&str, &str)]) -> Options {
    options
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).into()))
        .collect()
}

/// Stores one record.
fn put(storage: &dyn NodeStorage, bytes: &[u8]) -> Hash {
    let record = Record::new(Kind::BLOB, &[], bytes);
    storage
        .put_many(&Call::UNLIMITED, &[record])
        .expect("the probe stores records");
    record.hash
}

/// Reads one record.
fn get(storage: &dyn NodeStorage, hash: Hash) -> Option<Vec<u8>> {
    let mut slots = Slot::empty(1);
    let found = storage.get_many(&Call::UNLIMITED, &[hash], &mut slots);
    found.expect("the probe gives records back");
    slots[0].bytes().map(<[u8]>::to_vec)
}

#[test]
fn a_manifest_tells_all_of_the_exports_and_survives_stripping() {
    for variant in [Variant::Current, Variant::Stripped] {
        let inspection = inspect(&plugin(variant)).unwrap();
        let mut exports: Vec<_> = inspection
            .exports
            .iter()
            .map(|export| {
                (
                    export.kind.name(),
                    export.name.as_str(),
                    export.options.len(),
                )
            })
            .collect();
        exports.sort_unstable();
        assert_eq!(
            exports,
            [("backend", "probe", 2), ("embedder", "probe", 0)],
            "{variant:?}"
        );
        let backend = inspection
            .exports
            .iter()
            .find(|export| export.options.len() == 2)
            .unwrap();
        assert_eq!((backend.abi, backend.api), (0, 1));
        assert!(backend.rustc.starts_with("rustc 1."), "{}", backend.rustc);
        assert!(backend.options[1].doc.contains("\"quoted\""));
        if cfg!(target_os = "linux") {
            assert!(
                inspection
                    .binary
                    .needed
                    .iter()
                    .any(|name| name.starts_with("libc.so"))
            );
            assert!(inspection.binary.glibc.unwrap().starts_with("2."));
        }
    }
}

#[test]
fn a_stripped_plugin_loads() {
    let registry = registry(&allow_any(&[plugin(Variant::Stripped)]));
    let storage = open(&registry, &Options::new()).unwrap();
    let hash = put(&*storage, b"x");
    assert_eq!(get(&*storage, hash).unwrap(), b"x");
}

#[test]
fn a_plugin_keeps_records_and_refs_as_if_it_were_linked_in() {
    let registry = registry(&allow_any(&[plugin(Variant::Current)]));
    let storage = open(&registry, &options(&[("label", "a place")])).unwrap();
    assert_eq!(storage.info().location, "a place");
    let hash = put(&*storage, b"bytes");
    assert_eq!(get(&*storage, hash).unwrap(), b"bytes");
    assert_eq!(get(&*storage, Hash::ZERO), None);
    let name = RefName::new("heads/main").unwrap();
    let update = RefUpdate {
        name: name.clone(),
        expected: None,
        new: Some(hash),
    };
    let commit = || {
        storage
            .commit(&Call::UNLIMITED, &[], std::slice::from_ref(&update))
            .unwrap()
    };
    assert_eq!(commit(), Swap::Done);
    assert_eq!(
        commit(),
        Swap::Lost {
            name: name.clone(),
            current: Some(hash)
        }
    );
    assert_eq!(
        storage.list_refs(&Call::UNLIMITED, "he", None, 9).unwrap(),
        [(name, hash)]
    );
    let error = storage.list(&Call::UNLIMITED, None, 1).unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::UNSUPPORTED,
        "the author's default runs"
    );
}

#[test]
fn an_embedder_is_loaded_from_the_same_plugin() {
    let registry = registry(&allow_any(&[plugin(Variant::Current)]));
    let embedder = registry.open_embedder("probe", &Options::new()).unwrap();
    assert_eq!(embedder.info().id, "prollytree:probe");
    let mut out = [0.0; 2];
    embedder
        .embed_many(&Call::UNLIMITED, &["abc", ""], &mut out)
        .unwrap();
    assert_eq!(out.map(f32::to_bits), [3.0, 0.0_f32].map(f32::to_bits));
    let error = embedder
        .embed_many(&Call::UNLIMITED, &["panic"], &mut [0.0])
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PANIC);
    let error = embedder
        .embed_many(&Call::UNLIMITED, &["a"], &mut [])
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::INVALID_ARGUMENT);
}

#[test]
fn several_plugins_several_instances_and_a_linked_backend_stay_apart() {
    let registry = registry(&allow_any(&[plugin(Variant::Current)]))
        .with_backend(prollytree_backend_memory::BACKEND);
    let linked = prollytree_plugin_probe::BACKEND;
    let stores: Vec<Arc<dyn NodeStorage>> = vec![
        open(&registry, &Options::new()).unwrap(),
        open(&registry, &Options::new()).unwrap(),
        (linked.open)(&OpenStorage::default()).unwrap(),
        registry
            .open("memory", &OpenStorage::or_create(Options::new()))
            .unwrap(),
    ];
    let hashes: Vec<_> = (0..stores.len())
        .map(|i| put(&*stores[i], &[i.try_into().unwrap()]))
        .collect();
    for (i, store) in stores.iter().enumerate() {
        for (j, hash) in hashes.iter().enumerate() {
            assert_eq!(get(&**store, *hash).is_some(), i == j, "{i} {j}");
        }
    }
}

#[test]
fn two_copies_of_a_plugin_are_two_images_with_two_names() {
    // The same code under another path is another image, with statics of its own.
    let folder = tempfile::tempdir().unwrap();
    let first = registry(&allow_any(&[copy(Variant::Current, folder.path(), "a")]));
    let second = registry(&allow_any(&[copy(Variant::Current, folder.path(), "b")]));
    let (a, b) = (
        open(&first, &Options::new()).unwrap(),
        open(&second, &Options::new()).unwrap(),
    );
    let hash = put(&*a, b"a");
    assert_eq!(get(&*a, hash).unwrap(), b"a");
    assert_eq!(get(&*b, hash), None);
}

#[test]
fn a_buffer_outlives_its_store_and_is_dropped_on_another_thread() {
    let registry = registry(&allow_any(&[plugin(Variant::Current)]));
    let storage = open(&registry, &Options::new()).unwrap();
    let hash = put(&*storage, &[7; 4096]);
    let mut slots = Slot::empty(1);
    storage
        .get_many(&Call::UNLIMITED, &[hash], &mut slots)
        .unwrap();
    let buffer = slots[0].take().unwrap();
    storage.close().unwrap();
    drop(storage);
    drop(registry);
    let part = buffer.slice(1..3);
    let read = thread::spawn(move || buffer.iter().map(|&byte| u64::from(byte)).sum::<u64>());
    assert_eq!(read.join().unwrap(), 7 * 4096);
    assert_eq!(&part[..], [7, 7]);
}

#[test]
fn the_bytes_that_are_read_are_the_backends_own() {
    let registry = registry(&allow_any(&[plugin(Variant::Current)]));
    let storage = open(&registry, &Options::new()).unwrap();
    let hash = put(&*storage, &[1; 100]);
    let mut slots = Slot::empty(2);
    storage
        .get_many(&Call::UNLIMITED, &[hash, hash], &mut slots)
        .unwrap();
    let place = |slot: &Slot| slot.bytes().unwrap().as_ptr();
    assert_eq!(place(&slots[0]), place(&slots[1]), "nothing was copied");
}

#[test]
fn a_panic_is_an_error_and_everything_goes_on() {
    let registry = registry(&allow_any(&[plugin(Variant::Current)]));
    let kind = |error: &Error| (error.kind(), error.context("at").map(str::to_owned));
    for (method, place) in [("open", "src/lib.rs:"), ("info", "src/storage.rs:")] {
        let error = open(&registry, &options(&[("panic_in", method)]))
            .map(drop)
            .unwrap_err();
        let (kind, at) = kind(&error);
        assert_eq!(kind, ErrorKind::PANIC, "{error}");
        assert!(
            error
                .message()
                .ends_with(&format!("was told to panic in {method}")),
            "{error}"
        );
        assert!(at.unwrap().contains(place), "{error}");
    }
    let storage = open(&registry, &options(&[("panic_in", "get_many")])).unwrap();
    for _ in 0..3 {
        let mut slots = Slot::empty(1);
        let get = storage.get_many(&Call::UNLIMITED, &[Hash::ZERO], &mut slots);
        assert_eq!(get.unwrap_err().kind(), ErrorKind::PANIC);
    }
    let hash = put(&*storage, b"still here");
    let mut flags = [false];
    storage
        .contains_many(&Call::UNLIMITED, &[hash], &mut flags)
        .unwrap();
    assert!(flags[0]);
    drop(open(&registry, &options(&[("panic_in", "drop")])).unwrap());
}

#[test]
fn an_older_plugin_loads_and_what_it_lacks_is_unsupported() {
    let registry = registry(&allow_any(&[plugin(Variant::Older)]));
    assert_eq!(
        registry.backend("probe").unwrap().manifest().api,
        Variant::Older.api()
    );
    let storage = open(&registry, &Options::new()).unwrap();
    let hash = put(&*storage, b"x");
    assert_eq!(get(&*storage, hash).unwrap(), b"x");
    let error = storage
        .maintain(&Call::UNLIMITED, "shout", &Report::new())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UNSUPPORTED);
    let error = registry
        .open_embedder("probe", &Options::new())
        .map(drop)
        .unwrap_err();
    assert!(
        error.to_string().contains("does not offer `embedder`"),
        "{error}"
    );
}

#[test]
fn a_newer_plugin_loads() {
    let registry = registry(&allow_any(&[plugin(Variant::Newer)]));
    assert_eq!(
        registry.backend("probe").unwrap().manifest().api,
        Variant::Newer.api()
    );
    let storage = open(&registry, &Options::new()).unwrap();
    let hash = put(&*storage, b"x");
    assert_eq!(get(&*storage, hash).unwrap(), b"x");
    let report = storage
        .maintain(&Call::UNLIMITED, "shout", &Report::new())
        .unwrap();
    assert!(report.is_empty());
    registry.open_embedder("probe", &Options::new()).unwrap();
}

#[test]
fn plugins_of_three_versions_work_side_by_side() {
    let stores: Vec<_> = [Variant::Newer, Variant::Older, Variant::Current]
        .map(|variant| registry(&allow_any(&[plugin(variant)])))
        .iter()
        .map(|registry| open(registry, &Options::new()).unwrap())
        .collect();
    for store in &stores {
        let hash = put(&**store, b"x");
        assert_eq!(get(&**store, hash).unwrap(), b"x");
    }
}

#[test]
fn a_plugin_opens_on_many_threads_at_once() {
    let registry = registry(&allow_any(&[plugin(Variant::Current)]));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let storage = open(&registry, &Options::new()).unwrap();
                let hash = put(&*storage, b"x");
                assert!(get(&*storage, hash).is_some());
            });
        }
    });
}

#[test]
fn opening_a_thousand_times_works() {
    let registry = registry(&allow_any(&[plugin(Variant::Current)]));
    for _ in 0..1000 {
        open(&registry, &Options::new()).unwrap().close().unwrap();
    }
}

#[test]
fn a_plugin_in_the_allowlist_loads_and_what_was_loaded_is_logged() {
    static LOGGED: Logged = Logged(Mutex::new(Vec::new()));
    log::set_logger(&LOGGED).unwrap();
    log::set_max_level(log::LevelFilter::Info);
    let path = plugin(Variant::Current);
    let sha256 = inspect(&path).unwrap().sha256;
    let settings = PluginSettings {
        policy: Policy::Allowlist,
        allow: vec![AllowedPlugin {
            name: "probe".to_owned(),
            sha256: Some(sha256.to_uppercase()),
            path: Some(path.clone()),
        }],
        ..PluginSettings::default()
    };
    let registry = registry(&settings);
    let entry = registry.backend("probe").unwrap();
    entry.judge().unwrap();
    assert_eq!(entry.sha256().unwrap(), Some(sha256.clone()));
    assert_eq!(entry.origin(), Origin::File(path.canonicalize().unwrap()));
    open(&registry, &options(&[("label", "for the log")])).unwrap();
    let logged = LOGGED.0.lock().unwrap().join("\n");
    let loaded = format!(
        "from {} (sha256 {sha256}, policy allowlist)",
        path.display()
    );
    assert!(logged.contains(&loaded), "{logged}");
    assert!(
        logged.contains("probe: opening Some(\"for the log\")"),
        "{logged}"
    );
}

#[test]
fn a_linked_backend_gives_way_to_the_file_that_the_user_names() {
    let path = plugin(Variant::Current);
    let settings = PluginSettings {
        allow: vec![AllowedPlugin {
            name: "probe".to_owned(),
            sha256: None,
            path: Some(path.clone()),
        }],
        ..allow_any(&[])
    };
    let mut registry = Registry::new().with_backend(prollytree_plugin_probe::BACKEND);
    registry.discover(&settings);
    let origin = registry.backend("probe").unwrap().origin();
    assert_eq!(origin, Origin::File(path.canonicalize().unwrap()));
    assert!(registry.problems().is_empty());
}

#[test]
fn a_plugin_opens_a_store_as_it_is_asked_to() {
    let registry = registry(&allow_any(&[plugin(Variant::Current)]));
    let mut request = OpenStorage::existing(Options::new());
    request.create = Create(99);
    let error = registry.open("probe", &request).map(drop).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("cannot open a store with `create`"),
        "{error}"
    );
    let error = open(&registry, &options(&[("lable", "x")]))
        .map(drop)
        .unwrap_err();
    assert!(
        error.to_string().contains("unknown option `lable`"),
        "{error}"
    );
}

#[test]
fn a_registry_can_be_shared() {
    fn shared<T: Send + Sync>() {}
    shared::<Registry>();
}

struct Logged(Mutex<Vec<String>>);

impl log::Log for Logged {
    fn enabled(&self, _metadata: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0.lock().expect("no test panics here").push(format!(
            "{}: {}",
            record.target(),
            record.args()
        ));
    }

    fn flush(&self) {}
}
