//! Many entries behind all old ones: leaves that other threads make are those that one edit after the
//! other makes.

use proptest::prelude::*;

use super::super::output::Output;
use super::super::writer::Writer;
use super::*;

/// Applies edits in bulk, with so many other threads and blocks of so many bytes. Returns how many leaves
/// in the tree were made by others, as far as is known before the end; none where threads are of no use.
fn in_blocks(
    tree: &Tree,
    edits: &[(Key, Edit)],
    threads: usize,
    block_bytes: usize,
) -> (Tree, Option<u64>) {
    let mut writer = Writer::new(tree, Output::store(tree.storage()));
    writer.threads = Some(threads);
    writer.block_bytes = block_bytes;
    for (key, edit) in edits {
        writer.apply(key, edit).unwrap();
    }
    let used = writer.appending.as_ref().map(|appending| appending.used);
    (tree.with_root(writer.finish().unwrap()), used)
}

/// Leaves that end after so many bytes whatever the keys, so that no boundary that is found from a wrong
/// start is a right one but by chance.
fn fixed() -> Parameters {
    of_size(NodeSize {
        target: 200,
        min: 200,
        max: 200,
    })
}

fn entries(seed: u64, count: u32, uniform: bool) -> impl Iterator<Item = (Key, Edit)> {
    let mut random = random(seed);
    let mut below = move |limit: u8| usize::from(random().to_le_bytes()[0] % limit);
    (0..count).map(move |n| {
        let mut key = n.to_be_bytes().to_vec();
        if uniform {
            return (key, Edit::Put(vec![1; 20]));
        }
        key.resize(4 + below(9), b'k');
        let len = match below(64) {
            0 => 49 + 12 * below(250),
            _ => below(40),
        };
        let value = vec![b'a' + u8::from(below(3) == 0); len];
        match below(16) {
            0 => (key, Edit::Delete),
            _ => (key, Edit::Put(value)),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn leaves_that_are_made_aside_are_the_same(
        seed in any::<u64>(),
        count in 0_u32..9_000,
        old in 0_u32..6_000,
        overlap in prop_oneof![Just(0_u32), 0_u32..500, 2_000_u32..6_000],
        threads in 1_usize..5,
        uniform in any::<bool>(),
        parameters in prop_oneof![Just(small()), Just(fixed())],
        block_bytes in prop_oneof![Just(1), 100_usize..300, 300_usize..3_000, Just(50_000)],
    ) {
        let (_, storage) = new_storage();
        let empty = Tree::empty(storage, parameters);
        let before = apply(&empty, entries(seed, old, uniform));
        let skipped = old.saturating_sub(overlap) as usize;
        let edits: Vec<_> = entries(!seed, count, uniform).skip(skipped).collect();
        let expected = apply(&before, edits.clone());
        let (tree, _) = in_blocks(&before, &edits, threads, block_bytes);
        prop_assert_eq!(&tree, &expected);
        prop_assert_eq!(tree.stats().unwrap(), expected.stats().unwrap());
    }
}

/// A block that has no boundary is a part of a leaf.
#[test]
fn a_leaf_may_be_larger_than_a_block() {
    let (_, storage) = new_storage();
    let large = NodeSize {
        target: 8_000,
        min: 4_000,
        max: 16_000,
    };
    let shape = Shape {
        leaf: large,
        ..Shape::default()
    };
    let empty = Tree::empty(storage, Parameters::new(shape).unwrap());
    let rows = 0..400_000_u32;
    let edits: Vec<_> = rows
        .map(|n| (n.to_be_bytes().to_vec(), Edit::Put(vec![])))
        .collect();
    let expected = apply(&empty, edits.clone());
    assert!(expected.stats().unwrap().levels[0].nodes > 256);
    for block_bytes in [500, 9_000] {
        assert_eq!(in_blocks(&empty, &edits, 2, block_bytes).0, expected);
    }
}

/// Leaves are hashed elsewhere while they come among old ones, and made elsewhere behind them.
#[test]
fn no_leaf_is_lost_between_hashing_and_making_elsewhere() {
    let (_, storage) = new_storage();
    let row = |n: u32, value: u8| (n.to_be_bytes().to_vec(), Edit::Put(vec![value; 20]));
    let before = apply(
        &Tree::empty(storage, small()),
        (0..9_000).map(|n| row(n, 1)),
    );
    for deleted in [0, 1, 50] {
        let mut edits: Vec<_> = (0..20_000).map(|n| row(n, 2)).collect();
        for (_, edit) in &mut edits[9_000 - deleted..9_000] {
            *edit = Edit::Delete;
        }
        let expected = apply(&before, edits.clone());
        let (tree, used) = in_blocks(&before, &edits, 1, 2_000);
        assert_eq!(tree, expected);
        assert_eq!(tree.stats().unwrap(), expected.stats().unwrap());
        assert!(used > Some(500), "{used:?}");
    }
}

#[test]
fn nearly_all_leaves_are_made_elsewhere_or_none() {
    let (_, storage) = new_storage();
    let rows = (0..60_000_u64).map(|n| {
        let key = Hash::of(&n.to_be_bytes()).as_bytes()[..8].to_vec();
        (key, Edit::Put(vec![1; 20]))
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by(|one, other| one.0.cmp(&other.0));
    let built = |parameters| {
        let empty = Tree::empty(storage.clone(), parameters);
        let (tree, used) = in_blocks(&empty, &rows, 2, 20_000);
        assert_eq!(tree, apply(&empty, rows.clone()));
        (tree.stats().unwrap().levels[0].nodes, used)
    };
    let (leaves, used) = built(small());
    // Without the 256 that come first, the last blocks, and one or two of each block.
    assert!(
        used.is_some_and(|used| used * 10 > (leaves - 256) * 8),
        "{used:?} of {leaves}"
    );
    // Of what ends after so many bytes whatever the keys, no leaf is found from another start.
    let (_, used) = built(fixed());
    assert_eq!(used, None);
}

/// An error leaves nothing that goes on.
#[test]
fn a_key_out_of_order_is_refused_after_threads_have_begun() {
    let (_, storage) = new_storage();
    let empty = Tree::empty(storage, small());
    let rows = (0..9_000_u32).map(|n| (n.to_be_bytes().to_vec(), Edit::Put(vec![1; 20])));
    let again = [(8_000_u32.to_be_bytes().to_vec(), Edit::Delete)];
    let error = empty.apply_stored(rows.chain(again)).unwrap_err();
    assert!(
        matches!(error, TreeError::Unsorted { index: 9_000 }),
        "{error:?}"
    );
}
