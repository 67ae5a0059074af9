//! The address of a record.

use prollytree_plugin_api::Hash;

/// Computes the address of a record: the hash of its bytes. Everything that asks for one comes here,
/// so that tests can count.
pub(crate) fn address_of(bytes: &[u8]) -> Hash {
    #[cfg(test)]
    super::work::add(|work| work.addresses += 1);
    Hash::of(bytes)
}
