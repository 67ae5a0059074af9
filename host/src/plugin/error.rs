//! Why a plugin is not used: what was found, what was expected, and what to do about it.

use std::io;
use std::path::PathBuf;

use prollytree_plugin_api::Error as BackendError;
use prollytree_plugin_api::manifest::{ExportKind, ManifestError};

use super::{Origin, Policy};

/// What can go wrong between a name in a configuration and an opened backend.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// Nothing of this name was found.
    #[error(
        "there is no {kind} named `{name}`{}; known: {}",
        .suggestion.as_ref().map(|s| format!(" (did you mean `{s}`?)")).unwrap_or_default(),
        if .known.is_empty() { "none".to_owned() } else { .known.join(", ") }
    )]
    Unknown {
        /// What was asked for.
        kind: ExportKind,
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
        /// The one that is spelt most like it.
        suggestion: Option<String>,
    },

    /// Two of one kind have the same name.
    #[error(
        "{} offers {kind} `{name}`, and so does {used}, which is used; remove one of them",
        .ignored
    )]
    Duplicate {
        /// What both are.
        kind: ExportKind,
        /// The name of both.
        name: String,
        /// The one that was found first.
        used: Origin,
        /// The one that is passed over.
        ignored: Origin,
    },

    /// A path of the settings is relative.
    #[error("plugin path {} is relative; write it as an absolute path", .path.display())]
    RelativePath {
        /// The path.
        path: PathBuf,
    },

    /// There is no such file.
    #[error("there is no plugin at {}; correct the path, or install the plugin there", .path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },

    /// The file or folder cannot be read.
    #[error("cannot read plugin {}: {source}; check its permissions", .path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// The path names something else than a file.
    #[error("{} is {found}; a plugin is a file", .path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },

    /// The file is empty.
    #[error("plugin {} is an empty file; build or copy it again", .path.display())]
    Empty {
        /// The path.
        path: PathBuf,
    },

    /// The file is no library of any system.
    #[error(
        "{} is not a library: it begins with {found}; a plugin is a file that a linker made",
        .path.display()
    )]
    NotALibrary {
        /// The path.
        path: PathBuf,
        /// Its first bytes.
        found: String,
    },

    /// The file begins like a library but is damaged.
    #[error("plugin {} is damaged or incomplete: {source}; build or copy it again", .path.display())]
    Damaged {
        /// The path.
        path: PathBuf,
        /// What does not fit.
        source: object::Error,
    },

    /// The library is for another kind of machine or system.
    #[error(
        "plugin {} is built for {found}, and this program for {expected}; get the plugin for \
         {expected}",
        .path.display()
    )]
    ForeignTarget {
        /// The path.
        path: PathBuf,
        /// What the plugin is for.
        found: String,
        /// What this program is for.
        expected: String,
    },

    /// The library has no manifest.
    #[error(
        "{} is a library but no prollytree plugin: it has no section `{section}`; a plugin calls \
         export_backend! or export_embedder!",
        .path.display()
    )]
    NotAPlugin {
        /// The path.
        path: PathBuf,
        /// The section that was looked for.
        section: &'static str,
    },

    /// The manifest cannot be read.
    #[error(
        "the manifest of plugin {} cannot be used: {source}; rebuild the plugin, or update this \
         program if the plugin is newer",
        .path.display()
    )]
    BadManifest {
        /// The path.
        path: PathBuf,
        /// What is wrong.
        source: ManifestError,
    },

    /// The plugin is of another line of ABIs.
    #[error(
        "plugin {} speaks ABI {found}, and this program ABI {expected}; get a \
         build of the plugin for ABI {expected}",
        .path.display()
    )]
    OtherAbi {
        /// The path.
        path: PathBuf,
        /// The plugin's ABI.
        found: u32,
        /// This program's ABI.
        expected: u32,
    },

    /// The plugin's panics cannot be caught.
    #[error(
        "plugin {} is built with panic = \"{found}\", so that a bug in it would end this program; \
         rebuild it with panic = \"unwind\"",
        .path.display()
    )]
    PanicStrategy {
        /// The path.
        path: PathBuf,
        /// What a panic in the plugin does.
        found: String,
    },

    /// The policy does not allow the plugin.
    #[error(
        "plugin `{name}` at {} is not loaded: the policy is `{policy}`; to trust this file, {remedy}",
        .path.display()
    )]
    Refused {
        /// The name of the export.
        name: String,
        /// The path.
        path: PathBuf,
        /// The policy.
        policy: Policy,
        /// What the user would write.
        remedy: String,
    },

    /// The file is not the one that the user trusts.
    #[error(
        "plugin `{name}` at {} has the SHA-256 {found}, and {expected} is allowed; if you trust \
         the new file, allow its hash",
        .path.display()
    )]
    HashMismatch {
        /// The name of the export.
        name: String,
        /// The path.
        path: PathBuf,
        /// The hash of the file.
        found: String,
        /// The hash in the settings.
        expected: String,
    },

    /// The system cannot load the library.
    #[error("the system cannot load plugin {}: {source}{remedy}", .path.display())]
    NotLoadable {
        /// The path.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
        /// What may help, after a semicolon; or nothing.
        remedy: &'static str,
    },

    /// The export that the manifest names is not there.
    #[error(
        "the manifest of plugin {} names the symbol `{symbol}`, which the library does not have; \
         rebuild the plugin",
        .path.display()
    )]
    MissingSymbol {
        /// The path.
        path: PathBuf,
        /// The symbol.
        symbol: String,
    },

    /// The header, set-up or layout is not what this host understands.
    #[error(
        "plugin {} (API {api}) does not fit this program (API {expected}): {reason}; rebuild the \
         plugin with the prollytree-plugin-api of this program",
        .path.display()
    )]
    Incompatible {
        /// The path.
        path: PathBuf,
        /// The contract that the plugin was built with.
        api: u32,
        /// This program's contract.
        expected: u32,
        /// The first difference.
        reason: String,
    },

    /// The manifest in the file is not the one that was compiled.
    #[error(
        "the manifest of plugin {} was changed after it was built: its `{field}` differs from what \
         the code says; do not use this file",
        .path.display()
    )]
    ManifestDiffers {
        /// The path.
        path: PathBuf,
        /// The first field that differs.
        field: &'static str,
    },

    /// The backend or embedder itself reports an error.
    #[error("cannot open {kind} `{name}` ({origin}): {source}")]
    Opening {
        /// What was opened.
        kind: ExportKind,
        /// Its name.
        name: String,
        /// Where it comes from.
        origin: Origin,
        /// Its error.
        source: BackendError,
    },
}
