//! Edits in the order of their keys, and still where they came.

use std::hint::black_box;
use std::mem;

use super::Edit;
use super::key::{Key, common_prefix};
use super::node::head_of;

/// Edits in the order of their keys; of several for one key, the last.
///
/// They are not moved: what is given back to the allocator one by one in another order than that in
/// which it was allocated costs more than it took to sort it.
pub(super) struct InOrder {
    /// As they came.
    edits: Vec<(Key, Edit)>,
    /// The positions of those that count, and before them numbers that are ordered as the keys are.
    order: Vec<(u64, usize)>,
}

/// How many edits are fetched into the processor's cache together.
const TOGETHER: usize = 64;

impl InOrder {
    /// Compared are numbers that are made of the bytes behind what all keys begin with, and whole keys
    /// only where these are equal: a comparison seldom has to fetch a key from elsewhere.
    pub(super) fn new(edits: Vec<(Key, Edit)>) -> Self {
        let first = edits.first().map_or(&[][..], |(key, _)| key);
        let shared = edits.iter().fold(first.len(), |shared, (key, _)| {
            common_prefix(&first[..shared], key)
        });
        let keys = edits.iter().enumerate();
        let mut order: Vec<_> = keys
            .map(|(index, (key, _))| (head_of(&key[shared..]), index))
            .collect();
        order.sort_unstable_by(|one, other| {
            let heads = one.0.cmp(&other.0);
            heads
                .then_with(|| edits[one.1].0.cmp(&edits[other.1].0))
                .then(one.1.cmp(&other.1))
        });
        order.dedup_by(|later, kept| {
            let same = later.0 == kept.0 && edits[later.1].0 == edits[kept.1].0;
            if same {
                *kept = *later;
            }
            same
        });
        Self { edits, order }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, &Edit)> {
        self.order.chunks(TOGETHER).flat_map(|some| {
            self.touch(some);
            some.iter().map(|&(_, index)| {
                let (key, edit) = &self.edits[index];
                (key, edit)
            })
        })
    }

    /// Takes the edit that so many others come before. Each can be taken once.
    pub(super) fn take(&mut self, before: usize) -> Option<(Key, Edit)> {
        let &(_, index) = self.order.get(before)?;
        if before.is_multiple_of(TOGETHER) {
            let end = self.order.len().min(before + TOGETHER);
            self.touch(&self.order[before..end]);
        }
        let taken = (Key::new(), Edit::Delete);
        Some(mem::replace(&mut self.edits[index], taken))
    }

    /// Looks at each of some edits. What comes in another order than that in which it was allocated is
    /// likely not to be in the processor's cache; looking at many at once waits for all of them
    /// together, and not for one after the other.
    fn touch(&self, some: &[(u64, usize)]) {
        const LINE: usize = 64;
        // Of a long value the processor fetches the rest by itself.
        const LINES: usize = 8;
        let look = |bytes: &[u8]| {
            let lines = bytes.iter().step_by(LINE).take(LINES);
            lines.chain(bytes.last()).fold(0, |all, byte| all ^ byte)
        };
        let seen = some.iter().map(|&(_, index)| match &self.edits[index] {
            (key, Edit::Put(value)) => look(key) ^ look(value),
            (key, _) => look(key),
        });
        black_box(seen.fold(0, |all, byte| all ^ byte));
    }
}
