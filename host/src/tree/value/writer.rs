//! Writing a value as its bytes come.

use std::io::{self, Write};
use std::mem;

use super::blob::MAX_WHOLE;
use super::cut::MAX_PIECE;
use super::split::Split;
use crate::storage::Storage;
use crate::tree::output::Output;
use crate::tree::{Edit, TreeError};

/// Takes the bytes of a value of any length, and stores its pieces as they are cut. At most a few
/// megabytes are in memory.
///
/// What has been stored belongs to nothing until the edit that [`finish`](Self::finish) returns is
/// applied to a tree in the same storage.
#[derive(Debug)]
pub struct ValueWriter<'a> {
    output: Output<'a>,
    /// What has come and is not in a piece.
    pending: Vec<u8>,
    progress: Progress,
}

#[derive(Debug)]
enum Progress {
    /// The value may still fit into one record.
    Whole,
    /// It does not.
    Split(Split),
    /// A piece could not be stored.
    Lost,
}

impl<'a> ValueWriter<'a> {
    /// Begins a value.
    #[must_use]
    pub fn new(storage: &'a Storage) -> Self {
        Self {
            output: Output::store(storage),
            pending: Vec::new(),
            progress: Progress::Whole,
        }
    }

    /// Takes the next bytes of the value.
    ///
    /// # Errors
    /// If pieces cannot be stored. The value is then lost; begin it again.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), TreeError> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(MAX_WHOLE));
            self.pending.extend_from_slice(now);
            bytes = later;
            self.take_pieces()?;
        }
        Ok(())
    }

    /// Ends the value, and returns the edit that puts it.
    ///
    /// # Errors
    /// If pieces cannot be stored, or could not earlier.
    pub fn finish(mut self) -> Result<Edit, TreeError> {
        let split = match self.progress {
            Progress::Whole => return Ok(Edit::Put(self.pending)),
            Progress::Split(split) => split,
            Progress::Lost => return Err(TreeError::Lost { what: "value" }),
        };
        let blob = split.finish(&self.pending, &mut self.output)?;
        self.output.finish()?;
        Ok(Edit::PutBlob(blob))
    }

    /// Stores the pieces that can be cut off, if the value is too long for one record.
    fn take_pieces(&mut self) -> Result<(), TreeError> {
        let mut split = match mem::replace(&mut self.progress, Progress::Lost) {
            Progress::Whole if self.pending.len() <= MAX_WHOLE => {
                self.progress = Progress::Whole;
                return Ok(());
            }
            Progress::Whole => Split::default(),
            Progress::Split(split) => split,
            Progress::Lost => return Err(TreeError::Lost { what: "value" }),
        };
        let rest = split.take_pieces(&self.pending, MAX_PIECE, &mut self.output)?;
        let done = self.pending.len() - rest.len();
        self.pending.drain(..done);
        self.progress = Progress::Split(split);
        Ok(())
    }
}

impl Write for ValueWriter<'_> {
    /// Takes all of `bytes`. An error is a [`TreeError`] inside.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(bytes).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
