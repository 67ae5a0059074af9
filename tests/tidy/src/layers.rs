//! The layers of `host`: a module uses only modules above it, and nothing above `storage` can tell
//! which backend it runs on.

use crate::finding::Finding;
use crate::source::SourceFile;
use crate::token::{Kind, Token, skip_group};

/// The modules of `host`, in the order in which data flows.
pub(crate) const LAYERS: &[&str] = &[
    "config", "plugin", "storage", "tree", "history", "store", "sql", "search", "open",
];

/// Names of engines that are nothing else.
const ENGINES: &[&str] = &["redb", "rocksdb", "git2", "s3"];

/// Names of engines that are also plain words: meant only in a crate's name or before a colon.
const WORDS: &[&str] = &["memory", "file", "git"];

/// Checks one file of `host`; others have no layers.
pub(crate) fn check(file: &SourceFile) -> Vec<Finding> {
    let Some(inside) = file.path.strip_prefix("host/src/") else {
        return Vec::new();
    };
    let Some(layer) = LAYERS.iter().position(|name| is_in(inside, name)) else {
        return Vec::new();
    };
    let code = file.code();
    let mut findings = imports(file, &code, layer);
    if layer > position("storage") {
        findings.extend(
            code.iter()
                .filter(|token| names_engine(token))
                .map(|token| {
                    let message = format!(
                        "`{}` names a backend above `storage`; use what its capabilities promise",
                        token.text
                    );
                    Finding::new(&file.path, token.line, message)
                }),
        );
    }
    findings
}

fn is_in(inside: &str, layer: &str) -> bool {
    inside
        .strip_prefix(layer)
        .is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
}

fn position(layer: &str) -> usize {
    LAYERS
        .iter()
        .position(|name| *name == layer)
        .unwrap_or_default()
}

fn imports(file: &SourceFile, code: &[Token<'_>], layer: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in names_at_the_root(code, module_depth(&file.path)) {
        let message = match LAYERS.iter().position(|other| *other == name.text) {
            Some(other) if other <= layer => continue,
            Some(_) => format!(
                "`{}` uses `{}`, which lies below it; a layer uses only layers above it",
                LAYERS[layer], name.text
            ),
            None => format!(
                "`crate::{}` hides a layer; name the layer that has it",
                name.text
            ),
        };
        findings.push(Finding::new(&file.path, name.line, message));
    }
    findings
}

/// How deep the module of a file lies: `tree/cursor.rs` is 2, `tree/mod.rs` is 1.
fn module_depth(path: &str) -> usize {
    let parts = path.split('/').skip(2);
    parts
        .filter(|part| !matches!(*part, "mod.rs" | "lib.rs" | "main.rs"))
        .count()
}

/// Finds what is named directly below the crate's root, by `crate::` or by enough `super::`.
fn names_at_the_root<'a>(code: &[Token<'a>], file_depth: usize) -> Vec<Token<'a>> {
    let mut names = Vec::new();
    let mut nested: Vec<usize> = Vec::new();
    let mut at = 0;
    while at < code.len() {
        nested.retain(|end| *end > at);
        if code[at].is("mod") && code.get(at + 2).is_some_and(|token| token.is("{")) {
            nested.push(skip_group(code, at + 2));
        }
        let begins_path = at == 0 || !code[at - 1].is("::");
        if begins_path && (code[at].is("crate") || code[at].is("super")) {
            let (supers, end) = climb(code, at);
            let reaches_root = supers == 0 || supers >= file_depth + nested.len();
            if reaches_root && end > at {
                names.extend(first_names(code, end));
            }
            at = end.max(at + 1);
        } else {
            at += 1;
        }
    }
    names
}

