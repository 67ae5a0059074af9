//! A plugin's file: everything that is known of it before it is loaded.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use prollytree_plugin_api::Hash;
use prollytree_plugin_api::abi;
use prollytree_plugin_api::manifest::Manifest;
use sha2::{Digest, Sha256};

use super::PluginError;
use super::binary::{self, BinaryFacts};

/// What can be told of a plugin without running it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The real path of the file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
    /// Its target and what it needs from the system.
    pub binary: BinaryFacts,
    /// What it exports.
    pub exports: Vec<Manifest>,
}

/// Looks at the plugin at `path` without running any of it. Costs a read of the whole file.
///
/// # Errors
/// Why the file is no plugin that this program could load. Policy and hash are not judged.
pub fn inspect(path: &Path) -> Result<Inspection, PluginError> {
    let path = fs::canonicalize(path).map_err(|source| unreadable(path, source))?;
    let (binary, exports) = read(&path)?;
    let size = fs::metadata(&path)
        .map_err(|source| unreadable(&path, source))?
        .len();
    let sha256 = sha256(&path)?;
    Ok(Inspection {
        path,
        size,
        sha256,
        binary,
        exports,
    })
}

/// Reads the manifests of the library at `path`, and refuses those that this program cannot load.
pub(super) fn read(path: &Path) -> Result<(BinaryFacts, Vec<Manifest>), PluginError> {
    let (file, size) = open(path)?;
    if size == 0 {
        return Err(PluginError::Empty {
            path: path.to_path_buf(),
        });
    }
    let (facts, manifests) = binary::read(path, file)?;
    for manifest in &manifests {
        judge(path, manifest)?;
    }
    Ok((facts, manifests))
}

/// Returns the SHA-256 of the file in hexadecimal digits.
pub(super) fn sha256(path: &Path) -> Result<String, PluginError> {
    let (mut file, _) = open(path)?;
    let mut hasher = Sha256::new();
    let mut part = vec![0; 64 << 10];
    loop {
        match file.read(&mut part) {
            Ok(0) => break,
            Ok(len) => hasher.update(&part[..len]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(unreadable(path, source)),
        }
    }
    Ok(Hash::new(hasher.finalize().into()).to_string())
}

fn open(path: &Path) -> Result<(File, u64), PluginError> {
    let metadata = fs::metadata(path).map_err(|source| unreadable(path, source))?;
    if !metadata.is_file() {
        let found = if metadata.is_dir() {
            "a folder"
        } else {
            "a device or socket"
        };
        return Err(PluginError::NotAFile {
            path: path.to_path_buf(),
            found,
        });
    }
    let file = File::open(path).map_err(|source| unreadable(path, source))?;
    Ok((file, metadata.len()))
}

fn judge(path: &Path, manifest: &Manifest) -> Result<(), PluginError> {
    let path = path.to_path_buf();
    let host = abi::host();
    if manifest.abi != host.abi {
        let found = manifest.abi;
        return Err(PluginError::OtherAbi {
            path,
            found,
            expected: host.abi,
        });
    }
    if manifest.target != host.target {
        let (found, expected) = (manifest.target.clone(), host.target.to_owned());
        return Err(PluginError::ForeignTarget {
            path,
            found,
            expected,
        });
    }
    if manifest.panic != "unwind" {
        return Err(PluginError::PanicStrategy {
            path,
            found: manifest.panic.clone(),
        });
    }
    Ok(())
}

fn unreadable(path: &Path, source: io::Error) -> PluginError {
    let path = path.to_path_buf();
    match source.kind() {
        io::ErrorKind::NotFound => PluginError::Missing { path },
        _ => PluginError::Unreadable { path, source },
    }
}
