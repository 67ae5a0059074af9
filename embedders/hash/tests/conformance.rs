//! The embedder keeps the contract.

use prollytree_conformance::{ModelSubject, embedder_conformance_tests};
use prollytree_plugin_api::Options;

embedder_conformance_tests!(
    hash,
    ModelSubject::of(&prollytree_embedder_hash::EMBEDDER, Options::new())
);
