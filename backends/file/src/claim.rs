//! What is claimed to be durable behind a frame that is not whole.
//!
//! Anything may lie there, also what somebody has stored who wants the search to take long: many
//! places that look like a frame with a long head. So a head is not read for its checksum. It comes
//! from the checksums of everything up to its beginning and up to its end, at one price for each
//! place, and the first frame that claims enough ends the search.

use crc32fast::Hasher;
use prollytree_plugin_api::Result;

use crate::frame::{FIXED, Fixed, MAGIC, Place};
use crate::journal::{Journal, WINDOW, Window};

/// From how many bytes on the checksum up to there is known.
const STEP: u64 = 1 << 10;

/// Checksums of all that lies between a place and others behind it.
struct Prefixes<'a> {
    window: Window<'a>,
    from: u64,
    /// Up to each multiple of [`STEP`].
    known: Vec<u32>,
}

impl Journal {
    /// Says whether a frame after the broken one at `end` claims that something beyond `end` is
    /// durable. Its head's checksum is enough to believe it.
    pub(crate) fn claims_beyond(&self, end: u64, len: u64) -> Result<bool> {
        let mut prefixes = Prefixes::new(self, end, len)?;
        let mut window = Window::reading(self, len, WINDOW);
        let mut from = end + 1;
        while from + FIXED as u64 <= len {
            let count = WINDOW.min(len - from);
            let Some(bytes) = window.bytes(from, count)? else {
                break;
            };
            let found = bytes.windows(MAGIC.len()).enumerate();
            let found = found.filter(|(_, four)| *four == MAGIC);
            let places: Vec<_> = found.map(|(index, _)| from + index as u64).collect();
            for offset in places {
                let Some(fixed) = window.bytes(offset, FIXED as u64)? else {
                    break;
                };
                let fixed = fixed.first_chunk().and_then(Fixed::decode);
                if let Some(fixed) = fixed.filter(|fixed| fixed.synced > end)
                    && self.is_frame(&fixed, offset, len, &mut prefixes)?
                {
                    return Ok(true);
                }
            }
            // One may begin in the last bytes.
            from += count - (MAGIC.len() as u64 - 1);
        }
        Ok(false)
    }

    fn is_frame(
        &self,
        fixed: &Fixed,
        offset: u64,
        len: u64,
        prefixes: &mut Prefixes<'_>,
    ) -> Result<bool> {
        let ends = fixed.frame_len().and_then(|size| offset.checked_add(size));
        if ends.is_none_or(|end| end > len) {
            return Ok(false);
        }
        let place = Place {
            journal: self.number,
            offset,
        };
        let head = prefixes.between(offset + FIXED as u64, u64::from(fixed.head_len))?;
        Ok(head.is_some_and(|head| fixed.is_of(place, head)))
    }
}

impl<'a> Prefixes<'a> {
    fn new(journal: &'a Journal, from: u64, len: u64) -> Result<Self> {
        let mut window = Window::reading(journal, len, WINDOW);
        let mut crc = Hasher::new();
        let mut known = vec![0];
        let mut at = from;
        while let Some(bytes) = window.bytes(at, STEP)? {
            crc.update(bytes);
            known.push(crc.clone().finalize());
            at += STEP;
        }
        Ok(Self {
            window: Window::reading(journal, len, STEP),
            from,
            known,
        })
    }

    /// The checksum of `count` bytes; `None` if they are not there any more.
    fn between(&mut self, offset: u64, count: u64) -> Result<Option<u32>> {
        let (Some(before), Some(whole)) = (self.up_to(offset)?, self.up_to(offset + count)?) else {
            return Ok(None);
        };
        // Putting the first part before the whole takes it away again.
        let mut crc = Hasher::new_with_initial(before);
        crc.combine(&Hasher::new_with_initial_len(whole, count));
        Ok(Some(crc.finalize()))
    }

    fn up_to(&mut self, end: u64) -> Result<Option<u32>> {
        let index = usize::try_from((end - self.from) / STEP).ok();
        let Some(&known) = index.and_then(|index| self.known.get(index)) else {
            return Ok(None);
        };
        let rest = (end - self.from) % STEP;
        Ok(self.window.bytes(end - rest, rest)?.map(|bytes| {
            let mut crc = Hasher::new_with_initial(known);
            crc.update(bytes);
            crc.finalize()
        }))
    }
}
