//! What is told about trees, against walks over all of their nodes.

use proptest::prelude::*;

use super::*;

/// All nodes of a tree, by their hashes.
fn nodes(tree: &Tree) -> HashMap<Hash, Arc<Node>> {
    let mut all = HashMap::from([(tree.root(), Arc::clone(tree.root_node()))]);
    let mut open = vec![Arc::clone(tree.root_node())];
    while let Some(node) = open.pop() {
        for (_, entry) in node.entries() {
            if let NodeEntry::Child { hash, .. } = entry {
                let child = tree.storage().load::<Node>(&hash).unwrap();
                open.push(Arc::clone(&child));
                all.insert(hash, child);
            }
        }
    }
    all
}

/// The values out of line in leaves that others have not, with their lengths.
fn values_alone(
    nodes: &HashMap<Hash, Arc<Node>>,
    others: &HashMap<Hash, Arc<Node>>,
) -> HashMap<Hash, u64> {
    let alone = nodes.iter().filter(|(hash, _)| !others.contains_key(*hash));
    let entries = alone.flat_map(|(_, node)| node.entries());
    let values = entries.filter_map(|(_, entry)| match entry {
        NodeEntry::Outside(blob) => Some((blob.hash(), blob.len())),
        _ => None,
    });
    values.collect()
}

fn map() -> impl Strategy<Value = Map> {
    let key = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..5),
        "row/[0-9]{4}".prop_map(String::into_bytes)
    ];
    prop::collection::btree_map(key, prop::collection::vec(any::<u8>(), 0..90), 0..300)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_trees_share_are_the_nodes_that_both_have(
        map in map(),
        more in map(),
        gone in any::<prop::sample::Index>(),
        alike in prop::bool::weighted(0.9),
    ) {
        let (_, storage) = new_storage();
        let one = build(&storage, small(), &map);
        let mut changed = map.clone();
        changed.extend(more.into_iter().take(5));
        if let Some(key) = map.keys().nth(gone.index(map.len() + 1)) {
            changed.remove(key);
        }
        let two = build(&storage, if alike { small() } else { tiny() }, &changed);
        let (ours, theirs) = (nodes(&one), nodes(&two));
        let alone = |nodes: &HashMap<Hash, Arc<Node>>, others: &HashMap<Hash, Arc<Node>>| {
            let values = values_alone(nodes, others);
            let elsewhere = values_alone(others, nodes);
            let values = values.iter().filter(|(hash, _)| !elsewhere.contains_key(*hash));
            let alone = || nodes.iter().filter(|(hash, _)| !others.contains_key(*hash));
            Unshared {
                nodes: alone().count() as u64,
                bytes: alone().map(|(_, node)| node.record_len() as u64).sum(),
                values: values.clone().count() as u64,
                value_bytes: values.map(|(_, len)| len).sum(),
            }
        };
        let leaves = ours.iter().filter(|(hash, node)| node.level() == 0 && theirs.contains_key(hash));
        let (mut shared_entries, mut shared_bytes) = (0, 0);
        for (_, leaf) in leaves {
            shared_entries += leaf.entries_below();
            shared_bytes += leaf.bytes_below();
        }
        let expected = Sharing {
            shared_entries,
            shared_bytes,
            first: alone(&ours, &theirs),
            second: alone(&theirs, &ours),
        };
        prop_assert_eq!(one.sharing(&two).unwrap(), expected);
        prop_assert_eq!(one.sharing(&one).unwrap().shared_entries, one.len());

        let stats = one.stats().unwrap();
        for (number, level) in stats.levels.iter().enumerate() {
            let sizes = || ours.values()
                .filter(|node| usize::from(node.level()) == number)
                .map(|node| node.record_len() as u64);
            prop_assert_eq!(level.nodes, sizes().count() as u64);
            prop_assert_eq!(level.bytes, sizes().sum::<u64>());
            prop_assert_eq!(level.fill.smallest, sizes().min().unwrap());
            prop_assert_eq!(level.fill.largest, sizes().max().unwrap());
            prop_assert_eq!(level.fill.quarters.iter().sum::<u64>(), level.nodes);
        }
    }
}

