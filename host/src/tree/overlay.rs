//! Entries in order: those of a tree with staged edits laid over them.

use std::cmp::Ordering;
use std::collections::btree_map::Range;

use super::{Edit, Key, TreeError};

/// What a tree has under its keys, with staged edits laid over it, from either end.
pub(crate) struct Overlay<'a, I: Iterator, F> {
    tree: Ends<I>,
    staged: Ends<Range<'a, Vec<u8>, Edit>>,
    /// What a staged edit puts; `None` if it removes its key.
    read: F,
}

impl<'a, I, F, T> Overlay<'a, I, F>
where
    I: DoubleEndedIterator<Item = Result<(Key, T), TreeError>>,
    F: Fn(&Edit) -> Option<T>,
{
    pub(crate) fn new(tree: I, staged: Range<'a, Vec<u8>, Edit>, read: F) -> Self {
        Self {
            tree: Ends::new(tree),
            staged: Ends::new(staged),
            read,
        }
    }

    /// Takes the next entry from the end that `side` stands for.
    fn take(&mut self, side: Side) -> Option<I::Item> {
        loop {
            let order = match (self.tree.peek(side), self.staged.peek(side)) {
                (None, None) => return None,
                (Some(_), None) | (Some(Err(_)), _) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(Ok((ours, _))), Some((staged, _))) => match side {
                    Side::Front => ours.cmp(staged),
                    Side::Back => staged.cmp(&ours),
                },
            };
            let mut entry = None;
            if order.is_le() {
                entry = self.tree.take(side);
            }
            if order.is_ge() {
                let (key, edit) = self.staged.take(side)?;
                entry = (self.read)(edit).map(|value| Ok((key.clone(), value)));
            }
            if entry.is_some() {
                return entry;
            }
        }
    }
}

impl<I, F, T> Iterator for Overlay<'_, I, F>
where
    I: DoubleEndedIterator<Item = Result<(Key, T), TreeError>>,
    F: Fn(&Edit) -> Option<T>,
{
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.take(Side::Front)
    }
}

impl<I, F, T> DoubleEndedIterator for Overlay<'_, I, F>
where
    I: DoubleEndedIterator<Item = Result<(Key, T), TreeError>>,
    F: Fn(&Edit) -> Option<T>,
{
    fn next_back(&mut self) -> Option<I::Item> {
        self.take(Side::Back)
    }
}

#[derive(Clone, Copy, Debug)]
enum Side {
    Front,
    Back,
}

/// An iterator whose next item can be looked at from either end.
struct Ends<I: Iterator> {
    iter: I,
    front: Option<I::Item>,
    back: Option<I::Item>,
}

impl<I: DoubleEndedIterator> Ends<I> {
    fn new(iter: I) -> Self {
        Self {
            iter,
            front: None,
            back: None,
        }
    }

    fn peek(&mut self, side: Side) -> Option<&I::Item> {
        let item = self.take(side);
        let slot = match side {
            Side::Front => &mut self.front,
            Side::Back => &mut self.back,
        };
        *slot = item;
        slot.as_ref()
    }

    /// Takes an item. What was looked at from the other end is the last one to be left.
    fn take(&mut self, side: Side) -> Option<I::Item> {
        match side {
            Side::Front => self
                .front
                .take()
                .or_else(|| self.iter.next())
                .or_else(|| self.back.take()),
            Side::Back => self
                .back
                .take()
                .or_else(|| self.iter.next_back())
                .or_else(|| self.front.take()),
        }
    }
}
