//! The package index of the Debian machine that the tests run on: a large, real table whose rows
//! change from suite to suite.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where `apt-get update` leaves its lists.
const LISTS: &str = "/var/lib/apt/lists";

/// Package names and their stanzas.
pub type Index = BTreeMap<Vec<u8>, Vec<u8>>;

/// Reads the index of a suite, such as `bookworm` or `bookworm-security`, of whichever release the
/// machine has: `suite` is matched as the end of the suite's name, empty for the release itself.
///
/// # Errors
/// One sentence that says what is missing and what brings it.
pub fn index(suite: Suite) -> Result<Index, String> {
    let files = index_files(suite)?;
    let mut index = Index::new();
    for file in &files {
        let text = decompressed(file)?;
        index.extend(stanzas(&text));
    }
    Ok(index)
}

/// Which of a release's package lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// The release as published.
    Release,
    /// Security updates since.
    Security,
}

impl Suite {
    fn holds(self, file_name: &str) -> bool {
        let is_index = file_name.contains("_main_binary-") && file_name.contains("_Packages");
        let is_debian = file_name.contains("debian");
        let is_security = file_name.contains("-security");
        let is_updates = file_name.contains("-updates_") || file_name.contains("-backports_");
        is_index && is_debian && !is_updates && is_security == (self == Self::Security)
    }
}

fn index_files(suite: Suite) -> Result<Vec<PathBuf>, String> {
    let missing = || {
        format!("no package index for {suite:?} in {LISTS}: run `apt-get update` as root on Debian")
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(LISTS)
        .map_err(|_| missing())?
        .filter_map(Result::ok)
        .filter(|entry| suite.holds(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect();
    files.sort();
    if files.is_empty() {
        Err(missing())
    } else {
        Ok(files)
    }
}

/// Lists may be kept compressed in several ways; apt's own helper reads them all.
fn decompressed(file: &Path) -> Result<Vec<u8>, String> {
    let failed = |why: String| format!("cannot read {}: {why}", file.display());
    let output = Command::new("/usr/lib/apt/apt-helper")
        .arg("cat-file")
        .arg(file)
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}

fn stanzas(text: &[u8]) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    text.split(|&byte| byte == b'\n')
        .fold(vec![Vec::new()], |mut stanzas: Vec<Vec<u8>>, line| {
            match (line.is_empty(), stanzas.last_mut()) {
                (false, Some(stanza)) => {
                    stanza.extend_from_slice(line);
                    stanza.push(b'\n');
                }
                _ => stanzas.push(Vec::new()),
            }
            stanzas
        })
        .into_iter()
        .filter_map(|stanza| {
            let name = stanza.strip_prefix(b"Package: ")?;
            let end = name.iter().position(|&byte| byte == b'\n')?;
            Some((name[..end].to_vec(), stanza))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stanzas_are_cut_at_empty_lines() {
        let text = b"Package: a\nVersion: 1\n\nPackage: b\nVersion: 2\n\n\n";
        let found: Index = stanzas(text).collect();
        assert_eq!(found.len(), 2);
        assert_eq!(found[&b"a"[..]], b"Package: a\nVersion: 1\n");
    }
}
