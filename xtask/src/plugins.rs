//! `cargo xtask plugins`: builds every backend and embedder as a compiled plugin, in one folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo::{self, Artifact, Workspace};
use crate::step::{self, Failure, Result};

pub(crate) const HELP: &str = "
Builds the shared libraries of backends/* and embedders/* and copies them into
the folder `plugins` of the target folder. The profile is the one of the tests.

Options:
  --release   an optimised build

Examples:
  cargo xtask plugins
  PROLLYTREE_PLUGIN_PATH=target/plugins cargo run -p git-prolly -- plugin list
";

/// What is needed to run the command line on compiled plugins.
pub(crate) struct Built {
    /// The folder with the plugins.
    pub(crate) folder: PathBuf,
    /// The plugins, by file name.
    pub(crate) plugins: Vec<PathBuf>,
    /// The command line `git-prolly`.
    pub(crate) command_line: PathBuf,
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    step::only_flags(args, &["--release"])?;
    let built = build(&Workspace::load()?, step::has(args, "--release"))?;
    for plugin in &built.plugins {
        println!("    {}", plugin.display());
    }
    Ok(())
}

/// Builds the plugins and the command line, and fills the folder.
pub(crate) fn build(workspace: &Workspace, release: bool) -> Result<Built> {
    step::announce("plugins and command line");
    // The whole workspace at once: so the tests find every dependency built with the same features.
    let mut args = vec!["--workspace", "--lib", "--bins"];
    if release {
        args.push("--release");
    }
    let artifacts = cargo::build(&args)?;
    let command_line = artifacts
        .iter()
        .find(|artifact| artifact.is_program && artifact.target == "git-prolly")
        .ok_or_else(|| Failure::new("cargo built no git-prolly"))?;
    let folder = workspace.plugins();
    Ok(Built {
        plugins: fill(&folder, &artifacts, workspace)?,
        folder,
        command_line: command_line.path.clone(),
    })
}

/// Empties the folder and copies the shared libraries into it.
fn fill(folder: &Path, artifacts: &[Artifact], workspace: &Workspace) -> Result<Vec<PathBuf>> {
    if folder.exists() {
        fs::remove_dir_all(folder)
            .map_err(|error| Failure::io(format_args!("emptying {}", folder.display()), &error))?;
    }
    fs::create_dir_all(folder)
        .map_err(|error| Failure::io(format_args!("making {}", folder.display()), &error))?;
    let mut plugins = Vec::new();
    for name in workspace.plugin_crates() {
        let target = name.replace('-', "_");
        let built = artifacts
            .iter()
            .find(|artifact| artifact.is_shared_library && artifact.target == target)
            .ok_or_else(|| Failure::new(format!("cargo built no shared library of {name}")))?;
        let file = built.path.file_name().expect("cargo builds files");
        let copy = folder.join(file);
        fs::copy(&built.path, &copy)
            .map_err(|error| Failure::io(format_args!("copying to {}", copy.display()), &error))?;
        plugins.push(copy);
    }
    plugins.sort();
    Ok(plugins)
}
