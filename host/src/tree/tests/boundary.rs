//! The boundary rule: what it promises, and how it compares with other rules.

use prollytree_plugin_api::Hash;

use super::super::boundary::Boundary;
use super::*;

/// Returns the sizes of the nodes that a rule cuts `count` entries of these weights into.
fn sizes(parameters: &Parameters, level: u8, count: u32, weight: impl Fn(u32) -> u64) -> Vec<u64> {
    let mut boundary = Boundary::new(parameters, level);
    let mut sizes = Vec::new();
    let mut size = 0;
    for n in 0..count {
        size += weight(n);
        let hash = Hash::of(&n.to_le_bytes());
        if boundary.ends_with(weight(n), || hash.as_bytes()) {
            sizes.push(std::mem::take(&mut size));
        }
    }
    sizes
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn mean(sizes: &[u64]) -> f64 {
    sizes.iter().sum::<u64>() as f64 / sizes.len() as f64
}

fn entry_measured(modulus: u32) -> Parameters {
    Parameters::entries(EntryRule {
        modulus,
        ..EntryRule::default()
    })
    .unwrap()
}

#[test]
fn nodes_have_the_size_that_was_asked_for() {
    let rows = sizes(&Parameters::default(), 0, 200_000, |_| 116);
    assert!((3_900.0..4_300.0).contains(&mean(&rows)), "{}", mean(&rows));
    let mixed = sizes(&Parameters::default(), 0, 200_000, |n| {
        30 + u64::from(n * 7919 % 570)
    });
    assert!(
        (3_900.0..4_500.0).contains(&mean(&mixed)),
        "{}",
        mean(&mixed)
    );
    for modulus in [1_u32, 2, 4, 16, 64, 250] {
        let mean = mean(&sizes(&entry_measured(modulus), 0, 100_000, |_| 1));
        let wanted = f64::from(modulus);
        assert!(
            (mean / wanted - 1.0).abs() < 0.06,
            "{mean} entries instead of {modulus}"
        );
    }
}

/// `base` is how many children an internal node has, about.
#[test]
fn internal_nodes_have_the_fan_out_that_was_asked_for() {
    for base in [2_u32, 4, 8, 16] {
        let rule = EntryRule {
            modulus: 4,
            base,
            ..EntryRule::default()
        };
        let (_, storage) = new_storage();
        let map: Map = (0..40_000_u32)
            .map(|n| (Hash::of(&n.to_le_bytes()).as_bytes()[..8].to_vec(), vec![1]))
            .collect();
        let levels = build(&storage, Parameters::entries(rule).unwrap(), &map)
            .stats()
            .unwrap()
            .levels;
        let nodes = |level: usize| f64::from(u32::try_from(levels[level].nodes).unwrap());
        let fan_out = nodes(0) / nodes(1);
        assert!(
            (fan_out / f64::from(base) - 1.0).abs() < 0.12,
            "{fan_out} for {base}"
        );
    }
}

#[test]
fn no_node_is_beyond_its_bounds() {
    let parameters = Parameters::default();
    let shape = parameters.shape().leaf;
    for size in sizes(&parameters, 0, 300_000, |n| 10 + u64::from(n % 300)) {
        assert!(size >= u64::from(shape.min) && size < u64::from(shape.max) + 310);
    }
    let few = EntryRule {
        modulus: 8,
        min_chunk_size: 7,
        max_chunk_size: 9,
        ..EntryRule::default()
    };
    let parameters = Parameters::entries(few).unwrap();
    let counts = sizes(&parameters, 0, 10_000, |_| 1);
    assert!(counts.iter().all(|count| (7..=9).contains(count)));
    assert!((7..=9).all(|count| counts.contains(&count)));
    // An internal node never ends with its first entry, however large that is.
    let large = sizes(&Parameters::default(), 1, 100, |_| 100_000);
    assert!(large.iter().all(|&size| size == 200_000));
    // Nor does any node hold more bytes than a record can, if it is measured in entries.
    let many = EntryRule {
        modulus: 4096,
        ..EntryRule::default()
    };
    let large = sizes(&Parameters::entries(many).unwrap(), 0, 1_000, |_| 100_000);
    assert!(large.iter().all(|&size| size <= (4 << 20) + 100_000));
}

#[test]
fn levels_and_seeds_decide_differently() {
    let ends = |seed, level| {
        let parameters = Parameters::new(Shape {
            seed,
            ..*small().shape()
        })
        .unwrap();
        sizes(&parameters, level, 1_000, |_| 40)
    };
    assert_eq!(ends(0, 1), ends(0, 1));
    assert_ne!(ends(0, 0), ends(0, 1));
    assert_ne!(ends(0, 1), ends(0, 2));
    assert_ne!(ends(0, 1), ends(1, 1));
}

/// Returns the rule in a node of this size, in bytes, which is made of small entries.
fn filled(parameters: &Parameters, size: u64) -> Boundary {
    const STEP: u64 = 8;
    let mut boundary = Boundary::new(parameters, 0);
    for n in 0..size / STEP {
        let goes_on = |key: &u64| {
            let key = key.to_le_bytes();
            !boundary.clone().ends_with(STEP, || &key)
        };
        let key = (n << 32..)
            .take(1_000)
            .find(goes_on)
            .expect("a cut is not certain yet");
        let key = key.to_le_bytes();
        boundary.ends_with(STEP, || &key);
    }
    boundary
}

/// The rule is arithmetic on integers; this says that the arithmetic is what the format says, and
/// that it is close to the distribution that it stands for.
#[test]
fn the_chance_of_a_cut_is_that_of_a_weibull_distribution() {
    const TRIALS: u32 = 40_000;
    let parameters = Parameters::default();
    for (before, weight) in [
        (1_000, 116),
        (3_000, 116),
        (3_000, 500),
        (8_000, 116),
        (4_000, 300),
    ] {
        let full = filled(&parameters, before);
        let cuts = (0..TRIALS)
            .filter(|n| {
                let key = n.to_le_bytes();
                full.clone().ends_with(weight, || &key)
            })
            .count();
        let hazard = |size: u64| {
            let size = f64::from(u32::try_from(size).unwrap()) / 4096.0;
            (0.892_979_5 * size).powi(3)
        };
        let expected = 1.0 - (hazard(before) - hazard(before + weight)).exp();
        let found = f64::from(u32::try_from(cuts).unwrap()) / f64::from(TRIALS);
        assert!(
            (found - expected).abs() < 0.012,
            "{before}+{weight}: {found} for {expected}"
        );
    }
}
