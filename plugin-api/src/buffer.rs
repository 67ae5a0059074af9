//! Bytes that cross the plugin boundary without being copied.
//!
//! A [`Buffer`] is a view of bytes that somebody else owns, together with a count on the owner. It
//! may outlive the store that gave it and may be dropped on any thread. A [`Slot`] is a place for a
//! buffer that may stay empty; the caller makes it, the backend fills it.
//!
//! The layout of both, 32 bytes, and of the table behind them is part of the ABI.
#![expect(
    unsafe_code,
    reason = "shared ownership across images is a pointer and a table"
)]

use std::fmt;
use std::mem::{ManuallyDrop, offset_of};
use std::ops::{Bound, Deref, RangeBounds};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;

/// How an owner is counted. Lives as long as the image that made it, which is never unloaded.
#[repr(C)]
struct OwnerTable {
    retain: unsafe extern "C" fn(owner: *const ()),
    release: unsafe extern "C" fn(owner: *const ()),
}

/// Immutable bytes with a shared owner. Cloning counts up; nothing is copied.
#[repr(C)]
pub struct Buffer {
    start: *const u8,
    len: usize,
    owner: *const (),
    table: &'static OwnerTable,
}

// SAFETY: `from_owner`, the only constructor, demands an owner that is `Send + Sync`, and the bytes
// are never written.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// Shares the bytes of `owner`, which are kept until the last clone is dropped.
    ///
    /// `owner.as_ref()` is called once; the bytes that it returns must not move or change while
    /// `owner` is only reachable by shared reference. That holds for vectors, boxes, `Arc`s and
    /// memory maps; `owner` itself is not moved again.
    pub fn from_owner<T: AsRef<[u8]> + Send + Sync + 'static>(owner: T) -> Self {
        let owner = Arc::new(owner);
        let bytes: &[u8] = (*owner).as_ref();
        let (start, len) = (bytes.as_ptr(), bytes.len());
        Self {
            start,
            len,
            owner: Arc::into_raw(owner).cast(),
            table: &Owner::<T>::TABLE,
        }
    }

    /// Returns a view of a part, sharing the owner.
    ///
    /// # Panics
    /// If the range does not lie within the buffer, as slicing does.
    #[must_use]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        let start = match range.start_bound() {
            Bound::Included(&start) => start,
            Bound::Excluded(&before) => before + 1,
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&last) => last + 1,
            Bound::Excluded(&end) => end,
            Bound::Unbounded => self.len,
        };
        let part = &self[start..end];
        let (start, len) = (part.as_ptr(), part.len());
        let whole = ManuallyDrop::new(self.clone());
        Self {
            start,
            len,
            owner: whole.owner,
            table: whole.table,
        }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: `start` and `len` came from a live slice of the owner, which `self` keeps alive.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Clone for Buffer {
    #[inline]
    fn clone(&self) -> Self {
        // SAFETY: `owner` came from the constructor that belongs to `table` and is counted by us.
        unsafe { (self.table.retain)(self.owner) };
        Self {
            start: self.start,
            len: self.len,
            owner: self.owner,
            table: self.table,
        }
    }
}

impl Drop for Buffer {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `self` counted the owner once and is gone after this.
        unsafe { (self.table.release)(self.owner) };
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from_owner(bytes)
    }
}

impl From<&[u8]> for Buffer {
    /// Copies.
    fn from(bytes: &[u8]) -> Self {
        Self::from_owner(Box::<[u8]>::from(bytes))
    }
}

impl PartialEq for Buffer {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Buffer {}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} bytes)", self.len)
    }
}

struct Owner<T>(std::marker::PhantomData<T>);

impl<T: Send + Sync + 'static> Owner<T> {
    const TABLE: OwnerTable = OwnerTable {
        retain: Self::retain,
        release: Self::release,
    };

    unsafe extern "C" fn retain(owner: *const ()) {
        // SAFETY: the caller holds a count on `owner`, which `Arc::into_raw` of an `Arc<T>` gave.
        unsafe { Arc::increment_strong_count(owner.cast::<T>()) };
    }

    unsafe extern "C" fn release(owner: *const ()) {
        // SAFETY: the caller gives up its count on `owner`, which `Arc::into_raw` of an `Arc<T>`
        // gave.
        let owner = unsafe { Arc::from_raw(owner.cast::<T>()) };
        // An owner whose drop panics must not unwind into the other image.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(owner))) {
            std::mem::forget(payload);
        }
    }
}

/// A place for a buffer: empty, or filled by a backend.
#[repr(C)]
pub struct Slot {
    start: *const u8,
    len: usize,
    owner: *const (),
    table: Option<&'static OwnerTable>,
}

// SAFETY: a filled slot is a `Buffer`, an empty one is nothing.
unsafe impl Send for Slot {}
// SAFETY: as above.
unsafe impl Sync for Slot {}

