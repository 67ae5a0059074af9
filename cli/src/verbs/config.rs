//! `config`: what is configured, where it comes from, and whether it is right.

use std::io::{self, Write};

use prollytree::config::{Config as Loaded, ConfigError, Origin, Setting, SettingValue};
use prollytree::open;
use prollytree::plugin::{Entry, Registry};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::{FormatArgs, REMOVED, Table, out, paint, printable, write_json};
use crate::session::Session;

/// Check or show the configuration
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly config check
  git-prolly config show
  git-prolly --config other.toml config show --format json")]
pub(crate) struct Config {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Say what is wrong, without opening anything; exits with 2 if something is
    #[command(after_help = "Examples:\n  git-prolly config check")]
    Check(Check),
    /// Show every value and where it comes from; secrets are not shown
    #[command(after_help = "Examples:\n  git-prolly config show --format json")]
    Show(Show),
}

#[derive(Debug, clap::Args)]
struct Check {
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Debug, clap::Args)]
struct Show {
    #[command(flatten)]
    format: FormatArgs,
}

impl Config {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        match self.action {
            Action::Check(check) => check.run(session),
            Action::Show(show) => show.run(session),
        }
    }
}

impl Check {
    fn run(&self, session: &Session) -> Result<(), Failure> {
        let config = session.config()?;
        let registry = Session::registry(&config);
        let mut problems = Vec::new();
        match config.store() {
            Ok(store) => match registry.backend(&store.backend.name) {
                Err(problem) => problems.push(problem.to_string()),
                Ok(entry) => {
                    let options = store.backend.options(&open::fields(entry));
                    problems.extend(options.err().map(|problem| problem.to_string()));
                }
            },
            // One may configure plugins and embedders alone.
            Err(ConfigError::NoStore { .. }) => {}
            Err(problem) => problems.push(problem.to_string()),
        }
        for name in config.embedders() {
            problems.extend(check_embedder(&config, &registry, name));
        }
        problems.extend(config.user().err().map(|problem| problem.to_string()));
        problems.extend(registry.problems().iter().map(ToString::to_string));
        self.answer(&config, &problems)
    }

    fn answer(&self, config: &Loaded, problems: &[String]) -> Result<(), Failure> {
        let mut out = out();
        if self.format.is_json() {
            let files = config.files().map(
                |(path, scope)| json!({"path": path.display().to_string(), "scope": scope.name()}),
            );
            let answer = json!({"files": files.collect::<Value>(), "problems": problems});
            write_json(&mut out, &answer)?;
        } else {
            for (path, scope) in config.files() {
                writeln!(out, "read {} ({})", path.display(), scope.name())?;
            }
            for problem in problems {
                writeln!(out, "{} {}", paint(REMOVED, "problem:"), printable(problem))?;
            }
        }
        match problems.len() {
            0 if self.format.is_json() => {}
            0 => writeln!(out, "nothing is wrong")?,
            count => {
                out.flush()?;
                return Err(Failure::Input(format!(
                    "{count} problems in the configuration"
                )));
            }
        }
        Ok(out.flush()?)
    }
}

fn check_embedder(config: &Loaded, registry: &Registry, name: &str) -> Option<String> {
    let selection = match config.embedder(name) {
        Ok(selection) => selection,
        Err(problem) => return Some(problem.to_string()),
    };
    match registry.embedder(&selection.name) {
        Err(problem) => Some(problem.to_string()),
        Ok(entry) => selection
            .options(&open::fields(entry))
            .err()
            .map(|problem| problem.to_string()),
    }
}

impl Show {
    fn run(&self, session: &Session) -> Result<(), Failure> {
        let config = session.config()?;
        let registry = Session::registry(&config);
        let mut rows: Vec<(&Setting, bool)> =
            config.settings().map(|setting| (setting, true)).collect();
        rows.extend(config.overridden().iter().map(|setting| (setting, false)));
        rows.sort_by(|a, b| (&a.0.key, b.1).cmp(&(&b.0.key, a.1)));
        let mut out = out();
        if self.format.is_json() {
            let rows = rows.iter().map(|(setting, in_force)| {
                json!({
                    "key": setting.key,
                    "value": shown(setting, &config, &registry),
                    "source": setting.origin.to_string(),
                    "scope": scope(&setting.origin),
                    "in_force": in_force,
                })
            });
            write_json(&mut out, &rows.collect::<Value>())?;
        } else {
            write_rows(&mut out, &rows, &config, &registry)?;
        }
        Ok(out.flush()?)
    }
}

fn write_rows(
    out: &mut impl Write,
    rows: &[(&Setting, bool)],
    config: &Loaded,
    registry: &Registry,
) -> io::Result<()> {
    let mut table = Table::new(["key", "value", "source"]);
    for (setting, in_force) in rows {
        let value = shown(setting, config, registry).unwrap_or_else(|| "(hidden)".to_owned());
        let overridden = if *in_force { "" } else { " (overridden)" };
        let source = format!("{}{overridden}", setting.origin);
        table.row([setting.key.clone(), printable(&value), printable(&source)]);
    }
    table.write(out)
}

fn scope(origin: &Origin) -> &'static str {
    match origin {
        Origin::File { scope, .. } => scope.name(),
        Origin::Variable(_) => "environment",
        Origin::Argument(_) => "argument",
    }
}

/// Returns a value as text, unless it is an option that may be a secret.
fn shown(setting: &Setting, config: &Loaded, registry: &Registry) -> Option<String> {
    let known = |entry: &Entry| {
        let options = &entry.manifest().options;
        options
            .iter()
            .any(|option| option.name == setting.name() && option.value_type != "secret")
    };
    let name = |key: &str| {
        config
            .setting(key)
            .and_then(Setting::text)
            .unwrap_or_default()
    };
    let may_show = match setting.key.split('.').collect::<Vec<_>>().as_slice() {
        _ if !setting.is_option() => true,
        // A reference is no secret; what it refers to may be.
        _ if !matches!(setting.value, SettingValue::Plain(_)) => true,
        ["embedder", table, ..] => registry
            .embedder(name(&format!("embedder.{table}.name")))
            .is_ok_and(known),
        _ => registry.backend(name("store.backend")).is_ok_and(known),
    };
    may_show.then(|| setting.value.to_string())
}
