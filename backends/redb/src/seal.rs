//! What shows that the refs are those that were written: their number and a sum over all of them.
//!
//! redb checks its pages only when it repairs a file, and unlike a record a ref has no hash of its
//! own. The sum does not depend on the order, so that moving one ref costs two hashes.

use prollytree_plugin_api::{Hash, Result};
use redb::{ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};

use crate::fault::{fault, malformed};

const SEALS: TableDefinition<&str, &[u8; Seal::LEN]> = TableDefinition::new("seals");
const REFS: &str = "refs";

/// The number of refs and the wrapping sum of their digests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seal {
    count: u64,
    sum: u128,
}

impl Seal {
    const LEN: usize = 8 + 16;

    /// Returns the seal that was written last.
    pub(crate) fn read(transaction: &ReadTransaction) -> Result<Self> {
        let seals = transaction.open_table(SEALS).map_err(fault("read refs"))?;
        let stored = seals.get(REFS).map_err(fault("read refs"))?;
        let stored = stored.ok_or_else(|| malformed("the checksum of the refs"))?;
        Ok(Self::from_bytes(stored.value()))
    }

    /// Replaces the seal by what `change` makes of it.
    pub(crate) fn update(
        transaction: &WriteTransaction,
        change: impl FnOnce(&mut Self),
    ) -> Result<()> {
        let mut seals = transaction.open_table(SEALS).map_err(fault("write refs"))?;
        let mut seal = match seals.get(REFS).map_err(fault("write refs"))? {
            Some(stored) => Self::from_bytes(stored.value()),
            None => return Err(malformed("the checksum of the refs")),
        };
        change(&mut seal);
        seals
            .insert(REFS, &seal.to_bytes())
            .map_err(fault("write refs"))?;
        Ok(())
    }

    /// Writes the seal of a store without refs.
    pub(crate) fn create(transaction: &WriteTransaction) -> Result<(), redb::Error> {
        let mut seals = transaction.open_table(SEALS)?;
        seals.insert(REFS, &Self::default().to_bytes())?;
        Ok(())
    }

    /// Returns the number of refs.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Counts a ref in.
    pub(crate) fn add(&mut self, name: &str, hash: &Hash) {
        self.count = self.count.wrapping_add(1);
        self.sum = self.sum.wrapping_add(digest(name, hash));
    }

    /// Counts a ref out.
    pub(crate) fn remove(&mut self, name: &str, hash: &Hash) {
        self.count = self.count.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(digest(name, hash));
    }

    fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        let (mut count, mut sum) = ([0; 8], [0; 16]);
        count.copy_from_slice(&bytes[..8]);
        sum.copy_from_slice(&bytes[8..]);
        Self {
            count: u64::from_le_bytes(count),
            sum: u128::from_le_bytes(sum),
        }
    }

    fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..8].copy_from_slice(&self.count.to_le_bytes());
        bytes[8..].copy_from_slice(&self.sum.to_le_bytes());
        bytes
    }
}

/// Returns the first 16 bytes of SHA-256(length of the name ‖ name ‖ hash) as a number.
fn digest(name: &str, hash: &Hash) -> u128 {
    let mut bytes = Vec::with_capacity(8 + name.len() + Hash::LEN);
    bytes.extend_from_slice(&(name.len() as u64).to_le_bytes());
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(hash.as_bytes());
    let mut start = [0; 16];
    start.copy_from_slice(&Hash::of(&bytes).as_bytes()[..16]);
    u128::from_le_bytes(start)
}
