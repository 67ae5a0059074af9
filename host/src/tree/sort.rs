//! Puts edits in order that come in none, in memory or beyond it.
//!
//! What does not fit into memory is sorted run by run into one temporary file, from which the runs
//! are merged: each edit is written and read once, or once more for every few hundred runs.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::{mem, vec};

use super::key::{Key, common_prefix};
use super::node::head_of;
use super::staging::OVERHEAD;
use super::value::BlobRef;
use super::{Edit, TreeError};

/// Collects edits in any order and gives them back in the order of their keys; of several for one
/// key, the last counts.
#[derive(Debug)]
pub(super) struct Sorter {
    memory: usize,
    folder: PathBuf,
    pending: Vec<(Key, Edit)>,
    /// The memory that the pending edits take, roughly.
    bytes: usize,
    spilled: Option<Spilled>,
}

/// Sorted runs in a file, one behind the other.
#[derive(Debug)]
struct Spilled {
    file: BufWriter<File>,
    /// Where each run ends; the first begins at 0.
    ends: Vec<u64>,
}

/// Edits in order.
pub(super) struct Sorted {
    folder: PathBuf,
    runs: Vec<Run>,
    /// The next edit of each run that is not at its end.
    heads: BinaryHeap<Head>,
}

enum Run {
    Memory(vec::IntoIter<(Key, Edit)>),
    File(BufReader<Section>),
}

/// A part of a file that several runs share.
struct Section {
    file: Arc<Mutex<File>>,
    position: u64,
    end: u64,
}

/// An edit, and the run that it comes from. The greatest is the one with the smallest key, and of
/// several for that key the last.
struct Head {
    key: Key,
    edit: Edit,
    run: usize,
}

/// So many runs are merged into one, so that the buffers of all are bounded.
const MOST_RUNS: usize = 256;

/// How many edits are fetched into the processor's cache together.
const TOGETHER: usize = 64;

/// How much of the file is written, or read of one run, at a time.
const BUFFER: usize = 64 << 10;

impl Sorter {
    /// Makes a sorter that takes about `memory` bytes before it goes on in a file without a name in
    /// `folder`. When the runs are merged, each takes 64 KiB.
    pub(super) fn new(memory: usize, folder: PathBuf) -> Self {
        Self {
            memory,
            folder,
            pending: Vec::new(),
            bytes: 0,
            spilled: None,
        }
    }

    pub(super) fn push(&mut self, key: Key, edit: Edit) -> Result<(), TreeError> {
        self.bytes += OVERHEAD + key.len() + edit.held_bytes();
        self.pending.push((key, edit));
        if self.bytes > self.memory {
            let written = self.spill();
            written.map_err(|source| TreeError::sorting(&self.folder, source))?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Sorted, TreeError> {
        let last = Run::Memory(sorted(mem::take(&mut self.pending)).into_iter());
        let runs = match self.spilled.take() {
            None => Ok(vec![last]),
            Some(spilled) => spilled.into_runs().map(|mut runs| {
                runs.push(last);
                runs
            }),
        };
        let sorted = runs.and_then(|runs| Sorted::new(runs, self.folder.clone()));
        sorted.map_err(|source| TreeError::sorting(&self.folder, source))
    }

    /// Writes the pending edits as a run.
    fn spill(&mut self) -> io::Result<()> {
        let mut spilled = match self.spilled.take() {
            Some(spilled) => spilled,
            None => Spilled::new(&self.folder)?,
        };
        spilled.push_run(sorted(mem::take(&mut self.pending)).into_iter().map(Ok))?;
        self.bytes = 0;
        if spilled.ends.len() == MOST_RUNS {
            let mut runs = Sorted::new(spilled.into_runs()?, self.folder.clone())?;
            spilled = Spilled::new(&self.folder)?;
            spilled.push_run(std::iter::from_fn(|| runs.next_edit().transpose()))?;
        }
        self.spilled = Some(spilled);
        Ok(())
    }
}

impl Spilled {
    fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            file: BufWriter::with_capacity(BUFFER, tempfile::tempfile_in(folder)?),
            ends: Vec::new(),
        })
    }

    /// Writes edits, which are in order, as a run.
    fn push_run(&mut self, edits: impl Iterator<Item = io::Result<(Key, Edit)>>) -> io::Result<()> {
        let mut end = self.ends.last().copied().unwrap_or(0);
        for edit in edits {
            let (key, edit) = edit?;
            end += write_edit(&mut self.file, &key, &edit)?;
        }
        self.ends.push(end);
        Ok(())
    }

    fn into_runs(self) -> io::Result<Vec<Run>> {
        let file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        let file = Arc::new(Mutex::new(file));
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let sections = starts.zip(&self.ends).map(|(position, &end)| Section {
            file: Arc::clone(&file),
            position,
            end,
        });
        Ok(sections
            .map(|section| Run::File(BufReader::with_capacity(BUFFER, section)))
            .collect())
    }
}

