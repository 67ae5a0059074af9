//! Many entries behind all old ones: leaves that other threads make are those that one edit after the
//! other makes.

use proptest::prelude::*;

use super::super::output::Output;
use super::super::writer::Writer;
use super::*;

/// Applies edits in bulk, with blocks of so many bytes.
fn in_blocks(tree: &Tree, edits: &[(Key, Edit)], block_bytes: usize) -> Tree {
    let mut writer = Writer::new(tree, Output::store(tree.storage()));
    writer.block_bytes = block_bytes;
    for (key, edit) in edits {
        writer.apply(key, edit).unwrap();
    }
    tree.with_root(writer.finish().unwrap())
}

/// Leaves that end after so many bytes whatever the keys, so that no boundary that is found from a wrong
/// start is a right one but by chance.
fn fixed() -> Parameters {
    let size = NodeSize {
        target: 200,
        min: 200,
        max: 200,
    };
    Parameters::new(Shape {
        leaf: size,
        internal: size,
        inline_limit: 48,
        ..Shape::default()
    })
    .unwrap()
}

fn entries(seed: u64, count: u32, uniform: bool) -> impl Iterator<Item = (Key, Edit)> {
    let mut state = seed | 1;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
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
        old in 0_u32..3_000,
        overlap in 0_u32..500,
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
        let tree = in_blocks(&before, &edits, block_bytes);
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
    assert_eq!(in_blocks(&empty, &edits, 500), expected);
    assert_eq!(in_blocks(&empty, &edits, 9_000), expected);
}
