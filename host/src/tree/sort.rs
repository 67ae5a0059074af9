//! Puts edits in order that come in none, in memory or beyond it.
//!
//! What does not fit into memory is sorted run by run into one temporary file, from which the runs
//! are merged: each edit is written and read once, or once more for every few hundred runs.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::in_order::InOrder;
use super::key::Key;
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
struct Sorted {
    runs: Vec<Run>,
    /// The next edit of each run that is not at its end.
    heads: BinaryHeap<Head>,
}

enum Run {
    /// Edits, and how many of them have been taken.
    Memory(InOrder, usize),
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

    /// Calls `visit` with each edit that counts.
    pub(super) fn finish(
        mut self,
        mut visit: impl FnMut(&[u8], &Edit) -> Result<(), TreeError>,
    ) -> Result<(), TreeError> {
        let last = InOrder::new(mem::take(&mut self.pending));
        let Some(spilled) = self.spilled.take() else {
            return last.iter().try_for_each(|(key, edit)| visit(key, edit));
        };
        let sorted = spilled.into_runs().and_then(|mut runs| {
            runs.push(Run::Memory(last, 0));
            Sorted::new(runs)
        });
        let failed = |source| TreeError::sorting(&self.folder, source);
        let mut sorted = sorted.map_err(failed)?;
        while let Some((key, edit)) = sorted.next_edit().map_err(failed)? {
            visit(&key, &edit)?;
        }
        Ok(())
    }

    /// Writes the pending edits as a run.
    fn spill(&mut self) -> io::Result<()> {
        let mut spilled = match self.spilled.take() {
            Some(spilled) => spilled,
            None => Spilled::new(&self.folder)?,
        };
        let pending = InOrder::new(mem::take(&mut self.pending));
        spilled.push_run(pending.iter().map(Ok))?;
        self.bytes = 0;
        if spilled.ends.len() == MOST_RUNS {
            let mut runs = Sorted::new(spilled.into_runs()?)?;
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
    fn push_run<K: Borrow<Key>, E: Borrow<Edit>>(
        &mut self,
        edits: impl Iterator<Item = io::Result<(K, E)>>,
    ) -> io::Result<()> {
        let mut end = self.ends.last().copied().unwrap_or(0);
        for edit in edits {
            let (key, edit) = edit?;
            end += write_edit(&mut self.file, key.borrow(), edit.borrow())?;
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
    fn new(runs: Vec<Run>) -> io::Result<Self> {
        let mut sorted = Self {
            heads: BinaryHeap::with_capacity(runs.len()),
            runs,
        };
        (0..sorted.runs.len()).try_for_each(|run| sorted.refill(run))?;
        Ok(sorted)
    }

    fn refill(&mut self, run: usize) -> io::Result<()> {
        let next = self.runs[run].next()?;
        self.heads
            .extend(next.map(|(key, edit)| Head { key, edit, run }));
        Ok(())
    }

    fn next_edit(&mut self) -> io::Result<Option<(Key, Edit)>> {
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

impl Run {
    fn next(&mut self) -> io::Result<Option<(Key, Edit)>> {
        match self {
            Self::Memory(edits, taken) => {
                let next = edits.take(*taken);
                *taken += usize::from(next.is_some());
                Ok(next)
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
            let read = Sorted::new(runs).and_then(|mut sorted| {
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
