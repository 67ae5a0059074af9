//! What a user can choose about a store in a folder.

use std::path::PathBuf;
use std::time::Duration;

use prollytree_plugin_api::ByteSize;

prollytree_plugin_api::options! {
    /// Options of the file backend.
    pub struct FileOptions {
        /// The folder that holds the store, and nothing else.
        pub path: PathBuf,
        /// How long to wait while another process appends or repacks, before giving up.
        pub lock_wait: Duration = "10s",
        /// The length at which the journal is sealed into a pack. It bounds what is read when the
        /// store is opened, and the memory for the journal's index.
        pub journal_size: ByteSize = "32MiB",
    }
}
