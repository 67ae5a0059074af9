//! Who holds a file that is locked.
//!
//! The kernel is asked, so there is no file that could be stale. Only Linux answers; elsewhere, and
//! for processes that this one may not see, the holder stays "another process".

use std::path::Path;

/// Names the holder of the lock on the file at `path`, for a message.
pub(crate) fn describe(path: &Path) -> String {
    match owner(path) {
        None => "another process".to_owned(),
        Some(pid) => {
            let program = program(pid);
            if pid == std::process::id() {
                format!("this process ({program}, pid {pid})")
            } else {
                format!("{program} (pid {pid})")
            }
        }
    }
}

/// Finds the process in `/proc/locks`, whose lines read `1: FLOCK ADVISORY WRITE 42 fe:00:123 0 EOF`:
/// the process and, as the last part of the sixth word, the inode. redb holds an `flock` beside
/// locks of an open file, which have no process.
#[cfg(target_os = "linux")]
fn owner(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;

    // An answer that cannot be had leaves the holder unnamed; the lock itself is beyond doubt.
    let (Ok(metadata), Ok(locks)) = (
        std::fs::metadata(path),
        std::fs::read_to_string("/proc/locks"),
    ) else {
        return None;
    };
    let inode = metadata.ino();
    locks.lines().find_map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let [_, "FLOCK", _, _, pid, file, ..] = words[..] else {
            return None;
        };
        let (_, locked) = file.rsplit_once(':')?;
        match (locked.parse::<u64>(), pid.parse()) {
            (Ok(locked), Ok(pid)) if locked == inode => Some(pid),
            _ => None,
        }
    })
}

#[cfg(not(target_os = "linux"))]
fn owner(_path: &Path) -> Option<u32> {
    None
}

fn program(pid: u32) -> String {
    match std::fs::read_to_string(format!("/proc/{pid}/comm")) {
        Ok(name) => name.trim_end().to_owned(),
        Err(_) => "unknown program".to_owned(),
    }
}