impl Sorted {
    fn new(runs: Vec<Run>, folder: PathBuf) -> io::Result<Self> {
        let mut sorted = Self {
            folder,
            heads: BinaryHeap::with_capacity(runs.len()),
            runs,
        };
        if sorted.runs.len() > 1 {
            (0..sorted.runs.len()).try_for_each(|run| sorted.refill(run))?;
        }
        Ok(sorted)
    }

    fn refill(&mut self, run: usize) -> io::Result<()> {
        let next = self.runs[run].next()?;
        self.heads
            .extend(next.map(|(key, edit)| Head { key, edit, run }));
        Ok(())
    }

    fn next_edit(&mut self) -> io::Result<Option<(Key, Edit)>> {
        if let [only] = &mut self.runs[..] {
            return only.next();
        }
        let Some(first) = self.heads.pop() else {
            return Ok(None);
        };
        self.refill(first.run)?;
        while let Some(earlier) = self.heads.peek()
            && earlier.key == first.key
        {
            let run = earlier.run;
            self.heads.pop();
            self.refill(run)?;
        }
        Ok(Some((first.key, first.edit)))
    }
}

impl Iterator for Sorted {
    type Item = Result<(Key, Edit), TreeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let taken = self.next_edit();
        taken
            .map_err(|source| TreeError::sorting(&self.folder, source))
            .transpose()
    }
}

impl Run {
    fn next(&mut self) -> io::Result<Option<(Key, Edit)>> {
        match self {
            Self::Memory(edits) => {
                if edits.len().is_multiple_of(TOGETHER) {
                    touch(&edits.as_slice()[..edits.len().min(TOGETHER)]);
                }
                Ok(edits.next())
            }
            Self::File(file) => read_edit(file),
        }
    }
}

impl Read for Section {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
        let len = left.min(out.len());
        if len == 0 {
            return Ok(0);
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.position))?;
        let read = file.read(&mut out[..len])?;
        if read == 0 {
            let message = "the temporary file has become shorter";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
        }
        self.position += read as u64;
        Ok(read)
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        let keys = other.key.cmp(&self.key);
        keys.then_with(|| self.run.cmp(&other.run))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head {}

/// Sorts edits, and keeps the last of each key.
///
/// Compared are numbers that are made of the bytes behind what all keys begin with, and whole keys
/// only where these are equal: a comparison seldom has to fetch a key from elsewhere.
fn sorted(mut edits: Vec<(Key, Edit)>) -> Vec<(Key, Edit)> {
    let Some((first, rest)) = edits.split_first() else {
        return edits;
    };
    if rest
        .iter()
        .try_fold(&first.0, |before, (key, _)| (before < key).then_some(key))
        .is_some()
    {
        return edits;
    }
    let shared = rest.iter().fold(first.0.len(), |shared, (key, _)| {
        common_prefix(&first.0[..shared], key)
    });
    let mut order: Vec<(u64, usize)> = (edits.iter().enumerate())
        .map(|(index, (key, _))| (head_of(&key[shared..]), index))
        .collect();
    order.sort_unstable_by(|one, other| {
        let heads = one.0.cmp(&other.0);
        heads
            .then_with(|| edits[one.1].0.cmp(&edits[other.1].0))
            .then(one.1.cmp(&other.1))
    });
    let mut sorted: Vec<(Key, Edit)> = Vec::with_capacity(edits.len());
    let mut head_before = 0;
    for (head, index) in order {
        let edit = mem::replace(&mut edits[index], (Key::new(), Edit::Delete));
        match sorted.last_mut() {
            Some(last) if head == head_before && last.0 == edit.0 => *last = edit,
            _ => sorted.push(edit),
        }
        head_before = head;
    }
    sorted
}

