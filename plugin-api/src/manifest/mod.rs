//! What a compiled plugin says about itself without being run.
//!
//! A manifest is one line of JSON for each export, in a section of the plugin's file that a host
//! reads before it lets the system load anything. It is written while the plugin is compiled.

pub(crate) mod write;

mod read;

#[cfg(test)]
mod tests;

use crate::{Backend, EmbedderKind, OptionField, abi};

/// The name of the section in an ELF file.
pub const ELF_SECTION: &str = ".prolly.plugin";
/// The name of the section in the `__DATA` segment of a Mach-O file.
pub const MACHO_SECTION: &str = "__prolly";
/// The name of the section in a PE file.
pub const PE_SECTION: &str = ".prolly";

/// The version of the manifest's own form.
pub const VERSION: u32 = 1;

/// One export of a plugin, described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// What is exported.
    pub kind: ExportKind,
    /// The name under which it is opened.
    pub name: String,
    /// The version of the plugin.
    pub version: String,
    /// One sentence for people.
    pub about: String,
    /// The options.
    pub options: Vec<OptionEntry>,
    /// The line of ABIs; hosts load their own line only.
    pub abi: u32,
    /// The contract that the plugin was built with: how often it had been added to on its line.
    pub api: u32,
    /// The target triple.
    pub target: String,
    /// The compiler.
    pub rustc: String,
    /// What a panic does: `unwind` or `abort`.
    pub panic: String,
    /// The symbol of the export.
    pub symbol: String,
}

/// What an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExportKind {
    /// A storage engine.
    Backend,
    /// An embedder.
    Embedder,
}

/// One option, described: [`OptionField`] in owned form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionEntry {
    /// The option's name.
    pub name: String,
    /// The name of its type: see [`OptionValue::TYPE`](crate::OptionValue::TYPE).
    pub value_type: String,
    /// The default as a user would write it.
    pub default: Option<String>,
    /// Whether the option may be left out.
    pub optional: bool,
    /// What it does.
    pub doc: String,
}

/// A text that is no manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestError(String);

/// What an export offers, before it is written.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    kind: ExportKind,
    name: &'static str,
    version: &'static str,
    about: &'static str,
    options: &'static [OptionField],
}

/// How a plugin was built, before it is written.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Build {
    pub abi: u32,
    pub api: u32,
    pub target: &'static str,
    pub rustc: &'static str,
    pub panic: &'static str,
    pub symbol: &'static str,
}

impl Build {
    /// How this crate was built.
    pub const THIS: Self = Self {
        abi: abi::MAJOR,
        api: abi::API,
        target: env!("PROLLYTREE_TARGET"),
        rustc: env!("PROLLYTREE_RUSTC"),
        panic: if cfg!(panic = "abort") {
            "abort"
        } else {
            "unwind"
        },
        symbol: "",
    };
}

impl Offer {
    /// What a backend offers.
    ///
    /// # Panics
    /// In a constant, hence while compiling: if the name is not one that a config file can use.
    #[must_use]
    pub const fn backend(backend: &Backend) -> Self {
        let Backend {
            name,
            version,
            about,
            options,
            ..
        } = *backend;
        Self {
            kind: ExportKind::Backend,
            name,
            version,
            about,
            options,
        }
        .checked()
    }

    /// What an embedder offers.
    ///
    /// # Panics
    /// As [`backend`](Self::backend).
    #[must_use]
    pub const fn embedder(embedder: &EmbedderKind) -> Self {
        let EmbedderKind {
            name,
            version,
            about,
            options,
            ..
        } = *embedder;
        Self {
            kind: ExportKind::Embedder,
            name,
            version,
            about,
            options,
        }
        .checked()
    }

    const fn checked(self) -> Self {
        assert!(
            is_name(self.name),
            "the name of an export is made of lower-case letters, digits and dashes, and begins \
             with a letter"
        );
        self
    }
}

impl Manifest {
    /// Describes a backend that is linked into this binary.
    #[must_use]
    pub fn of_backend(backend: &Backend) -> Self {
        Self::of(&Offer::backend(backend))
    }

    /// Describes an embedder that is linked into this binary.
    #[must_use]
    pub fn of_embedder(embedder: &EmbedderKind) -> Self {
        Self::of(&Offer::embedder(embedder))
    }

    fn of(offer: &Offer) -> Self {
        let mut text = vec![0; write::length(offer, &Build::THIS)];
        write::fill(&mut text, offer, &Build::THIS);
        let text = std::str::from_utf8(&text).expect("the writer copies whole texts");
        Self::parse(text).expect("what the writer writes can be read")
    }
}

impl ExportKind {
    /// Returns `backend` or `embedder`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Backend => "backend",
            Self::Embedder => "embedder",
        }
    }
}

impl std::fmt::Display for ExportKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Says whether `name` can name an export: lower-case letters, digits and dashes after a letter.
#[must_use]
pub const fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes.len() > 64 || !bytes[0].is_ascii_lowercase() {
        return false;
    }
    let mut at = 0;
    while at < bytes.len() {
        if !matches!(bytes[at], b'a'..=b'z' | b'0'..=b'9' | b'-') {
            return false;
        }
        at += 1;
    }
    true
}
