//! The journal: a file of frames to which everything is appended.
//!
//! Reading it tells three things apart: where the frames end, a torn tail that was never
//! acknowledged, and damage to what was durable once, which is an error.

use std::fs::File;
use std::io;

use prollytree_pack::ReadAt;
use prollytree_plugin_api::{Error, ErrorKind, Result};

use crate::disk::{Folder, corrupt, failed, warn};
use crate::frame::{Entry, FIXED, Fixed, Place};
use crate::manifest::{Fields, Manifest, VERSION, journal_name, unknown};
use crate::note::Note;
use crate::system::{set_len, write_all_at};

/// The length of the part before the first frame.
pub(crate) const HEADER: usize = 44;
const FILE_MAGIC: &[u8; 8] = b"PROLJRNL";
/// How much is read at once.
pub(crate) const WINDOW: u64 = 256 << 10;
/// How often a reader looks again at a frame that somebody may just be writing.
const ATTEMPTS: usize = 3;

/// An opened journal.
pub(crate) struct Journal {
    pub(crate) number: u64,
    pub(crate) file: File,
    note: Option<Note>,
}

/// A frame that was read.
pub(crate) struct Frame {
    pub(crate) offset: u64,
    /// Where the bodies begin.
    pub(crate) bodies: u64,
    pub(crate) end: u64,
    pub(crate) synced: u64,
    pub(crate) entries: Vec<Entry>,
}

/// What was read from a journal.
pub(crate) struct Scan {
    pub(crate) frames: Vec<Frame>,
    /// Up to where the journal is known to be durable.
    pub(crate) synced: u64,
    /// Whether the journal has been sealed; the frame that says so is not among `frames`.
    pub(crate) sealed: bool,
}

/// The bytes of the part before the first frame.
pub(crate) fn header(store: [u8; 16], number: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER);
    out.extend_from_slice(FILE_MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&0_u32.to_le_bytes());
    out.extend_from_slice(&store);
    out.extend_from_slice(&number.to_le_bytes());
    let crc = crc32fast::hash(&out);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

