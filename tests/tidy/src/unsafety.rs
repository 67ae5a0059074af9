//! Where `unsafe` and the crates of the plugin boundary may stand: in a few named files.

use crate::finding::Finding;
use crate::source::SourceFile;
use crate::token::Token;

/// Files in which `unsafe` may stand. One that ends with `/` or `*` is a prefix.
const UNSAFE: &[&str] = &[
    "plugin-api/src/buffer.rs",
    "plugin-api/src/abi/",
    // The attributes that give a plugin its symbol and its section.
    "plugin-api/src/export.rs",
    "host/src/plugin/load*",
    "host/src/plugin/foreign*",
];

/// Crates of the plugin boundary, and the files that may name them.
const BOUNDARY: &[(&str, &[&str])] = &[
    (
        "abi_stable",
        &[
            "plugin-api/src/abi/",
            "host/src/plugin/load*",
            "host/src/plugin/foreign*",
        ],
    ),
    ("libloading", &["host/src/plugin/load*"]),
];

/// Crates with some unsafe file; every other crate forbids it as a whole.
const CRATES: &[&str] = &["plugin-api/", "host/"];

/// Checks one file.
pub(crate) fn check(file: &SourceFile) -> Vec<Finding> {
    let tokens = file.tokens();
    let mut findings = Vec::new();
    if !allowed(&file.path, UNSAFE) {
        findings.extend(uses(
            file,
            &tokens,
            "unsafe",
            "stands only in the files of the boundary",
        ));
    }
    for (name, files) in BOUNDARY {
        if !allowed(&file.path, files) {
            findings.extend(uses(
                file,
                &tokens,
                name,
                "is named only in the files of the boundary",
            ));
        }
    }
    if is_crate_root(&file.path) && !forbids_unsafe(&tokens) {
        let message = "the root of a crate says `#![forbid(unsafe_code)]`";
        findings.push(Finding::new(&file.path, 0, message));
    }
    findings
}

fn uses(file: &SourceFile, tokens: &[Token<'_>], word: &str, rule: &str) -> Vec<Finding> {
    let found = tokens.iter().filter(|token| token.is(word));
    found
        .map(|token| Finding::new(&file.path, token.line, format!("`{word}` {rule}")))
        .collect()
}

fn allowed(path: &str, files: &[&str]) -> bool {
    files.iter().any(|file| match file.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None if file.ends_with('/') => path.starts_with(file),
        None => path == *file,
    })
}

fn is_crate_root(path: &str) -> bool {
    let is_root = path.ends_with("src/lib.rs") || path.ends_with("src/main.rs");
    is_root && !CRATES.iter().any(|folder| path.starts_with(folder))
}

fn forbids_unsafe(tokens: &[Token<'_>]) -> bool {
    tokens
        .windows(3)
        .any(|three| three[0].is("forbid") && three[1].is("(") && three[2].is("unsafe_code"))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::source::SourceFile;

    fn count(path: &str, text: &str) -> usize {
        check(&SourceFile::new(path, text)).len()
    }

    #[test]
    fn unsafe_stands_only_in_named_files() {
        assert_eq!(count("host/src/tree/node.rs", "unsafe { f() }"), 1);
        assert_eq!(count("cli/tests/verbs.rs", "unsafe { f() }"), 1);
        assert_eq!(count("plugin-api/src/abi/storage.rs", "unsafe { f() }"), 0);
        assert_eq!(count("host/src/plugin/load.rs", "unsafe { f() }"), 0);
        assert_eq!(count("host/src/tree/node.rs", "// unsafe\n\"unsafe\""), 0);
    }

    #[test]
    fn crates_of_the_boundary_are_named_only_there() {
        assert_eq!(
            count("host/src/store/mod.rs", "use abi_stable::StableAbi;"),
            1
        );
        assert_eq!(
            count("plugin-api/src/abi/mod.rs", "use libloading::Library;"),
            1
        );
        assert_eq!(
            count("host/src/plugin/load.rs", "use libloading::Library;"),
            0
        );
    }

    #[test]
    fn every_other_crate_forbids_unsafe_code() {
        assert_eq!(count("cli/src/main.rs", "//! x.\nfn main() {}"), 1);
        assert_eq!(count("cli/src/main.rs", "#![forbid(unsafe_code)]"), 0);
        assert_eq!(count("host/src/lib.rs", ""), 0);
    }
}