/// Counts the `super`s of a path and returns the index after its last `::`; `at` if there is none.
fn climb(code: &[Token<'_>], mut at: usize) -> (usize, usize) {
    let begin = at;
    let mut supers = 0;
    while code.get(at + 1).is_some_and(|token| token.is("::")) {
        match code[at].text {
            "super" => supers += 1,
            "crate" if at == begin => {}
            _ => break,
        }
        at += 2;
    }
    (supers, at)
}

/// The first names of a path or of each path in a group of a `use`.
fn first_names<'a>(code: &[Token<'a>], at: usize) -> Vec<Token<'a>> {
    let Some(first) = code.get(at) else {
        return Vec::new();
    };
    if first.kind == Kind::Word {
        return vec![*first];
    }
    if !first.is("{") {
        return Vec::new();
    }
    let end = skip_group(code, at);
    let mut names = Vec::new();
    let mut inner = at + 1;
    let mut expects_name = true;
    while inner + 1 < end {
        let token = code[inner];
        if token.is("{") {
            inner = skip_group(code, inner);
            continue;
        }
        if token.is(",") {
            expects_name = true;
        } else if expects_name {
            names.push(token);
            expects_name = false;
        }
        inner += 1;
    }
    names
}

fn names_engine(token: &Token<'_>) -> bool {
    match token.kind {
        Kind::Word => {
            token.text.starts_with("prollytree_backend_")
                || words(token.text)
                    .iter()
                    .any(|word| ENGINES.contains(&word.as_str()))
        }
        Kind::Text => {
            let (scheme, rest) = token.text.split_once(':').unwrap_or((token.text, " "));
            let is_uri = !rest.starts_with(' ');
            ENGINES.contains(&scheme) || (is_uri && WORDS.contains(&scheme))
        }
        _ => false,
    }
}

/// The words of an identifier in snake or camel case, in lower case.
fn words(identifier: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in identifier.chars() {
        if c == '_' || c.is_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c != '_') {
            word.extend(c.to_lowercase());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::source::SourceFile;

    fn messages(path: &str, text: &str) -> Vec<String> {
        let file = SourceFile::new(path, text);
        check(&file)
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    fn is_refused(path: &str, text: &str) -> bool {
        messages(path, text).len() == 1
    }

    #[test]
    fn a_layer_may_not_use_a_layer_below_it() {
        assert!(is_refused(
            "host/src/storage/cache.rs",
            "use crate::tree::Node;"
        ));
        assert!(is_refused(
            "host/src/config/mod.rs",
            "use crate::{config::Uri, plugin::Registry};"
        ));
        assert!(is_refused(
            "host/src/tree/cursor.rs",
            "fn f(x: crate::store::Store) {}"
        ));
        assert!(is_refused(
            "host/src/tree/edit/apply.rs",
            "use super::super::super::history::Log;"
        ));
        assert!(is_refused("host/src/tree.rs", "use super::history;"));
        assert!(is_refused(
            "host/src/tree/mod.rs",
            "mod inner { use super::super::history; }"
        ));
    }

    #[test]
    fn a_layer_may_use_itself_and_the_layers_above_it() {
        let text = "use crate::storage::{Opened, cache::Cache}; use super::node::Node; pub(crate) fn f() {}
            mod inner { use super::super::node; use super::x; }";
        assert_eq!(messages("host/src/tree/cursor.rs", text), [""; 0]);
        assert_eq!(messages("cli/src/main.rs", "use crate::store::x;"), [""; 0]);
    }

    #[test]
    fn a_reexport_may_not_hide_a_layer() {
        assert!(is_refused(
            "host/src/tree/mod.rs",
            "use crate::VersionedStore;"
        ));
    }

    #[test]
    fn no_backend_is_named_above_storage() {
        assert!(is_refused(
            "host/src/tree/mod.rs",
            "use prollytree_backend_memory as m;"
        ));
        assert!(is_refused("host/src/store/mod.rs", "fn is_redb() {}"));
        assert!(is_refused("host/src/store/mod.rs", "struct S3Store;"));
        assert!(is_refused(
            "host/src/history/mod.rs",
            "if name == \"rocksdb\" {}"
        ));
        assert!(is_refused("host/src/store/mod.rs", "open(\"file:data\")"));
    }

    #[test]
    fn words_that_are_not_backends_and_tests_may_stay() {
        let text =
            "// redb\nlet memory = file; #[cfg(test)] mod tests { use prollytree_backend_redb; }";
        assert_eq!(messages("host/src/store/mod.rs", text), [""; 0]);
        assert_eq!(messages("host/src/store/tests.rs", "use redb;"), [""; 0]);
        assert_eq!(
            messages("host/src/config/mod.rs", "const DEFAULT: &str = \"redb\";"),
            [""; 0]
        );
    }
}