impl Journal {
    /// Opens the journal that the manifest names; `None` if it is not there (any more).
    pub(crate) fn open(folder: &Folder, manifest: &Manifest, write: bool) -> Result<Option<Self>> {
        let path = folder.file(&journal_name(manifest.journal));
        let file = match File::options().read(true).write(write).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("open the journal", &path, &error)),
        };
        let journal = Self {
            number: manifest.journal,
            file,
            note: Note::open(folder, manifest, write)?,
        };
        journal
            .check_header(manifest.store)
            .map_err(|error| error.with("path", path.display()))?;
        Ok(Some(journal))
    }

    fn check_header(&self, store: [u8; 16]) -> Result<()> {
        let damaged = || corrupt("the header of the journal is damaged");
        if self.len()? < HEADER as u64 {
            return Err(damaged());
        }
        let mut bytes = [0; HEADER];
        self.read(&mut bytes, 0)?;
        let mut fields = Fields(&bytes[FILE_MAGIC.len()..]);
        let version = fields.u32().ok_or_else(damaged)?;
        if bytes.starts_with(FILE_MAGIC) && version != VERSION {
            return Err(unknown("journal", version));
        }
        if bytes[..] == header(store, self.number) {
            Ok(())
        } else {
            Err(damaged())
        }
    }

    pub(crate) fn len(&self) -> Result<u64> {
        self.file
            .size()
            .map_err(|error| self.failed("measure", &error))
    }

    pub(crate) fn read(&self, out: &mut [u8], offset: u64) -> Result<()> {
        self.file
            .read_exact_at(out, offset)
            .map_err(|error| self.failed("read", &error))
    }

    /// Writes a frame, or nothing: what a full disk left of it is cut off again.
    pub(crate) fn append(&self, bytes: &[u8], offset: u64) -> Result<()> {
        write_all_at(&self.file, bytes, offset).map_err(|error| {
            let failure = self.failed("append to", &error);
            match self.cut(offset) {
                Ok(()) => failure,
                // Whoever appends next cuts it off as a torn tail.
                Err(cut) => failure.with("cutting", cut),
            }
        })
    }

    /// Writes whole frames again, as they are read, so that they are forced to disk again.
    ///
    /// # Errors
    /// `IO` if they are not whole any more.
    pub(crate) fn write_again(&self, from: u64, to: u64) -> Result<()> {
        let mut window = Window::new(self, to);
        let mut at = from;
        while at < to {
            let count = WINDOW.min(to - at);
            let bytes = window.bytes(at, count)?.ok_or_else(|| self.shorter())?;
            write_all_at(&self.file, bytes, at)
                .map_err(|error| self.failed("append to", &error))?;
            at += count;
        }
        // What the system had let go meanwhile was read as it was on disk before. Frames are followed
        // from the first one: what was claimed need not end where one of them does.
        if self.frames(HEADER as u64, from, to)?.1 < to {
            let message =
                "the journal has lost what could not be forced to disk: open the store again";
            return Err(Error::new(ErrorKind::IO, message).with("file", journal_name(self.number)));
        }
        Ok(())
    }

    /// Notes, for those who open the journal later, that it is durable up to `offset`. If that
    /// fails, less is known and nothing is wrong.
    pub(crate) fn note_durable(&self, offset: u64) {
        let noted = self.note.as_ref().map_or(Ok(()), |note| note.write(offset));
        if let Err(error) = noted {
            warn(&format!("cannot note that the journal is durable: {error}"));
        }
    }

    fn noted(&self) -> Result<u64> {
        let noted = self.note.as_ref().map_or(Ok(0), Note::read);
        noted.map_err(|error| self.failed("read the note on", &error))
    }

    /// Cuts off everything from `offset` on. Never makes the journal longer.
    ///
    /// # Errors
    /// `CORRUPT` if the journal is shorter already.
    pub(crate) fn cut(&self, offset: u64) -> Result<()> {
        if self.len()? < offset {
            return Err(self.shorter());
        }
        set_len(&self.file, offset).map_err(|error| self.failed("cut the tail off", &error))
    }

    /// Reads the frames from `from` on. `synced` is an offset up to which the journal is known to
    /// be durable.
    ///
    /// # Errors
    /// `CORRUPT` if something durable is damaged.
    pub(crate) fn scan(&self, from: u64, synced: u64) -> Result<Scan> {
        // Read before the journal is: all that it speaks of is in the journal by now.
        let synced = synced.max(self.noted()?);
        for _ in 0..ATTEMPTS {
            let len = self.len()?;
            if len < from.max(synced) {
                return Err(self.shorter());
            }
            let (scan, end) = self.frames(from, synced, len)?;
            // Also behind a frame that says that the journal is sealed: the disk may have given back
            // one that was cut off and written over.
            if end >= len || (scan.synced <= end && !self.claims_beyond(end, len)?) {
                return Ok(scan);
            }
            // A frame that was being written is whole by now; a damaged one is not.
        }
        let message = "the journal is damaged: a frame that was durable cannot be read";
        Err(corrupt(message).with("journal", journal_name(self.number)))
    }

    /// Reads frames up to the first one that is not whole, and returns where that is.
    fn frames(&self, from: u64, synced: u64, len: u64) -> Result<(Scan, u64)> {
        let mut window = Window::new(self, len);
        let mut scan = Scan {
            frames: Vec::new(),
            synced,
            sealed: false,
        };
        let mut end = from;
        while let Some(frame) = window.frame(end)? {
            if frame.entries.contains(&Entry::Sealed) {
                scan.sealed = true;
                break;
            }
            end = frame.end;
            scan.frames.push(frame);
        }
        // What a frame claims is so, also if its own bodies are torn.
        let claims = scan.frames.iter().map(|frame| frame.synced);
        scan.synced = claims.fold(synced, u64::max);
        // Bodies are read only where nobody has said that they are durable.
        let first = scan
            .frames
            .partition_point(|frame| frame.end <= scan.synced);
        for index in first..scan.frames.len() {
            if !window.bodies_are_whole(&scan.frames[index])? {
                end = scan.frames[index].offset;
                scan.frames.truncate(index);
                scan.sealed = false;
                break;
            }
        }
        Ok((scan, end))
    }

    fn shorter(&self) -> Error {
        let message = "the journal is shorter than it was: something has cut it";
        corrupt(message).with("journal", journal_name(self.number))
    }

    pub(crate) fn failed(&self, doing: &str, error: &io::Error) -> Error {
        let name = journal_name(self.number);
        Error::io(&format!("{doing} the journal"), error).with("file", name)
    }
}

