//! What a user can choose about the hash embedder.

prollytree_plugin_api::options! {
    /// Options of the hash embedder.
    pub struct HashOptions {
        /// The length of a vector, from 1 to 65536.
        pub dim: u32 = "384",
        /// Chooses one of 2^64 unrelated embedders.
        pub seed: u64 = "0",
    }
}
