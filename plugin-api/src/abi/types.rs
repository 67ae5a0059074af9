//! The plain data of the contract as it lies in memory on both sides.
//!
//! Hashes and slots have the same layout as the types of the contract, so whole slices of them
//! cross as they are. Records and updates are rebuilt as views: a few words each, no byte copied.

use std::mem::offset_of;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use abi_stable::StableAbi;
use abi_stable::std_types::{RSlice, RSliceMut, RStr, RString};

use crate::{Call, Hash, Kind, Record, RecordEntry, RefName, RefUpdate, Result, Slot, Swap};

/// A [`Hash`].
#[repr(transparent)]
#[derive(Clone, Copy, StableAbi)]
pub(super) struct AbiHash([u8; 32]);

/// The table of an owner of bytes. See `buffer.rs`.
#[repr(C)]
#[derive(StableAbi)]
pub(super) struct AbiOwnerTable {
    retain: unsafe extern "C" fn(owner: *const ()),
    release: unsafe extern "C" fn(owner: *const ()),
}

/// A [`Slot`].
#[repr(C)]
#[derive(StableAbi)]
pub(super) struct AbiSlot {
    start: *const u8,
    len: usize,
    owner: *const (),
    table: Option<&'static AbiOwnerTable>,
}

/// A [`Call`]. Crosses by reference, so that the arguments of every frequent call fit in registers:
/// a word more goes over the stack and costs 3 ns.
#[repr(C)]
#[derive(Clone, Copy, StableAbi)]
pub(super) struct AbiCall {
    /// [`AbiCall::FOREVER`] where there is no deadline.
    remaining_nanoseconds: u64,
    /// Null where the call cannot be cancelled.
    cancelled: *const AtomicBool,
}

/// A [`Record`].
#[repr(C)]
#[derive(Clone, Copy, StableAbi)]
pub(super) struct AbiRecord<'a> {
    hash: AbiHash,
    kind: u32,
    links: RSlice<'a, AbiHash>,
    bytes: RSlice<'a, u8>,
    /// A filled slot with the same bytes, or nothing.
    shared: Option<&'a AbiSlot>,
}

/// A [`RecordEntry`].
#[repr(C)]
#[derive(Clone, Copy, StableAbi)]
pub(super) struct AbiEntry {
    hash: AbiHash,
    kind: u32,
    size: u64,
}

/// A hash or its absence.
#[repr(C)]
#[derive(Clone, Copy, StableAbi)]
pub(super) struct AbiMaybeHash {
    /// 0 where there is none.
    present: u32,
    hash: AbiHash,
}

/// A [`RefUpdate`].
#[repr(C)]
#[derive(Clone, Copy, StableAbi)]
pub(super) struct AbiUpdate<'a> {
    name: RStr<'a>,
    expected: AbiMaybeHash,
    new: AbiMaybeHash,
}

/// A ref and where it points.
#[repr(C)]
#[derive(Clone, StableAbi)]
pub(super) struct AbiRef {
    name: RString,
    hash: AbiHash,
}

/// A [`Swap`].
#[repr(C)]
#[derive(Clone, StableAbi)]
pub(super) struct AbiSwap {
    /// 0 for [`Swap::Done`].
    lost: u32,
    name: RString,
    current: AbiMaybeHash,
}

const _: () = {
    assert!(size_of::<AbiHash>() == size_of::<Hash>() && align_of::<AbiHash>() == 1);
    assert!(align_of::<Hash>() == 1);
    assert!(size_of::<AbiSlot>() == size_of::<Slot>());
    assert!(align_of::<AbiSlot>() == align_of::<Slot>());
    let [start, len, owner, table] = Slot::OFFSETS;
    assert!(offset_of!(AbiSlot, start) == start && offset_of!(AbiSlot, len) == len);
    assert!(offset_of!(AbiSlot, owner) == owner && offset_of!(AbiSlot, table) == table);
};

impl AbiCall {
    const FOREVER: u64 = u64::MAX;

