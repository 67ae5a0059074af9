//! Two trees side by side: where they do not have the same, in the order of the keys or against it.
//!
//! What both have is skipped at the highest level at which the same node stands on both sides. The
//! walk does not know where nodes come from: a diff loads them, a proof of one holds them.

use std::cmp::Ordering;
use std::ops::{Bound, Range};
use std::sync::Arc;

use super::direction::Direction;
use super::frontier::{Place, Run};
use super::iter::Bounds;
use super::key::{Key, KeyRef};
use super::node::Node;

/// Where the children of nodes come from.
pub(super) trait NodeSource {
    type Error;

    /// Returns a child of a node of one of the trees. It must begin behind `before`, the key that
    /// comes before the child in that tree.
    fn child(
        &mut self,
        side: Side,
        parent: &Arc<Node>,
        index: usize,
        before: Option<KeyRef<'_>>,
    ) -> Result<Arc<Node>, Self::Error>;

    /// Is told what is left of both trees, and which of them goes down next, before children are asked
    /// for that differ, so that they can be fetched together.
    fn prepare(&mut self, left: [&Left; 2], steps: [bool; 2], bounds: &Bounds) {
        let _ = (left, steps, bounds);
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
#[derive(Debug)]
pub(super) struct Left {
    direction: Direction,
    /// Nodes that are partly done, the lowest one last. None is without entries.
    open: Vec<Open>,
}

/// A node, and which of its entries are left.
#[derive(Debug)]
struct Open {
    node: Arc<Node>,
    left: Range<usize>,
    /// What comes before the node in its tree: the child of a node above it.
    before: Option<Place>,
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
        let (leaf, index) = self.place();
        leaf.key(*index).to_key()
    }

    /// Returns an entry that has the key.
    pub(super) fn place(&self) -> &Place {
        match self {
            Self::Removed(place) | Self::Added(place) | Self::Changed { before: place, .. } => {
                place
            }
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
    /// Begins with the roots of trees that are not equal: the first one's, and the second one's.
    pub(super) fn new(
        source: S,
        direction: Direction,
        bounds: Bounds,
        roots: [Arc<Node>; 2],
    ) -> Self {
        let [before, after] = roots.map(|root| {
            let mut left = Left {
                direction,
                open: Vec::new(),
            };
            left.open(root, None, &bounds);
            left
        });
        Self {
            source,
            bounds,
            before,
            after,
        }
    }

    /// Returns the next key that the trees do not agree about.
    pub(super) fn next(&mut self) -> Result<Option<Difference>, S::Error> {
        loop {
            let order = match (self.before.open.last(), self.after.open.last()) {
                (None, None) => return Ok(None),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(before), Some(after)) => {
                    let same = before.same_run(after, self.before.direction);
                    if same > 0 {
                        self.before.pass(same);
                        self.after.pass(same);
                        continue;
                    }
                    before.compare(after, self.before.direction)
                }
            };
            self.prepare([order.is_le(), order.is_ge()]);
            let difference = match order {
                Ordering::Less => self.step(Side::Before)?.map(Difference::Removed),
                Ordering::Greater => self.step(Side::After)?.map(Difference::Added),
                Ordering::Equal => {
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

    /// Says that sides step, unless that is over entries of leaves.
    fn prepare(&mut self, steps: [bool; 2]) {
        let left = [&self.before, &self.after];
        let goes_down = |(left, steps): (&Left, bool)| {
            steps && left.open.last().is_some_and(|open| !open.node.is_leaf())
        };
        let steps = [0, 1].map(|side| goes_down((left[side], steps[side])));
        if steps.contains(&true) {
            self.source.prepare(left, steps, &self.bounds);
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
        let (node, index) = (Arc::clone(&open.node), left.direction.first(&open.left));
        if node.is_leaf() {
            left.pass(1);
            return Ok(Some((node, index)));
        }
        let before = match index.checked_sub(1) {
            Some(before) => Some((Arc::clone(&node), before)),
            None => open.before.clone(),
        };
        let key = before.as_ref().map(|(node, index)| node.key(*index));
        let child = self.source.child(side, &node, index, key)?;
        left.pass(1);
        left.open(child, before, &self.bounds);
        Ok(None)
    }
}

impl Left {
    /// Returns the way that is gone.
    pub(super) fn direction(&self) -> Direction {
        self.direction
    }

    /// Returns the nodes that are partly done, each with what is left there.
    pub(super) fn runs(&self) -> Vec<Run> {
        let open = self.open.iter();
        open.map(|open| (Arc::clone(&open.node), open.left.clone()))
            .collect()
    }

    /// Returns what comes next.
    pub(super) fn next(&self) -> Option<(&Node, usize)> {
        let open = self.open.last()?;
        Some((&open.node, self.direction.first(&open.left)))
    }

    /// Opens a node: what of it lies within the bounds comes next.
    fn open(&mut self, node: Arc<Node>, before: Option<Place>, (start, end): &Bounds) {
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
            self.open.push(Open {
                node,
                left: index..end,
                before,
            });
        }
    }

    /// Passes entries of the lowest node, or children.
    fn pass(&mut self, count: usize) {
        if let Some(open) = self.open.last_mut() {
            open.left = self.direction.skip(&open.left, count);
            if open.left.is_empty() {
                self.open.pop();
            }
        }
    }
}

impl Open {
    /// Returns how many entries come next that are the same in both nodes: of leaves by their keys and
    /// values, of internal nodes of one level by all that they say of the children.
    fn same_run(&self, after: &Self, direction: Direction) -> usize {
        if self.node.level() != after.node.level() {
            return 0;
        }
        if self.node.is_leaf() {
            return (self.node).same_run(&self.left, &after.node, &after.left, direction);
        }
        let most = self.left.len().min(after.left.len());
        let (mine, theirs) = (
            direction.take(&self.left, most),
            direction.take(&after.left, most),
        );
        let same =
            |(index, at): &(usize, usize)| self.node.has_same_child(*index, &after.node, *at);
        let pairs = mine.zip(theirs);
        match direction {
            Direction::Forwards => pairs.take_while(same).count(),
            // From the end nothing has been seen of what comes before a child.
            Direction::Backwards => pairs
                .rev()
                .take_while(|pair| {
                    same(pair) && self.key_before(pair.0) == after.key_before(pair.1)
                })
                .count(),
        }
    }

    /// Returns the key before a child in its tree.
    fn key_before(&self, index: usize) -> Option<KeyRef<'_>> {
        match index.checked_sub(1) {
            Some(before) => Some(self.node.key(before)),
            None => (self.before.as_ref()).map(|(node, index)| node.key(*index)),
        }
    }

    /// Says which side goes on: the higher node is opened first, so that equal parts meet at the same
    /// level, and of two leaves that with the key that comes first.
    fn compare(&self, after: &Self, direction: Direction) -> Ordering {
        match after.node.level().cmp(&self.node.level()) {
            Ordering::Equal if self.node.is_leaf() => {
                let (index, at) = (direction.first(&self.left), direction.first(&after.left));
                direction.order(self.node.compare_keys(index, &after.node, at))
            }
            order => order,
        }
    }
}
