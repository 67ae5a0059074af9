//! What an engine is to the rows.

use crate::Result;
use crate::branches::Branches;
use crate::data::{Answer, Entry};

/// The answer of an engine to work that not all can do; `None` if it cannot.
pub(crate) type Offer<T> = Option<Result<T>>;

/// A library that keeps sorted maps in memory, with whatever it has for caches.
pub(crate) trait Engine: Sized {
    /// A version of a map, as the library's users hold it.
    type Map;
    /// A proof that a key has a value.
    type Proof;

    /// How many gets one repetition has.
    const GETS: usize = 50_000;
    /// How many puts one repetition has: one where a put takes many milliseconds.
    const PUTS: usize = 100;

    /// Makes an empty store with what is recommended for it.
    fn create() -> Result<Self>;

    /// Opens the same bytes again with nothing cached; `None` if the engine has no cache.
    fn cold(&self) -> Offer<Self>;

    /// Takes the entries over, or leaves them where they are, as the engine's own function does.
    fn build_sorted(&self, entries: &mut Vec<Entry>) -> Result<Self::Map>;

    fn build_unsorted(&self, entries: &mut Vec<Entry>) -> Result<Self::Map>;

    /// Returns the same version to go on from, read through this store.
    fn snapshot(&self, map: &Self::Map) -> Result<Self::Map>;

    fn len(&self, map: &Self::Map) -> Result<u64>;

    /// Looks up keys one by one; answers for the values.
    fn get(&self, map: &Self::Map, keys: &[&[u8]]) -> Result<Answer>;

    /// Looks up keys one by one in the engine's fastest way, where that is not plain `get`.
    fn get_in_session(&self, _map: &Self::Map, _keys: &[&[u8]]) -> Offer<Answer> {
        None
    }

    /// Visits all entries in order.
    fn scan(&self, map: &Self::Map) -> Result<Answer>;

    /// Gives one key a value. Afterwards the new version is stored.
    fn put(&self, map: &mut Self::Map, entry: &Entry) -> Result<()>;

    /// Gives many keys values at once; they come in order.
    fn apply(&self, map: &mut Self::Map, entries: &[Entry]) -> Result<()>;

    /// Makes a version that will be merged: like [`apply`](Self::apply), in the way that is best for
    /// that.
    fn branch(&self, map: &mut Self::Map, entries: &[Entry]) -> Result<()> {
        self.apply(map, entries)
    }

    /// Finds what changed; answers for the keys with their new values.
    fn diff(&self, _before: &Self::Map, _after: &Self::Map) -> Offer<Answer> {
        None
    }

    /// Merges three versions. Conflicts go to a resolver that takes ours, if there is to be one.
    fn merge(&self, _versions: Versions<'_, Self::Map>, _resolver: bool) -> Offer<Self::Map> {
        None
    }

    /// Makes a store in which versions have names and no history, with these entries, which come in
    /// order.
    fn names(_entries: Vec<Entry>) -> Offer<Box<dyn Branches>> {
        None
    }

    /// Makes a store with branches and these entries, which come in order.
    fn branches(_entries: Vec<Entry>) -> Offer<Box<dyn Branches>> {
        None
    }

    fn prove(&self, _map: &Self::Map, _key: &[u8]) -> Offer<Self::Proof> {
        None
    }

    /// Says whether a proof shows that the key has the value.
    fn verify(
        &self,
        _map: &Self::Map,
        _proof: &Self::Proof,
        _entry: (&[u8], &[u8]),
    ) -> Result<bool> {
        Err("no proofs".into())
    }

    fn proof_bytes(&self, _proof: &Self::Proof) -> Result<usize> {
        Err("no proofs".into())
    }

    /// Returns the bytes of all that a version consists of.
    fn stored_bytes(&self, _map: &Self::Map) -> Offer<usize> {
        None
    }

    /// Puts an entry and says what had to be written for it.
    fn written(&self, _map: &Self::Map, _entry: &Entry) -> Offer<Written> {
        None
    }
}

/// What has been written.
#[derive(Clone, Copy, Default)]
pub(crate) struct Written {
    pub(crate) leaves: usize,
    /// The bytes of all nodes.
    pub(crate) bytes: usize,
}

/// What is merged.
#[derive(Clone, Copy)]
pub(crate) struct Versions<'a, M> {
    pub(crate) base: &'a M,
    pub(crate) ours: &'a M,
    pub(crate) theirs: &'a M,
}