    /// Gives back the call. The deadline is counted from here.
    ///
    /// # Safety
    /// `cancelled` is null or valid for `'a`, which must not be longer than the call.
    #[inline]
    pub(super) unsafe fn view<'a>(&self) -> Call<'a> {
        let mut call = Call::UNLIMITED;
        if self.remaining_nanoseconds != Self::FOREVER {
            call = call.with_timeout(Duration::from_nanos(self.remaining_nanoseconds));
        }
        // SAFETY: the caller vouches for the pointer.
        if let Some(flag) = unsafe { self.cancelled.as_ref() } {
            call = call.with_cancel(flag);
        }
        call
    }
}

impl From<&Call<'_>> for AbiCall {
    #[inline]
    fn from(call: &Call<'_>) -> Self {
        let nanoseconds = |left: Duration| u64::try_from(left.as_nanos()).unwrap_or(Self::FOREVER);
        Self {
            remaining_nanoseconds: call.remaining().map_or(Self::FOREVER, nanoseconds),
            cancelled: call.cancelled.map_or(std::ptr::null(), std::ptr::from_ref),
        }
    }
}

impl AbiHash {
    pub(super) const ZERO: Self = Self([0; 32]);
}

impl From<Hash> for AbiHash {
    #[inline]
    fn from(hash: Hash) -> Self {
        Self(*hash.as_bytes())
    }
}

impl From<AbiHash> for Hash {
    #[inline]
    fn from(hash: AbiHash) -> Self {
        Self::new(hash.0)
    }
}

impl AbiMaybeHash {
    pub(super) const NONE: Self = Self {
        present: 0,
        hash: AbiHash::ZERO,
    };
}

impl From<Option<Hash>> for AbiMaybeHash {
    fn from(hash: Option<Hash>) -> Self {
        hash.map_or(Self::NONE, |hash| Self {
            present: 1,
            hash: hash.into(),
        })
    }
}

impl From<AbiMaybeHash> for Option<Hash> {
    fn from(hash: AbiMaybeHash) -> Self {
        (hash.present != 0).then(|| hash.hash.into())
    }
}

impl<'a> From<&Record<'a>> for AbiRecord<'a> {
    fn from(record: &Record<'a>) -> Self {
        Self {
            hash: record.hash.into(),
            kind: record.kind.0,
            links: hashes_out(record.links),
            bytes: RSlice::from_slice(record.bytes),
            shared: record.shared.map(|buffer| slot_out(Slot::view(buffer))),
        }
    }
}

impl<'a> From<&AbiRecord<'a>> for Record<'a> {
    fn from(record: &AbiRecord<'a>) -> Self {
        Self {
            hash: record.hash.into(),
            kind: Kind(record.kind),
            links: hashes_in(record.links),
            bytes: record.bytes.as_slice(),
            shared: record.shared.and_then(|slot| slot_in(slot).buffer()),
        }
    }
}

impl From<RecordEntry> for AbiEntry {
    fn from(entry: RecordEntry) -> Self {
        Self {
            hash: entry.hash.into(),
            kind: entry.kind.0,
            size: entry.size,
        }
    }
}

impl From<&AbiEntry> for RecordEntry {
    fn from(entry: &AbiEntry) -> Self {
        Self {
            hash: entry.hash.into(),
            kind: Kind(entry.kind),
            size: entry.size,
        }
    }
}

impl<'a> From<&'a RefUpdate> for AbiUpdate<'a> {
    fn from(update: &'a RefUpdate) -> Self {
        Self {
            name: RStr::from_str(update.name.as_str()),
            expected: update.expected.into(),
            new: update.new.into(),
        }
    }
}

impl TryFrom<&AbiUpdate<'_>> for RefUpdate {
    type Error = crate::Error;

    fn try_from(update: &AbiUpdate<'_>) -> Result<Self> {
        Ok(Self {
            name: RefName::new(update.name.as_str())?,
            expected: update.expected.into(),
            new: update.new.into(),
        })
    }
}

impl From<(RefName, Hash)> for AbiRef {
    fn from((name, hash): (RefName, Hash)) -> Self {
        Self {
            name: RString::from(name.as_str()),
            hash: hash.into(),
        }
    }
}

impl TryFrom<&AbiRef> for (RefName, Hash) {
    type Error = crate::Error;

