//! `init`: makes a store.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use prollytree::config::{Config, Origin, PROJECT_FILE, Scope, StoreUri};
use prollytree::history::BranchName;
use prollytree::store::VersionedStore;
use prollytree_plugin_api::Capabilities;
use serde_json::Value;

use crate::builtin::DEFAULT_STORE;
use crate::failure::Failure;
use crate::output::{note, sync_folder};
use crate::session::Session;

/// Make a store and write prolly.toml
///
/// Where the configuration names a store already, by a prolly.toml in the folder, --config, --store
/// or `PROLLYTREE_STORE`, that store is made and no file is written.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly init
  git-prolly init shop --backend redb:data/shop.redb
  git-prolly init --branch trunk
  git-prolly --config examples/prolly.toml init")]
pub(crate) struct Init {
    /// The folder, made if it is not there
    #[arg(default_value = ".")]
    path: PathBuf,

    /// The store to make, as in redb:data/main.redb; its path starts from the folder
    #[arg(long, value_name = "URI")]
    backend: Option<String>,

    /// The first branch
    #[arg(long, value_name = "NAME", default_value = "main")]
    branch: String,
}

impl Init {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let branch = BranchName::new(&self.branch)?;
        let uri = self.backend.as_deref().unwrap_or(DEFAULT_STORE);
        let uri = uri.parse().map_err(Failure::Input)?;
        let folder = session.path(&self.path);
        let folder = std::path::absolute(&folder).map_err(|source| Failure::File {
            doing: "find",
            path: folder,
            source,
        })?;
        fs::create_dir_all(&folder).map_err(|source| Failure::File {
            doing: "make the folder",
            path: folder.clone(),
            source,
        })?;
        let config = session.config_in(&folder)?;
        let elsewhere = overrides(&config);
        if elsewhere && self.backend.is_some() {
            return Err(Failure::Input(
                "--config, --store or the environment names another store; leave that out, or \
                 --backend"
                    .to_owned(),
            ));
        }
        let is_named = elsewhere || self.backend.is_none() && is_of_folder(&config, &folder);
        let written = if is_named {
            None
        } else {
            Some(write_config(&folder, &uri)?)
        };
        let made = session
            .config_in(&folder)
            .and_then(|config| Session::create(&config, |options| options.default_branch = branch));
        match (made, written) {
            (Ok(store), written) => report(&store, written.as_deref()),
            (Err(failure), None) => Err(failure),
            (Err(failure), Some(file)) => {
                // It names a store that is not there.
                fs::remove_file(&file).map_err(|source| Failure::File {
                    doing: "remove",
                    path: file,
                    source,
                })?;
                Err(failure)
            }
        }
    }
}

/// Says whether the store is named by something that goes before a file in the folder.
fn overrides(config: &Config) -> bool {
    match config
        .setting("store.backend")
        .map(|setting| &setting.origin)
    {
        None => false,
        Some(Origin::File { scope, .. }) => *scope == Scope::Explicit,
        Some(_) => true,
    }
}

/// Says whether the store is named by a config file that lies in the folder itself.
fn is_of_folder(config: &Config, folder: &Path) -> bool {
    match config
        .setting("store.backend")
        .map(|setting| &setting.origin)
    {
        Some(Origin::File {
            scope: Scope::Project,
            path,
            ..
        }) => folder.join(PROJECT_FILE) == **path,
        _ => false,
    }
}

/// Writes a config file that names the store of a URI; refuses to replace one.
fn write_config(folder: &Path, uri: &StoreUri) -> Result<PathBuf, Failure> {
    let path = folder.join(PROJECT_FILE);
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => Failure::Refused(format!(
            "{} is there already; run `git-prolly init` without --backend to make the store that it \
             names, or remove it first",
            path.display()
        )),
        _ => Failure::File {
            doing: "write",
            path: path.clone(),
            source,
        },
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .map_err(failed)?;
    file.write_all(config_text(uri).as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| sync_folder(folder))
        .map_err(failed)?;
    Ok(path)
}

/// Returns the text of a config file. What a JSON string looks like, a TOML string looks like too.
fn config_text(uri: &StoreUri) -> String {
    let mut text = format!("[store]\nbackend = {}\n", Value::from(uri.backend.as_str()));
    let mut options = String::new();
    for (name, value) in &uri.options {
        let hosted = matches!(name.as_str(), "path" | "cache" | "durability" | "read_only");
        let value = match value.as_str() {
            "true" | "false" => value.clone(),
            text => Value::from(text).to_string(),
        };
        let line = format!("{name} = {value}\n");
        (if hosted { &mut text } else { &mut options }).push_str(&line);
    }
    if !options.is_empty() {
        text.push_str("\n[store.options]\n");
        text.push_str(&options);
    }
    text
}

fn report(store: &VersionedStore, written: Option<&Path>) -> Result<(), Failure> {
    let info = store.storage().info();
    note(&format!(
        "made a `{}` store at {}",
        info.name, info.location
    ))?;
    if let Some(file) = written {
        note(&format!("wrote {}", file.display()))?;
    }
    if !info.capabilities.contains(Capabilities::DURABLE) {
        note(&format!(
            "note: the backend `{}` keeps nothing after this command has ended",
            info.name
        ))?;
    }
    Ok(())
}
