//! Pages against a map: joined they are the range that they were taken from, in both directions, and
//! they go on in the right place whatever is written meanwhile.

use std::ops::{Bound, Range, RangeBounds};

use proptest::prelude::*;

use super::model::{edits, key, parameters, update};
use super::*;

type Entries = Vec<(Key, Vec<u8>)>;

/// What pages are taken of.
#[derive(Clone, Debug)]
enum Part {
    Range(Bound<Key>, Bound<Key>),
    Prefix(Key),
    Ranks(Range<u64>),
}

impl Part {
    fn of_tree(&self, tree: &Tree) -> Iter {
        match self.clone() {
            Self::Range(start, end) => tree.range::<Key, _>((start, end)),
            Self::Prefix(prefix) => tree.prefix(&prefix),
            Self::Ranks(ranks) => tree.ranks(ranks),
        }
    }

    /// Returns the entries, the last one first if `back`.
    fn of_map(&self, map: &Map, back: bool) -> Entries {
        let within = |(rank, key): (u64, &Key)| match self {
            Self::Range(start, end) => (start.clone(), end.clone()).contains(key),
            Self::Prefix(prefix) => key.starts_with(prefix),
            Self::Ranks(ranks) => ranks.contains(&rank),
        };
        let entries = (0..)
            .zip(map)
            .filter(|(rank, (key, _))| within((*rank, key)));
        let mut entries: Entries = entries
            .map(|(_, (key, value))| (key.clone(), value.clone()))
            .collect();
        if back {
            entries.reverse();
        }
        entries
    }
}

fn parts() -> impl Strategy<Value = Part> {
    let bound = || {
        let key = key().prop_flat_map(|key| {
            prop_oneof![
                Just(Bound::Included(key.clone())),
                Just(Bound::Excluded(key))
            ]
        });
        prop_oneof![1 => Just(Bound::Unbounded), 4 => key]
    };
    prop_oneof![
        3 => (bound(), bound()).prop_map(|(start, end)| Part::Range(start, end)),
        2 => key().prop_map(Part::Prefix),
        1 => (0..40_u64, 0..80_u64).prop_map(|(start, end)| Part::Ranks(start..end)),
    ]
}

fn read(entries: &Iter, back: bool, place: Option<&[u8]>, limit: usize) -> (Entries, Option<Key>) {
    let page = if back {
        entries.clone().page_back(place, limit).unwrap()
    } else {
        entries.clone().page(place, limit).unwrap()
    };
    let (keys, handles) = (entries.clone().keys(), entries.clone().handles());
    let (keys, handles) = if back {
        (
            keys.page_back(place, limit),
            handles.page_back(place, limit),
        )
    } else {
        (keys.page(place, limit), handles.page(place, limit))
    };
    let (keys, handles) = (keys.unwrap(), handles.unwrap());
    assert_eq!([&keys.next, &handles.next], [&page.next; 2]);
    assert!(
        keys.entries
            .iter()
            .eq(page.entries.iter().map(|(key, _)| key))
    );
    let handles = handles.entries.into_iter();
    let handles = handles.map(|(key, handle)| (key, handle.load().unwrap()));
    assert!(handles.eq(page.entries.iter().cloned()));
    let entries = page.entries.into_iter();
    let entries = entries.map(|(key, value)| (key, value.to_vec()));
    (entries.collect(), page.next)
}

/// Says whether a key lies behind another one.
fn is_behind(key: &[u8], place: &[u8], back: bool) -> bool {
    if back { key < place } else { key > place }
}

