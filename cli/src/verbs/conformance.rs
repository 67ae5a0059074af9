//! `plugin conformance`: puts a backend or an embedder to the test.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use prollytree::open;
use prollytree::plugin::{Entry, ExportKind, Manifest, PluginError, Policy, Registry, inspect};
use prollytree_conformance::{
    Launcher, ModelSubject, Profile, RunOptions, Suite, TemplateSubject, child_main, run,
};
use prollytree_plugin_api::{Error, ErrorKind, OptionValue, Options};
use serde_json::Value;

use super::plugin::is_file;
use crate::failure::Failure;
use crate::output::out;
use crate::session::Session;

/// Put a backend or an embedder to the test
///
/// Runs every case in a process of its own and exits with 1 if one fails. A plugin's file that is
/// named here is loaded, whatever the policy. By default stores are made in temporary folders; with
/// --config, they are made as that file says, where {folder} stands for a new folder and {unique}
/// for a new name.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly plugin conformance redb
  git-prolly plugin conformance ./libacme.so --format junit > report.xml
  git-prolly plugin conformance acme --config acme.toml --filter swap --seed 7")]
pub(super) struct Conformance {
    /// A name, or the path of a plugin's file
    #[arg(value_name = "NAME|FILE")]
    what: String,

    /// Which of a file's exports, if it has several
    #[arg(long, value_name = "NAME")]
    export: Option<String>,

    /// How the report is written
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: ReportFormat,

    /// Only cases whose names contain this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,

    /// What all chance depends on
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    /// When a case is given up, as in 90s
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    timeout: Duration,

    /// Many more rounds of what depends on chance
    #[arg(long)]
    full: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ReportFormat {
    /// For people.
    Table,
    /// For programs: exact.
    Json,
    /// For what shows the results of tests.
    Junit,
}

impl Conformance {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let suite = self.suite(session)?;
        child_main(&suite);
        let mut options = RunOptions::default();
        options.filter.clone_from(&self.filter);
        options.seed = self.seed.unwrap_or(options.seed);
        options.timeout = self.timeout;
        if self.full {
            options.profile = Profile::Full;
        }
        let report = Launcher::again()
            .and_then(|launcher| run(&suite, &options, &launcher))
            .map_err(|error| Failure::Input(format!("the suite could not run: {error}")))?;
        let mut out = out();
        match self.format {
            ReportFormat::Table => write!(out, "{}", report.table())?,
            ReportFormat::Json => writeln!(out, "{}", report.json())?,
            ReportFormat::Junit => write!(out, "{}", report.junit())?,
        }
        out.flush()?;
        Ok(if report.passed() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(1)
        })
    }

    fn suite(&self, session: &Session) -> Result<Suite, Failure> {
        let config = session.config()?;
        let (registry, kind, name) = if is_file(&self.what) {
            let (kind, name) = self.export_of(&session.path(Path::new(&self.what)))?;
            let mut settings = open::plugin_settings(&config.plugins());
            settings.policy = Policy::Any;
            settings.allow.clear();
            settings.paths = vec![absolute(&session.path(Path::new(&self.what)))?];
            (settings.environment, settings.usual) = (Vec::new(), Vec::new());
            // Nothing is linked in here, so that a plugin is never taken for its linked twin.
            let mut registry = Registry::new();
            registry.discover(&settings);
            (registry, kind, name)
        } else {
            let registry = Session::registry(&config);
            let is_embedder =
                registry.backend(&self.what).is_err() && registry.embedder(&self.what).is_ok();
            let kind = if is_embedder {
                ExportKind::Embedder
            } else {
                ExportKind::Backend
            };
            (registry, kind, self.what.clone())
        };
        match kind {
            ExportKind::Backend => {
                let template = template(session, registry.backend(&name)?)?;
                let registered = name.clone();
                let open = move |how: &_| registry.open(&name, how).map_err(said);
                Ok(Suite::storage(TemplateSubject::new(
                    registered, template, open,
                )))
            }
            ExportKind::Embedder => {
                let options = embedder_options(session, registry.embedder(&name)?)?;
                let registered = name.clone();
                let open = move || registry.open_embedder(&name, &options).map_err(said);
                Ok(Suite::embedder(ModelSubject::new(registered, open)))
            }
        }
    }

    /// Returns the export of a file that is meant.
    fn export_of(&self, path: &Path) -> Result<(ExportKind, String), Failure> {
        let exports = inspect(path)?.exports;
        let mut wanted = exports
            .iter()
            .filter(|export| self.export.as_ref().is_none_or(|name| *name == export.name));
        if let (Some(Manifest { kind, name, .. }), None) = (wanted.next(), wanted.next()) {
            return Ok((*kind, name.clone()));
        }
        let names: Vec<_> = exports.iter().map(|export| export.name.as_str()).collect();
        let names = names.join(", ");
        Err(Failure::Input(format!(
            "choose one with --export; the file has: {names}"
        )))
    }
}

/// Returns the options of the stores that the suite makes.
fn template(session: &Session, entry: &Entry) -> Result<Value, Failure> {
    let fields = open::fields(entry);
    if session.config_file().is_none() {
        let has_path = fields.iter().any(|field| field.name == "path");
        let mut options = Options::new();
        if has_path {
            options.insert("path".into(), "{folder}/store".into());
        }
        return Ok(Value::Object(options));
    }
    let store = session.config()?.store()?;
    if store.backend.name != entry.name() {
        return Err(Failure::Input(format!(
            "the configuration chooses the backend `{}`, not `{}`",
            store.backend.name,
            entry.name()
        )));
    }
    let mut options = store.backend.options(&fields)?;
    let mut places = 0;
    for value in options.values_mut() {
        let Some(text) = value.as_str() else { continue };
        // A path was made absolute, but the folder that will stand here is absolute already.
        if let Some(at) = text.find("{folder}") {
            *value = Value::from(&text[at..]);
            places += 1;
        } else if text.contains("{unique}") {
            places += 1;
        }
    }
    if places == 0 && !options.is_empty() {
        return Err(Failure::Input(
            "every store that is made needs a place of its own: write {folder} or {unique} into an \
             option of the configuration, as in path = \"{folder}/store\""
                .to_owned(),
        ));
    }
    Ok(Value::Object(options))
}

/// Returns the options of an embedder: those of the first table that chooses it, if there is one.
fn embedder_options(session: &Session, entry: &Entry) -> Result<Options, Failure> {
    let config = session.config()?;
    for name in config.embedders() {
        let selection = config.embedder(name)?;
        if selection.name == entry.name() {
            return Ok(selection.options(&open::fields(entry))?);
        }
    }
    Ok(Options::new())
}

/// Returns what the backend itself said.
fn said(error: PluginError) -> Error {
    match error {
        PluginError::Opening { source, .. } => source,
        error => Error::new(ErrorKind::UNAVAILABLE, error.to_string()),
    }
}

fn absolute(path: &Path) -> Result<std::path::PathBuf, Failure> {
    std::path::absolute(path).map_err(|source| Failure::File {
        doing: "find",
        path: path.to_owned(),
        source,
    })
}

fn duration(text: &str) -> Result<Duration, String> {
    Duration::read(&Value::from(text))
}
