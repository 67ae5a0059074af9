//! What a user can choose about a store in memory.

prollytree_plugin_api::options! {
    /// Options of the memory backend.
    pub struct MemoryOptions {
        /// The store's name within this process. All stores opened under one name share their data,
        /// which stays until the process ends. Without a name every opening makes a store of its own.
        pub name: Option<String>,
    }
}
