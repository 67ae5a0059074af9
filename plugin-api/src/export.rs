//! The macros that make a plugin of a crate.

/// Makes a plugin of a crate that has a `const` of type [`Backend`](crate::Backend): call it once in
/// the crate, with the name of the constant.
///
/// Built as a `cdylib`, the crate can be loaded by a host; linked as an `rlib`, it is used by its
/// constant, and what the macro adds lies idle. A crate may export several constants, each by its
/// own call.
///
/// ```
/// use prollytree_plugin_api::{Backend, Error, export_backend};
///
/// pub const BACKEND: Backend = Backend {
///     name: "acme",
///     version: env!("CARGO_PKG_VERSION"),
///     about: "Keeps records in an acme box",
///     options: &[],
///     open: |_| Err(Error::unsupported("open")),
/// };
/// export_backend!(BACKEND);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_backend {
    ($backend:ident) => {
        $crate::__export!(
            $backend,
            $crate::__private::Exported::Backend($backend),
            $crate::__private::Offer::backend(&$backend)
        );
    };
}

/// Makes a plugin of a crate that has a `const` of type [`EmbedderKind`](crate::EmbedderKind). See
/// [`export_backend!`](crate::export_backend).
#[macro_export]
macro_rules! export_embedder {
    ($embedder:ident) => {
        $crate::__export!(
            $embedder,
            $crate::__private::Exported::Embedder($embedder),
            $crate::__private::Offer::embedder(&$embedder)
        );
    };
}

/// What both macros expand to: the manifest in its section, and the header under a symbol that
/// no other crate uses, so that several of them can be linked into one binary.
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($name:ident, $exported:expr, $offer:expr) => {
        const _: () = {
            const BUILD: $crate::__private::Build = $crate::__private::Build {
                panic: if cfg!(panic = "abort") {
                    "abort"
                } else {
                    "unwind"
                },
                symbol: $crate::__symbol!($name),
                ..$crate::__private::Build::THIS
            };
            const LENGTH: usize = $crate::__private::length(&$offer, &BUILD);
            const MANIFEST: [u8; LENGTH] = $crate::__private::array(&$offer, &BUILD);

            struct Export;

            impl $crate::__private::Export for Export {
                const DESCRIPTION: &'static str = match ::core::str::from_utf8(&MANIFEST) {
                    Ok(text) => text,
                    Err(_) => panic!("a manifest is made of text"),
                };
                const EXPORTED: $crate::__private::Exported = $exported;
            }

            #[used]
            #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__prolly"))]
            #[cfg_attr(windows, unsafe(link_section = ".prolly"))]
            #[cfg_attr(
                not(any(target_vendor = "apple", windows)),
                unsafe(link_section = ".prolly.plugin")
            )]
            static SECTION: [u8; LENGTH] = MANIFEST;

            #[unsafe(export_name = $crate::__symbol!($name))]
            static HEADER: $crate::__private::Header = $crate::__private::Header::of::<Export>();
        };
    };
}

/// The symbol of an export: no two constants of one crate have the same name, and no two crates in
/// one binary.
#[doc(hidden)]
#[macro_export]
macro_rules! __symbol {
    ($name:ident) => {
        concat!(
            "prollytree_plugin_",
            env!("CARGO_CRATE_NAME"),
            "_",
            stringify!($name)
        )
    };
}
