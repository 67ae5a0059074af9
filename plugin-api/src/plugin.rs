//! What a crate offers to the host: backends and embedders that can be opened by name.

use std::sync::Arc;

use crate::{Embedder, NodeStorage, OptionField, OptionSet, Options, Result};

/// A kind of storage engine: what is known before a store is opened, and how to open one.
///
/// One value of this type serves both ways in: a host that links the crate registers it, and
/// [`export_backend!`](crate::export_backend) makes a plugin of it.
#[derive(Clone, Copy, Debug)]
pub struct Backend {
    /// The name in config files and URIs: lower-case letters, digits and dashes.
    pub name: &'static str,
    /// The version of the crate.
    pub version: &'static str,
    /// One sentence for people.
    pub about: &'static str,
    /// The options.
    pub options: &'static [OptionField],
    /// Opens a store.
    pub open: fn(&OpenStorage) -> Result<Arc<dyn NodeStorage>>,
}

/// A kind of embedder: what is known before it is loaded, and how to load it.
#[derive(Clone, Copy, Debug)]
pub struct EmbedderKind {
    /// The name in config files: lower-case letters, digits and dashes.
    pub name: &'static str,
    /// The version of the crate.
    pub version: &'static str,
    /// One sentence for people.
    pub about: &'static str,
    /// The options.
    pub options: &'static [OptionField],
    /// Loads the model.
    pub open: fn(&Options) -> Result<Arc<dyn Embedder>>,
}

/// How a store is to be opened.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OpenStorage {
    /// The options as given.
    pub options: Options,
    /// Whether a store that is not there is made.
    pub create: Create,
    /// Whether the instance refuses to write. Opening read-only changes nothing on disk.
    pub read_only: bool,
}

/// What to do about a store that is, or is not, there. The numbers are part of the ABI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Create(pub u32);

impl Create {
    /// The store must be there; opening one that is not is an `UNAVAILABLE` error that says where
    /// it was looked for.
    pub const NEVER: Self = Self(0);
    /// The store is made if it is not there.
    pub const IF_ABSENT: Self = Self(1);
}

impl OpenStorage {
    /// Opens an existing store with these options.
    #[must_use]
    pub fn existing(options: Options) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    /// Opens a store with these options, and makes it if it is not there.
    #[must_use]
    pub fn or_create(options: Options) -> Self {
        Self {
            options,
            create: Create::IF_ABSENT,
            ..Self::default()
        }
    }

    /// Opens for reading only.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Reads the options into the struct that declares them.
    ///
    /// # Errors
    /// `INVALID_CONFIG` naming the option that is unknown, missing or of the wrong type.
    pub fn parse<T: OptionSet>(&self) -> Result<T> {
        T::parse(&self.options)
    }

    /// Says whether a store that is not there may be made.
    #[must_use]
    pub fn may_create(&self) -> bool {
        self.create == Create::IF_ABSENT && !self.read_only
    }
}
