//! Two trees side by side: where they do not have the same, in the order of the keys.
//!
//! What both have is skipped at the highest level at which the same node stands on both sides. The
//! walk does not know where nodes come from: a diff loads them, a proof of one holds them.

use std::cmp::Ordering;
use std::ops::Bound;
use std::sync::Arc;

use super::frontier::Place;
use super::iter::Bounds;
use super::key::{Key, KeyRef};
use super::node::Node;

/// Where the children of nodes come from.
pub(super) trait NodeSource {
    type Error;

    /// Returns a child of a node of one of the trees. It must begin behind `before`, the last key of
    /// that tree that the comparison has passed.
    fn child(
        &mut self,
        side: Side,
        parent: &Arc<Node>,
        index: usize,
        before: Option<KeyRef<'_>>,
    ) -> Result<Arc<Node>, Self::Error>;

    /// Is told what is left of both trees before children are asked for that differ, so that they can
    /// be fetched together: nodes that are partly done, each with what comes next there.
    fn prepare(&mut self, left: [&Left; 2], bounds: &Bounds) -> Result<(), Self::Error> {
        let _ = (left, bounds);
        Ok(())
    }
}

/// One of the two trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

/// A comparison under way.
#[derive(Debug)]
pub(super) struct Comparison<S> {
    pub(super) source: S,
    bounds: Bounds,
    before: Left,
    after: Left,
}

/// What is left of one tree.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Nodes that are partly done, the lowest one last. None is without entries.
    open: Vec<Open>,
    /// The last entry or whole child that has been passed.
    passed: Option<Place>,
}

/// A node, and which of its entries are left.
#[derive(Debug)]
struct Open {
    node: Arc<Node>,
    index: usize,
    end: usize,
}

/// A key that the trees do not agree about, by the entries of the leaves that have it.
#[derive(Debug)]
pub(super) enum Difference {
    Removed(Place),
    Added(Place),
    Changed { before: Place, after: Place },
}

impl Difference {
    /// Returns the key.
    pub(super) fn key(&self) -> Key {
        match self {
            Self::Removed((leaf, index))
            | Self::Added((leaf, index))
            | Self::Changed {
                before: (leaf, index),
                ..
            } => leaf.key(*index).to_key(),
        }
    }

    /// Returns the entries of both trees.
    pub(super) fn sides(&self) -> [Option<&Place>; 2] {
        match self {
            Self::Removed(before) => [Some(before), None],
            Self::Added(after) => [None, Some(after)],
            Self::Changed { before, after } => [Some(before), Some(after)],
        }
    }
}

impl<S: NodeSource> Comparison<S> {
    /// Begins with the roots of trees that are not equal.
    pub(super) fn new(source: S, bounds: Bounds, before: Arc<Node>, after: Arc<Node>) -> Self {
        let mut comparison = Self {
            source,
            bounds,
            before: Left::default(),
            after: Left::default(),
        };
        comparison.before.open(before, &comparison.bounds);
        comparison.after.open(after, &comparison.bounds);
        comparison
    }

