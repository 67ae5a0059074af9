//! The table of cases as a document: what each one promises, and why.

use std::fmt::Write;

use crate::case::CaseInfo;

/// Returns the cases as Markdown, a table for each group.
#[must_use]
pub fn catalogue(cases: &[CaseInfo]) -> String {
    let mut text = String::new();
    let mut group = "";
    for case in cases {
        if case.group() != group {
            group = case.group();
            let gap = if text.is_empty() { "" } else { "\n" };
            text.push_str(gap);
            writeln!(
                text,
                "### {group}\n\n| case | promise | why |\n|---|---|---|"
            )
            .expect("writing to a string does not fail");
        }
        let needs: Vec<String> = case.needs.names().map(|name| format!("`{name}`")).collect();
        let needs = match needs.as_slice() {
            [] => String::new(),
            needs => format!(" *Needs {}.*", needs.join(" and ")),
        };
        writeln!(
            text,
            "| `{}` | {}{needs} | {} |",
            case.id, case.promise, case.why
        )
        .expect("writing to a string does not fail");
    }
    text
}
