//! Looking many keys up at once.

use super::value::{Blob, BlobRef, MAX_WHOLE, Value, whole};
use super::ways::Ways;
use super::{Tree, TreeError};

/// Values out of line that are loaded together hold so many bytes, unless it is one.
const VALUE_BYTES: u64 = 8 << 20;

impl Tree {
    /// Returns the values of keys, in the order in which the keys are given; `None` for each that has
    /// none.
    ///
    /// Of what is not in memory, the nodes for up to 1,024 keys are read with one call to the backend a
    /// level, and values out of line with one for some 8 MiB; one that is longer than a megabyte is read
    /// piece by piece.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn get_many<K: AsRef<[u8]>>(&self, keys: &[K]) -> Result<Vec<Option<Value>>, TreeError> {
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_unstable_by(|&one, &other| keys[one].as_ref().cmp(keys[other].as_ref()));
        let mut values = vec![None; keys.len()];
        for some in order.chunks(self.leaves_together(Ways::KEYS)) {
            let ascending: Vec<&[u8]> = some.iter().map(|&index| keys[index].as_ref()).collect();
            let held = self.ways_to(&ascending);
            let mut outside = Vec::new();
            for (&index, key) in some.iter().zip(ascending) {
                let Some(handle) = self.handle(key)? else {
                    continue;
                };
                match handle.blob().filter(|blob| blob.len() <= MAX_WHOLE as u64) {
                    Some(blob) => outside.push((index, blob)),
                    None => values[index] = Some(handle.load()?),
                }
            }
            drop(held);
            self.load_values(&outside, &mut values)?;
        }
        Ok(values)
    }

    /// Loads values that lie out of line, each in one record, to where they belong.
    fn load_values(
        &self,
        mut outside: &[(usize, BlobRef)],
        values: &mut [Option<Value>],
    ) -> Result<(), TreeError> {
        while !outside.is_empty() {
            let mut bytes = 0;
            let fitting = outside.iter().take_while(|(_, blob)| {
                bytes += blob.len();
                bytes <= VALUE_BYTES
            });
            let (some, left) = outside.split_at(fitting.count().max(1));
            let hashes: Vec<_> = some.iter().map(|(_, blob)| blob.hash()).collect();
            let records = self.storage().load_many::<Blob>(&hashes)?;
            for ((index, blob), record) in some.iter().zip(records) {
                values[*index] = Some(whole(&record, blob)?);
            }
            outside = left;
        }
        Ok(())
    }
}
