//! The engines of this workspace as compiled plugins: in them nothing differs from what is linked.

#![forbid(unsafe_code)]

mod common;

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};

use common::{allow_any, open, registry};
use prollytree_plugin_api::manifest::Manifest;
use prollytree_plugin_api::{Call, OpenStorage, Options};
use prollytree_plugin_tests::{Variant, engines, plugin};

#[test]
fn engines_and_the_probe_work_side_by_side_as_if_they_were_linked_in() {
    let folder = engines();
    let library = |name: &str| folder.join(format!("{DLL_PREFIX}prollytree_{name}{DLL_SUFFIX}"));
    let paths = [
        library("backend_memory"),
        library("embedder_hash"),
        plugin(Variant::Current),
    ];
    let registry = registry(&allow_any(&paths));
    assert!(registry.problems().is_empty(), "{:?}", registry.problems());

    let memory = prollytree_backend_memory::BACKEND;
    let loaded = registry
        .open("memory", &OpenStorage::or_create(Options::new()))
        .unwrap();
    let linked = (memory.open)(&OpenStorage::or_create(Options::new())).unwrap();
    assert_eq!(loaded.info(), linked.info());
    same_manifest(
        registry.backend("memory").unwrap().manifest(),
        Manifest::of_backend(&memory),
    );

    let hash = prollytree_embedder_hash::EMBEDDER;
    let loaded = registry.open_embedder("hash", &Options::new()).unwrap();
    let linked = (hash.open)(&Options::new()).unwrap();
    assert_eq!(loaded.info(), linked.info());
    let texts = ["", "a plain text", "ein Text mit Umlauten: ä ö ü"];
    let [a, b] = [&loaded, &linked].map(|embedder| {
        let mut out = vec![0.0; texts.len() * embedder.info().dimensions];
        embedder
            .embed_many(&Call::UNLIMITED, &texts, &mut out)
            .unwrap();
        out.into_iter().map(f32::to_bits).collect::<Vec<_>>()
    });
    assert_eq!(a, b, "the same bits");
    same_manifest(
        registry.embedder("hash").unwrap().manifest(),
        Manifest::of_embedder(&hash),
    );

    assert!(open(&registry, &Options::new()).is_ok());
}

/// Of what is linked in nobody asks for a symbol.
#[track_caller]
fn same_manifest(loaded: &Manifest, linked: Manifest) {
    assert_eq!(
        loaded,
        &Manifest {
            symbol: loaded.symbol.clone(),
            ..linked
        }
    );
}
