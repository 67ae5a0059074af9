//! What a store with branches is to the rows.

use crate::Result;
use crate::data::{Answer, Entry};

/// A store that has one version of its map at hand, which a branch points to. At first that is
/// `main`.
pub(crate) trait Branches {
    /// Makes a branch that points to the version at hand.
    fn branch(&mut self, name: &str) -> Result<()>;

    /// Goes to the version that a branch points to.
    fn checkout(&mut self, name: &str) -> Result<()>;

    /// Gives a key a value, in a version that the branch points to from then on.
    fn commit(&mut self, entry: &Entry) -> Result<()>;

    /// Reads the value of a key in the version at hand.
    fn get(&self, key: &[u8]) -> Result<Answer>;

    /// Reads the value of a key in the version that a branch points to.
    fn get_at(&self, name: &str, key: &[u8]) -> Result<Answer>;
}
