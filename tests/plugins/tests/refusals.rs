//! Everything that can be wrong with a plugin, one test for each: what is refused says which file,
//! what was found, what was expected and what to do, and is in nobody's way.

#![forbid(unsafe_code)]
#![cfg(unix)]

mod common;

use std::env::consts::DLL_SUFFIX;
use std::fs;
use std::ops::Range;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use common::{allow_any, open, registry};
use object::{Object, ObjectSection};
use prollytree::plugin::{Inspection, PluginError, PluginSettings, inspect};
use prollytree_plugin_api::manifest::ELF_SECTION;
use prollytree_plugin_api::{OpenStorage, Options};
use prollytree_plugin_tests::{Variant, copy, library_that_is_no_plugin, plugin};

/// What `discover` and `inspect` say of a file that both refuse.
#[track_caller]
fn refusal(path: &Path) -> PluginError {
    let good = plugin(Variant::Current);
    let registry = registry(&allow_any(&[path.to_path_buf(), good]));
    assert!(
        registry.backend("probe").is_ok(),
        "a bad plugin blocks no other"
    );
    let [problem] = registry.problems() else {
        panic!("{:?}", registry.problems())
    };
    let error = inspect(path).expect_err("the file is refused");
    assert_eq!(error.to_string(), problem.to_string());
    error
}

/// What opening says of a file that passes the inspection.
#[track_caller]
fn refusal_on_opening(settings: &PluginSettings) -> PluginError {
    let registry = registry(settings);
    let opened = registry.open("probe", &OpenStorage::default());
    let again = registry.open("probe", &OpenStorage::default());
    let error = opened.map(drop).expect_err("the file is refused");
    assert_eq!(
        again
            .map(drop)
            .expect_err("the file is refused")
            .to_string(),
        error.to_string(),
        "it stays refused"
    );
    error
}

fn file(folder: &Path, bytes: &[u8]) -> PathBuf {
    let path = folder.join(format!("libbad{DLL_SUFFIX}"));
    // A library that is loaded is replaced, never written to.
    if path.exists() {
        fs::remove_file(&path).expect("the fixtures are in order");
    }
    fs::write(&path, bytes).expect("the fixtures are in order");
    path.canonicalize().expect("the fixtures are in order")
}

/// A copy of the current plugin with the only places of `from` replaced by `to`.
fn changed(folder: &Path, from: &[u8], to: &[u8]) -> PathBuf {
    assert_eq!(from.len(), to.len());
    let mut bytes = fs::read(plugin(Variant::Current)).expect("the fixtures are in order");
    let section = section(&bytes);
    let places: Vec<_> = section
        .clone()
        .filter(|&at| bytes[at..].starts_with(from))
        .collect();
    assert!(!places.is_empty(), "{}", from.escape_ascii());
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    file(folder, &bytes)
}

/// Where the manifests lie.
fn section(bytes: &[u8]) -> Range<usize> {
    let library = object::File::parse(bytes).expect("the fixtures are in order");
    let section = library
        .section_by_name(ELF_SECTION)
        .expect("the fixtures are in order");
    let (start, len) = section.file_range().expect("the fixtures are in order");
    let start = usize::try_from(start).expect("the fixtures are in order");
    start..start + usize::try_from(len).expect("the fixtures are in order")
}

#[test]
fn a_missing_file() {
    let path = Path::new("/nowhere/libacme.so");
    let error = refusal(path);
    assert!(matches!(error, PluginError::Missing { .. }));
    assert_eq!(
        error.to_string(),
        "there is no plugin at /nowhere/libacme.so; correct the path, or install the plugin there"
    );
}

#[test]
fn an_empty_file() {
    let folder = tempfile::tempdir().unwrap();
    let error = refusal(&file(folder.path(), b""));
    assert!(matches!(error, PluginError::Empty { .. }), "{error}");
}

#[test]
fn a_text_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), b"#!/bin/sh\nrm -r \"$HOME\"\n");
    assert_eq!(
        refusal(&path).to_string(),
        format!(
            "{} is not a library: it begins with \"#!/bin/sh\\nrm -r \"; a plugin is a file that a \
             linker made",
            path.display()
        )
    );
    let error = refusal(&file(folder.path(), b"x"));
    assert!(matches!(error, PluginError::NotALibrary { .. }), "{error}");
}

