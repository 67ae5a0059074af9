//! Files that are written as a whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::failure::Failure;

/// A writer into a file.
pub(crate) type FileOut<'a> = BufWriter<&'a mut File>;

/// How many links may lead from one to another.
const MOST_LINKS: usize = 40;

/// Writes a file: beside it first, then in its place, so that it is never half of one, and durably.
/// It keeps the permissions of the one that was there. What is no file, such as a device or a pipe,
/// is written into; of a link, what it leads to is written, whether or not that is there yet.
pub(crate) fn write_file(
    path: &Path,
    write: impl FnOnce(&mut FileOut<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let failed = |source| Failure::File {
        doing: "write",
        path: path.to_owned(),
        source,
    };
    let target = behind_links(path).map_err(failed)?;
    let present = match fs::metadata(&target) {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(failed(error)),
    };
    if present.as_ref().is_some_and(|present| !present.is_file()) {
        let file = OpenOptions::new().write(true).open(&target);
        return fill(&mut file.map_err(failed)?, write, failed);
    }
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut partial =
        partial_in(folder, present.map(|present| present.permissions())).map_err(failed)?;
    let written = fill(partial.as_file_mut(), write, failed)
        .and_then(|()| partial.as_file().sync_all().map_err(failed));
    if let Err(failure) = written {
        partial.close().map_err(|error| {
            failed(io::Error::new(
                error.kind(),
                format!("{failure}; and then: {error}"),
            ))
        })?;
        return Err(failure);
    }
    partial
        .persist(&target)
        .map_err(|error| failed(error.error))?;
    sync_folder(folder).map_err(failed)
}

/// Makes names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere, folders cannot be opened, and renaming is durable by itself.
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Follows links to where they lead, also if nothing is there.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => {
                let next = fs::read_link(&path)?;
                path = path.parent().unwrap_or(Path::new("")).join(next);
            }
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(path),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("too many links lead from one to another"))
}

/// Makes a file of a name that nobody uses, with the permissions of the one that it will replace.
fn partial_in(folder: &Path, kept: Option<fs::Permissions>) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".git-prolly-").suffix(".partial");
    #[cfg(unix)]
    if kept.is_none() {
        use std::os::unix::fs::PermissionsExt;
        // What any new file gets; the system takes away what the user's mask says.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let partial = builder.tempfile_in(folder)?;
    if let Some(permissions) = kept {
        partial.as_file().set_permissions(permissions)?;
    }
    Ok(partial)
}

fn fill(
    file: &mut File,
    write: impl FnOnce(&mut FileOut<'_>) -> Result<(), Failure>,
    failed: impl Fn(io::Error) -> Failure,
) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(1 << 16, file);
    let written = write(&mut out).and_then(|()| Ok(out.flush()?));
    if written.is_err() {
        // What is left in the buffer would be tried again when it is dropped.
        drop(out.into_parts());
    }
    written.map_err(|failure| match failure {
        Failure::Output(error) => failed(error),
        failure => failure,
    })
}