proptest! {
    #[test]
    fn pages_of_any_range_are_that_range(
        parameters in parameters(),
        entries in edits(),
        part in parts(),
        back in any::<bool>(),
        limit in prop_oneof![3 => 1..5_usize, 1 => Just(30), 1 => Just(usize::MAX)],
    ) {
        let (_, storage) = new_storage();
        let mut map = Map::new();
        update(&mut map, &entries);
        let tree = build(&storage, parameters, &map);
        let expected = part.of_map(&map, back);
        let (mut joined, mut place) = (Entries::new(), None::<Key>);
        loop {
            let (page, next) = read(&part.of_tree(&tree), back, place.as_deref(), limit);
            let last = page.last().map(|(key, _)| key.clone());
            joined.extend(page.iter().cloned());
            prop_assert!(joined.len() <= expected.len());
            prop_assert!(page.len() == limit || next.is_none());
            prop_assert_eq!(&next, &last.filter(|_| joined.len() < expected.len()));
            if next.is_none() {
                break;
            }
            place = next;
        }
        prop_assert_eq!(joined, expected);
    }

    #[test]
    fn a_page_goes_on_behind_its_key_in_whatever_version(
        parameters in parameters(),
        entries in edits(),
        later in edits(),
        part in parts(),
        place in key(),
        back in any::<bool>(),
        limit in 1..9_usize,
    ) {
        let (_, storage) = new_storage();
        let mut map = Map::new();
        update(&mut map, &entries);
        let tree = build(&storage, parameters, &map);
        let (page, next) = read(&part.of_tree(&tree), back, None, limit);
        prop_assert_eq!(&page[..], &part.of_map(&map, back)[..page.len()]);
        update(&mut map, &later);
        let edits = later.into_iter().map(|(key, value)| (key, value.map_or(Edit::Delete, Edit::Put)));
        let tree = apply(&tree, edits);
        for place in [Some(place), next].into_iter().flatten() {
            let rest = part.of_map(&map, back).into_iter();
            let rest: Entries = rest.filter(|(key, _)| is_behind(key, &place, back)).collect();
            let (page, next) = read(&part.of_tree(&tree), back, Some(&place), limit);
            prop_assert_eq!(&page[..], &rest[..limit.min(rest.len())]);
            prop_assert_eq!(next.is_some(), rest.len() > limit);
        }
    }

    #[test]
    fn a_page_is_of_what_an_iterator_has_left(
        entries in edits(),
        part in parts(),
        place in prop::option::of(key()),
        back in any::<bool>(),
        (front, end) in (0..9_usize, 0..9_usize),
        limit in 1..9_usize,
    ) {
        let (_, storage) = new_storage();
        let mut map = Map::new();
        update(&mut map, &entries);
        let mut left = part.of_tree(&build(&storage, tiny(), &map));
        let mut expected = part.of_map(&map, false);
        for _ in 0..front.min(expected.len()) {
            prop_assert_eq!(left.next().unwrap().unwrap().0, expected.remove(0).0);
        }
        for _ in 0..end.min(expected.len()) {
            prop_assert_eq!(left.next_back().unwrap().unwrap().0, expected.pop().unwrap().0);
        }
        if back {
            expected.reverse();
        }
        let place = place.as_deref();
        expected.retain(|(key, _)| place.is_none_or(|place| is_behind(key, place, back)));
        let (page, _) = read(&left, back, place, limit);
        prop_assert_eq!(&page[..], &expected[..limit.min(expected.len())]);
    }
}

/// It would look like the last one where none was before it.
#[test]
fn a_page_of_no_entries_is_refused() {
    let (backend, storage) = new_storage();
    let map: Map = (0..40_u8).map(|n| (vec![n], vec![n; 3])).collect();
    let tree = build(&storage, tiny(), &map);
    let tree = Tree::open(cold(&backend), tree.root(), tiny()).unwrap();
    let empty = Tree::empty(storage, tiny());
    backend.take();
    for (tree, place) in [(&tree, None), (&tree, Some(&[7][..])), (&empty, None)] {
        let pages = [
            tree.iter().page(place, 0).map(drop),
            tree.iter().page_back(place, 0).map(drop),
            tree.iter().keys().page(place, 0).map(drop),
            tree.iter().keys().page_back(place, 0).map(drop),
            tree.iter().handles().page(place, 0).map(drop),
            tree.iter().handles().page_back(place, 0).map(drop),
        ];
        for page in pages {
            assert!(matches!(page, Err(TreeError::EmptyPage)), "{page:?}");
        }
    }
    assert_eq!(backend.take(), (0, 0), "nothing is read for it");
}
