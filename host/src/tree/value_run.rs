//! The values out of line that a scan comes to next, loaded many at a time.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use prollytree_plugin_api::Hash;

use super::TreeError;
use super::direction::Direction;
use super::node::Node;
use super::value::{Blob, BlobRef, Cell, MAX_WHOLE, Value, load, whole};
use crate::storage::Storage;

/// Values of entries of a leaf that come next.
#[derive(Clone, Debug)]
pub(super) struct ValueRun {
    loaded: VecDeque<(BlobRef, Arc<Blob>)>,
    /// How many are loaded together: more and more, because a scan may break off.
    together: usize,
}

impl ValueRun {
    /// Lengths are only believed once a value is there, so that they alone bound nothing.
    const MOST: usize = 128;
    const MOST_BYTES: u64 = 8 << 20;

    pub(super) fn new() -> Self {
        Self {
            loaded: VecDeque::new(),
            together: 1,
        }
    }

    /// Loads the value out of line of the entry that comes first among those of a leaf that are wanted
    /// next. If it is not in memory, some of the others are loaded with it.
    pub(super) fn value(
        &mut self,
        storage: &Storage,
        blob: &BlobRef,
        (leaf, coming): (&Node, Range<usize>),
        direction: Direction,
    ) -> Result<Value, TreeError> {
        if blob.len() > MAX_WHOLE as u64 {
            return load(storage, blob);
        }
        if let Some((_, record)) = self.loaded.pop_front_if(|(loaded, _)| loaded == blob) {
            return whole(&record, blob);
        }
        self.loaded.clear();
        if let Some(record) = storage.cached::<Blob>(&blob.hash()) {
            return whole(&record, blob);
        }
        let wanted = self.wanted(leaf, coming, direction);
        let hashes: Vec<Hash> = wanted.iter().map(BlobRef::hash).collect();
        let Ok(records) = storage.load_many(&hashes) else {
            // Whichever failed, it is told at its own key.
            self.together = 1;
            return load(storage, blob);
        };
        self.together = (self.together * 2).min(Self::MOST);
        let mut loaded = wanted.into_iter().zip(records);
        let first = loaded.next();
        self.loaded.extend(loaded);
        match first {
            Some((_, record)) => whole(&record, blob),
            None => load(storage, blob),
        }
    }

    /// Returns where the values lie that are loaded together, at least the first.
    fn wanted(&self, leaf: &Node, coming: Range<usize>, direction: Direction) -> Vec<BlobRef> {
        let mut bytes = 0_u64;
        let positions = (0..coming.len()).map(|n| direction.first(&direction.skip(&coming, n)));
        let outside = positions.filter_map(|index| match leaf.cell(index) {
            Cell::Blob(blob) if blob.len() <= MAX_WHOLE as u64 => Some(blob),
            _ => None,
        });
        outside
            .take(self.together)
            .take_while(|blob| {
                bytes += blob.len();
                bytes == blob.len() || bytes <= Self::MOST_BYTES
            })
            .collect()
    }
}
