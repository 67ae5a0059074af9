//! The Rust files of the workspace, and which of their tokens are tests.

use std::fs;
use std::path::{Path, PathBuf};

use crate::finding::TidyError;
use crate::token::{Token, skip_group, tokenize};

/// Folders that hold no source of ours.
const SKIPPED: &[&str] = &["target", "node_modules", "__pycache__"];

/// A Rust file.
pub(crate) struct SourceFile {
    /// Its path relative to the root, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

impl SourceFile {
    /// Makes one from a path and a text.
    pub(crate) fn new(path: &str, text: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            text: text.into(),
        }
    }

    /// Says whether the whole file is tests or benches.
    pub(crate) fn is_test(&self) -> bool {
        let mut parts = self.path.split('/').skip(1);
        parts.any(|part| matches!(part, "tests" | "tests.rs" | "benches" | "testing"))
    }

    /// The tokens that are not tests.
    pub(crate) fn code(&self) -> Vec<Token<'_>> {
        if self.is_test() {
            Vec::new()
        } else {
            without_tests(&tokenize(&self.text))
        }
    }

    /// All tokens.
    pub(crate) fn tokens(&self) -> Vec<Token<'_>> {
        tokenize(&self.text)
    }
}

/// Reads every Rust file below `root`, sorted by path.
pub(crate) fn load(root: &Path) -> Result<Vec<SourceFile>, TidyError> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() {
                if !name.starts_with('.') && !SKIPPED.contains(&name.as_ref()) {
                    folders.push(path);
                }
            } else if name.ends_with(".rs") {
                let text =
                    fs::read_to_string(&path).map_err(|source| TidyError::read(&path, source))?;
                files.push(SourceFile::new(&relative(root, &path), text));
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The entries of a folder, sorted.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, TidyError> {
    let read = |source| TidyError::read(folder, source);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(read)? {
        paths.push(entry.map_err(read)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn relative(root: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(root).unwrap_or(path);
    inside
        .iter()
        .map(|part| part.to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

/// Leaves out every item under a `#[cfg(…test…)]`.
fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is_attribute(tokens, at) {
            let end = skip_group(tokens, at + 1);
            if tokens[at + 2].is("cfg") && tokens[at..end].iter().any(|token| token.is("test")) {
                at = skip_item(tokens, end);
                continue;
            }
        }
        kept.push(tokens[at]);
        at += 1;
    }
    kept
}

fn is_attribute(tokens: &[Token<'_>], at: usize) -> bool {
    tokens[at].is("#") && tokens.get(at + 1).is_some_and(|t| t.is("[")) && at + 2 < tokens.len()
}

/// The index just after the item that begins at `at`, with its attributes.
fn skip_item(tokens: &[Token<'_>], mut at: usize) -> usize {
    while at < tokens.len() {
        let token = tokens[at];
        if token.is(";") {
            return at + 1;
        } else if token.is("{") {
            return skip_group(tokens, at);
        } else if token.is("(") || token.is("[") {
            at = skip_group(tokens, at);
        } else {
            at += 1;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::SourceFile;

    fn code(text: &str) -> Vec<String> {
        let file = SourceFile::new("host/src/tree/mod.rs", text);
        file.code()
            .iter()
            .map(|token| token.text.to_owned())
            .collect()
    }

    #[test]
    fn items_for_tests_are_left_out() {
        assert_eq!(
            code("a; #[cfg(test)] mod tests { b; { c } } d"),
            ["a", ";", "d"]
        );
        assert_eq!(code("#[cfg(test)] #[path = \"x\"] mod tests; d"), ["d"]);
        assert_eq!(code("#[cfg(all(test, unix))] use x::{y, z}; d"), [";", "d"]);
    }

    #[test]
    fn other_attributes_stay() {
        assert_eq!(
            code("#[cfg(unix)] a"),
            ["#", "[", "cfg", "(", "unix", ")", "]", "a"]
        );
    }

    #[test]
    fn files_of_tests_have_no_code() {
        for path in [
            "host/tests/a.rs",
            "host/src/tree/tests.rs",
            "host/src/tree/tests/b.rs",
        ] {
            assert!(SourceFile::new(path, "a").code().is_empty(), "{path}");
        }
        assert!(
            !SourceFile::new("tests/tidy/src/lib.rs", "a")
                .code()
                .is_empty()
        );
    }
}
