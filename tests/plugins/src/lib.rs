//! Compiles the plugins that the tests load: the probe as it is, and the probe with a contract that
//! was changed in a known way, as an older or newer release or a careless change would.
//!
//! Each variant is a workspace of its own below the target folder: copies of the contract and the
//! probe with some lines replaced. All share one folder of compiled dependencies.

#![forbid(unsafe_code)]

mod patch;
mod variant;

pub use variant::Variant;

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// Nothing here is measured: dependencies are compiled as quickly as can be.
const QUICKLY: &str = "profile.dev.package.\"*\".opt-level=0";

/// Returns the compiled plugin of this variant, a file that no test changes. Compiles it if its
/// sources have changed.
///
/// # Panics
/// If it cannot be compiled.
#[must_use]
pub fn plugin(variant: Variant) -> PathBuf {
    static COMPILED: Mutex<Vec<(Variant, PathBuf)>> = Mutex::new(Vec::new());
    let mut compiled = COMPILED
        .lock()
        .expect("no other test failed to compile a plugin");
    if let Some((_, path)) = compiled.iter().find(|(known, _)| *known == variant) {
        return path.clone();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = root
        .canonicalize()
        .expect("this crate lies in the workspace");
    let folder = fixtures_folder();
    // Test binaries run side by side, and all write to this folder.
    let lock = File::create(folder.join("lock")).expect("the target folder can be written");
    lock.lock().expect("the file system has locks");
    let sources = folder.join(variant.name());
    patch::write_workspace(&root, &sources, variant);
    let path = compile(&sources, &folder.join("target"), variant);
    compiled.push((variant, path.clone()));
    path
}

/// Returns a copy of the plugin of this variant in `folder`, to be changed by a test.
///
/// # Panics
/// If it cannot be compiled or copied.
#[must_use]
pub fn copy(variant: Variant, folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(format!("{DLL_PREFIX}{name}{DLL_SUFFIX}"));
    fs::copy(plugin(variant), &path).expect("a temporary folder can be written");
    path.canonicalize().expect("the copy is there")
}

/// Compiles a library that is no plugin, and returns its path in `folder`.
///
/// # Panics
/// If it cannot be compiled.
#[must_use]
pub fn library_that_is_no_plugin(folder: &Path) -> PathBuf {
    let source = folder.join("plain.rs");
    let library = folder.join(format!("{DLL_PREFIX}plain{DLL_SUFFIX}"));
    fs::write(
        &source,
        "#[unsafe(no_mangle)] pub extern \"C\" fn plain() {}",
    )
    .expect("writable");
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    run(rustc
        .args(["--edition=2024", "--crate-type=cdylib", "-o"])
        .arg(&library)
        .arg(source));
    library.canonicalize().expect("the compiler made it")
}

/// Returns a folder with the compiled memory backend and hash embedder of this workspace: the one
/// that `PROLLYTREE_TEST_PLUGINS` names, or else they are compiled now.
///
/// # Panics
/// If they cannot be compiled.
#[must_use]
pub fn engines() -> PathBuf {
    if let Some(folder) = std::env::var_os("PROLLYTREE_TEST_PLUGINS") {
        return PathBuf::from(folder);
    }
    // The dependencies are those of the probe.
    let target = fixtures_folder().join("target");
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["build", "--quiet", "--lib"]);
    cargo.args([
        "-p",
        "prollytree-backend-memory",
        "-p",
        "prollytree-embedder-hash",
    ]);
    cargo.args(["--config", QUICKLY]);
    run(cargo.arg("--target-dir").arg(&target));
    target.join("debug")
}

fn compile(sources: &Path, target: &Path, variant: Variant) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(sources)
        .args(["rustc", "--quiet", "--offline", "--lib"]);
    cargo
        .arg("-p")
        .arg(format!("prollytree-plugin-probe-{}", variant.name()));
    cargo.args(["--crate-type", "cdylib"]);
    cargo.arg("--target-dir").arg(target);
    cargo.args(["--config", QUICKLY]);
    for setting in variant.profile() {
        cargo.args(["--config", &setting]);
    }
    run(&mut cargo);
    let name = format!(
        "prollytree_plugin_probe_{}",
        variant.name().replace('-', "_")
    );
    let built = target
        .join("debug")
        .join(format!("{DLL_PREFIX}{name}{DLL_SUFFIX}"));
    let kept = sources.join(format!("{DLL_PREFIX}probe{DLL_SUFFIX}"));
    let bytes = fs::read(&built).expect("cargo made it");
    // A file that is loaded by another test is not written to.
    if fs::read(&kept).ok().as_ref() != Some(&bytes) {
        let new = kept.with_extension("new");
        fs::write(&new, bytes).expect("the target folder can be written");
        fs::rename(&new, &kept).expect("the target folder can be written");
    }
    kept
}

fn run(command: &mut Command) {
    let output = command.output().expect("the compiler can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed:\n{said}");
}

/// Returns the folder of this crate in the target folder of the running test.
fn fixtures_folder() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    // target/<profile>/deps/<test>
    let target = test
        .ancestors()
        .nth(3)
        .expect("cargo puts tests three levels below");
    let folder = target.join("plugin-fixtures");
    fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}
