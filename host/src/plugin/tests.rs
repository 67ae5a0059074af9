//! The registry and the search without any compiled plugin; with them: `tests/plugins`.

use std::fs;
use std::path::{Path, PathBuf};

use prollytree_plugin_api::{Backend, EmbedderKind, Error, ErrorKind, OpenStorage, Options};

use super::*;

const fn backend(name: &'static str) -> Backend {
    Backend {
        name,
        version: "1.0.0",
        about: "Opens nothing",
        options: &[],
        open: |_| Err(Error::new(ErrorKind::LOCKED, "never opens").with("holder", "pid 7")),
    }
}

const fn embedder(name: &'static str) -> EmbedderKind {
    EmbedderKind {
        name,
        version: "1.0.0",
        about: "Embeds nothing",
        options: &[],
        open: |_| Err(Error::unsupported("open")),
    }
}

fn library(folder: &Path, name: &str) -> PathBuf {
    let path = folder
        .join(name)
        .with_extension(std::env::consts::DLL_EXTENSION);
    fs::write(&path, "text").unwrap();
    path
}

fn messages(registry: &Registry) -> Vec<String> {
    registry
        .problems()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn what_is_linked_in_is_found_by_kind_and_name() {
    let registry = Registry::new()
        .with_backend(backend("redb"))
        .with_backend(backend("acme"))
        .with_embedder(embedder("acme"));
    let names: Vec<_> = registry
        .list()
        .map(|entry| (entry.kind().name(), entry.name()))
        .collect();
    assert_eq!(
        names,
        [
            ("backend", "acme"),
            ("backend", "redb"),
            ("embedder", "acme")
        ]
    );
    assert_eq!(registry.backend("redb").unwrap().origin(), Origin::Builtin);
    assert_eq!(registry.embedder("acme").unwrap().sha256().unwrap(), None);
    assert!(registry.backend("redb").unwrap().judge().is_ok());
}

#[test]
fn an_unknown_name_is_answered_with_the_known_ones() {
    let registry = Registry::new()
        .with_backend(backend("redb"))
        .with_backend(backend("memory"));
    let error = registry.backend("rebd").unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no backend named `rebd` (did you mean `redb`?); known: memory, redb"
    );
    let error = registry.embedder("redb").unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no embedder named `redb`; known: none"
    );
}

#[test]
fn of_two_with_one_name_the_first_is_used_and_the_second_reported() {
    let second = Backend {
        version: "2.0.0",
        ..backend("redb")
    };
    let registry = Registry::new()
        .with_backend(backend("redb"))
        .with_backend(second);
    assert_eq!(
        registry.backend("redb").unwrap().manifest().version,
        "1.0.0"
    );
    assert_eq!(
        messages(&registry),
        ["builtin offers backend `redb`, and so does builtin, which is used; remove one of them"]
    );
}

#[test]
fn the_error_of_a_backend_names_it_and_keeps_its_kind() {
    let registry = Registry::new().with_backend(backend("redb"));
    let error = registry
        .open("redb", &OpenStorage::default())
        .map(drop)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot open backend `redb` (builtin): never opens (holder: pid 7)"
    );
    let PluginError::Opening { source, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(source.kind(), ErrorKind::LOCKED);
    let registry = registry.with_embedder(embedder("redb"));
    assert!(registry.open_embedder("redb", &Options::new()).is_err());
}

#[test]
fn places_are_searched_in_their_order_and_files_found_once() {
    let folder = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(folder.path()).unwrap();
    let place = |name: &str| {
        let place = root.join(name);
        fs::create_dir(&place).unwrap();
        place
    };
    let [usual, added, environment, path] = ["a", "b", "c", "d"].map(place);
    let expected = [
        library(&root, "allowed"),
        library(&path, "1"),
        library(&path, "2"),
        library(&environment, "3"),
        library(&added, "4"),
        library(&usual, "5"),
    ];
    fs::write(path.join("notes.txt"), "no library").unwrap();
    let settings = PluginSettings {
        allow: vec![AllowedPlugin {
            name: "acme".to_owned(),
            sha256: None,
            path: Some(expected[0].clone()),
        }],
        paths: vec![path.clone(), path.join("../d"), expected[0].clone()],
        environment: vec![environment],
        added: vec![added],
        usual: vec![usual, root.join("nowhere")],
        policy: Policy::Any,
    };
    let found = search::libraries(&settings);
    let found: Vec<_> = found.into_iter().map(Result::unwrap).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_place_that_is_relative_or_not_there_is_reported() {
    let settings = PluginSettings {
        paths: vec![
            PathBuf::from("libacme.so"),
            PathBuf::from("/nowhere/libacme.so"),
        ],
        environment: vec![PathBuf::from(".")],
        ..PluginSettings::default()
    };
    let mut registry = Registry::new();
    registry.discover(&settings);
    assert_eq!(
        messages(&registry),
        [
            "plugin path libacme.so is relative; write it as an absolute path",
            "there is no plugin at /nowhere/libacme.so; correct the path, or install the plugin \
             there",
            "plugin path . is relative; write it as an absolute path",
        ]
    );
}

#[test]
fn a_policy_is_known_by_its_name() {
    for policy in [Policy::BuiltinOnly, Policy::Allowlist, Policy::Any] {
        assert_eq!(Policy::from_name(policy.name()), Some(policy));
    }
    assert_eq!(Policy::from_name("all"), None);
    assert_eq!(PluginSettings::default().policy, Policy::BuiltinOnly);
}
