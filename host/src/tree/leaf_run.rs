//! The leaves that a scan comes to next, taken from memory many at a time.
//!
//! Going on to a leaf that is not in the processor's caches waits for memory three times, one after
//! the other: for the count of its owners, for what is known about it, and for its bytes. Counting an
//! owner also waits for all that is being read. Many leaves together are waited for once.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::Arc;

use super::TreeError;
use super::cursor::Cursor;
use super::layout::Layout;
use super::node::Node;

/// Leaves on both sides of the one in which a cursor stands.
#[derive(Debug)]
pub(super) struct LeafRun {
    /// They come next, below the same parent.
    next: VecDeque<Arc<Node>>,
    /// They have been passed, and are given back together.
    passed: Vec<Arc<Node>>,
    /// How many are taken at a time: more and more, because a scan may be a short one.
    together: usize,
}

impl LeafRun {
    const MOST: usize = 16;

    pub(super) fn new() -> Self {
        Self {
            next: VecDeque::new(),
            passed: Vec::new(),
            together: 1,
        }
    }

    /// Moves a cursor, which nothing else moves meanwhile, before the first entry of the next leaf.
    /// Returns false, and does not move it, if there is none.
    pub(super) fn advance(&mut self, cursor: &mut Cursor) -> Result<bool, TreeError> {
        if let Some(leaf) = self.next.pop_front() {
            self.passed.extend(cursor.step_to_sibling(leaf));
            return Ok(true);
        }
        self.passed.clear();
        if !cursor.next_node(u64::MAX)? {
            return Ok(false);
        }
        cursor.siblings_in_memory(self.together, &mut self.next);
        self.together = (self.together * 2).min(Self::MOST);
        // Nothing waits for what is read here, so that all of it is on its way at once.
        for leaf in &self.next {
            let bytes = leaf.encoded();
            let at = [Layout::HEADS, leaf.tail_start(0), leaf.cell_start(0)];
            black_box(at.map(|at| bytes.get(at).copied()));
        }
        Ok(true)
    }
}
