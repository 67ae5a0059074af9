//! Hashes leaves on other threads while the next ones are cut. What the level above is told of stays
//! in order.

use std::collections::VecDeque;
use std::mem;

use prollytree_plugin_api::{Buffer, Hash};

use super::TreeError;
use super::aside::Aside;
use super::chunker::Cut;
use super::key::Key;
use super::writer::Writer;
use crate::storage::address_of;

/// News for the level above the leaves.
#[derive(Debug)]
pub(super) enum News {
    /// A new leaf ends with this key.
    Cut {
        last_key: Key,
        cut: Box<Cut>,
        hash: Hash,
    },
    /// Old leaves that ended with these keys are gone.
    Gone(Vec<Key>),
}

/// News on their way.
pub(super) struct Pipeline {
    aside: Aside<Vec<Buffer>, Vec<Hash>>,
    /// What the leaves that are hashed are news of, oldest first.
    sent: VecDeque<Vec<News>>,
    /// What is not on its way yet, the leaves among it without hashes.
    waiting: Vec<News>,
    /// How many leaves that is about, new ones and old ones that are gone.
    leaves_waiting: usize,
}

impl Pipeline {
    /// So many leaves are hashed by one thread at a time: some hundred kilobytes.
    const TOGETHER: usize = 64;

    /// Starts so many threads; `None` if that is none.
    pub(super) fn start(threads: usize) -> Option<Self> {
        let hash = |leaves: &Vec<Buffer>| leaves.iter().map(|leaf| address_of(leaf)).collect();
        Some(Self {
            aside: Aside::start(hash, threads)?,
            sent: VecDeque::new(),
            waiting: Vec::new(),
            leaves_waiting: 0,
        })
    }

    /// Takes a leaf whose hash is not known yet.
    pub(super) fn push_cut(&mut self, last_key: Key, cut: Cut) {
        const UNKNOWN: Hash = Hash::new([0; Hash::LEN]);
        self.waiting.push(News::Cut {
            last_key,
            cut: Box::new(cut),
            hash: UNKNOWN,
        });
        self.count(1);
    }

    pub(super) fn push_gone(&mut self, last_keys: Vec<Key>) {
        let count = last_keys.len();
        if count > 0 {
            self.waiting.push(News::Gone(last_keys));
            self.count(count);
        }
    }

    /// Sends what waits if that is much.
    fn count(&mut self, leaves: usize) {
        self.leaves_waiting += leaves;
        if self.leaves_waiting >= Self::TOGETHER {
            self.send();
        }
    }

    /// Returns the oldest news, if they are complete or too many are on their way; with `all`, until
    /// there are none.
    pub(super) fn take(&mut self, all: bool) -> Option<Vec<News>> {
        if all && !self.waiting.is_empty() {
            self.send();
        }
        let (_, hashes) = self.aside.take(all)?;
        let mut news = self.sent.pop_front()?;
        let mut hashes = hashes.into_iter();
        for new in &mut news {
            if let News::Cut { cut, hash, .. } = new {
                *hash = hashes.next().unwrap_or_else(|| address_of(cut.bytes()));
            }
        }
        Some(news)
    }

    fn send(&mut self) {
        let news = mem::take(&mut self.waiting);
        let leaves = news.iter().filter_map(|new| match new {
            News::Cut { cut, .. } => Some(cut.bytes().clone()),
            News::Gone(_) => None,
        });
        self.aside.give(leaves.collect());
        self.leaves_waiting = 0;
        self.sent.push_back(news);
    }
}

impl Writer<'_> {
    /// Ends it, and does not begin it again: what is still to come of the leaves is told at once.
    pub(super) fn end_pipeline(&mut self) {
        self.pipeline = None;
        self.expect_little();
    }

    /// Tells the level above the leaves what is known by now; with `all`, everything.
    pub(super) fn hear_news(&mut self, all: bool) -> Result<(), TreeError> {
        while let Some(news) = self.pipeline.as_mut().and_then(|news| news.take(all)) {
            for new in news {
                match new {
                    News::Gone(keys) => keys
                        .iter()
                        .try_for_each(|key| self.change_above(0, key, None))?,
                    News::Cut {
                        last_key,
                        cut,
                        hash,
                    } => self.wrote_leaf(&last_key, *cut, hash)?,
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A long range is removed, so that many old leaves are gone before a new one is cut.
    #[test]
    fn old_leaves_that_are_gone_do_not_wait_for_new_ones() {
        let mut pipeline = Pipeline::start(1).unwrap();
        let mut heard = 0;
        for n in 0..10_000_u32 {
            pipeline.push_gone(vec![n.to_be_bytes().to_vec()]);
            heard += pipeline.take(false).map_or(0, |news| news.len());
            assert!(pipeline.waiting.len() < Pipeline::TOGETHER);
            assert!(pipeline.sent.len() == pipeline.aside.waiting() && pipeline.sent.len() < 100);
        }
        while let Some(news) = pipeline.take(true) {
            heard += news.len();
        }
        assert_eq!(heard, 10_000);
    }
}
