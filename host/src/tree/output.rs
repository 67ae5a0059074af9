//! Where the writer puts new records.

use std::sync::Arc;

use prollytree_plugin_api::{Hash, Kind};

use super::chunker::Cut;
use super::node::{Child, Node};
use super::value::BlobSink;
use crate::storage::{RecordBatch, Storage, StorageError, address_of};

/// A batch of the caller's, which grows; or the store itself, which is fed as a batch fills.
#[derive(Debug)]
pub(super) enum Output<'a> {
    Batch(&'a mut RecordBatch),
    Store {
        storage: &'a Storage,
        pending: RecordBatch,
    },
}

/// A node that has been written, and what its parent says of it.
#[derive(Clone, Debug)]
pub(super) struct NewNode {
    pub(super) child: Child,
    pub(super) node: Arc<Node>,
}

impl<'a> Output<'a> {
    /// How many bytes wait before they are handed to the store, and what a record takes besides them.
    const PENDING_BYTES: usize = 8 << 20;
    const RECORD_BYTES: usize = 256;

    pub(super) fn store(storage: &'a Storage) -> Self {
        Self::Store {
            storage,
            pending: RecordBatch::new(),
        }
    }

    /// Takes a node, and gives it its address.
    pub(super) fn push_node(&mut self, cut: Cut) -> Result<NewNode, StorageError> {
        let hash = address_of(cut.bytes());
        self.push_hashed(cut, hash)
    }

    /// Takes a node whose address is known.
    pub(super) fn push_hashed(&mut self, cut: Cut, hash: Hash) -> Result<NewNode, StorageError> {
        let Cut { node, links } = cut;
        let (bytes, totals) = (node.bytes.clone(), node.totals);
        let node = Arc::new(node);
        match self {
            // What is edited is likely to be read again; what is built in bulk is not.
            Self::Batch(batch) => batch.push_decoded(hash, links, bytes, Arc::clone(&node)),
            Self::Store { pending, .. } => {
                pending.push_hashed(hash, Kind::NODE, links, bytes);
                self.feed()?;
            }
        }
        let child = Child { hash, totals };
        Ok(NewNode { child, node })
    }

    /// Says whether many nodes may come, more than fit into memory.
    pub(super) fn is_bulk(&self) -> bool {
        matches!(self, Self::Store { .. })
    }

    /// Hands over what waits.
    pub(super) fn finish(self) -> Result<(), StorageError> {
        match self {
            Self::Store { storage, pending } if !pending.is_empty() => storage.put(&pending),
            _ => Ok(()),
        }
    }

    /// Hands over what waits, if that is much.
    fn feed(&mut self) -> Result<(), StorageError> {
        if let Self::Store { storage, pending } = self
            && pending.bytes() + pending.len() * Self::RECORD_BYTES >= Self::PENDING_BYTES
        {
            storage.put(pending)?;
            pending.clear();
        }
        Ok(())
    }
}

impl BlobSink for Output<'_> {
    type Error = StorageError;

    fn push_blob(&mut self, links: Vec<Hash>, bytes: Vec<u8>) -> Result<Hash, StorageError> {
        match self {
            Self::Batch(batch) => Ok(batch.push(Kind::BLOB, links, bytes)),
            Self::Store { pending, .. } => {
                let hash = pending.push(Kind::BLOB, links, bytes);
                self.feed()?;
                Ok(hash)
            }
        }
    }
}
