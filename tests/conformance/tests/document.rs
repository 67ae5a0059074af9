//! `docs/conformance.md` says what the cases say. With `PROLLYTREE_BLESS=1` it is made to.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use prollytree_conformance::{CaseInfo, catalogue, embedder_cases, storage_cases};

fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = text
        .split_once(begin)
        .expect("the document has the mark of the beginning");
    rest.split_once(end)
        .expect("the document has the mark of the end")
        .0
}

#[test]
fn the_document_lists_every_case() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformance.md");
    let mut text = fs::read_to_string(&path).expect("the document is there");
    for (name, cases) in [
        ("backends", storage_cases()),
        ("embedders", embedder_cases()),
    ] {
        let (begin, end) = (
            format!("<!-- cases of {name} -->\n\n"),
            "\n<!-- end of cases -->",
        );
        let seen = between(&text, &begin, end);
        let right = catalogue(&cases);
        if seen != right && std::env::var_os("PROLLYTREE_BLESS").is_some() {
            text = text.replacen(
                &format!("{begin}{seen}{end}"),
                &format!("{begin}{right}{end}"),
                1,
            );
            fs::write(&path, &text).expect("the document can be written");
            continue;
        }
        assert!(
            seen == right,
            "docs/conformance.md is not what the cases of {name} say; \
             PROLLYTREE_BLESS=1 cargo test -p prollytree-conformance --test document rewrites it"
        );
    }
}

fn complain(case: &CaseInfo) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let sentence = |text: &str| text.ends_with('.') && !text.contains(['|', '\n']);
    if !case.id.chars().all(plain) || case.id.matches('.').count() != 1 {
        Some("the id is not made of a group, a dot and plain words")
    } else if !sentence(case.promise) || !sentence(case.why) {
        Some("promise and why are sentences on one line")
    } else {
        None
    }
}

#[test]
fn ids_are_unique_and_texts_are_sentences() {
    for cases in [storage_cases(), embedder_cases()] {
        let mut ids = BTreeSet::new();
        for case in cases {
            assert_eq!(complain(&case), None, "{}", case.id);
            assert!(ids.insert(case.id), "{} is there twice", case.id);
        }
    }
}
