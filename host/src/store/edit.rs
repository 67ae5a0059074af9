//! Changing entries. Edits are staged; when they take too much memory, they are written as nodes
//! that nothing refers to yet.

use std::io::{ErrorKind, Read};

use super::{StoreError, VersionedStore};
use crate::storage::RecordBatch;
use crate::tree::{Edit, MAX_KEY_LEN, TreeError, ValueWriter};

impl VersionedStore {
    /// Gives a key a value, whether or not it has one.
    ///
    /// # Errors
    /// If key or value is longer than the format allows; then nothing is staged. If staged edits had
    /// to make room and could not be written; then they stay staged, this one included.
    pub fn put(
        &mut self,
        key: impl Into<Vec<u8>>,
        value: impl Into<Vec<u8>>,
    ) -> Result<(), StoreError> {
        self.stage(key.into(), Edit::Put(value.into()))
    }

    /// Gives a key the value that a reader gives, of any length: of a large one, a few megabytes are
    /// in memory at a time, and its pieces are stored as they come. Returns the length.
    ///
    /// # Errors
    /// [`StoreError::Reading`] with what the reader says; then nothing is staged. Otherwise as for
    /// [`put`](Self::put).
    pub fn put_reader(
        &mut self,
        key: impl Into<Vec<u8>>,
        mut value: impl Read,
    ) -> Result<u64, StoreError> {
        let mut writer = ValueWriter::new(&self.storage);
        let mut buffer = vec![0; 128 << 10];
        let mut len = 0;
        loop {
            match value.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => {
                    writer.push(&buffer[..read])?;
                    len += read as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => return Err(StoreError::Reading { source }),
            }
        }
        let edit = writer.finish()?;
        self.stage(key.into(), edit)?;
        Ok(len)
    }

    /// Gives a key that has a value another one. Returns false, and changes nothing, if it has none.
    pub fn update(
        &mut self,
        key: impl Into<Vec<u8>>,
        value: impl Into<Vec<u8>>,
    ) -> Result<bool, StoreError> {
        let key = key.into();
        let present = self.contains(&key)?;
        if present {
            self.stage(key, Edit::Put(value.into()))?;
        }
        Ok(present)
    }

    /// Removes a key and its value. Returns false, and changes nothing, if there is none.
    pub fn delete(&mut self, key: &[u8]) -> Result<bool, StoreError> {
        let present = self.contains(key)?;
        if present {
            self.stage(key.to_vec(), Edit::Delete)?;
        }
        Ok(present)
    }

    /// Stages many edits, in any order; of several for one key, the last counts. Memory stays
    /// bounded, so that more can be imported than fits into it. Returns how many edits there were.
    ///
    /// # Errors
    /// At the first edit that fails; those before it stay staged.
    pub fn apply_many(
        &mut self,
        edits: impl IntoIterator<Item = (Vec<u8>, Edit)>,
    ) -> Result<u64, StoreError> {
        let mut count = 0;
        for (key, edit) in edits {
            self.stage(key, edit)?;
            count += 1;
        }
        Ok(count)
    }

    fn stage(&mut self, key: Vec<u8>, edit: Edit) -> Result<(), StoreError> {
        if key.len() > MAX_KEY_LEN {
            return Err(TreeError::KeyTooLong { len: key.len() }.into());
        }
        self.staged.stage(key, edit);
        self.spill_beyond(self.staging_bytes)
    }

    /// Writes the staged edits as nodes if they take more memory than so many bytes, not yet durably
    /// and with nothing that refers to them. The nodes, which may take far more memory than the
    /// edits, are stored as they are made.
    pub(super) fn spill_beyond(&mut self, bytes: usize) -> Result<(), StoreError> {
        if self.staged.bytes() <= bytes {
            return Ok(());
        }
        let tree = self.work.tree.apply_stored(self.staged.iter())?;
        let mut batch = RecordBatch::new();
        let work = self.work.with_tree(tree, &mut batch)?;
        self.storage.put(&batch)?;
        self.work = work;
        self.staged.clear();
        Ok(())
    }
}
