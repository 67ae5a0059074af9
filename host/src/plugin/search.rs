//! Lists the libraries in the places where plugins may be. Opens none of them.

use std::collections::HashSet;
use std::env::consts::DLL_EXTENSION;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{PluginError, PluginSettings};

/// The libraries in the places of `settings`, in the order of the places and in each folder in the
/// order of their names; every file once, by its real path. A folder that is not there is empty.
pub(super) fn libraries(settings: &PluginSettings) -> Vec<Result<PathBuf, PluginError>> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for place in settings.places() {
        for library in at(place, settings) {
            match library {
                Ok(path) if !seen.insert(path.clone()) => {}
                library => found.push(library),
            }
        }
    }
    found
}

fn at(place: &Path, settings: &PluginSettings) -> Vec<Result<PathBuf, PluginError>> {
    let path = place.to_path_buf();
    if !place.is_absolute() {
        return vec![Err(PluginError::RelativePath { path })];
    }
    match fs::canonicalize(place) {
        Ok(real) if real.is_dir() => in_folder(&real),
        Ok(real) => vec![Ok(real)],
        // Nobody promised that one of the usual folders is there.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if settings.usual.iter().any(|folder| folder == place) {
                Vec::new()
            } else {
                vec![Err(PluginError::Missing { path })]
            }
        }
        Err(source) => vec![Err(PluginError::Unreadable { path, source })],
    }
}

fn in_folder(folder: &Path) -> Vec<Result<PathBuf, PluginError>> {
    let unreadable = |source| PluginError::Unreadable {
        path: folder.to_path_buf(),
        source,
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return vec![Err(unreadable(error))],
    };
    let mut paths = Vec::new();
    let mut found = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => paths.push(entry.path()),
            Err(error) => found.push(Err(unreadable(error))),
        }
    }
    paths.sort();
    let libraries = paths.into_iter().filter(|path| {
        path.extension()
            .is_some_and(|extension| extension == DLL_EXTENSION)
    });
    found.extend(libraries.map(|path| {
        fs::canonicalize(&path).map_err(|source| PluginError::Unreadable { path, source })
    }));
    found
}
