//! The children of an internal node that are in memory: a descent that has been made before finds
//! them here, and neither hashes an address nor takes a lock.
//!
//! Internal children are held, within the storage's budget for pins: they are few, about one byte
//! in a hundred. Leaves are only remembered; the cache owns them. One that the cache has dropped is
//! asked for again by its address, as it is where the budget is used up.

use std::collections::VecDeque;
use std::hint::black_box;
use std::ops::{Deref, Range};
use std::sync::{Arc, OnceLock, Weak};

use prollytree_plugin_api::Hash;

use super::TreeError;
use super::key::KeyRef;
use super::node::Node;
use crate::storage::{Decode, Pin, Storage};

/// One place for each child of a node, made when the first one is looked for.
#[derive(Debug)]
pub(super) enum Children {
    /// The node is a leaf.
    None,
    Leaves(Places<Weak<Node>>),
    Internal(Places<Held>),
}

type Places<T> = OnceLock<Box<[OnceLock<T>]>>;

/// A child that stays as long as its parent.
#[derive(Debug)]
pub(super) struct Held {
    node: Arc<Node>,
    _pin: Pin,
}

/// What is left of a leaf that is only remembered: the node without its bytes, and two counts.
const REMEMBERED: usize = size_of::<Node>() + 2 * size_of::<usize>();

/// A child that has been found.
pub(super) enum Loaded<'a> {
    Held(&'a Arc<Node>),
    Shared(Arc<Node>),
}

impl Children {
    /// Makes the places of a node.
    pub(super) fn of(level: u8) -> Self {
        match level {
            0 => Self::None,
            1 => Self::Leaves(OnceLock::new()),
            _ => Self::Internal(OnceLock::new()),
        }
    }

    /// Returns the memory that the places of so many children may take, in bytes.
    pub(super) fn weight(&self, count: usize) -> usize {
        count
            * match self {
                Self::None => 0,
                Self::Leaves(_) => size_of::<OnceLock<Weak<Node>>>() + REMEMBERED,
                Self::Internal(_) => size_of::<OnceLock<Held>>(),
            }
    }
}

fn place<T>(places: &Places<T>, index: usize, count: usize) -> &OnceLock<T> {
    let places = places.get_or_init(|| (0..count).map(|_| OnceLock::new()).collect());
    &places[index]
}

impl Loaded<'_> {
    pub(super) fn into_arc(self) -> Arc<Node> {
        match self {
            Self::Held(node) => Arc::clone(node),
            Self::Shared(node) => node,
        }
    }
}

impl Deref for Loaded<'_> {
    type Target = Node;

    #[inline]
    fn deref(&self) -> &Node {
        match self {
            Self::Held(node) => node,
            Self::Shared(node) => node,
        }
    }
}

impl Node {
    /// Returns a child of an internal node, loaded and checked against its parent if it is not in
    /// memory.
    #[inline]
    pub(super) fn load_child(
        &self,
        storage: &Storage,
        index: usize,
    ) -> Result<Loaded<'_>, TreeError> {
        if let Some(child) = self.linked(index) {
            return Ok(child);
        }
        let child = fetch(storage, self, index)?;
        Ok(self.remember_child(storage, index, child))
    }

    /// Returns a child that is found here.
    #[inline]
    fn linked(&self, index: usize) -> Option<Loaded<'_>> {
        match &self.children {
            Children::Internal(places) => {
                let held = places.get()?[index].get()?;
                Some(Loaded::Held(&held.node))
            }
            Children::Leaves(places) => {
                let leaf = places.get()?[index].get()?.upgrade()?;
                Some(Loaded::Shared(leaf))
            }
            Children::None => None,
        }
    }

    /// Takes a child that has been loaded and checked, so that it is found here the next time.
    fn remember_child(&self, storage: &Storage, index: usize, child: Arc<Self>) -> Loaded<'_> {
        match &self.children {
            Children::Internal(places) => {
                let place = place(places, index, self.len());
                let Some(pin) = storage.pin(child.weight()) else {
                    return Loaded::Shared(child);
                };
                let held = place.get_or_init(|| Held {
                    node: child,
                    _pin: pin,
                });
                Loaded::Held(&held.node)
            }
            Children::Leaves(places) => {
                place(places, index, self.len()).get_or_init(|| Arc::downgrade(&child));
                Loaded::Shared(child)
            }
            Children::None => Loaded::Shared(child),
        }
    }
}

