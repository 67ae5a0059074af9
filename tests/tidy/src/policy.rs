//! The policy on foreign crates in `deny.toml`: which licences, which sources, which crates not,
//! and which only below one crate of ours. The file is cargo-deny's; the rules read here are judged
//! the same way, without cargo-deny.

use std::fs;
use std::path::Path;

use toml::{Table, Value};

use crate::finding::{Finding, TidyError};
use crate::graph::{Graph, Package};
use crate::licence;

const FILE: &str = "deny.toml";

/// What `deny.toml` says.
pub(crate) struct Policy {
    licences: Vec<String>,
    registries: Vec<String>,
    banned: Vec<Ban>,
}

/// A crate that may not be used, or only directly below the crates named.
struct Ban {
    name: String,
    wrappers: Vec<String>,
    reason: String,
}

impl Policy {
    /// Reads the policy of the workspace.
    pub(crate) fn load(root: &Path) -> Result<Self, TidyError> {
        let path = root.join(FILE);
        let text = fs::read_to_string(&path).map_err(|source| TidyError::read(&path, source))?;
        Self::read(&text)
    }

    fn read(text: &str) -> Result<Self, TidyError> {
        let failed = |reason: String| TidyError::Policy { reason };
        let table: Table = text.parse().map_err(|error| failed(format!("{error}")))?;
        let array = |section: &str, key: &str| {
            table
                .get(section)
                .and_then(|section| section.get(key))
                .and_then(Value::as_array)
                .ok_or_else(|| failed(format!("has no list `{section}.{key}`")))
        };
        Ok(Self {
            licences: texts(array("licenses", "allow")?),
            registries: texts(array("sources", "allow-registry")?),
            banned: array("bans", "deny")?.iter().filter_map(read_ban).collect(),
        })
    }

    /// Judges every package that the workspace is built from.
    pub(crate) fn check(&self, graph: &Graph) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::new();
        for package in &graph.packages {
            let messages = [
                self.licence(package),
                self.source(package),
                self.ban(package),
            ];
            findings.extend(messages.into_iter().flatten().map(|message| {
                let message = format!("{} {}: {message}", package.name, package.version);
                Finding::new(FILE, 0, message)
            }));
        }
        findings
    }

    fn licence(&self, package: &Package) -> Option<String> {
        let Some(expression) = &package.licence else {
            return Some("names no licence".to_owned());
        };
        let accepts = |name: &str| self.licences.iter().any(|allowed| allowed == name);
        match licence::is_met(expression, &accepts) {
            Some(true) => None,
            Some(false) => Some(format!("its licence `{expression}` is not allowed")),
            None => Some(format!("its licence `{expression}` is no SPDX expression")),
        }
    }

    fn source(&self, package: &Package) -> Option<String> {
        if package.folder.is_some() {
            return None;
        }
        let source = package
            .source
            .as_deref()
            .unwrap_or("a path outside the workspace");
        let address = source
            .trim_start_matches("registry+")
            .trim_start_matches("sparse+");
        let allowed = self.registries.iter().any(|registry| registry == address);
        (!allowed).then(|| format!("comes from {source}, which is not allowed"))
    }

    fn ban(&self, package: &Package) -> Option<String> {
        let ban = self.banned.iter().find(|ban| ban.name == package.name)?;
        let parent = package
            .parents
            .iter()
            .find(|parent| !ban.wrappers.contains(parent));
        if !ban.wrappers.is_empty() && parent.is_none() {
            return None;
        }
        let parent = parent.map_or("the workspace", String::as_str);
        Some(format!("may not be used by {parent}: {}", ban.reason))
    }
}

fn read_ban(entry: &Value) -> Option<Ban> {
    let text = |key: &str| {
        entry
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Some(Ban {
        name: entry.get("crate")?.as_str()?.to_owned(),
        wrappers: entry
            .get("wrappers")
            .and_then(Value::as_array)
            .map(|list| texts(list))
            .unwrap_or_default(),
        reason: text("reason"),
    })
}

fn texts(values: &[Value]) -> Vec<String> {
    values
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Policy;
    use crate::graph::{Graph, Package};

    const POLICY: &str = r#"
        licenses.allow = ["MIT"]
        sources.allow-registry = ["https://example.org/index"]
        bans.deny = [
            { crate = "openssl", reason = "a system library" },
            { crate = "redb", wrappers = ["backend-redb"], reason = "an engine" },
        ]
    "#;

    fn package(name: &str) -> Package {
        Package {
            name: name.to_owned(),
            licence: Some("MIT".to_owned()),
            source: Some("registry+https://example.org/index".to_owned()),
            ..Package::default()
        }
    }

    fn count(package: Package) -> usize {
        let policy = Policy::read(POLICY).expect("a policy");
        policy
            .check(&Graph {
                packages: vec![package],
            })
            .len()
    }

    #[test]
    fn a_licence_that_is_not_allowed_is_found() {
        assert_eq!(count(package("a")), 0);
        assert_eq!(
            count(Package {
                licence: Some("GPL-3.0".to_owned()),
                ..package("a")
            }),
            1
        );
        assert_eq!(
            count(Package {
                licence: Some("see file".to_owned()),
                ..package("a")
            }),
            1
        );
        assert_eq!(
            count(Package {
                licence: None,
                ..package("a")
            }),
            1
        );
    }

    #[test]
    fn a_source_that_is_not_allowed_is_found() {
        let source = |text: &str| Package {
            source: Some(text.to_owned()),
            ..package("a")
        };
        assert_eq!(count(source("git+https://example.org/a")), 1);
        assert_eq!(count(source("sparse+https://example.org/index")), 0);
        assert_eq!(
            count(Package {
                source: None,
                ..package("a")
            }),
            1
        );
    }

    #[test]
    fn a_banned_crate_is_found_and_a_wrapped_one_is_not() {
        let parents = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(
            count(Package {
                parents: parents(&["a"]),
                ..package("openssl")
            }),
            1
        );
        assert_eq!(
            count(Package {
                parents: parents(&["backend-redb"]),
                ..package("redb")
            }),
            0
        );
        assert_eq!(
            count(Package {
                parents: parents(&["backend-redb", "b"]),
                ..package("redb")
            }),
            1
        );
    }

    #[test]
    fn a_policy_without_a_list_is_refused() {
        assert!(Policy::read("licenses.allow = []").is_err());
    }
}
