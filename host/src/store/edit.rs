//! Changing entries. Edits are staged; when they take too much memory, they are written as nodes
//! that nothing refers to yet.

use std::io::{ErrorKind, Read};

use super::{StoreError, VersionedStore};
use crate::storage::RecordBatch;
use crate::tree::{BulkLoad, BulkOptions, Edit, MAX_KEY_LEN, Tree, TreeError, ValueWriter};

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
        let key = key.into();
        check_key(&key)?;
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
        self.stage(key, edit)?;
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

    /// Removes all entries, whatever their number. They are gone at once, not yet durably, and staged
    /// edits with them.
    pub fn clear(&mut self) -> Result<(), StoreError> {
        let tree = Tree::empty(self.storage.clone(), *self.work.tree.parameters());
        self.replace_tree(tree)?;
        self.staged.clear();
        Ok(())
    }

    /// Stages many edits, in any order; of several for one key, the last counts. Memory stays
    /// bounded: what takes more than staged edits may is [loaded](Self::bulk_load). Returns how many edits
    /// there were.
    ///
    /// # Errors
    /// At the first edit that fails; those before it stay staged, or none of what was to be loaded.
    pub fn apply_many(
        &mut self,
        edits: impl IntoIterator<Item = (Vec<u8>, Edit)>,
    ) -> Result<u64, StoreError> {
        let mut edits = edits.into_iter();
        let mut count = 0;
        while let Some((key, edit)) = edits.next() {
            self.stage(key, edit)?;
            count += 1;
            if self.staged.is_empty() {
                // They have been written as nodes, and those to come would be many times.
                self.bulk_load(BulkOptions::default(), |load| {
                    edits.by_ref().try_for_each(|(key, edit)| {
                        count += 1;
                        load.push(key, edit).map_err(StoreError::from)
                    })
                })?;
            }
        }
        Ok(count)
    }

    /// Changes the entries by edits that `fill` gives, in any order; of several for one key, the last
    /// counts. They are written as nodes at once, not yet durably, and staged edits before them. This
    /// is the fastest way in for many, and memory stays bounded by `options`.
    ///
    /// # Errors
    /// What `fill` says, and [`TreeError::Sorting`] if a temporary file fails; then the entries are
    /// what they were.
    pub fn bulk_load<E: From<StoreError>>(
        &mut self,
        options: BulkOptions<'_>,
        fill: impl FnOnce(&mut BulkLoad<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.spill_beyond(0)?;
        let tree = self.work.tree.clone();
        let mut load = BulkLoad::new(&tree, options);
        fill(&mut load)?;
        let tree = load.finish().map_err(StoreError::from)?;
        Ok(self.replace_tree(tree)?)
    }

    fn stage(&mut self, key: Vec<u8>, edit: Edit) -> Result<(), StoreError> {
        check_key(&key)?;
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
        self.replace_tree(tree)?;
        self.staged.clear();
        Ok(())
    }

    /// Takes a tree that has been stored in place of the present one.
    fn replace_tree(&mut self, tree: Tree) -> Result<(), StoreError> {
        let mut batch = RecordBatch::new();
        let work = self.work.with_tree(tree, &mut batch)?;
        self.storage.put(&batch)?;
        self.work = work;
        Ok(())
    }
}

fn check_key(key: &[u8]) -> Result<(), TreeError> {
    if key.len() > MAX_KEY_LEN {
        return Err(TreeError::KeyTooLong { len: key.len() });
    }
    Ok(())
}