impl Node {
    /// Says whether a child is found here, and not by its address.
    pub(super) fn is_linked(&self, index: usize) -> bool {
        self.linked(index).is_some()
    }

    /// Says whether a child is in memory, so that going down to it asks nobody.
    pub(super) fn is_loaded(&self, storage: &Storage, index: usize) -> bool {
        self.is_linked(index) || storage.is_cached(&self.child(index).hash)
    }

    /// Returns a child that is in memory, checked against its parent.
    fn in_memory(&self, storage: &Storage, index: usize) -> Result<Option<Loaded<'_>>, TreeError> {
        if let Some(child) = self.linked(index) {
            return Ok(Some(child));
        }
        let Some(child) = storage.cached::<Self>(&self.child(index).hash) else {
            return Ok(None);
        };
        check_child(self, index, &child)?;
        Ok(Some(self.remember_child(storage, index, child)))
    }

    /// Appends those leaves of a run of children that are in memory, up to the first that is not.
    pub(super) fn leaves_in_memory(&self, run: Range<usize>, leaves: &mut VecDeque<Arc<Self>>) {
        let Children::Leaves(places) = &self.children else {
            return;
        };
        let Some(places) = places.get() else {
            return;
        };
        let known = || places[run.clone()].iter().map_while(OnceLock::get);
        // A count that is changed is waited for; those that are only read come together.
        black_box(known().map(Weak::strong_count).sum::<usize>());
        leaves.extend(known().map_while(Weak::upgrade));
    }

    /// Loads children of nodes of one level, those that are not in memory with one call to the
    /// backend.
    pub(super) fn load_places(
        storage: &Storage,
        places: &[&(Arc<Self>, usize)],
    ) -> Result<Vec<Arc<Self>>, TreeError> {
        // They are taken before others are loaded: the cache may be too small for all of them.
        let there = places.iter().map(|(node, index)| {
            let child = node.in_memory(storage, *index)?;
            Ok(child.map(Loaded::into_arc))
        });
        let mut children = there.collect::<Result<Vec<_>, TreeError>>()?;
        let hashes: Vec<Hash> = places
            .iter()
            .zip(&children)
            .filter(|(_, there)| there.is_none())
            .map(|((node, index), _)| node.child(*index).hash)
            .collect();
        let loaded = storage.load_many::<Self>(&hashes)?;
        let missing = places
            .iter()
            .zip(&mut children)
            .filter(|(_, there)| there.is_none());
        for (((node, index), there), child) in missing.zip(loaded) {
            check_child(node, *index, &child)?;
            *there = Some(node.remember_child(storage, *index, child).into_arc());
        }
        Ok(children.into_iter().flatten().collect())
    }
}

#[cold]
fn fetch(storage: &Storage, parent: &Node, index: usize) -> Result<Arc<Node>, TreeError> {
    let child = storage.load::<Node>(&parent.child(index).hash)?;
    check_child(parent, index, &child)?;
    Ok(child)
}

/// Checks that a child is what its parent says.
pub(super) fn check_child(parent: &Node, index: usize, child: &Node) -> Result<(), TreeError> {
    let expected = parent.child(index);
    let before = index.checked_sub(1).map(|before| parent.key(before));
    let reason = if child.fingerprint() != parent.fingerprint() {
        "it was written with other parameters than its parent"
    } else if child.level().checked_add(1) != Some(parent.level()) {
        "it is not one level below its parent"
    } else if child.last_key() != Some(parent.key(index)) {
        "its last key is not the one in its parent"
    } else if child.totals() != expected.totals {
        "its totals are not those in its parent"
    } else if before.is_some_and(|before| child.key(0) <= before) {
        return Err(begins_too_early(parent, index));
    } else {
        return Ok(());
    };
    Err(TreeError::Inconsistent {
        hash: expected.hash,
        reason,
    })
}

/// Checks that a node begins behind a key that comes before it in its tree.
pub(super) fn check_begin(
    parent: &Node,
    index: usize,
    child: &Node,
    before: KeyRef<'_>,
) -> Result<(), TreeError> {
    if child.key(0) <= before {
        return Err(begins_too_early(parent, index));
    }
    Ok(())
}

fn begins_too_early(parent: &Node, index: usize) -> TreeError {
    TreeError::Inconsistent {
        hash: parent.child(index).hash,
        reason: "its first key is not greater than the last one before it",
    }
}
