//! Results as they cross: one pointer, null for success.

use std::ptr;

use abi_stable::StableAbi;
use abi_stable::std_types::{RString, RVec, Tuple2};

use crate::{Error, ErrorKind, Parts, Result};

/// The result of a call whose answer is in an argument. Owns the failure that it points to.
#[repr(C)]
#[derive(StableAbi)]
#[must_use]
pub(super) struct Outcome {
    failure: *mut AbiFailure,
}

/// An [`Error`], taken apart, on the heap of the image that made it.
#[repr(C)]
#[derive(StableAbi)]
struct AbiFailure {
    /// Frees the failure in the image that made it.
    release: unsafe extern "C" fn(failure: *mut ()),
    kind: u32,
    retryable: u32,
    message: RString,
    context: RVec<Tuple2<RString, RString>>,
    source: RString,
}

impl Outcome {
    /// Success.
    pub(super) const OK: Self = Self {
        failure: ptr::null_mut(),
    };

    /// Gives the result to this image.
    #[inline]
    pub(super) fn into_result(self) -> Result<()> {
        if self.failure.is_null() {
            Ok(())
        } else {
            Err(self.error())
        }
    }

    #[cold]
    fn error(&self) -> Error {
        // SAFETY: not null, hence a failure of `Outcome::from`, which `self` owns.
        let failure = unsafe { &*self.failure };
        let context = failure.context.iter();
        let context = context.map(|Tuple2(name, value)| (name.to_string(), value.to_string()));
        Error::from(Parts {
            kind: ErrorKind(failure.kind),
            retryable: failure.retryable != 0,
            message: failure.message.to_string(),
            context: context.collect(),
            source: failure.source.to_string(),
        })
    }
}

impl From<Error> for Outcome {
    #[cold]
    fn from(error: Error) -> Self {
        let Parts {
            kind,
            retryable,
            message,
            context,
            source,
        } = error.into_parts();
        let context = context.into_iter();
        let failure = Box::new(AbiFailure {
            release,
            kind: kind.0,
            retryable: u32::from(retryable),
            message: message.into(),
            context: context
                .map(|(name, value)| Tuple2(name.into(), value.into()))
                .collect(),
            source: source.into(),
        });
        Self {
            failure: Box::into_raw(failure),
        }
    }
}

impl From<Result<()>> for Outcome {
    #[inline]
    fn from(result: Result<()>) -> Self {
        match result {
            Ok(()) => Self::OK,
            Err(error) => error.into(),
        }
    }
}

impl Drop for Outcome {
    #[inline]
    fn drop(&mut self) {
        if !self.failure.is_null() {
            // SAFETY: `self` owns the failure, whose image gave the function that frees it.
            unsafe { ((*self.failure).release)(self.failure.cast()) };
        }
    }
}

unsafe extern "C" fn release(failure: *mut ()) {
    // SAFETY: the pointer comes from `Box::into_raw` in `Outcome::from` of this image, and its only
    // owner is gone after this.
    drop(unsafe { Box::from_raw(failure.cast::<AbiFailure>()) });
}
