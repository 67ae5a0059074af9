//! What a folder of a backend or an embedder has: the same files everywhere, so that one who knows
//! one engine finds the way in all.

use std::path::Path;

use crate::finding::{Finding, TidyError};
use crate::source::entries;

/// The files of every backend.
const BACKEND: &[&str] = &[
    "Cargo.toml",
    "README.md",
    "src/lib.rs",
    "src/config.rs",
    "src/backend.rs",
    "src/nodes.rs",
    "src/refs.rs",
    "tests/conformance.rs",
];

/// The files of every embedder.
const EMBEDDER: &[&str] = &[
    "Cargo.toml",
    "README.md",
    "src/lib.rs",
    "tests/conformance.rs",
];

/// Folders below `backends` that are no engines but formats that engines share.
const NOT_ENGINES: &[&str] = &["pack"];

/// Checks the folders of all backends and embedders.
pub(crate) fn check(root: &Path) -> Result<Vec<Finding>, TidyError> {
    let mut findings = Vec::new();
    for (folder, files) in [("backends", BACKEND), ("embedders", EMBEDDER)] {
        for path in entries(&root.join(folder))? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if !path.is_dir() || NOT_ENGINES.contains(&name.as_ref()) {
                continue;
            }
            let missing = files.iter().filter(|file| !has(&path, file));
            findings.extend(missing.map(|file| {
                Finding::new(&format!("{folder}/{name}"), 0, format!("has no {file}"))
            }));
        }
    }
    Ok(findings)
}

/// Says whether a folder has a file; a module may have become a folder.
fn has(folder: &Path, file: &str) -> bool {
    let as_folder = file
        .strip_suffix(".rs")
        .map(|module| folder.join(module).join("mod.rs"));
    folder.join(file).is_file() || as_folder.is_some_and(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{BACKEND, check};

    #[test]
    fn a_missing_file_is_named() {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(root.path().join("embedders")).expect("a folder");
        fs::create_dir_all(root.path().join("backends/pack")).expect("a folder");
        for file in BACKEND {
            let path = root.path().join("backends/acme").join(file);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, "").expect("a file");
        }
        assert_eq!(check(root.path()).expect("readable"), []);
        fs::remove_file(root.path().join("backends/acme/src/refs.rs")).expect("was there");
        let findings = check(root.path()).expect("readable");
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].to_string(), "backends/acme: has no src/refs.rs");
    }
}
