//! Reading refs.

use prollytree_plugin_api::{Hash, RefName};

use super::paged::paged;
use super::{Storage, StorageError};

/// How many refs are asked for at once.
const PAGE: usize = 256;

impl Storage {
    /// Reads a ref; `None` means that there is none.
    pub fn reference(&self, name: &RefName) -> Result<Option<Hash>, StorageError> {
        self.ask("read a ref", |backend, call| backend.get_ref(call, name))
    }

    /// Lists the refs whose names begin with `prefix`, in ascending order of their names.
    ///
    /// # Errors
    /// The iterator ends after an error.
    pub fn references(
        &self,
        prefix: &str,
    ) -> impl Iterator<Item = Result<(RefName, Hash), StorageError>> + use<> {
        let (storage, prefix) = (self.clone(), prefix.to_owned());
        paged(move |last: Option<&(RefName, Hash)>| {
            let after = last.map(|(name, _)| name);
            storage.ask("list refs", |backend, call| {
                backend.list_refs(call, &prefix, after, PAGE)
            })
        })
    }
}
