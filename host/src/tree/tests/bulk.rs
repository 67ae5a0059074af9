//! Loading in bulk: any order, any number, little memory.

use proptest::prelude::*;

use super::*;

/// Edits with many of one key, of all kinds.
fn edits() -> impl Strategy<Value = Vec<(Key, Edit)>> {
    let key = prop_oneof![
        prop::collection::vec(0..3_u8, 0..6),
        "shared/prefix/[a-c]{1,12}".prop_map(String::into_bytes),
        any::<[u8; 2]>().prop_map(Vec::from),
    ];
    let value = prop::collection::vec(any::<u8>(), 0..60);
    let edit = prop_oneof![4 => value.prop_map(Edit::Put), 1 => Just(Edit::Delete)];
    prop::collection::vec((key, edit), 0..400)
}

fn applied(base: &Map, edits: &[(Key, Edit)]) -> Map {
    let mut map = base.clone();
    for (key, edit) in edits {
        match edit {
            Edit::Put(value) => drop(map.insert(key.clone(), value.clone())),
            _ => drop(map.remove(key)),
        }
    }
    map
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn edits_in_any_order_make_the_tree_of_what_they_say(
        before in edits(),
        edits in edits(),
        memory in prop_oneof![Just(0), Just(500), Just(3_000), Just(usize::MAX)],
    ) {
        let (_, storage) = new_storage();
        let base = applied(&Map::new(), &before);
        let tree = build(&storage, small(), &base);
        let options = BulkOptions { memory, ..BulkOptions::default() };
        let next = tree.apply_unsorted(edits.clone(), options).unwrap();
        let expected = applied(&base, &edits);
        prop_assert_eq!(contents(&next), expected.clone());
        prop_assert_eq!(next, build(&storage, small(), &expected));
    }
}

#[test]
fn a_load_tells_how_far_it_is() {
    let (_, storage) = new_storage();
    let entries = (0..20_000_u32).map(|n| ((n % 15_000).to_be_bytes().to_vec(), vec![1]));
    let mut told = Vec::new();
    let options = BulkOptions {
        memory: 100_000,
        progress: Some(Box::new(|progress| told.push(progress))),
        ..BulkOptions::default()
    };
    let tree = Tree::build_unsorted(storage, Parameters::default(), entries, options).unwrap();
    assert_eq!(tree.len(), 15_000);
    assert!(told.len() > 6);
    assert!(told.contains(&BulkProgress::Taken(20_000)));
    let end = BulkProgress::Applied {
        done: 20_000,
        total: 20_000,
    };
    assert_eq!(told.last(), Some(&end));
}

#[test]
fn values_that_are_stored_already_survive_the_file() {
    let (_, storage) = new_storage();
    let value = vec![5; 2_000_000];
    let mut writer = ValueWriter::new(&storage);
    writer.push(&value).unwrap();
    let edits = [
        (b"stored".to_vec(), writer.finish().unwrap()),
        (b"large".to_vec(), Edit::Put(value.clone())),
        (b"empty".to_vec(), Edit::Put(vec![])),
        (b"gone".to_vec(), Edit::Delete),
    ];
    let options = BulkOptions {
        memory: 0,
        ..BulkOptions::default()
    };
    let tree = Tree::empty(storage, Parameters::default());
    let tree = tree.apply_unsorted(edits, options).unwrap();
    assert_eq!(tree.len(), 3);
    for key in [&b"stored"[..], b"large"] {
        assert!(tree.get(key).unwrap().as_deref() == Some(&value[..]));
    }
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let (_, storage) = new_storage();
    let entries = [b"z", b"a"].map(|key| (key.to_vec(), vec![0; 100]));
    let options = BulkOptions {
        memory: 0,
        folder: Some("/there/is/no/such/folder".into()),
        progress: None,
    };
    let error = Tree::build_unsorted(storage, small(), entries, options).unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("/there/is/no/such/folder; make room there"),
        "{said}"
    );
}

#[test]
fn a_key_that_is_too_long_is_refused() {
    let (_, storage) = new_storage();
    let entries = [(vec![0; MAX_KEY_LEN + 1], vec![])];
    let error = Tree::build_unsorted(storage, small(), entries, BulkOptions::default());
    assert!(matches!(error, Err(TreeError::KeyTooLong { len: 65_536 })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// In bulk, leaves are hashed on other threads once there are hundreds.
    #[test]
    fn many_leaves_make_the_same_tree_as_few(
        seed in any::<u64>(),
        keep in 0_u64..8,
        from in 0_usize..6_000,
    ) {
        let (_, storage) = new_storage();
        let mut random = random(seed);
        let map: Map = (0..6_000).map(|n| {
            let key = (random() % 100_000).to_be_bytes().to_vec();
            (key, vec![b'v'; n % 40])
        }).collect();
        let tree = build(&storage, small(), &map);
        let puts = map.iter().map(|(key, value)| (key, Edit::Put(value.clone())));
        let few = Tree::empty(storage.clone(), small()).apply(puts, &mut RecordBatch::new());
        prop_assert_eq!(&few.unwrap(), &tree);

        let edits: Vec<(Key, Edit)> = map.keys().skip(from).filter_map(|key| {
            match random() % 8 {
                fate if fate < keep => None,
                7 => Some((key.clone(), Edit::Put(vec![1; 60]))),
                _ => Some((key.clone(), Edit::Delete)),
            }
        }).collect();
        let edited = tree.apply_stored(edits.iter().map(|(key, edit)| (key, edit))).unwrap();
        prop_assert_eq!(&edited, &apply(&tree, edits.clone()));
        prop_assert_eq!(&edited, &build(&storage, small(), &applied(&map, &edits)));
    }
}

/// The queue of news must not begin where nobody is left to hear of it.
#[test]
fn the_last_leaf_may_be_the_one_with_which_leaves_are_many() {
    let (_, storage) = new_storage();
    let mut tried = 0;
    for count in 1_000..1_700_u32 {
        let row = |n: u32, value: u8| (n.to_be_bytes().to_vec(), vec![value; 20]);
        let map: Map = (0..count).map(|n| row(n, 1)).collect();
        let mut changed: Map = (0..count).map(|n| row(n, 2)).collect();
        let last = (count - 1).to_be_bytes().to_vec();
        changed.remove(&last);
        let expected = build(&storage, small(), &changed);
        if expected.stats().unwrap().levels[0].nodes != 256 {
            continue;
        }
        tried += 1;
        let puts = changed
            .into_iter()
            .map(|(key, value)| (key, Edit::Put(value)));
        let edits = puts.chain([(last, Edit::Delete)]);
        let edited = build(&storage, small(), &map).apply_stored(edits).unwrap();
        assert_eq!(edited, expected);
    }
    assert!(tried > 0);
}
