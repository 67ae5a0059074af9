//! What a backend promises beyond the basics.

bitflags::bitflags! {
    /// Promises of an opened backend. The conformance suite holds a backend to each one that it
    /// declares, and expects `UNSUPPORTED` for what it does not declare.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Capabilities: u64 {
        /// What `commit`, `sync` and `compare_and_swap_ref` acknowledged survives power loss.
        const DURABLE = 1;
        /// `commit` is all or nothing over any number of refs.
        const ATOMIC_COMMIT = 1 << 1;
        /// Several processes may read while one writes.
        const SHARED_READERS = 1 << 2;
        /// Several processes may write; compare-and-swap is linearizable between them.
        const SHARED_WRITERS = 1 << 3;
        /// `list` works.
        const LIST = 1 << 4;
        /// `delete_many` works.
        const DELETE = 1 << 5;
        /// This instance refuses everything that writes, with `PERMISSION_DENIED`.
        const READ_ONLY = 1 << 6;
    }
}

impl Capabilities {
    /// Returns the names of the declared promises, in the order of their bits.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.iter_names().map(|(name, _)| name)
    }
}
