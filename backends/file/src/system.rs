//! What this backend asks the system to change on disk, one function for each kind of step.
//!
//! Everything that changes a file, a name or what is durable goes through here, so that a test can
//! record it, let it fail, or let the process end there.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

#[cfg(test)]
#[cfg(unix)]
pub(crate) mod recorder;

/// Makes a file that is not there yet, open for reading and writing.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    let file = options.read(true).write(true).create_new(true).open(path)?;
    #[cfg(all(test, unix))]
    recorder::opened(path, &file)?;
    Ok(file)
}

/// Opens a file for reading and writing, and makes it if it is not there.
pub(crate) fn open_or_create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    let file = options.open(path)?;
    #[cfg(all(test, unix))]
    recorder::opened(path, &file)?;
    Ok(file)
}

/// Makes a folder in one that is there.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    #[cfg(all(test, unix))]
    recorder::step(recorder::Step::MakeFolder(path.to_owned()))?;
    fs::create_dir(path)
}

/// Writes at an offset.
#[cfg(unix)]
pub(crate) fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    #[cfg(test)]
    recorder::writing(file, bytes, offset)?;
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

/// Writes at an offset.
#[cfg(windows)]
pub(crate) fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let count = std::os::windows::fs::FileExt::seek_write(file, bytes, offset)?;
        bytes = &bytes[count..];
        offset += count as u64;
    }
    Ok(())
}

/// Gives a file another length.
pub(crate) fn set_len(file: &File, len: u64) -> io::Result<()> {
    #[cfg(all(test, unix))]
    recorder::step(recorder::Step::SetLen(recorder::inode(file)?, len))?;
    file.set_len(len)
}

/// Gives a file another name, which may be that of another file.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(all(test, unix))]
    recorder::step(recorder::Step::Rename(from.to_owned(), to.to_owned()))?;
    fs::rename(from, to)
}

/// Removes the name of a file.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    #[cfg(all(test, unix))]
    recorder::step(recorder::Step::Remove(path.to_owned()))?;
    fs::remove_file(path)
}

/// Forces a file to disk with all that is known about it.
pub(crate) fn sync_all(file: &File) -> io::Result<()> {
    #[cfg(all(test, unix))]
    recorder::step(recorder::Step::Sync(recorder::inode(file)?))?;
    file.sync_all()
}

/// Forces the content of a file to disk.
pub(crate) fn sync_data(file: &File) -> io::Result<()> {
    #[cfg(all(test, unix))]
    recorder::step(recorder::Step::Sync(recorder::inode(file)?))?;
    file.sync_data()
}

/// Forces the names in a folder to disk, so that files which were made in it are found after power
/// loss.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = File::open(path)?;
    #[cfg(test)]
    recorder::step(recorder::Step::SyncFolder(path.to_owned()))?;
    folder.sync_all()
}

/// Windows keeps names in order by itself and offers no way to ask for it.
#[cfg(windows)]
pub(crate) fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// A file that is written from its beginning on.
pub(crate) struct Writing<'a> {
    file: &'a File,
    offset: u64,
}

impl<'a> Writing<'a> {
    pub(crate) fn new(file: &'a File) -> Self {
        Self { file, offset: 0 }
    }
}

impl Write for Writing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write_all_at(self.file, bytes, self.offset)?;
        self.offset += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
