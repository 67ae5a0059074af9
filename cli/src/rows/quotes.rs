//! Whether a CSV file ends inside quotes, which the reader of CSV takes for the end of a cell.

use std::io::{self, Read};

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Passes a file on and follows its quotes by the rules of the `csv` crate: a quote opens only at the
/// start of a cell, and two of them inside quotes stand for one.
pub(super) struct Quotes<R> {
    input: R,
    delimiter: u8,
    /// How many bytes of a byte order mark, which is no part of the first cell, have come.
    mark: Option<usize>,
    at: At,
    /// The line of the next byte, and that on which its row began; from 1.
    line: u64,
    row: u64,
    ended: bool,
}

/// Where in a cell the next byte is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Plain,
    Inside,
    /// Behind a quote that closes, unless another one follows.
    Behind,
}

impl<R> Quotes<R> {
    pub(super) fn new(input: R, delimiter: u8) -> Self {
        Self {
            input,
            delimiter,
            mark: Some(0),
            at: At::Start,
            line: 1,
            row: 1,
            ended: false,
        }
    }

    /// Returns the line on which the last row began, if all has been read and a quote is still open.
    pub(super) fn open_row(&self) -> Option<u64> {
        (self.ended && self.at == At::Inside).then_some(self.row)
    }

    fn follow(&mut self, byte: u8) {
        if let Some(seen) = self.mark.take()
            && BOM.get(seen) == Some(&byte)
        {
            self.mark = Some(seen + 1);
            return;
        }
        self.at = match (self.at, byte) {
            (At::Inside, b'"') => At::Behind,
            (At::Inside, _) | (At::Start | At::Behind, b'"') => At::Inside,
            (_, b'\n' | b'\r') => At::Start,
            (_, byte) if byte == self.delimiter => At::Start,
            _ => At::Plain,
        };
        if byte == b'\n' {
            self.line += 1;
            if self.at != At::Inside {
                self.row = self.line;
            }
        }
    }
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.ended = count == 0 && !buffer.is_empty();
        for byte in &buffer[..count] {
            self.follow(*byte);
        }
        Ok(count)
    }
}
