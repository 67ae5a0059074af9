//! What a user can choose about a store in a redb file.

use std::path::PathBuf;
use std::time::Duration;

use prollytree_plugin_api::ByteSize;

prollytree_plugin_api::options! {
    /// Options of the redb backend.
    pub struct RedbOptions {
        /// The database file. Missing folders on the way to it are made with it.
        pub path: PathBuf,
        /// How long to wait for another process, or another instance in this one, to close the
        /// file.
        pub lock_wait: Duration = "5s",
        /// How much memory redb may use for pages.
        pub cache: ByteSize = "64MiB",
    }
}
