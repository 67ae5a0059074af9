//! Values out of line come in batches where whole values are handed out, and only there.

use std::ops::ControlFlow;

use super::*;

const COUNT: u32 = 2_000;

/// Rows of which each has a value of its own out of line.
fn long_rows(count: u32, len: usize) -> Map {
    let value = |n: u32| n.to_le_bytes().repeat(len / 4);
    (0..count)
        .map(|n| (format!("row {n:06}").into_bytes(), value(n)))
        .collect()
}

/// A tree that is opened anew for each look.
struct Rows {
    backend: Arc<Counting>,
    tree: Tree,
    map: Map,
    /// The number of nodes besides the root.
    nodes: usize,
}

impl Rows {
    fn new(map: Map) -> Self {
        let (backend, storage) = new_storage();
        let tree = build(&storage, Parameters::default(), &map);
        let levels = tree.stats().unwrap().levels;
        let nodes: u64 = levels.iter().map(|level| level.nodes).sum();
        let nodes = usize::try_from(nodes).unwrap() - 1;
        Self {
            backend,
            tree,
            map,
            nodes,
        }
    }

    fn cold(&self) -> Tree {
        let (root, parameters) = (self.tree.root(), *self.tree.parameters());
        let tree = Tree::open(cold(&self.backend), root, parameters).unwrap();
        self.backend.take();
        self.backend.take_calls();
        tree
    }

    /// Returns the records read and the calls that it took.
    fn taken(&self) -> (usize, usize) {
        (self.backend.take().0, self.backend.take_calls())
    }

    /// Reads so many values by a scan.
    fn scan(&self, most: usize) -> Result<Map, TreeError> {
        let mut seen = Map::new();
        let tree = self.cold();
        let flow = tree.scan::<[u8], _, _>(.., |key, value| {
            seen.insert(key.to_vec(), value.to_vec());
            if seen.len() == most {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        // What comes before an error has been handed out.
        assert!(self.map.iter().zip(&seen).all(|(one, other)| one == other));
        flow.map(|_| seen)
    }
}

#[test]
fn whole_values_are_loaded_many_at_a_time() {
    let rows = Rows::new(long_rows(COUNT, 3_000));
    let records = rows.nodes + rows.map.len();
    let check = |seen: Map| {
        assert_eq!(seen, rows.map);
        let (read, calls) = rows.taken();
        assert!(read == records && calls <= 70, "{calls} calls for {read}");
    };
    check(rows.scan(usize::MAX).unwrap());
    let owned = |entry: Result<_, TreeError>| {
        let (key, value): (Key, Value) = entry.unwrap();
        (key, value.to_vec())
    };
    check(rows.cold().iter().map(owned).collect());
    check(rows.cold().iter().rev().map(owned).collect());
    let mut entries = rows.cold().iter();
    let both = std::iter::from_fn(|| Some([entries.next()?, entries.next_back()?]));
    check(both.flatten().map(owned).collect());
}

#[test]
fn who_breaks_off_has_not_waited_for_many_more_values() {
    let rows = Rows::new(long_rows(COUNT, 3_000));
    let depth = rows.tree.depth();
    for most in [1, 2, 10, 100] {
        rows.scan(most).unwrap();
        let (read, _) = rows.taken();
        assert!(read < 2 * most + most / 20 + depth, "{read} for {most}");
        assert_eq!(rows.cold().iter().take(most).count(), most);
        let (read, _) = rows.taken();
        assert!(read < 2 * most + most / 20 + depth, "{read} for {most}");
        // A page says how much is wanted.
        let page = rows.cold().iter().page(None, most).unwrap();
        assert_eq!(page.entries.len(), most);
        let (read, _) = rows.taken();
        assert!(read <= most + most / 20 + 2 * depth, "{read} for {most}");
    }
}

#[test]
fn keys_and_handles_load_no_values() {
    let rows = Rows::new(long_rows(COUNT, 3_000));
    assert_eq!(rows.cold().iter().keys().count(), rows.map.len());
    assert_eq!(rows.taken().0, rows.nodes);
    assert_eq!(rows.cold().iter().handles().rev().count(), rows.map.len());
    assert_eq!(rows.taken().0, rows.nodes);
}

#[test]
fn what_is_loaded_ahead_is_bounded_in_bytes() {
    const AHEAD: usize = 8;
    let rows = Rows::new(long_rows(40, 1 << 20));
    for most in [16, 17, 30] {
        rows.scan(most).unwrap();
        let (read, _) = rows.taken();
        assert!(read < most + AHEAD + rows.nodes, "{read} for {most}");
    }
}

#[test]
fn values_in_pieces_among_others_are_read_as_they_are() {
    let mut map = long_rows(60, 3_000);
    for (n, value) in map.values_mut().enumerate().skip(5).step_by(9) {
        *value = n.to_le_bytes().repeat((1 << 17) + n);
    }
    let rows = Rows::new(map);
    assert_eq!(rows.scan(usize::MAX).unwrap(), rows.map);
    assert_eq!(contents(&rows.cold()), rows.map);
}

#[test]
fn a_value_that_is_not_there_is_missed_at_its_key() {
    let map = long_rows(300, 3_000);
    for (at, is_corrupt) in [
        (0, false),
        (1, true),
        (100, false),
        (101, true),
        (299, false),
    ] {
        let rows = Rows::new(map.clone());
        let key = rows.map.keys().nth(at).unwrap();
        let hash = rows
            .tree
            .handle(key)
            .unwrap()
            .unwrap()
            .blob()
            .unwrap()
            .hash();
        let mut records = rows.backend.records.lock();
        if is_corrupt {
            records.get_mut(&hash).unwrap()[100] ^= 1;
        } else {
            records.remove(&hash);
        }
        drop(records);
        let mut seen = 0;
        let mut count = |_: &(Key, Value)| seen += 1;
        let error = rows
            .cold()
            .iter()
            .find_map(|entry| entry.map(|entry| count(&entry)).err());
        assert!(error.unwrap().to_string().contains(&hash.to_string()));
        assert_eq!(seen, at);
        let mut back = rows.cold().iter().rev();
        assert_eq!(back.by_ref().take_while(Result::is_ok).count(), 299 - at);
        assert!(back.next().is_none());
        let mut seen = 0;
        let flow = rows.cold().scan::<[u8], _, ()>(.., |_, _| {
            seen += 1;
            ControlFlow::Continue(())
        });
        assert!(flow.unwrap_err().to_string().contains(&hash.to_string()));
        assert_eq!(seen, at);
    }
}
