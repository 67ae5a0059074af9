//! The tables of functions that a plugin hands to a host.
//!
//! Answers are written to arguments, so that every method returns one pointer. A method or a field
//! is only ever appended, and what comes after `last_prefix_field` may be missing in an older
//! plugin: there the default body runs, in the host.
#![expect(
    non_camel_case_types,
    non_local_definitions,
    clippy::pedantic,
    unused_qualifications,
    reason = "written by the macros of abi_stable"
)]

use abi_stable::library::RootModule;
use abi_stable::sabi_types::VersionStrings;
use abi_stable::std_types::{RBox, RResult, RSlice, RSliceMut, RStr, RString, RVec};
use abi_stable::{StableAbi, package_version_strings, sabi_trait};

use super::failure::Outcome;
use super::types::{
    AbiCall, AbiEntry, AbiHash, AbiMaybeHash, AbiRecord, AbiRef, AbiSlot, AbiSwap, AbiUpdate,
};
use crate::Error;

/// An opened backend as it crosses.
pub(super) type StorageObject = AbiStorage_TO<'static, RBox<()>>;

/// A loaded embedder as it crosses.
pub(super) type EmbedderObject = AbiEmbedder_TO<'static, RBox<()>>;

/// [`NodeStorage`](crate::NodeStorage), method by method.
#[sabi_trait]
pub(super) trait AbiStorage: Send + Sync {
    fn info(&self, out: &mut RString) -> Outcome;

    fn get_many(
        &self,
        call: &AbiCall,
        hashes: RSlice<'_, AbiHash>,
        out: RSliceMut<'_, AbiSlot>,
    ) -> Outcome;

    fn contains_many(
        &self,
        call: &AbiCall,
        hashes: RSlice<'_, AbiHash>,
        out: RSliceMut<'_, u8>,
    ) -> Outcome;

    fn put_many(&self, call: &AbiCall, records: RSlice<'_, AbiRecord<'_>>) -> Outcome;

    fn delete_many(
        &self,
        call: &AbiCall,
        hashes: RSlice<'_, AbiHash>,
        not_younger_than: i64,
        out: &mut u64,
    ) -> Outcome;

    fn list(
        &self,
        call: &AbiCall,
        after: AbiMaybeHash,
        limit: usize,
        out: &mut RVec<AbiEntry>,
    ) -> Outcome;

    fn get_ref(&self, call: &AbiCall, name: RStr<'_>, out: &mut AbiMaybeHash) -> Outcome;

    fn list_refs(
        &self,
        call: &AbiCall,
        prefix: RStr<'_>,
        after: RStr<'_>,
        limit: usize,
        out: &mut RVec<AbiRef>,
    ) -> Outcome;

    fn compare_and_swap_ref(
        &self,
        call: &AbiCall,
        update: &AbiUpdate<'_>,
        out: &mut AbiSwap,
    ) -> Outcome;

    fn commit(
        &self,
        call: &AbiCall,
        records: RSlice<'_, AbiRecord<'_>>,
        updates: RSlice<'_, AbiUpdate<'_>>,
        out: &mut AbiSwap,
    ) -> Outcome;

    fn sync(&self, call: &AbiCall) -> Outcome;

    #[sabi(last_prefix_field)]
    fn close(&self) -> Outcome;

    fn stats(&self, _call: &AbiCall, _out: &mut RString) -> Outcome {
        Outcome::OK
    }

    fn maintain(
        &self,
        _call: &AbiCall,
        operation: RStr<'_>,
        _args: RStr<'_>,
        _out: &mut RString,
    ) -> Outcome {
        Error::unsupported(operation.as_str()).into()
    }
}

/// [`Embedder`](crate::Embedder), method by method.
#[sabi_trait]
pub(super) trait AbiEmbedder: Send + Sync {
    fn info(&self, out: &mut RString) -> Outcome;

    #[sabi(last_prefix_field)]
    fn embed_many(
        &self,
        call: &AbiCall,
        texts: RSlice<'_, RStr<'_>>,
        out: RSliceMut<'_, f32>,
    ) -> Outcome;
}

/// What one export of a plugin offers. Has no state: opening twice gives two instances.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = PluginModule_Ref)))]
#[sabi(missing_field(option))]
pub(super) struct PluginModule {
    /// Returns the manifest of what was compiled.
    pub(super) describe: extern "C" fn(out: &mut RString),
    /// Sets the level and the receiver of messages for this image.
    pub(super) set_log: extern "C" fn(level: u32, sink: LogSink),
    /// Opens a store; the request is JSON.
    #[sabi(last_prefix_field)]
    pub(super) open_backend: extern "C" fn(request: RStr<'_>) -> RResult<StorageObject, Outcome>,
    /// Loads an embedder; the options are JSON.
    pub(super) open_embedder: extern "C" fn(options: RStr<'_>) -> RResult<EmbedderObject, Outcome>,
}

/// Receives level, target and text of a message.
#[repr(transparent)]
#[derive(Clone, Copy, StableAbi)]
pub(super) struct LogSink {
    pub(super) receive: extern "C" fn(level: u32, target: RStr<'_>, message: RStr<'_>),
}

impl RootModule for PluginModule_Ref {
    abi_stable::declare_root_module_statics! {PluginModule_Ref}

    const BASE_NAME: &'static str = "prollytree_plugin";
    const NAME: &'static str = "prollytree_plugin";
    const VERSION_STRINGS: VersionStrings = package_version_strings!();
}
