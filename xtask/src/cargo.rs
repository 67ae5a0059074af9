//! The workspace as cargo describes it, and commands of cargo.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::step::{self, Failure, Result};

/// The workspace: where it is, where its build goes, and what is in it.
pub(crate) struct Workspace {
    /// The folder with the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// The target folder.
    pub(crate) target: PathBuf,
    /// The crates.
    pub(crate) crates: Vec<Crate>,
}

/// A crate of the workspace.
pub(crate) struct Crate {
    /// Its name.
    pub(crate) name: String,
    /// Whether it is a backend or an embedder that is shipped as a plugin.
    pub(crate) is_plugin: bool,
}

impl Workspace {
    /// Asks cargo about the workspace that this program was built in.
    pub(crate) fn load() -> Result<Self> {
        let mut command = cargo();
        command.args(["metadata", "--format-version=1", "--no-deps"]);
        let text = step::output(&mut command)?;
        let metadata: Value = serde_json::from_str(&text)
            .map_err(|error| Failure::new(format!("reading cargo metadata: {error}")))?;
        let path = |key: &str| {
            metadata[key].as_str().map(PathBuf::from).ok_or_else(|| {
                Failure::new(format!(
                    "cargo metadata has no `{key}`; is this cargo 1.95 or newer?"
                ))
            })
        };
        let packages = metadata["packages"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        Ok(Self {
            root: path("workspace_root")?,
            target: path("target_directory")?,
            crates: packages.iter().filter_map(read_crate).collect(),
        })
    }

    /// The folder that `cargo xtask plugins` fills.
    pub(crate) fn plugins(&self) -> PathBuf {
        self.target.join("plugins")
    }

    /// The names of the crates that are plugins.
    pub(crate) fn plugin_crates(&self) -> impl Iterator<Item = &str> {
        self.crates
            .iter()
            .filter(|found| found.is_plugin)
            .map(|found| found.name.as_str())
    }
}

/// A file that cargo built.
pub(crate) struct Artifact {
    /// The name of the target, such as `prollytree_backend_redb` or `git-prolly`.
    pub(crate) target: String,
    /// The file.
    pub(crate) path: PathBuf,
    /// Whether it is a shared library.
    pub(crate) is_shared_library: bool,
    /// Whether it is a program.
    pub(crate) is_program: bool,
}

/// Starts a command line with the cargo that runs us.
pub(crate) fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("xtask has a parent"),
    );
    command
}

/// Builds with `cargo build` and these arguments; returns the shared libraries and programs.
pub(crate) fn build(args: &[&str]) -> Result<Vec<Artifact>> {
    let mut command = cargo();
    command
        .arg("build")
        .args(args)
        .arg("--message-format=json-render-diagnostics");
    let text = step::output(&mut command)?;
    let mut artifacts = Vec::new();
    for line in text.lines() {
        let message: Value = serde_json::from_str(line)
            .map_err(|error| Failure::new(format!("reading a message of cargo: {error}")))?;
        if message["reason"] == "compiler-artifact" {
            artifacts.extend(read_artifact(&message));
        }
    }
    Ok(artifacts)
}

/// Says whether a subcommand of cargo, such as `nextest`, is installed.
pub(crate) fn has_subcommand(name: &str) -> bool {
    let mut command = cargo();
    command.args([name, "--version"]);
    command.output().is_ok_and(|output| output.status.success())
}

fn read_crate(package: &Value) -> Option<Crate> {
    let folder = Path::new(package["manifest_path"].as_str()?).parent()?;
    let place = folder.parent()?.file_name()?;
    Some(Crate {
        name: package["name"].as_str()?.to_owned(),
        is_plugin: (place == "backends" || place == "embedders") && exports(folder, package),
    })
}

/// Says whether a crate builds a shared library that offers something.
fn exports(folder: &Path, package: &Value) -> bool {
    let targets = package["targets"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let root = fs::read_to_string(folder.join("src/lib.rs")).unwrap_or_default();
    let offers = ["export_backend!(", "export_embedder!("]
        .iter()
        .any(|call| root.contains(call));
    offers
        && targets
            .iter()
            .any(|target| lists(&target["crate_types"], "cdylib"))
}

fn read_artifact(message: &Value) -> Option<Artifact> {
    let target = &message["target"];
    let is_shared_library = lists(&target["crate_types"], "cdylib");
    let is_program = message["executable"].is_string();
    let library = || {
        let files = message["filenames"].as_array()?;
        files
            .iter()
            .filter_map(Value::as_str)
            .find(|name| is_shared_library_name(name))
    };
    let path = if is_program {
        message["executable"].as_str()?
    } else {
        library()?
    };
    Some(Artifact {
        target: target["name"].as_str()?.to_owned(),
        path: PathBuf::from(path),
        is_shared_library,
        is_program,
    })
}

fn is_shared_library_name(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension == std::env::consts::DLL_EXTENSION)
}

fn lists(values: &Value, wanted: &str) -> bool {
    values
        .as_array()
        .is_some_and(|values| values.iter().any(|value| value == wanted))
}