#[test]
fn what_is_shared_is_not_read() {
    let (backend, storage) = new_storage();
    let map: Map = (0..20_000_u32)
        .map(|n| (n.to_be_bytes().to_vec(), vec![1; 60]))
        .collect();
    let tree = build(&storage, Parameters::default(), &map);
    let edited = apply(&tree, [(5_000_u32.to_be_bytes().to_vec(), Edit::Delete)]);
    let open = |root| Tree::open(cold(&backend), root, Parameters::default()).unwrap();
    let (tree, edited) = (open(tree.root()), open(edited.root()));
    backend.take();
    let sharing = tree.sharing(&edited).unwrap();
    let nodes = sharing.first.nodes + sharing.second.nodes;
    assert!(backend.take().0 as u64 <= nodes);
    assert!(nodes <= 4 * tree.depth() as u64, "{sharing:?}");
    assert!(sharing.shared_entries > 19_700);
}

/// A distribution of sizes around the target, as the rule promises.
#[test]
fn most_nodes_are_about_as_large_as_wanted() {
    let (_, storage) = new_storage();
    let map: Map = (0..60_000_u32)
        .map(|n| {
            (
                Hash::of(&n.to_be_bytes()).as_bytes()[..16].to_vec(),
                vec![1; 84],
            )
        })
        .collect();
    let tree = build(&storage, Parameters::default(), &map);
    let fill = tree.stats().unwrap().levels[0].fill;
    let nodes: u64 = fill.quarters.iter().sum();
    assert!(fill.quarters[..1].iter().sum::<u64>() <= 1, "the last one");
    let near: u64 = fill.quarters[2..7].iter().sum();
    assert!(near * 10 > nodes * 7, "{fill:?}");
    assert!(fill.largest < 18_000 && fill.smallest > 0);
}

#[test]
fn a_node_tells_what_is_in_it() {
    let (_, storage) = new_storage();
    let map: Map = (0..60_u8)
        .map(|n| (vec![b'k', n], vec![n; usize::from(n)]))
        .collect();
    let tree = build(&storage, small(), &map);
    let mut found = Map::new();
    let mut seen = 0;
    for node in nodes(&tree).values() {
        assert_eq!(node.len(), node.entries().count());
        for (key, entry) in node.entries() {
            assert!(key.starts_with(node.common_prefix()));
            match entry {
                NodeEntry::Value(value) => drop(found.insert(key, value.to_vec())),
                NodeEntry::Outside(blob) => {
                    assert_eq!(blob.len(), u64::from(key[1]));
                    found.insert(key.clone(), vec![key[1]; usize::from(key[1])]);
                }
                NodeEntry::Child { entries, .. } => seen += entries * u64::from(node.level() == 1),
            }
        }
    }
    assert_eq!(found, map);
    assert_eq!(seen, 60);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn entries_are_counted_from_either_end(
        map in map(),
        start in 0_u64..400,
        len in 0_u64..400,
        from_behind in prop::collection::vec(any::<bool>(), 0..40),
    ) {
        let (_, storage) = new_storage();
        let tree = build(&storage, small(), &map);
        let whole: Vec<Key> = map.keys().cloned().collect();
        let at = |rank: u64| usize::try_from(rank).unwrap().min(whole.len());
        let mut expected = whole[at(start)..at(start + len)].iter();
        let mut found = tree.ranks(start..start + len);
        prop_assert_eq!(found.remaining().unwrap(), expected.len() as u64);
        for behind in from_behind {
            let (next, wanted) = if behind {
                (found.next_back(), expected.next_back())
            } else {
                (found.next(), expected.next())
            };
            prop_assert_eq!(next.map(|entry| entry.unwrap().0), wanted.cloned());
        }
        let rest: Vec<Key> = found.keys().map(|key| key.unwrap()).collect();
        prop_assert!(rest.iter().eq(expected));
    }
}