#[test]
fn a_truncated_library() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(plugin(Variant::Current)).unwrap();
    for len in [20, 64, 4096, whole.len() / 2, whole.len() - 1] {
        let error = refusal(&file(folder.path(), &whole[..len]));
        assert!(
            matches!(error, PluginError::Damaged { .. }),
            "{len}: {error:?}"
        );
        assert!(
            error.to_string().contains("damaged or incomplete"),
            "{error}"
        );
    }
}

#[test]
fn a_library_of_another_architecture() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = fs::read(plugin(Variant::Current)).unwrap();
    // The field `e_machine` of an ELF header: s390x here, or x86_64 where that is our own.
    bytes[18..20].copy_from_slice(&if cfg!(target_arch = "s390x") {
        [62, 0]
    } else {
        [22, 0]
    });
    let path = file(folder.path(), &bytes);
    let error = refusal(&path);
    let expected = format!("and this program for elf {}", std::env::consts::ARCH);
    assert!(
        error.to_string().contains("is built for elf s390x"),
        "{error}"
    );
    assert!(error.to_string().contains(&expected), "{error}");
}

#[test]
fn a_library_that_is_no_plugin() {
    let folder = tempfile::tempdir().unwrap();
    let error = refusal(&library_that_is_no_plugin(folder.path()));
    assert!(matches!(error, PluginError::NotAPlugin { .. }), "{error}");
    assert!(
        error.to_string().contains("no section `.prolly.plugin`"),
        "{error}"
    );
}

#[test]
fn a_folder_or_a_device() {
    let folder = tempfile::tempdir().unwrap();
    let error = inspect(folder.path()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("is a folder; a plugin is a file"),
        "{error}"
    );
    let error = refusal(Path::new("/dev/null"));
    assert!(
        error.to_string().contains("is a device or socket"),
        "{error}"
    );
}

#[test]
fn a_file_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loop.so");
    symlink(&path, &path).unwrap();
    let error = refusal(&path);
    assert!(matches!(error, PluginError::Unreadable { .. }), "{error}");
    assert!(
        error.to_string().ends_with("check its permissions"),
        "{error}"
    );
}

#[test]
fn a_manifest_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let error = refusal(&changed(
        folder.path(),
        b"{\"manifest\":1,",
        b"{\"manifest\":7,",
    ));
    assert!(
        error
            .to_string()
            .contains("it has form 7, and this host reads form 1"),
        "{error}"
    );
    let error = refusal(&changed(
        folder.path(),
        b"{\"manifest\":1,",
        b"{\"manifest\"=1,",
    ));
    assert!(error.to_string().contains("it is not JSON"), "{error}");
}

#[test]
fn another_line_of_abis() {
    let folder = tempfile::tempdir().unwrap();
    let error = refusal(&changed(folder.path(), b"\"abi\":0", b"\"abi\":9"));
    assert!(
        error
            .to_string()
            .contains("speaks ABI 9, and this program ABI 0"),
        "{error}"
    );
}

#[test]
fn another_target() {
    let folder = tempfile::tempdir().unwrap();
    let Inspection { exports, .. } = inspect(&plugin(Variant::Current)).unwrap();
    let target = exports[0].target.clone();
    let other = target.replace("gnu", "hpx").replace("musl", "xxxx");
    assert_ne!(other, target);
    let error = refusal(&changed(folder.path(), target.as_bytes(), other.as_bytes()));
    assert!(
        error.to_string().contains(&format!("is built for {other}")),
        "{error}"
    );
}