/// A part of the journal in memory, so that small frames do not cost a read each.
pub(crate) struct Window<'a> {
    journal: &'a Journal,
    len: u64,
    /// How much is read at once.
    step: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    fn new(journal: &'a Journal, len: u64) -> Self {
        Self::reading(journal, len, WINDOW)
    }

    /// A window on a journal of this length, of which at least `step` bytes are read at once.
    pub(crate) fn reading(journal: &'a Journal, len: u64, step: u64) -> Self {
        Self {
            journal,
            len,
            step,
            start: 0,
            bytes: Vec::new(),
        }
    }

    /// Returns the bytes there; `None` if the journal ends before.
    pub(crate) fn bytes(&mut self, offset: u64, count: u64) -> Result<Option<&[u8]>> {
        let Some(end) = offset.checked_add(count).filter(|&end| end <= self.len) else {
            return Ok(None);
        };
        if offset < self.start || end > self.start + self.bytes.len() as u64 {
            let wanted = count.max(self.step).min(self.len - offset);
            self.bytes.clear();
            self.bytes.resize(length(wanted)?, 0);
            self.start = offset;
            if let Err(error) = self.journal.read(&mut self.bytes, offset) {
                self.bytes.clear();
                // Cut off by a writer since it was measured.
                return if self.journal.len()? < offset + wanted {
                    Ok(None)
                } else {
                    Err(error)
                };
            }
        }
        let first = length(offset - self.start)?;
        Ok(Some(&self.bytes[first..first + length(count)?]))
    }

    /// Reads a frame's head; `None` if there is none, or not all of it.
    fn frame(&mut self, offset: u64) -> Result<Option<Frame>> {
        let Some(fixed) = self.bytes(offset, FIXED as u64)? else {
            return Ok(None);
        };
        let fixed = fixed.first_chunk().and_then(Fixed::decode);
        let Some((fixed, len)) = fixed.and_then(|fixed| Some((fixed, fixed.frame_len()?))) else {
            return Ok(None);
        };
        let Some(end) = offset.checked_add(len).filter(|&end| end <= self.len) else {
            return Ok(None);
        };
        let head = offset + FIXED as u64;
        let place = Place {
            journal: self.journal.number,
            offset,
        };
        let Some(bytes) = self.bytes(head, u64::from(fixed.head_len))? else {
            return Ok(None);
        };
        Ok(fixed.entries(place, bytes).map(|entries| Frame {
            offset,
            bodies: head + u64::from(fixed.head_len),
            end,
            synced: fixed.synced,
            entries,
        }))
    }

    fn bodies_are_whole(&mut self, frame: &Frame) -> Result<bool> {
        let mut at = frame.bodies;
        for entry in &frame.entries {
            let Entry::Record(_, meta) = entry else {
                continue;
            };
            let Some(body) = self.bytes(at, meta.body_len())? else {
                return Ok(false);
            };
            if crc32fast::hash(body) != meta.crc {
                return Ok(false);
            }
            at += meta.body_len();
        }
        Ok(true)
    }
}

fn length(count: u64) -> Result<usize> {
    usize::try_from(count)
        .map_err(|_| corrupt("a part of the journal is larger than this machine's memory"))
}
