//! What the export macros build: the header that a plugin's symbol points to, and behind it the
//! functions that open instances.

use abi_stable::library::{CheckTypeLayout, LibHeader, RootModuleResult};
use abi_stable::prefix_type::PrefixTypeTrait;
use abi_stable::std_types::{RResult, RStr, RString};

use super::failure::Outcome;
use super::guard::{caught, install_hook};
use super::served::{ServedEmbedder, ServedStorage};
use super::table::{
    AbiEmbedder_TO, AbiStorage_TO, EmbedderObject, LogSink, PluginModule, PluginModule_Ref,
    StorageObject,
};
use super::text;
use crate::log::{self, Level};
use crate::{Backend, EmbedderKind, Error};

/// One export of a plugin. Implemented by the export macros.
pub trait Export: 'static {
    /// The manifest's text, compiled into the code and not into the section, so that a section that
    /// was changed afterwards can be told.
    const DESCRIPTION: &'static str;
    /// What is exported.
    const EXPORTED: Exported;
}

/// What an export offers.
#[derive(Clone, Copy, Debug)]
pub enum Exported {
    /// A backend.
    Backend(Backend),
    /// An embedder.
    Embedder(EmbedderKind),
}

/// What the symbol of an export points to.
#[repr(transparent)]
pub struct Header(LibHeader);

impl std::fmt::Debug for Header {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Header")
    }
}

impl Header {
    /// Makes the header of an export.
    #[must_use]
    pub const fn of<E: Export>() -> Self {
        // SAFETY: `construct` returns a `PluginModule_Ref` and nothing else.
        Self(unsafe {
            LibHeader::from_constructor::<PluginModule_Ref>(construct::<E>, CheckTypeLayout::Yes)
        })
    }
}

/// Runs when a host opens this image as a plugin, and never where the crate is linked into it.
extern "C" fn construct<E: Export>() -> RootModuleResult {
    abi_stable::library::__call_root_module_loader(module::<E>)
}

fn module<E: Export>() -> PluginModule_Ref {
    install_hook();
    PluginModule {
        describe: describe::<E>,
        set_log,
        open_backend: open_backend::<E>,
        open_embedder: open_embedder::<E>,
    }
    .leak_into_prefix()
}

extern "C" fn describe<E: Export>(out: &mut RString) {
    *out = E::DESCRIPTION.into();
}

extern "C" fn set_log(level: u32, sink: LogSink) {
    let forward = move |Level(level): Level, target: &str, message: &str| {
        (sink.receive)(level, RStr::from_str(target), RStr::from_str(message));
    };
    log::set_sink(Level(level), Box::new(forward));
}

extern "C" fn open_backend<E: Export>(request: RStr<'_>) -> RResult<StorageObject, Outcome> {
    let opened = caught(|| match E::EXPORTED {
        Exported::Backend(backend) => (backend.open)(&text::open_in(request.as_str())?),
        Exported::Embedder(kind) => Err(offers_no("backend", kind.name)),
    });
    let serve = |storage| {
        AbiStorage_TO::from_value(
            ServedStorage::new(storage),
            abi_stable::erased_types::TD_Opaque,
        )
    };
    opened.map(serve).map_err(Outcome::from).into()
}

extern "C" fn open_embedder<E: Export>(options: RStr<'_>) -> RResult<EmbedderObject, Outcome> {
    let opened = caught(|| match E::EXPORTED {
        Exported::Embedder(kind) => (kind.open)(&text::options_in(options.as_str())?),
        Exported::Backend(backend) => Err(offers_no("embedder", backend.name)),
    });
    let serve = |embedder| {
        AbiEmbedder_TO::from_value(
            ServedEmbedder::new(embedder),
            abi_stable::erased_types::TD_Opaque,
        )
    };
    opened.map(serve).map_err(Outcome::from).into()
}

fn offers_no(kind: &str, name: &str) -> Error {
    Error::unsupported(kind).with("export", name)
}
