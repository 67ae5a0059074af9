//! The shape of a Rust file: it says first what it is, and neither it nor its functions are long.

use crate::finding::Finding;
use crate::source::SourceFile;
use crate::token::{Kind, Token, skip_group};

const MAX_FILE_LINES: usize = 500;
const MAX_FUNCTION_LINES: usize = 70;
/// A test may be a long table.
const MAX_TEST_LINES: usize = 100;

/// Checks one file.
pub(crate) fn check(file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    let first = file
        .text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    if !first.starts_with("//! ") {
        let message = "a file opens with `//!`: what it is";
        findings.push(Finding::new(&file.path, 1, message));
    }
    let lines = file.text.lines().count();
    if lines > MAX_FILE_LINES {
        let message = format!("{lines} lines; a file has at most {MAX_FILE_LINES}");
        findings.push(Finding::new(&file.path, 0, message));
    }
    let tokens = file.tokens();
    findings.extend(long_functions(file, &tokens));
    findings.extend(escapes_without_reason(file, &tokens));
    findings
}

fn long_functions(file: &SourceFile, tokens: &[Token<'_>]) -> Vec<Finding> {
    let limit = if file.is_test() {
        MAX_TEST_LINES
    } else {
        MAX_FUNCTION_LINES
    };
    let mut findings = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let Some(name) = tokens.get(index + 1).filter(|next| next.kind == Kind::Word) else {
            continue;
        };
        if !token.is("fn") {
            continue;
        }
        let Some(last) = body_end(tokens, index + 2) else {
            continue;
        };
        let lines = tokens[last].line - token.line + 1;
        if lines > limit {
            let message = format!(
                "`{}` has {lines} lines; a function has at most {limit}",
                name.text
            );
            findings.push(Finding::new(&file.path, token.line, message));
        }
    }
    findings
}

/// The index of the last token of a function whose parameters begin at `at`; `None` without a body.
fn body_end(tokens: &[Token<'_>], mut at: usize) -> Option<usize> {
    while at < tokens.len() {
        let token = tokens[at];
        if token.is(";") {
            return None;
        } else if token.is("{") {
            return Some(skip_group(tokens, at) - 1);
        } else if token.is("(") || token.is("[") {
            at = skip_group(tokens, at);
        } else {
            at += 1;
        }
    }
    None
}

fn escapes_without_reason(file: &SourceFile, tokens: &[Token<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let opens =
            token.is("[") && index > 0 && (tokens[index - 1].is("#") || tokens[index - 1].is("!"));
        let is_escape = tokens
            .get(index + 1)
            .is_some_and(|t| t.is("allow") || t.is("expect"));
        if !(opens && is_escape) {
            continue;
        }
        let attribute = &tokens[index..skip_group(tokens, index)];
        if !attribute.iter().any(|token| token.is("reason")) {
            let message = "an escape from a lint says its `reason`";
            findings.push(Finding::new(&file.path, token.line, message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::source::SourceFile;

    fn messages(text: &str) -> Vec<String> {
        let file = SourceFile::new("host/src/x.rs", text);
        check(&file)
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn a_file_says_first_what_it_is() {
        assert_eq!(messages("use x;\n//! Late.\n").len(), 1);
        assert_eq!(messages("//! A thing.\n"), [""; 0]);
    }

    #[test]
    fn a_long_file_is_refused() {
        assert_eq!(
            messages(&format!("//! A thing.\n{}", "\n".repeat(500))).len(),
            1
        );
        assert_eq!(
            messages(&format!("//! A thing.\n{}", "\n".repeat(499))),
            [""; 0]
        );
    }

    #[test]
    fn a_long_function_is_refused() {
        let body = |lines: usize| format!("//! X.\nfn f(a: [u8; 2]) {{{}}}", "\n".repeat(lines));
        assert_eq!(messages(&body(70)).len(), 1);
        assert_eq!(messages(&body(69)), [""; 0]);
        let test = |lines| check(&SourceFile::new("host/tests/x.rs", body(lines))).len();
        assert_eq!((test(99), test(100)), (0, 1));
        assert_eq!(
            messages(&format!(
                "//! X.\ntrait T {{ fn f(); {} }}",
                "\n".repeat(90)
            )),
            [""; 0]
        );
    }

    #[test]
    fn an_escape_from_a_lint_needs_a_reason() {
        assert_eq!(messages("//! X.\n#[allow(dead_code)] fn f() {}").len(), 1);
        assert_eq!(messages("//! X.\n#![expect(dead_code)]").len(), 1);
        assert_eq!(
            messages("//! X.\n#[expect(dead_code, reason = \"y\")] fn f() {}"),
            [""; 0]
        );
        assert_eq!(messages("//! X.\nfn f() { x.expect(\"y\") }"), [""; 0]);
    }
}
