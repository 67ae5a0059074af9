//! Documents name what exists: links and paths lead somewhere, tests that are named are there,
//! every decision is listed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::finding::{Finding, TidyError};
use crate::source::entries;

/// The document in which every code span that looks like a path must exist.
const MAP: &str = "ARCHITECTURE.md";
const DECISIONS: &str = "docs/decisions";

/// Checks the documents below `root`.
pub(crate) fn check(root: &Path) -> Result<Vec<Finding>, TidyError> {
    let mut findings = Vec::new();
    for path in documents(root)? {
        let text = read(&path)?;
        let name = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .to_string_lossy()
            .into_owned();
        findings.extend(links(root, &path, &name, &text));
        if name == MAP {
            findings.extend(paths(root, &text)?);
        }
    }
    findings.extend(decisions(root)?);
    Ok(findings)
}

/// The Markdown files of the root, of `docs` and of `docs/decisions`.
fn documents(root: &Path) -> Result<Vec<PathBuf>, TidyError> {
    let mut documents = Vec::new();
    for folder in [root.to_owned(), root.join("docs"), root.join(DECISIONS)] {
        if folder.is_dir() {
            documents.extend(entries(&folder)?);
        }
    }
    documents.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    Ok(documents)
}

/// Relative links lead to a file or folder.
fn links(root: &Path, path: &Path, name: &str, text: &str) -> Vec<Finding> {
    let folder = path.parent().unwrap_or(root);
    let mut findings = Vec::new();
    for (line, content) in prose(text) {
        for rest in content.split("](").skip(1) {
            let link = rest.split(')').next().unwrap_or_default();
            let target = link.split('#').next().unwrap_or_default();
            let is_outside = target.contains("://") || target.starts_with("mailto:");
            if !target.is_empty() && !is_outside && !folder.join(target).exists() {
                let message = format!("the link to `{target}` leads nowhere");
                findings.push(Finding::new(name, line, message));
            }
        }
    }
    findings
}

/// Code spans such as `host/src/tree` exist, and of `a/b.rs::name` also the function.
fn paths(root: &Path, text: &str) -> Result<Vec<Finding>, TidyError> {
    let mut findings = Vec::new();
    for (line, content) in prose(text) {
        for span in content
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|span| looks_like_path(span))
        {
            let mut parts = span.splitn(2, "::");
            let (path, function) = (parts.next().unwrap_or_default(), parts.next());
            let file = root.join(path);
            if !file.exists() {
                findings.push(Finding::new(MAP, line, format!("`{path}` does not exist")));
            } else if let Some(name) = function
                && !read(&file)?.contains(&format!("fn {name}("))
            {
                findings.push(Finding::new(
                    MAP,
                    line,
                    format!("`{path}` has no test `{name}`"),
                ));
            }
        }
    }
    Ok(findings)
}

fn looks_like_path(span: &str) -> bool {
    let path = span.split("::").next().unwrap_or_default();
    let is_document = Path::new(path)
        .extension()
        .is_some_and(|extension| extension == "md");
    let is_plain = !path.contains([' ', '*', '{', '<', '(', '@']);
    is_plain && (path.contains('/') || is_document)
}

/// The lines outside of fenced blocks, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        (!fenced).then_some((index + 1, line))
    })
}

/// Every decision is listed, and no two have one number.
fn decisions(root: &Path) -> Result<Vec<Finding>, TidyError> {
    let folder = root.join(DECISIONS);
    let list = format!("{DECISIONS}/README.md");
    let listed = read(&root.join(&list))?;
    let mut findings = Vec::new();
    let mut numbers = Vec::new();
    for path in entries(&folder)? {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let number = name.split('-').next().unwrap_or_default().to_owned();
        if name == "README.md" {
            continue;
        }
        if !listed.contains(&format!("({name})")) {
            findings.push(Finding::new(&list, 0, format!("does not list {name}")));
        }
        if numbers.contains(&number) {
            let message = format!("the number {number} is taken; take the next one");
            findings.push(Finding::new(&format!("{DECISIONS}/{name}"), 0, message));
        }
        numbers.push(number);
    }
    Ok(findings)
}

fn read(path: &Path) -> Result<String, TidyError> {
    fs::read_to_string(path).map_err(|source| TidyError::read(path, source))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::check;

    fn workspace(files: &[(&str, &str)]) -> TempDir {
        let root = tempfile::tempdir().expect("a folder");
        let list = ("docs/decisions/README.md", "[one](0001-one.md)");
        let one = ("docs/decisions/0001-one.md", "# One");
        for (path, text) in [list, one].iter().chain(files) {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        root
    }

    fn messages(files: &[(&str, &str)]) -> Vec<String> {
        let findings = check(workspace(files).path()).expect("readable");
        findings
            .into_iter()
            .map(|finding| finding.to_string())
            .collect()
    }

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let text = "[a](docs/x.md) [b](https://x.y/z) [c](#here)\n```\n[d](docs/y.md)\n```\n";
        assert_eq!(messages(&[("README.md", text)]).len(), 1);
        assert_eq!(messages(&[("README.md", text), ("docs/x.md", "")]), [""; 0]);
    }

    #[test]
    fn a_path_or_a_test_that_is_not_there_is_found() {
        let file = ("host/tests/a.rs", "fn a_fact_holds() {}");
        let text = "`host/tests/a.rs::a_fact_holds` `a::b` `x / y`";
        assert_eq!(messages(&[file, ("ARCHITECTURE.md", text)]), [""; 0]);
        for text in [
            "`host/tests/b.rs`",
            "`host/tests/a.rs::another_fact`",
            "`docs/gone.md`",
        ] {
            assert_eq!(
                messages(&[file, ("ARCHITECTURE.md", text)]).len(),
                1,
                "{text}"
            );
        }
    }

    #[test]
    fn a_decision_is_listed_under_a_number_of_its_own() {
        assert_eq!(messages(&[("docs/decisions/0002-two.md", "")]).len(), 1);
        let listed = ("docs/decisions/README.md", "(0001-one.md) (0001-two.md)");
        assert_eq!(
            messages(&[listed, ("docs/decisions/0001-two.md", "")]).len(),
            1
        );
    }
}
