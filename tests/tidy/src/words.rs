//! Words that do not belong into source: history of the code, promises to finish it, vague names.

use crate::finding::Finding;
use crate::source::SourceFile;
use crate::token::{Kind, Token};

/// Phrases that may stand nowhere in a file, comments included; compared in lower case.
const PHRASES: &[&str] = &[
    "todo",
    "fixme",
    "xxx",
    "hack",
    "for now",
    "legacy",
    "pr #",
    "issue #",
    "used to be",
    "backwards compat",
];

/// Last words of a type's name that say nothing.
const VAGUE_NAMES: &[&str] = &["Manager", "Helper", "Helpers", "Util", "Utils", "Impl"];

/// This file quotes the words.
const THIS_FILE: &str = "tests/tidy/src/words.rs";

/// Checks one file.
pub(crate) fn check(file: &SourceFile) -> Vec<Finding> {
    if file.path == THIS_FILE {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let lower = line.to_lowercase();
        for phrase in PHRASES.iter().filter(|phrase| has_phrase(&lower, phrase)) {
            let message = format!("`{phrase}`: source says what is, not what was or may come");
            findings.push(Finding::new(&file.path, index + 1, message));
        }
    }
    findings.extend(vague_names(file, &file.tokens()));
    findings
}

fn vague_names(file: &SourceFile, tokens: &[Token<'_>]) -> Vec<Finding> {
    let opens = |token: &Token<'_>| {
        ["struct", "enum", "trait", "type", "fn", "mod"]
            .iter()
            .any(|word| token.is(word))
    };
    let declared = tokens
        .windows(2)
        .filter(|two| opens(&two[0]) && two[1].kind == Kind::Word);
    declared
        .map(|two| two[1])
        .filter(|name| {
            VAGUE_NAMES.iter().any(|vague| name.text.ends_with(vague))
                || name.text.ends_with("_v2")
                || matches!(name.text, "util" | "utils" | "helpers" | "misc")
        })
        .map(|name| {
            let message = format!("`{}` is a vague name; say what the thing is", name.text);
            Finding::new(&file.path, name.line, message)
        })
        .collect()
}

/// Says whether a phrase stands in a line as whole words.
fn has_phrase(line: &str, phrase: &str) -> bool {
    line.match_indices(phrase).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + phrase.len()..].chars().next();
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !is_word(before) && (phrase.ends_with('#') || !is_word(after))
    })
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::source::SourceFile;

    fn count(text: &str) -> usize {
        check(&SourceFile::new("host/src/x.rs", text)).len()
    }

    #[test]
    fn words_of_unfinished_work_are_refused() {
        for text in [
            "// TODO: x",
            "// FIXME",
            "/// For now, x.",
            "// see PR #12",
            "// the legacy way",
        ] {
            assert_eq!(count(text), 1, "{text}");
        }
    }

    #[test]
    fn whole_words_are_meant() {
        assert_eq!(count("let shackle = todos; // for nowhere"), 0);
    }

    #[test]
    fn vague_names_are_refused() {
        for text in [
            "struct StoreManager;",
            "trait PathUtil {}",
            "fn open_v2() {}",
            "mod utils;",
        ] {
            assert_eq!(count(text), 1, "{text}");
        }
        assert_eq!(count("struct Store; fn open() {}"), 0);
    }
}
