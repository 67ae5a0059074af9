//! Keeps a path inside a folder.

use std::io;
use std::path::{Component, Path, PathBuf};

/// Returns where `path`, taken from `folder`, leads after every symbolic link, if that is inside
/// `folder`; otherwise `None`. What does not exist yet is fine; a link that leads nowhere is not.
///
/// The answer holds at the time of asking: whoever may write inside the folder can change it.
pub(super) fn inside(folder: &Path, path: &Path) -> io::Result<Option<PathBuf>> {
    let root = folder.canonicalize()?;
    let mut resolved = root.clone();
    for component in path.components() {
        match component {
            Component::CurDir => continue,
            // `resolved` has no links left in it, so this is the parent that the system would take.
            Component::ParentDir => drop(resolved.pop()),
            // An absolute path replaces what was there.
            _ => resolved.push(component),
        }
        let there = match resolved.symlink_metadata() {
            Ok(_) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        if there {
            resolved = match resolved.canonicalize() {
                Ok(resolved) => resolved,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            };
        }
    }
    Ok(resolved.starts_with(&root).then_some(resolved))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_what_ends_inside_is_inside() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().canonicalize().unwrap().join("project");
        std::fs::create_dir_all(folder.join("data")).unwrap();
        std::fs::write(outer.path().join("secret"), "x").unwrap();
        symlink("..", folder.join("up")).unwrap();
        symlink("data", folder.join("same")).unwrap();
        symlink("../nowhere", folder.join("dangling")).unwrap();

        let check = |path: &str| inside(&folder, Path::new(path)).unwrap();
        assert_eq!(check("data/new.redb"), Some(folder.join("data/new.redb")));
        assert_eq!(check("./a/../b"), Some(folder.join("b")));
        assert_eq!(check("same/x"), Some(folder.join("data/x")));
        assert_eq!(check("up/project/x"), Some(folder.join("x")));
        assert_eq!(
            check(folder.join("data").to_str().unwrap()),
            Some(folder.join("data"))
        );
        for outside in [
            "..",
            "../secret",
            "up/secret",
            "dangling",
            "dangling/x",
            "/etc/passwd",
        ] {
            assert_eq!(check(outside), None, "{outside}");
        }
        assert_eq!(check("data/../../project2"), None);
        assert_eq!(check("missing/../../secret"), None);
    }
}
