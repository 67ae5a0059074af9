//! The engines that the demo runs on, and the lines of configuration that choose each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::plugins::Built;
use crate::step::{self, Failure, Result};

/// An engine, linked in or loaded.
pub(super) struct Engine {
    /// The name of the backend.
    backend: String,
    /// The compiled plugin that goes before what is linked in.
    plugin: Option<Plugin>,
}

/// A file to load, and its hash, by which the user trusts it.
struct Plugin {
    file: PathBuf,
    sha256: String,
}

/// All engines: first those linked in, then the same ones as plugins. The one of the example comes
/// first.
pub(super) fn all(built: &Built) -> Result<Vec<Engine>> {
    let mut engines = Vec::new();
    for file in &built.plugins {
        let mut command = Command::new(&built.command_line);
        command
            .args(["plugin", "info", "--format", "json"])
            .arg(file);
        let answer = step::output(&mut command)?;
        let info: Value = serde_json::from_str(&answer)
            .map_err(|error| Failure::new(format!("plugin info answered `{answer}`: {error}")))?;
        let exports = info["exports"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        for export in exports.iter().filter(|export| export["kind"] == "backend") {
            let backend = export["name"].as_str().unwrap_or_default().to_owned();
            let sha256 = info["sha256"].as_str().unwrap_or_default().to_owned();
            let plugin = Plugin {
                file: file.clone(),
                sha256,
            };
            engines.push(Engine {
                backend: backend.clone(),
                plugin: None,
            });
            engines.push(Engine {
                backend,
                plugin: Some(plugin),
            });
        }
    }
    engines.sort_by_key(|engine| (engine.plugin.is_some(), engine.backend != "redb"));
    if engines.is_empty() {
        return Err(Failure::new("no plugin offers a backend"));
    }
    Ok(engines)
}

impl Engine {
    /// What it is called in the table.
    pub(super) fn label(&self) -> String {
        let how = if self.plugin.is_some() {
            "plugin"
        } else {
            "linked"
        };
        format!("{} ({how})", self.backend)
    }

    /// The name of its folder.
    pub(super) fn folder(&self) -> String {
        let suffix = if self.plugin.is_some() { "-plugin" } else { "" };
        format!("{}{suffix}", self.backend)
    }

    /// Whether what it stored is there when the process has ended.
    pub(super) fn survives_a_process(&self) -> bool {
        self.backend != "memory"
    }

    /// What chooses it: a line of the configuration, or an argument for what has no place on disk.
    pub(super) fn choice(&self) -> String {
        match self.arguments() {
            [] => self.line(),
            arguments => arguments.join(" "),
        }
    }

    fn line(&self) -> String {
        format!("backend = \"{}\"", self.backend)
    }

    /// The configuration of the example, with this engine.
    pub(super) fn config(&self, example: &str) -> String {
        let lines = example.lines().map(|line| {
            if line.starts_with("backend =") {
                self.line()
            } else {
                line.to_owned()
            }
        });
        lines.collect::<Vec<_>>().join("\n") + "\n"
    }

    /// The user's own configuration: who commits, and which plugin to load.
    pub(super) fn user_config(&self) -> String {
        let user = "[user]\nname = \"Demo\"\nemail = \"demo@example.org\"\n";
        let Some(Plugin { file, sha256 }) = &self.plugin else {
            return user.to_owned();
        };
        let (backend, file) = (&self.backend, file.display());
        format!(
            "{user}\n[plugins]\npolicy = \"allowlist\"\n\n[plugins.allow.{backend}]\n\
             path = \"{file}\"\nsha256 = \"{sha256}\"\n"
        )
    }

    /// Arguments before every command.
    pub(super) fn arguments(&self) -> &[&str] {
        // A store in memory has no path; it is found again by its name.
        if self.survives_a_process() {
            &[]
        } else {
            &["--store", "memory:?name=mime"]
        }
    }

    /// The size of all files of the store that lies in a folder; `None` if it has none.
    pub(super) fn bytes_on_disk(&self, folder: &Path) -> Result<Option<u64>> {
        if !self.survives_a_process() {
            return Ok(None);
        }
        let store = folder.join("mime.store");
        let bytes = size(&store)
            .map_err(|error| Failure::io(format_args!("measuring {}", store.display()), &error))?;
        Ok(Some(bytes))
    }
}

fn size(path: &Path) -> std::io::Result<u64> {
    if !path.is_dir() {
        return Ok(fs::metadata(path)?.len());
    }
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        bytes += size(&entry?.path())?;
    }
    Ok(bytes)
}