#[test]
fn a_plugin_whose_panic_would_end_the_process() {
    let error = refusal(&plugin(Variant::PanicAbort));
    assert!(
        matches!(error, PluginError::PanicStrategy { .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("built with panic = \"abort\""),
        "{error}"
    );
}

#[test]
fn a_plugin_that_denies_that_its_panic_would_end_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = fs::read(plugin(Variant::PanicAbort)).unwrap();
    let section = section(&bytes);
    let manifests = String::from_utf8(bytes[section.clone()].to_vec()).unwrap();
    let lie = manifests
        .replace("\"panic\":\"abort\"", "\"panic\":\"unwind\"")
        .replace("Misbehaves on demand", "Misbehaves on deman")
        .replace("Embeds a text as its length", "Embeds a text as its lengt");
    bytes[section].copy_from_slice(lie.as_bytes());
    let error = refusal_on_opening(&allow_any(&[file(folder.path(), &bytes)]));
    assert!(
        matches!(error, PluginError::ManifestDiffers { .. }),
        "{error}"
    );
}

#[test]
fn a_manifest_that_lies() {
    let folder = tempfile::tempdir().unwrap();
    let lies: [(&str, &str, &str); 4] = [
        ("about", "Misbehaves on demand", "Behaves on any demand"),
        ("options", "\"default\":\"none\"", "\"default\":\"open\""),
        ("api", "\"api\":1", "\"api\":2"),
        ("rustc", "\"rustc\":\"rustc", "\"rustc\":\"rustk"),
    ];
    for (field, from, to) in lies {
        let to = &to[..from.len()];
        let path = changed(folder.path(), from.as_bytes(), to.as_bytes());
        let error = refusal_on_opening(&allow_any(std::slice::from_ref(&path)));
        let expected =
            format!("its `{field}` differs from what the code says; do not use this file");
        assert!(error.to_string().contains(&expected), "{error}");
        assert!(
            error.to_string().contains(&path.display().to_string()),
            "{error}"
        );
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_manifest_that_names_no_symbol_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    for (from, to) in [
        ("prollytree_plugin_prolly", "prollytree_plugin_trolly"),
        ("prollytree_plugin", "getenv_____________"),
    ] {
        let (from, to) = (format!("\"symbol\":\"{from}"), format!("\"symbol\":\"{to}"));
        let path = changed(folder.path(), from.as_bytes(), &to.as_bytes()[..from.len()]);
        let error = refusal_on_opening(&allow_any(&[path]));
        assert!(
            matches!(error, PluginError::MissingSymbol { .. }),
            "{error}"
        );
    }
}

#[test]
fn a_layout_that_differs() {
    let error = refusal_on_opening(&allow_any(&[plugin(Variant::OtherLayout)]));
    let PluginError::Incompatible {
        reason,
        api: 1,
        expected: 1,
        ..
    } = &error
    else {
        panic!("{error:?}");
    };
    assert!(reason.contains("another layout"), "{reason}");
    assert!(
        error.to_string().lines().count() == 1,
        "one sentence: {error}"
    );
    assert!(error.to_string().len() < 400, "{error}");
}

#[test]
fn two_plugins_of_one_name() {
    let folder = tempfile::tempdir().unwrap();
    let first = copy(Variant::Current, folder.path(), "a");
    let second = copy(Variant::Current, folder.path(), "b");
    let registry = registry(&allow_any(&[folder.path().to_path_buf()]));
    let problems: Vec<_> = registry
        .problems()
        .iter()
        .map(ToString::to_string)
        .collect();
    let expected = |kind: &str| {
        format!(
            "plugin {} offers {kind} `probe`, and so does plugin {}, which is used; remove one of \
             them",
            second.display(),
            first.display()
        )
    };
    assert_eq!(problems.len(), 2);
    for kind in ["backend", "embedder"] {
        assert!(problems.contains(&expected(kind)), "{problems:#?}");
    }
    assert!(open(&registry, &Options::new()).is_ok());
}

#[test]
fn a_plugin_with_the_name_of_a_linked_backend() {
    let mut registry =
        prollytree::plugin::Registry::new().with_backend(prollytree_plugin_probe::BACKEND);
    registry.discover(&allow_any(&[plugin(Variant::Current)]));
    let [PluginError::Duplicate { used, .. }] = registry.problems() else {
        panic!("{:?}", registry.problems());
    };
    assert_eq!(used.to_string(), "builtin");
}

#[test]
fn a_library_that_the_system_cannot_load() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = fs::read(plugin(Variant::Current)).unwrap();
    // The name of a library that it needs, in its table of strings.
    let name = b"\0libc.so.6\0";
    let at = (0..bytes.len())
        .find(|&at| bytes[at..].starts_with(name))
        .unwrap();
    bytes[at..at + name.len()].copy_from_slice(b"\0libq.so.6\0");
    let error = refusal_on_opening(&allow_any(&[file(folder.path(), &bytes)]));
    assert!(matches!(error, PluginError::NotLoadable { .. }), "{error}");
    assert!(error.to_string().contains("libq.so.6"), "{error}");
    assert!(
        error
            .to_string()
            .contains("needs a library that is not here"),
        "{error}"
    );
}
