//! A record of what one thread changes on disk, with processes that are killed and syncs that fail.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

/// One thing that was done, or said by the test. Files are named by their inode, which another
/// file may have later.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A file was opened under this name, and made if there was none.
    Opened(PathBuf, u64),
    MakeFolder(PathBuf),
    Write(u64, u64, Vec<u8>),
    SetLen(u64, u64),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    Sync(u64),
    SyncFolder(PathBuf),
    /// The sync was an error, and what it was about may be lost.
    FailedSync(u64),
    /// From here on this instance is at work; later ones have greater numbers.
    Turn(usize),
    /// Said by the test.
    Said(Said),
}

/// What the test tells itself; numbers are those of states of the store.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    /// This state may be there from now on.
    Begun(usize),
    /// This state or a later one is there from now on.
    Durable(usize),
    /// A copy of this state is being made in the folder.
    Copying(PathBuf, usize),
    /// It is whole.
    Copied,
}

/// When a process is killed.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum Life {
    #[default]
    Endless,
    /// At the step after so many.
    Steps(usize),
    /// At the step after a file has got this name.
    Naming(&'static str),
}

#[derive(Default)]
struct Recorder {
    steps: Vec<Step>,
    life: Life,
    /// So many syncs of files succeed before one fails.
    good_syncs: Option<usize>,
    turn: usize,
    newest: usize,
    failures: Vec<Failure>,
}

/// A sync that failed. The system says so once to each instance that had the file open, and not to
/// those that are newer.
struct Failure {
    inode: u64,
    newest: usize,
    told: BTreeSet<usize>,
}

thread_local! {
    static RECORDER: RefCell<Option<Recorder>> = const { RefCell::new(None) };
}

/// What unwinds through a process that is killed.
struct Killed;

pub(crate) fn begin() {
    RECORDER.set(Some(Recorder::default()));
}

pub(crate) fn end() -> Vec<Step> {
    RECORDER.take().expect("was recording").steps
}

pub(crate) fn say(said: Said) {
    note(Step::Said(said));
}

/// Adds something to the record that can neither fail nor be the end.
pub(crate) fn note(step: Step) {
    with(|recorder| {
        if let Step::Turn(turn) = step {
            recorder.turn = turn;
            recorder.newest = recorder.newest.max(turn);
        }
        recorder.steps.push(step);
    });
}

/// Lets a sync of a file fail, after so many that succeed.
pub(crate) fn fail_sync_after(good: usize) {
    with(|recorder| recorder.good_syncs = Some(good));
}

/// Lets no sync fail that has not failed yet.
pub(crate) fn no_more_failures() {
    with(|recorder| recorder.good_syncs = None);
}

/// Does work as a process that may be killed; `None` if it was.
pub(crate) fn live<T>(life: Life, work: impl FnOnce() -> T) -> Option<T> {
    with(|recorder| recorder.life = life);
    let done = catch_unwind(AssertUnwindSafe(work));
    with(|recorder| recorder.life = Life::Endless);
    match done {
        Ok(done) => Some(done),
        Err(panic) if panic.is::<Killed>() => None,
        Err(panic) => resume_unwind(panic),
    }
}

pub(crate) fn inode(file: &File) -> io::Result<u64> {
    file.metadata().map(|metadata| metadata.ino())
}

pub(super) fn opened(path: &Path, file: &File) -> io::Result<()> {
    note(Step::Opened(path.to_owned(), inode(file)?));
    Ok(())
}

/// Records a step that is about to happen.
pub(super) fn step(step: Step) -> io::Result<()> {
    if ends() {
        resume_unwind(Box::new(Killed));
    }
    let Step::Sync(inode) = step else {
        note(step);
        return Ok(());
    };
    let failed = fails(inode);
    note(if failed {
        Step::FailedSync(inode)
    } else {
        step
    });
    // An error of another's is told by a sync that does its own work.
    if failed || is_told(inode) {
        return Err(io::Error::other("the disk failed to sync"));
    }
    Ok(())
}

/// As [`step`]; whoever is killed has written a part.
pub(super) fn writing(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    let inode = inode(file)?;
    if ends() {
        let part = &bytes[..bytes.len() / 2];
        note(Step::Write(inode, offset, part.to_vec()));
        file.write_all_at(part, offset)?;
        resume_unwind(Box::new(Killed));
    }
    note(Step::Write(inode, offset, bytes.to_vec()));
    Ok(())
}

fn ends() -> bool {
    let mut ends = false;
    with(|recorder| {
        ends = match &mut recorder.life {
            Life::Endless => false,
            Life::Steps(0) => true,
            Life::Steps(left) => {
                *left -= 1;
                false
            }
            Life::Naming(name) => {
                matches!(recorder.steps.last(), Some(Step::Rename(_, to)) if to.ends_with(name))
            }
        };
    });
    ends
}

fn fails(inode: u64) -> bool {
    let mut fails = false;
    with(|recorder| {
        fails = recorder.good_syncs == Some(0);
        recorder.good_syncs = recorder.good_syncs.and_then(|good| good.checked_sub(1));
        if fails {
            recorder.failures.push(Failure {
                inode,
                newest: recorder.newest,
                told: BTreeSet::from([recorder.turn]),
            });
        }
    });
    fails
}

fn is_told(inode: u64) -> bool {
    let mut told = false;
    with(|recorder| {
        let turn = recorder.turn;
        for failure in &mut recorder.failures {
            let concerned = failure.inode == inode && turn <= failure.newest;
            told |= concerned && failure.told.insert(turn);
        }
    });
    told
}

fn with(change: impl FnOnce(&mut Recorder)) {
    RECORDER.with_borrow_mut(|recorder| recorder.as_mut().map(change));
}