    /// Returns the next key that the trees do not agree about.
    pub(super) fn next(&mut self) -> Result<Option<Difference>, S::Error> {
        loop {
            let order = match (self.before.open.last(), self.after.open.last()) {
                (None, None) => return Ok(None),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(before), Some(after)) => {
                    let same = before.same_run(after);
                    if same > 0 {
                        self.before.pass(same);
                        self.after.pass(same);
                        continue;
                    }
                    before.compare(after)
                }
            };
            let difference = match order {
                Ordering::Less => self.step(Side::Before)?.map(Difference::Removed),
                Ordering::Greater => self.step(Side::After)?.map(Difference::Added),
                Ordering::Equal => {
                    self.prepare()?;
                    let (before, after) = (self.step(Side::Before)?, self.step(Side::After)?);
                    let both = before.zip(after);
                    both.map(|(before, after)| Difference::Changed { before, after })
                }
            };
            if difference.is_some() {
                return Ok(difference);
            }
        }
    }

    fn prepare(&mut self) -> Result<(), S::Error> {
        match self.before.open.last() {
            Some(open) if !open.node.is_leaf() => {
                (self.source).prepare([&self.before, &self.after], &self.bounds)
            }
            _ => Ok(()),
        }
    }

    /// Steps over what comes next on a side: returns an entry of a leaf, opens a child.
    fn step(&mut self, side: Side) -> Result<Option<Place>, S::Error> {
        let left = match side {
            Side::Before => &mut self.before,
            Side::After => &mut self.after,
        };
        let Some(open) = left.open.last() else {
            return Ok(None);
        };
        let (node, index) = (Arc::clone(&open.node), open.index);
        if node.is_leaf() {
            left.pass(1);
            return Ok(Some((node, index)));
        }
        let passed = left.passed.as_ref();
        let before = passed.map(|(node, index)| node.key(*index));
        let child = self.source.child(side, &node, index, before)?;
        left.advance(1);
        left.open(child, &self.bounds);
        Ok(None)
    }
}

impl Left {
    /// Returns the nodes that are partly done, each with what comes next there.
    pub(super) fn places(&self) -> Vec<Place> {
        let open = self.open.iter();
        open.map(|open| (Arc::clone(&open.node), open.index))
            .collect()
    }

    /// Returns what comes next.
    pub(super) fn next(&self) -> Option<(&Node, usize)> {
        self.open.last().map(|open| (&*open.node, open.index))
    }

    /// Opens a node: what of it lies within the bounds comes next.
    fn open(&mut self, node: Arc<Node>, (start, end): &Bounds) {
        let position = |key: &[u8], behind| {
            let index = node.lower_bound(key);
            let passes = behind && index < node.len() && node.key(index) == KeyRef::from(key);
            index + usize::from(passes)
        };
        let index = match start {
            Bound::Unbounded => 0,
            Bound::Included(key) => position(key, false),
            Bound::Excluded(key) => position(key, true),
        };
        let end = match end {
            Bound::Unbounded => node.len(),
            // The child with the first greater last key may begin below the bound.
            Bound::Included(key) | Bound::Excluded(key) if !node.is_leaf() => {
                (position(key, false) + 1).min(node.len())
            }
            Bound::Included(key) => position(key, true),
            Bound::Excluded(key) => position(key, false),
        };
        if index < end {
            self.open.push(Open { node, index, end });
        }
    }

    /// Passes entries of the lowest node, or whole children.
    fn pass(&mut self, count: usize) {
        if let Some(open) = self.open.last() {
            self.passed = Some((Arc::clone(&open.node), open.index + count - 1));
        }
        self.advance(count);
    }

    fn advance(&mut self, count: usize) {
        if let Some(open) = self.open.last_mut() {
            open.index += count;
            if open.index == open.end {
                self.open.pop();
            }
        }
    }
}

impl Open {
    /// Returns how many entries come next that are the same in both nodes: of leaves by their keys and
    /// values, of internal nodes of one level by the addresses of the children.
    fn same_run(&self, after: &Self) -> usize {
        let (mine, theirs) = (self.index..self.end, after.index..after.end);
        if self.node.level() != after.node.level() {
            return 0;
        }
        if self.node.is_leaf() {
            return self.node.same_run(mine, &after.node, theirs);
        }
        let same = mine
            .zip(theirs)
            .take_while(|(index, at)| self.node.child(*index).hash == after.node.child(*at).hash);
        same.count()
    }

    /// Says which side goes on: the higher node is opened first, so that equal parts meet at the same
    /// level, and of two leaves that with the smaller key.
    fn compare(&self, after: &Self) -> Ordering {
        match after.node.level().cmp(&self.node.level()) {
            Ordering::Equal if self.node.is_leaf() => {
                self.node.compare_keys(self.index, &after.node, after.index)
            }
            order => order,
        }
    }
}
