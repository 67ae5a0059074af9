//! Which crate of the workspace may depend on which, and where crates name backends in source.

use crate::finding::Finding;
use crate::graph::{Graph, Package};
use crate::source::SourceFile;

/// What the crates in a folder may depend on among our own, outside tests. A folder ends with `/`
/// where all crates below it are meant.
struct Arrow {
    from: &'static str,
    to: &'static [&'static str],
}

/// The arrows; the first that fits a folder counts.
const ARROWS: &[Arrow] = &[
    Arrow {
        from: "plugin-api",
        to: &[],
    },
    Arrow {
        from: "backends/pack",
        to: &["plugin-api"],
    },
    Arrow {
        from: "backends/file",
        to: &["plugin-api", "backends/pack"],
    },
    Arrow {
        from: "backends/s3",
        to: &["plugin-api", "backends/pack"],
    },
    Arrow {
        from: "backends/",
        to: &["plugin-api"],
    },
    Arrow {
        from: "embedders/",
        to: &["plugin-api"],
    },
    Arrow {
        from: "host",
        to: &["plugin-api"],
    },
    Arrow {
        from: "cli",
        to: &[
            "plugin-api",
            "host",
            "backends/",
            "embedders/",
            "tests/conformance",
        ],
    },
    Arrow {
        from: "tests/conformance",
        to: &["plugin-api"],
    },
    Arrow {
        from: "tests/plugins/",
        to: &["plugin-api"],
    },
    Arrow {
        from: "tests/tidy",
        to: &[],
    },
    Arrow {
        from: "tests/fuzz",
        to: &[
            "plugin-api",
            "host",
            "backends/file",
            "backends/memory",
            "backends/pack",
        ],
    },
    // Suites that cross layers are not shipped; what they test is a dependency of their tests.
    Arrow {
        from: "tests/",
        to: &[],
    },
    Arrow {
        from: "xtask",
        to: &["tests/tidy"],
    },
];

/// The files of the shipped programs that may name backends and embedders.
const BUILTIN: &[&str] = &["cli/src/builtin.rs", "python/src/builtin.rs"];

/// Checks the arrows between the crates of the workspace.
pub(crate) fn check(graph: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (package, folder) in graph.ours() {
        let path = format!("{folder}/Cargo.toml");
        let Some(arrow) = ARROWS.iter().find(|arrow| fits(arrow.from, folder)) else {
            findings.push(Finding::new(
                &path,
                0,
                "this crate has no arrows; say in tests/tidy/src/arrows.rs what it may depend on",
            ));
            continue;
        };
        for (name, target) in own_dependencies(graph, package) {
            if !arrow.to.iter().any(|allowed| fits(allowed, target)) {
                let message = format!("{folder} may not depend on {name}");
                findings.push(Finding::new(&path, 0, message));
            }
        }
    }
    findings
}

/// Checks that a file names backends and embedders only where it may.
pub(crate) fn check_names(file: &SourceFile) -> Vec<Finding> {
    let is_shipped = [
        "host/src/",
        "cli/src/",
        "python/src/",
        "tests/conformance/src/",
    ]
    .iter()
    .any(|folder| file.path.starts_with(folder));
    if !is_shipped || BUILTIN.contains(&file.path.as_str()) {
        return Vec::new();
    }
    let code = file.code();
    let named = code.iter().filter(|token| {
        token.text.starts_with("prollytree_backend_")
            || token.text.starts_with("prollytree_embedder_")
    });
    named
        .map(|token| {
            let message = format!("`{}` is named outside of `builtin.rs`", token.text);
            Finding::new(&file.path, token.line, message)
        })
        .collect()
}

fn fits(pattern: &str, folder: &str) -> bool {
    if pattern.ends_with('/') {
        folder.starts_with(pattern)
    } else {
        folder == pattern
    }
}

fn own_dependencies<'a>(
    graph: &'a Graph,
    package: &'a Package,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    package.dependencies.iter().filter_map(|name| {
        let (found, folder) = graph.ours().find(|(other, _)| other.name == *name)?;
        Some((found.name.as_str(), folder))
    })
}

#[cfg(test)]
mod tests {
    use super::{check, check_names};
    use crate::graph::{Graph, Package};
    use crate::source::SourceFile;

    fn package(folder: &str, dependencies: &[&str]) -> Package {
        Package {
            name: folder.to_owned(),
            folder: Some(folder.to_owned()),
            dependencies: dependencies.iter().map(|&name| name.to_owned()).collect(),
            ..Package::default()
        }
    }

    fn messages(from: &str, to: &str) -> Vec<String> {
        let graph = Graph {
            packages: vec![package(from, &[to, "serde"]), package(to, &[])],
        };
        check(&graph)
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn an_arrow_against_the_order_is_refused() {
        assert_eq!(messages("backends/redb", "host").len(), 1);
        assert_eq!(messages("backends/redb", "backends/pack").len(), 1);
        assert_eq!(messages("host", "backends/redb").len(), 1);
        assert_eq!(messages("plugin-api", "host").len(), 1);
        assert_eq!(messages("tests/conformance", "backends/memory").len(), 1);
        assert_eq!(messages("somewhere", "host").len(), 1);
    }

    #[test]
    fn arrows_of_the_order_pass() {
        assert_eq!(messages("backends/redb", "plugin-api"), [""; 0]);
        assert_eq!(messages("backends/file", "backends/pack"), [""; 0]);
        assert_eq!(messages("cli", "backends/redb"), [""; 0]);
    }

    #[test]
    fn backends_are_named_in_one_file() {
        let text = "use prollytree_backend_redb::BACKEND;";
        assert_eq!(
            check_names(&SourceFile::new("cli/src/main.rs", text)).len(),
            1
        );
        assert_eq!(
            check_names(&SourceFile::new("host/src/plugin/mod.rs", text)).len(),
            1
        );
        assert_eq!(
            check_names(&SourceFile::new("cli/src/builtin.rs", text)).len(),
            0
        );
        assert_eq!(
            check_names(&SourceFile::new("cli/tests/verbs.rs", text)).len(),
            0
        );
    }
}