    fn try_from(entry: &AbiRef) -> Result<Self> {
        Ok((RefName::new(entry.name.as_str())?, entry.hash.into()))
    }
}

impl AbiSwap {
    /// The swap that succeeded.
    pub(super) fn done() -> Self {
        Self {
            lost: 0,
            name: RString::new(),
            current: AbiMaybeHash::NONE,
        }
    }
}

impl From<Swap> for AbiSwap {
    fn from(swap: Swap) -> Self {
        match swap {
            Swap::Done => Self::done(),
            Swap::Lost { name, current } => Self {
                lost: 1,
                name: RString::from(name.as_str()),
                current: current.into(),
            },
        }
    }
}

impl TryFrom<AbiSwap> for Swap {
    type Error = crate::Error;

    fn try_from(swap: AbiSwap) -> Result<Self> {
        if swap.lost == 0 {
            return Ok(Self::Done);
        }
        Ok(Self::Lost {
            name: RefName::new(swap.name.as_str())?,
            current: swap.current.into(),
        })
    }
}

/// Views hashes as they cross.
#[inline]
pub(super) fn hashes_out(hashes: &[Hash]) -> RSlice<'_, AbiHash> {
    // SAFETY: both types are transparent wrappers of 32 bytes.
    unsafe { RSlice::from_raw_parts(hashes.as_ptr().cast(), hashes.len()) }
}

/// Views hashes that have crossed.
#[inline]
pub(super) fn hashes_in(hashes: RSlice<'_, AbiHash>) -> &[Hash] {
    let hashes = hashes.as_slice();
    // SAFETY: both types are transparent wrappers of 32 bytes.
    unsafe { std::slice::from_raw_parts(hashes.as_ptr().cast(), hashes.len()) }
}

/// Views a slot as it crosses.
#[inline]
fn slot_out(slot: &Slot) -> &AbiSlot {
    // SAFETY: the assertions above hold the two types to one layout.
    unsafe { &*std::ptr::from_ref(slot).cast() }
}

/// Views a slot that has crossed.
#[inline]
fn slot_in(slot: &AbiSlot) -> &Slot {
    // SAFETY: the assertions above hold the two types to one layout, and slots cross filled or
    // empty, as the other image's `Slot` left them.
    unsafe { &*std::ptr::from_ref(slot).cast() }
}

/// Views slots as they cross.
#[inline]
pub(super) fn slots_out(slots: &mut [Slot]) -> RSliceMut<'_, AbiSlot> {
    // SAFETY: the assertions above hold the two types to one layout.
    unsafe { RSliceMut::from_raw_parts_mut(slots.as_mut_ptr().cast(), slots.len()) }
}

/// Views slots that have crossed.
#[inline]
pub(super) fn slots_in(slots: RSliceMut<'_, AbiSlot>) -> &mut [Slot] {
    let slots = slots.into_mut_slice();
    // SAFETY: the assertions above hold the two types to one layout, and slots cross filled or
    // empty, as the other image's `Slot` left them.
    unsafe { std::slice::from_raw_parts_mut(slots.as_mut_ptr().cast(), slots.len()) }
}

/// Lends flags as bytes to `work`, and makes proper flags of whatever it leaves in them.
pub(super) fn flags_out<T>(flags: &mut [bool], work: impl FnOnce(RSliceMut<'_, u8>) -> T) -> T {
    // SAFETY: a `bool` is a byte; the bytes are made 0 or 1 below, before anyone reads flags again.
    let bytes: &mut [u8] =
        unsafe { std::slice::from_raw_parts_mut(flags.as_mut_ptr().cast(), flags.len()) };
    bytes.fill(0);
    let result = work(RSliceMut::from_mut_slice(bytes));
    for byte in bytes {
        *byte = u8::from(*byte != 0);
    }
    result
}

/// Views bytes that have crossed as flags, all false.
pub(super) fn flags_in(bytes: RSliceMut<'_, u8>) -> &mut [bool] {
    let bytes = bytes.into_mut_slice();
    bytes.fill(0);
    // SAFETY: a byte that is 0 is a `bool`, and the other image reads bytes again.
    unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len()) }
}
