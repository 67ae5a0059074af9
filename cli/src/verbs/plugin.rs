//! `plugin`: what can be opened, and what it promises.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use prollytree::plugin::{Entry, Manifest, OptionEntry, Origin, inspect};
use serde_json::{Value, json};

use super::conformance::Conformance;
use crate::failure::Failure;
use crate::output::{FormatArgs, HEADING, Table, note, out, paint, printable, write_json};
use crate::session::Session;

/// List, describe and test backends and embedders
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly plugin list
  git-prolly plugin info redb
  git-prolly plugin info ./libacme.so
  git-prolly plugin conformance ./libacme.so")]
pub(crate) struct Plugin {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    List(List),
    Info(Info),
    Conformance(Conformance),
}

/// List what is linked in and what plugins offer; runs no code of a plugin
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  git-prolly plugin list --format json")]
struct List {
    #[command(flatten)]
    format: FormatArgs,
}

/// Describe a backend, an embedder or a plugin's file; runs no code of a plugin
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly plugin info redb
  git-prolly plugin info ./libacme.so --format json")]
struct Info {
    /// A name, or the path of a file
    #[arg(value_name = "NAME|FILE")]
    what: String,

    #[command(flatten)]
    format: FormatArgs,
}

impl Plugin {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        match self.action {
            Action::List(list) => list.run(session)?,
            Action::Info(info) => info.run(session)?,
            Action::Conformance(conformance) => return conformance.run(session),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Says whether an argument names a file and not a backend or embedder.
pub(super) fn is_file(what: &str) -> bool {
    let path = Path::new(what);
    path.components().count() > 1
        || path.extension() == Some(OsStr::new(std::env::consts::DLL_EXTENSION))
}

impl List {
    fn run(&self, session: &Session) -> Result<(), Failure> {
        let registry = Session::registry(&session.config()?);
        let mut out = out();
        if self.format.is_json() {
            let plugins = registry.list().map(|entry| {
                let refused = entry.judge().err().map(|problem| problem.to_string());
                json!({
                    "kind": entry.kind().to_string(),
                    "name": entry.name(),
                    "version": entry.manifest().version,
                    "about": entry.manifest().about,
                    "file": file_of(entry),
                    "refused": refused,
                })
            });
            let problems = registry.problems().iter().map(ToString::to_string);
            let answer = json!({
                "plugins": plugins.collect::<Value>(),
                "problems": problems.collect::<Value>(),
            });
            write_json(&mut out, &answer)?;
            return Ok(out.flush()?);
        }
        let mut table = Table::new(["kind", "name", "version", "from", "about"]);
        let mut remarks: Vec<String> = Vec::new();
        for entry in registry.list() {
            let manifest = entry.manifest();
            let refused = entry.judge().err();
            let from = match file_of(entry) {
                None => "linked in".to_owned(),
                Some(path) if refused.is_some() => format!("{path} (not allowed)"),
                Some(path) => path,
            };
            remarks.extend(refused.map(|problem| problem.to_string()));
            table.row([
                entry.kind().to_string(),
                entry.name().to_owned(),
                printable(&manifest.version),
                printable(&from),
                printable(&manifest.about),
            ]);
        }
        table.write(&mut out)?;
        out.flush()?;
        remarks.extend(registry.problems().iter().map(ToString::to_string));
        for remark in remarks {
            note(&format!("note: {}", printable(&remark)))?;
        }
        Ok(())
    }
}

impl Info {
    fn run(&self, session: &Session) -> Result<(), Failure> {
        if is_file(&self.what) {
            return self.describe_file(&session.path(Path::new(&self.what)));
        }
        let registry = Session::registry(&session.config()?);
        let entry = match (registry.backend(&self.what), registry.embedder(&self.what)) {
            (Ok(entry), _) | (Err(_), Ok(entry)) => entry,
            (Err(problem), Err(_)) => return Err(problem.into()),
        };
        let (file, sha256) = (file_of(entry), entry.sha256()?);
        let mut out = out();
        if self.format.is_json() {
            let mut answer = json_manifest(entry.manifest());
            answer["file"] = Value::from(file);
            answer["sha256"] = Value::from(sha256);
            write_json(&mut out, &answer)?;
        } else {
            write_manifest(&mut out, entry.manifest())?;
            if let (Some(file), Some(sha256)) = (file, sha256) {
                writeln!(out, "\nfile    {}\nsha256  {sha256}", printable(&file))?;
            }
        }
        Ok(out.flush()?)
    }