impl Slot {
    /// A slot with nothing in it.
    pub const EMPTY: Self = Self {
        start: ptr::null(),
        len: 0,
        owner: ptr::null(),
        table: None,
    };

    /// Where the fields lie, for the mirror of this type in the ABI.
    pub(crate) const OFFSETS: [usize; 4] = [
        offset_of!(Self, start),
        offset_of!(Self, len),
        offset_of!(Self, owner),
        offset_of!(Self, table),
    ];

    /// Returns `count` empty slots.
    #[must_use]
    pub fn empty(count: usize) -> Vec<Self> {
        std::iter::repeat_with(|| Self::EMPTY).take(count).collect()
    }

    /// Puts a buffer into the slot and drops what was there.
    #[inline]
    pub fn fill(&mut self, buffer: Buffer) {
        let buffer = ManuallyDrop::new(buffer);
        let (start, len, owner) = (buffer.start, buffer.len, buffer.owner);
        *self = Self {
            start,
            len,
            owner,
            table: Some(buffer.table),
        };
    }

    /// Empties the slot and drops what was there.
    #[inline]
    pub fn clear(&mut self) {
        *self = Self::EMPTY;
    }

    /// Takes the buffer out and leaves the slot empty.
    #[inline]
    pub fn take(&mut self) -> Option<Buffer> {
        let Self {
            start,
            len,
            owner,
            table,
        } = *self;
        self.table = None;
        table.map(|table| Buffer {
            start,
            len,
            owner,
            table,
        })
    }

    /// Views a buffer as a filled slot.
    #[inline]
    pub(crate) fn view(buffer: &Buffer) -> &Self {
        // SAFETY: the assertions below hold the two types to one layout, in which a table that is
        // there is a reference to it. The view cannot outlive the buffer, nor drop it.
        unsafe { &*ptr::from_ref(buffer).cast() }
    }

    /// Returns the buffer, if there is one.
    #[must_use]
    #[inline]
    pub fn buffer(&self) -> Option<&Buffer> {
        self.table?;
        // SAFETY: as in `view`, and the table is there.
        Some(unsafe { &*ptr::from_ref(self).cast() })
    }

    /// Returns the bytes of the buffer, if there is one.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        // SAFETY: a filled slot holds the parts of a live `Buffer`.
        self.table
            .map(|_| unsafe { std::slice::from_raw_parts(self.start, self.len) })
    }

    /// Returns whether nothing is in the slot.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.is_none()
    }
}

impl Drop for Slot {
    #[inline]
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl Default for Slot {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.table {
            None => f.write_str("Slot(empty)"),
            Some(_) => write!(f, "Slot({} bytes)", self.len),
        }
    }
}

const _: () = {
    assert!(size_of::<Slot>() == 32 && size_of::<Buffer>() == 32);
    assert!(align_of::<Slot>() == align_of::<Buffer>());
    assert!(offset_of!(Slot, start) == offset_of!(Buffer, start));
    assert!(offset_of!(Slot, len) == offset_of!(Buffer, len));
    assert!(offset_of!(Slot, owner) == offset_of!(Buffer, owner));
    assert!(offset_of!(Slot, table) == offset_of!(Buffer, table));
};

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct Counted(Vec<u8>, Arc<AtomicUsize>);

    impl AsRef<[u8]> for Counted {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            self.1.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn the_owner_is_dropped_once_and_after_the_last_view() {
        let drops = Arc::new(AtomicUsize::new(0));
        let whole = Buffer::from_owner(Counted(b"hello world".to_vec(), Arc::clone(&drops)));
        let part = whole.slice(6..);
        let mut slot = Slot::EMPTY;
        slot.fill(whole);
        slot.fill(part.clone());
        assert_eq!(slot.buffer(), Some(&part));
        assert_eq!(Slot::view(&part).bytes(), Some(&b"world"[..]));
        assert_eq!(drops.load(Ordering::SeqCst), 0);
        assert_eq!(slot.bytes(), Some(&b"world"[..]));
        drop(slot);
        std::thread::spawn(move || assert_eq!(&*part, b"world"))
            .join()
            .unwrap();
        assert_eq!(drops.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn taking_empties_the_slot() {
        let mut slot = Slot::EMPTY;
        assert!(slot.take().is_none());
        slot.fill(Buffer::from(&b""[..]));
        assert!(!slot.is_empty(), "an empty buffer is not an absent one");
        assert_eq!(slot.take().as_deref(), Some(&b""[..]));
        assert!(slot.is_empty());
    }

    #[test]
    #[should_panic(expected = "range end index 4")]
    fn a_part_outside_of_the_buffer_is_refused() {
        let _part = Buffer::from(vec![1, 2, 3]).slice(1..=3);
    }
}
