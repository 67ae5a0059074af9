//! Loads a library that has been judged, and checks what its symbols point to.
//!
//! Loading runs code: the library's constructors and then the export's own set-up. Everything that
//! can be known without that has been looked at before.
#![expect(unsafe_code, reason = "the system's loader is told to run a file")]

use std::error::Error;
use std::ffi::c_void;
use std::io;
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use prollytree_plugin_api::abi;
use prollytree_plugin_api::abi::module::{Module, Refusal};
use prollytree_plugin_api::manifest::Manifest;

use super::PluginError;

/// What comes before the crate's name in the symbol of every export.
const SYMBOL_PREFIX: &str = "prollytree_plugin_";

/// The check of layouts recurses deeper than a small thread allows.
const STACK: usize = 8 << 20;

/// Loads the library at `path`, an absolute path, for one of its exports. The library stays loaded
/// until the process ends; loading it again finds it there.
pub(super) fn module(path: &Path, manifest: &Manifest) -> Result<Module, PluginError> {
    let name = format!("load {}", manifest.name);
    thread::scope(|scope| {
        let loader = thread::Builder::new().name(name).stack_size(STACK);
        match loader.spawn_scoped(scope, || on_this_thread(path, manifest)) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(source) => {
                let path = path.to_path_buf();
                Err(PluginError::NotLoadable {
                    path,
                    source,
                    remedy: "",
                })
            }
        }
    })
}

fn on_this_thread(path: &Path, manifest: &Manifest) -> Result<Module, PluginError> {
    let missing = || PluginError::MissingSymbol {
        path: path.to_path_buf(),
        symbol: manifest.symbol.clone(),
    };
    if !manifest.symbol.starts_with(SYMBOL_PREFIX) {
        return Err(missing());
    }
    let library = open(path).map_err(|source| not_loadable(path, &source))?;
    let symbol = symbol(&library, &manifest.symbol).ok_or_else(missing)?;
    // Instances, buffers and threads of the plugin may live as long as the process.
    std::mem::forget(library);
    // SAFETY: a library with a manifest section was made by the export macros, which put a header
    // under the symbol that the manifest names; who forges one could run any code here anyway, and
    // is kept out by the policy. The library was just made to stay.
    let module = unsafe { Module::at(symbol.cast(), manifest.api) };
    let module = module.map_err(|refusal| incompatible(path, manifest, refusal))?;
    match difference(manifest, &module.describe()) {
        None => Ok(module),
        Some(field) => Err(PluginError::ManifestDiffers {
            path: path.to_path_buf(),
            field,
        }),
    }
}

#[cfg(unix)]
type Library = libloading::os::unix::Library;
#[cfg(windows)]
type Library = libloading::os::windows::Library;

#[cfg(unix)]
fn open(path: &Path) -> Result<Library, libloading::Error> {
    use libloading::os::unix::{RTLD_LOCAL, RTLD_NOW};
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const RTLD_NODELETE: std::ffi::c_int = 0x1000;
    #[cfg(target_vendor = "apple")]
    const RTLD_NODELETE: std::ffi::c_int = 0x80;
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    const RTLD_NODELETE: std::ffi::c_int = 0;
    // SAFETY: this runs the library's constructors. The policy has allowed that.
    unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) }
}

#[cfg(windows)]
fn open(path: &Path) -> Result<Library, libloading::Error> {
    use libloading::os::windows::{LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR, LOAD_LIBRARY_SEARCH_SYSTEM32};
    let flags = LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32;
    // SAFETY: this runs the library's initialisation. The policy has allowed that.
    unsafe { Library::load_with_flags(path, flags) }
}

fn symbol(library: &Library, name: &str) -> Option<*const c_void> {
    // SAFETY: the symbol is taken as an address and read only after the header has been checked.
    let symbol = unsafe { library.get::<*const c_void>(name.as_bytes()) }.ok()?;
    Some(symbol.as_raw_ptr().cast_const())
}

/// Returns the first field in which the manifest in the file differs from what the code says.
fn difference(found: &Manifest, described: &str) -> Option<&'static str> {
    let Ok(compiled) = Manifest::parse(described) else {
        return Some("manifest");
    };
    let fields = [
        ("kind", found.kind == compiled.kind),
        ("name", found.name == compiled.name),
        ("version", found.version == compiled.version),
        ("about", found.about == compiled.about),
        ("options", found.options == compiled.options),
        ("abi", found.abi == compiled.abi),
        ("api", found.api == compiled.api),
        ("target", found.target == compiled.target),
        ("rustc", found.rustc == compiled.rustc),
        ("panic", found.panic == compiled.panic),
        ("symbol", found.symbol == compiled.symbol),
    ];
    fields
        .into_iter()
        .find(|(_, equal)| !equal)
        .map(|(field, _)| field)
}

fn incompatible(path: &Path, manifest: &Manifest, refusal: Refusal) -> PluginError {
    let reason = match refusal {
        Refusal::Header(reason) => format!("its header is of another kind: {reason}"),
        Refusal::Layout { reason, details } => {
            log::debug!(
                target: "prollytree::plugin",
                "layout of {}:\n{details}",
                path.display()
            );
            format!("a type that crosses the boundary has another layout ({reason})")
        }
        Refusal::Setup(reason) => format!("it failed while it was set up: {reason}"),
    };
    let (path, api) = (path.to_path_buf(), manifest.api);
    PluginError::Incompatible {
        path,
        api,
        expected: abi::API,
        reason,
    }
}

/// Keeps of the loader's error what the system said.
fn not_loadable(path: &Path, error: &libloading::Error) -> PluginError {
    let said = error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string);
    let remedy = if said.contains("GLIBC_") {
        "; it was built on a newer system: get a build for this one"
    } else if said.contains("undefined symbol") || said.contains("cannot open shared object") {
        "; it needs a library that is not here: install it, or get a build that includes it"
    } else {
        ""
    };
    PluginError::NotLoadable {
        path: path.to_path_buf(),
        source: io::Error::other(said),
        remedy,
    }
}