    fn describe_file(&self, path: &Path) -> Result<(), Failure> {
        let found = inspect(path)?;
        let mut out = out();
        if self.format.is_json() {
            let answer = json!({
                "file": found.path.display().to_string(),
                "size": found.size,
                "sha256": found.sha256,
                "format": found.binary.format,
                "architecture": found.binary.architecture,
                "needed": found.binary.needed,
                "glibc": found.binary.glibc,
                "exports": found.exports.iter().map(json_manifest).collect::<Value>(),
            });
            write_json(&mut out, &answer)?;
            return Ok(out.flush()?);
        }
        for manifest in &found.exports {
            write_manifest(&mut out, manifest)?;
            writeln!(out)?;
        }
        writeln!(
            out,
            "file    {}",
            printable(&found.path.display().to_string())
        )?;
        writeln!(out, "size    {} bytes", found.size)?;
        writeln!(out, "sha256  {}", found.sha256)?;
        let (format, architecture) = (found.binary.format, &found.binary.architecture);
        writeln!(out, "format  {format}, {}", printable(architecture))?;
        if let Some(glibc) = &found.binary.glibc {
            writeln!(out, "glibc   {} or later", printable(glibc))?;
        }
        writeln!(
            out,
            "needs   {}",
            printable(&found.binary.needed.join(", "))
        )?;
        Ok(out.flush()?)
    }
}

fn file_of(entry: &Entry) -> Option<String> {
    match entry.origin() {
        Origin::Builtin => None,
        Origin::File(path) => Some(path.display().to_string()),
    }
}

fn json_manifest(manifest: &Manifest) -> Value {
    let options = manifest.options.iter().map(|option| {
        json!({
            "name": option.name,
            "type": option.value_type,
            "default": option.default,
            "optional": option.optional,
            "about": about(option),
        })
    });
    json!({
        "kind": manifest.kind.to_string(),
        "name": manifest.name,
        "version": manifest.version,
        "about": manifest.about,
        "options": options.collect::<Value>(),
        "abi": manifest.abi,
        "api": manifest.api,
        "target": manifest.target,
        "rustc": manifest.rustc,
        "panic": manifest.panic,
    })
}

fn write_manifest(out: &mut impl Write, manifest: &Manifest) -> io::Result<()> {
    let Manifest {
        kind,
        name,
        version,
        ..
    } = manifest;
    writeln!(
        out,
        "{}",
        paint(
            HEADING,
            format_args!("{kind} {name} {}", printable(version))
        )
    )?;
    writeln!(out, "{}", printable(&manifest.about))?;
    if manifest.options.is_empty() {
        return writeln!(out, "\nIt has no options.");
    }
    writeln!(out)?;
    let mut table = Table::new(["option", "type", "default", "about"]);
    for option in &manifest.options {
        let default = match &option.default {
            Some(default) => printable(default),
            None if option.optional => "(none)".to_owned(),
            None => "(must be given)".to_owned(),
        };
        table.row([
            printable(&option.name),
            printable(&option.value_type),
            default,
            printable(&about(option)),
        ]);
    }
    table.write(out)
}

/// Returns the documentation of an option on one line.
fn about(option: &OptionEntry) -> String {
    option.doc.split_whitespace().collect::<Vec<_>>().join(" ")
}
