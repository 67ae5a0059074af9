//! Edits, and what may be in them.

use super::key::MAX_KEY_LEN;
use super::value::MAX_VALUE_LEN;
use super::{Key, TreeError};

/// What happens to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// It gets this value, whether or not it has one.
    Put(Vec<u8>),
    /// It is removed, if it is there.
    Delete,
}

/// Checks that edits come in order and within the limits of the format.
#[derive(Debug, Default)]
pub(super) struct Order {
    last: Option<Key>,
    index: u64,
}

impl Order {
    pub(super) fn check(&mut self, key: &[u8], edit: &Edit) -> Result<(), TreeError> {
        if let Edit::Put(value) = edit
            && value.len() > MAX_VALUE_LEN
        {
            return Err(TreeError::ValueTooLong { len: value.len() });
        }
        self.check_key(key)
    }

    pub(super) fn check_key(&mut self, key: &[u8]) -> Result<(), TreeError> {
        if key.len() > MAX_KEY_LEN {
            return Err(TreeError::KeyTooLong { len: key.len() });
        }
        match &mut self.last {
            Some(last) if key <= last.as_slice() => {
                return Err(TreeError::Unsorted { index: self.index });
            }
            Some(last) => {
                last.clear();
                last.extend_from_slice(key);
            }
            none => *none = Some(key.to_vec()),
        }
        self.index += 1;
        Ok(())
    }
}