/// Looks at each edit. What comes in another order than that in which it was allocated is likely not
/// to be in the processor's cache; looking at many at once waits for all of them together, and not
/// for one after the other.
fn touch(edits: &[(Key, Edit)]) {
    const LINE: usize = 64;
    let look = |bytes: &[u8]| bytes.iter().step_by(LINE).fold(0, |all, byte| all ^ byte);
    let seen = edits.iter().map(|(key, edit)| match edit {
        Edit::Put(value) => look(key) ^ look(value),
        _ => look(key),
    });
    std::hint::black_box(seen.fold(0, |all, byte| all ^ byte));
}

const DELETE: u8 = 0;
const PUT: u8 = 1;
const PUT_BLOB: u8 = 2;

/// Writes an edit, and returns the number of bytes.
fn write_edit(out: &mut impl Write, key: &[u8], edit: &Edit) -> io::Result<u64> {
    let blob;
    let (kind, content): (u8, &[u8]) = match edit {
        Edit::Delete => (DELETE, &[]),
        Edit::Put(value) => (PUT, value),
        Edit::PutBlob(of) => {
            blob = of.to_bytes();
            (PUT_BLOB, &blob)
        }
    };
    let (key_len, len) = (key.len() as u64, content.len() as u64);
    out.write_all(&key_len.to_le_bytes())?;
    out.write_all(&len.to_le_bytes())?;
    out.write_all(&[kind])?;
    out.write_all(key)?;
    out.write_all(content)?;
    Ok(17 + key_len + len)
}

/// Reads an edit; `None` at the end of the run, which is where the section ends.
fn read_edit(from: &mut BufReader<Section>) -> io::Result<Option<(Key, Edit)>> {
    if io::BufRead::fill_buf(from)?.is_empty() {
        return Ok(None);
    }
    let mut fixed = [0; 17];
    from.read_exact(&mut fixed)?;
    let word = |at: usize| {
        let mut word = [0; 8];
        word.copy_from_slice(&fixed[at..at + 8]);
        usize::try_from(u64::from_le_bytes(word)).unwrap_or(usize::MAX)
    };
    let mut bytes = |len: usize| -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(len.min(BUFFER));
        if from.by_ref().take(len as u64).read_to_end(&mut bytes)? < len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    };
    let (key, content) = (bytes(word(0))?, bytes(word(8))?);
    let edit = match (fixed[16], content.first_chunk()) {
        (DELETE, _) => Edit::Delete,
        (PUT, _) => Edit::Put(content),
        (PUT_BLOB, Some(blob)) => Edit::PutBlob(BlobRef::read(blob)),
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    Ok(Some((key, edit)))
}

impl TreeError {
    fn sorting(folder: &Path, source: io::Error) -> Self {
        Self::Sorting {
            folder: folder.to_owned(),
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Somebody makes the file shorter, so that it ends between two edits of a run.
    #[test]
    fn a_file_that_has_become_shorter_is_an_error_and_loses_nothing_silently() {
        let edit = |n: u8| (vec![n], Edit::Put(vec![n; 3]));
        for left in 0..=3 {
            let mut spilled = Spilled::new(&std::env::temp_dir()).unwrap();
            spilled.push_run((0..3).map(|n| Ok(edit(n)))).unwrap();
            let len = spilled.ends[0] / 3;
            let file = spilled.file.get_ref().try_clone().unwrap();
            let runs = spilled.into_runs().unwrap();
            file.set_len(len * left).unwrap();
            let read = Sorted::new(runs, PathBuf::new()).and_then(|mut sorted| {
                std::iter::from_fn(|| sorted.next_edit().transpose())
                    .collect::<io::Result<Vec<_>>>()
            });
            match read {
                Ok(edits) => assert!(left == 3 && edits == [edit(0), edit(1), edit(2)]),
                Err(error) => assert!(left < 3 && error.kind() == io::ErrorKind::UnexpectedEof),
            }
        }
    }
}
