//! What a host sees of one export of a loaded plugin: how it is checked, described and opened.

use std::sync::Arc;

use abi_stable::StableAbi;
use abi_stable::abi_stability::abi_checking::check_layout_compatibility;
use abi_stable::library::AbiHeaderRef;
use abi_stable::std_types::{RStr, RString};

use super::table::{LogSink, PluginModule_Ref};
use super::{API, foreign, text};
use crate::log::{self, Level};
use crate::{Embedder, Error, NodeStorage, OpenStorage, Options, Result};

/// One export of a plugin in memory, checked. Has no state: opening twice gives two instances.
#[derive(Clone, Copy)]
pub struct Module(PluginModule_Ref);

/// Why what a symbol points to is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The header is not the one of this line of ABIs.
    Header(String),
    /// The types that cross differ from this host's.
    Layout {
        /// The first difference, in one line.
        reason: String,
        /// All of them; several hundred lines.
        details: String,
    },
    /// The plugin failed while it was being set up.
    Setup(String),
}

impl std::fmt::Debug for Module {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Module")
    }
}

impl Module {
    /// Checks what a plugin's symbol points to. `api` is the contract that the plugin was
    /// built with: of the two, the older one must be a prefix of the newer one.
    ///
    /// The check recurses and needs up to 256 KiB of stack in debug builds.
    ///
    /// # Errors
    /// Why the export cannot be used.
    ///
    /// # Safety
    /// `symbol` points to the [`Header`](super::export::Header) of an export, or of what was one
    /// in an older or newer version of this crate, in an image that is never unloaded.
    pub unsafe fn at(symbol: *const (), api: u32) -> Result<Self, Refusal> {
        // SAFETY: the caller vouches for the symbol; the reference is to the static that it names.
        let header = unsafe { std::mem::transmute::<*const (), AbiHeaderRef>(symbol) };
        let header = header
            .upgrade()
            .map_err(|error| Refusal::Header(error.to_string()))?;
        let host = <PluginModule_Ref as StableAbi>::LAYOUT;
        let plugin = header.layout().ok_or_else(|| {
            Refusal::Header("the header says nothing about the layout of its types".to_owned())
        })?;
        let compatible = if api < API {
            check_layout_compatibility(plugin, host)
        } else {
            check_layout_compatibility(host, plugin)
        };
        compatible.map_err(|errors| layout_refusal(&errors.to_string()))?;
        // SAFETY: the layouts agree as far as the older of the two goes, and what comes after is
        // looked at only where the prefix says that it is there.
        let module = unsafe { header.unchecked_layout::<PluginModule_Ref>() };
        module
            .map(Self)
            .map_err(|error| Refusal::Setup(error.to_string()))
    }

    /// Returns the manifest that was compiled into the code.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = RString::new();
        self.0.describe()(&mut text);
        text.into()
    }

    /// Sends the messages of the plugin where those of this image go, down to the level that is set
    /// here at this time.
    pub fn forward_log(&self) {
        self.0.set_log()(log::level().0, LogSink { receive: forward });
    }

    /// Opens a store.
    ///
    /// # Errors
    /// Those of the backend, and `UNSUPPORTED` if this exports none.
    pub fn open_backend(&self, open: &OpenStorage) -> Result<Arc<dyn NodeStorage>> {
        let request = text::open_out(open);
        match self.0.open_backend()(RStr::from_str(&request)).into_result() {
            Ok(object) => foreign::storage(object),
            Err(outcome) => Err(unopened(outcome.into_result())),
        }
    }

    /// Loads an embedder.
    ///
    /// # Errors
    /// Those of the embedder, and `UNSUPPORTED` if this exports none.
    pub fn open_embedder(&self, options: &Options) -> Result<Arc<dyn Embedder>> {
        let Some(open) = self.0.open_embedder() else {
            return Err(Error::unsupported("embedder"));
        };
        let options = text::options_out(options);
        match open(RStr::from_str(&options)).into_result() {
            Ok(object) => foreign::embedder(object),
            Err(outcome) => Err(unopened(outcome.into_result())),
        }
    }
}

fn layout_refusal(details: &str) -> Refusal {
    let reason = details
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("Error:"));
    let reason = reason.map_or("the layouts differ", |line| line["Error:".len()..].trim());
    Refusal::Layout {
        reason: reason.to_owned(),
        details: details.to_owned(),
    }
}

extern "C" fn forward(level: u32, target: RStr<'_>, message: RStr<'_>) {
    // A logger that panics must not unwind into the other image.
    let forwarded = std::panic::catch_unwind(|| {
        log::log(Level(level), target.as_str(), format_args!("{message}"));
    });
    if let Err(payload) = forwarded {
        std::mem::forget(payload);
    }
}

fn unopened(result: Result<()>) -> Error {
    result.err().unwrap_or_else(|| {
        Error::new(
            crate::ErrorKind::INTERNAL,
            "the plugin opened nothing and gave no reason",
        )
    })
}
