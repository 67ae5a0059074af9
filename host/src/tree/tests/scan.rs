//! Scans: keys that are put together in words, leaves that are taken many at a time.

use std::ops::{Bound, ControlFlow};

use super::*;

/// Keys of one length: a common prefix, and numbers behind it.
fn keyed(prefix: usize, rest: usize, value: usize) -> Map {
    let count: u64 = if rest == 0 { 1 } else { 200 };
    (0..count)
        .map(|n| {
            // Both the first and the last bytes differ, as far as there are some.
            let number = (n << 56 | n).to_be_bytes().repeat(2);
            let rest = [&number[..rest.div_ceil(2)], &number[16 - rest / 2..]].concat();
            let key = [vec![b'p'; prefix], rest].concat();
            (key, vec![n.to_le_bytes()[0]; value])
        })
        .collect()
}

fn scanned(tree: &Tree, range: (Bound<&[u8]>, Bound<&[u8]>)) -> Map {
    let mut map = Map::new();
    let end: ControlFlow<()> = tree
        .scan::<[u8], _, _>(range, |key, value| {
            assert_eq!(map.insert(key.to_vec(), value.to_vec()), None);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(end.is_continue());
    map
}

#[test]
fn keys_of_every_length_are_read_as_they_were_written() {
    for prefix in 0..=10 {
        for rest in 0..=18 {
            for value in [0, 1, 30] {
                let (_, storage) = new_storage();
                let map = keyed(prefix, rest, value);
                let tree = build(&storage, tiny(), &map);
                assert_eq!(scanned(&tree, (Bound::Unbounded, Bound::Unbounded)), map);
                let (start, end) = (map.keys().nth(map.len() / 3), map.keys().nth(map.len() / 2));
                let (start, end) = (start.unwrap().as_slice(), end.unwrap().as_slice());
                let range = (Bound::Excluded(start), Bound::Included(end));
                let part = (map.clone().into_iter())
                    .filter(|(key, _)| &key[..] > start && &key[..] <= end);
                assert_eq!(scanned(&tree, range), part.collect());
            }
        }
    }
}

#[test]
fn a_scan_finds_the_same_whatever_of_the_tree_is_in_memory() {
    let map = keyed(3, 9, 20);
    let (backend, storage) = new_storage();
    let built = build(&storage, tiny(), &map);
    assert!(built.depth() > 3);
    let keys: Vec<_> = map.keys().collect();
    // The smaller caches drop leaves that their parents remember.
    let caches = [0, 16 << 10, 64 << 10, 1 << 20].repeat(5);
    for (step, cache_bytes) in [1, 2, 3, 7, 50].into_iter().cycle().zip(caches) {
        let options = StorageOptions {
            cache_bytes,
            ..StorageOptions::default()
        };
        let storage = Storage::new(Arc::clone(&backend) as _, options);
        let tree = Tree::open(storage, built.root(), tiny()).unwrap();
        for key in keys.iter().step_by(step) {
            assert!(tree.contains_key(key).unwrap());
        }
        for _ in 0..2 {
            assert_eq!(scanned(&tree, (Bound::Unbounded, Bound::Unbounded)), map);
        }
    }
}

#[test]
fn a_fold_ends_where_it_breaks() {
    let map = keyed(1, 8, 5);
    let (_, storage) = new_storage();
    let tree = build(&storage, tiny(), &map);
    for stop in 0..=map.len() {
        let flow = tree
            .try_fold::<[u8], _, _, _>(.., Vec::new(), |mut seen, key, _| {
                if seen.len() == stop {
                    return ControlFlow::Break((seen, key.to_vec()));
                }
                seen.push(key.to_vec());
                ControlFlow::Continue(seen)
            })
            .unwrap();
        let keys: Vec<_> = map.keys().cloned().collect();
        match flow {
            ControlFlow::Continue(seen) => assert!(stop == map.len() && seen == keys),
            ControlFlow::Break((seen, at)) => {
                assert_eq!(seen, keys[..stop]);
                assert_eq!(at, keys[stop]);
            }
        }
    }
}
