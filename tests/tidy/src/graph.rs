//! The crates of the workspace and everything that they depend on, as cargo resolves it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::finding::TidyError;

/// All packages, and which of them are ours.
#[derive(Default)]
pub(crate) struct Graph {
    pub(crate) packages: Vec<Package>,
}

/// A package.
#[derive(Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The folder relative to the root of the workspace; `None` for what is not ours.
    pub(crate) folder: Option<String>,
    /// The licence expression.
    pub(crate) licence: Option<String>,
    /// Where it comes from; `None` for a path.
    pub(crate) source: Option<String>,
    /// What it depends on when it is built for users, as declared.
    pub(crate) dependencies: Vec<String>,
    /// The names of the packages that depend on it, tests included.
    pub(crate) parents: Vec<String>,
}

impl Graph {
    /// Runs `cargo metadata` in the workspace.
    pub(crate) fn load(root: &Path) -> Result<Self, TidyError> {
        let failed = |reason: String| TidyError::Metadata { reason };
        let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(program)
            .args(["metadata", "--format-version=1", "--quiet"])
            .current_dir(root)
            .output()
            .map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        let metadata = serde_json::from_slice(&output.stdout)
            .map_err(|error| failed(format!("is no JSON: {error}")))?;
        Ok(Self::read(&metadata))
    }

    /// Reads the answer of `cargo metadata`.
    pub(crate) fn read(metadata: &Value) -> Self {
        let root = text(&metadata["workspace_root"]);
        let members: Vec<String> = list(&metadata["workspace_members"])
            .iter()
            .map(text)
            .collect();
        let mut parents = parents_by_id(metadata);
        let packages = list(&metadata["packages"]).iter().map(|package| {
            let id = text(&package["id"]);
            let ours = members.contains(&id);
            let manifest = text(&package["manifest_path"]);
            let folder = manifest.strip_prefix(&root).map(|inside| {
                inside
                    .trim_start_matches('/')
                    .trim_end_matches("/Cargo.toml")
                    .to_owned()
            });
            Package {
                name: text(&package["name"]),
                version: text(&package["version"]),
                folder: folder.filter(|_| ours),
                licence: package["license"].as_str().map(str::to_owned),
                source: package["source"].as_str().map(str::to_owned),
                dependencies: list(&package["dependencies"])
                    .iter()
                    .filter(|dependency| dependency["kind"] != "dev")
                    .map(|dependency| text(&dependency["name"]))
                    .collect(),
                parents: parents.remove(&id).unwrap_or_default(),
            }
        });
        Self {
            packages: packages.collect(),
        }
    }

    /// The packages of this workspace with their folders.
    pub(crate) fn ours(&self) -> impl Iterator<Item = (&Package, &str)> {
        self.packages
            .iter()
            .filter_map(|package| Some((package, package.folder.as_deref()?)))
    }
}

fn parents_by_id(metadata: &Value) -> BTreeMap<String, Vec<String>> {
    let names: BTreeMap<String, String> = list(&metadata["packages"])
        .iter()
        .map(|package| (text(&package["id"]), text(&package["name"])))
        .collect();
    let mut parents: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for node in list(&metadata["resolve"]["nodes"]) {
        let parent = names.get(&text(&node["id"])).cloned().unwrap_or_default();
        for dependency in list(&node["deps"]) {
            parents
                .entry(text(&dependency["pkg"]))
                .or_default()
                .push(parent.clone());
        }
    }
    parents
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Graph;

    #[test]
    fn packages_are_read_with_their_parents_and_without_dev_dependencies() {
        let graph = Graph::read(&json!({
            "workspace_root": "/w",
            "workspace_members": ["a"],
            "packages": [
                {"id": "a", "name": "a", "version": "1.0.0", "manifest_path": "/w/x/a/Cargo.toml",
                 "license": "MIT", "source": null,
                 "dependencies": [{"name": "b", "kind": null}, {"name": "c", "kind": "dev"}]},
                {"id": "b", "name": "b", "version": "1.0.0", "manifest_path": "/r/b/Cargo.toml",
                 "license": null, "source": "registry+x", "dependencies": []},
            ],
            "resolve": {"nodes": [{"id": "a", "deps": [{"pkg": "b"}]}]},
        }));
        let [a, b] = graph.packages.as_slice() else {
            panic!("two packages")
        };
        assert_eq!(
            (a.folder.as_deref(), a.dependencies.as_slice()),
            (Some("x/a"), &["b".to_owned()][..])
        );
        assert_eq!(
            (b.folder.as_deref(), b.parents.as_slice()),
            (None, &["a".to_owned()][..])
        );
    }
}
