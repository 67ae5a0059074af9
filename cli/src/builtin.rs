//! The backends and embedders that are linked in: the only file here that names one.

use prollytree::plugin::Registry;

/// The store that `init` makes unless another is wanted.
pub(crate) const DEFAULT_STORE: &str = "redb:.prolly/store.redb";

/// Returns a registry of what is linked in.
pub(crate) fn registry() -> Registry {
    Registry::new()
        .with_backend(prollytree_backend_memory::BACKEND)
        .with_backend(prollytree_backend_file::BACKEND)
        .with_backend(prollytree_backend_redb::BACKEND)
        .with_embedder(prollytree_embedder_hash::EMBEDDER)
}
