//! The records that the cases store.

use prollytree_plugin_api::{Hash, Kind, Record};

use crate::random::Random;

/// A record that owns its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) hash: Hash,
    pub(crate) kind: Kind,
    pub(crate) links: Vec<Hash>,
    pub(crate) bytes: Vec<u8>,
}

impl Item {
    pub(crate) fn new(kind: Kind, links: Vec<Hash>, bytes: Vec<u8>) -> Self {
        Self {
            hash: Hash::of(&bytes),
            kind,
            links,
            bytes,
        }
    }

    pub(crate) fn blob(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Kind::BLOB, Vec::new(), bytes.into())
    }

    /// The blob that says `text` and a number.
    pub(crate) fn numbered(text: &str, number: usize) -> Self {
        Self::blob(format!("{text} {number}"))
    }

    pub(crate) fn random(random: &mut Random, size: usize) -> Self {
        Self::blob(random.bytes(size))
    }

    /// A node whose bytes are its links and some text that tells it from others.
    pub(crate) fn parent(of: &[&Self], text: &str) -> Self {
        let links: Vec<_> = of.iter().map(|child| child.hash).collect();
        let mut bytes = text.as_bytes().to_vec();
        for link in &links {
            bytes.extend_from_slice(link.as_bytes());
        }
        Self::new(Kind::NODE, links, bytes)
    }

    pub(crate) fn record(&self) -> Record<'_> {
        Record {
            hash: self.hash,
            kind: self.kind,
            links: &self.links,
            bytes: &self.bytes,
            shared: None,
        }
    }
}

/// `count` different blobs that say `text`.
pub(crate) fn items(text: &str, count: usize) -> Vec<Item> {
    (0..count)
        .map(|number| Item::numbered(text, number))
        .collect()
}

pub(crate) fn hashes<'a>(items: impl IntoIterator<Item = &'a Item>) -> Vec<Hash> {
    items.into_iter().map(|item| item.hash).collect()
}
