//! What decides the shape of a tree besides its content: the boundary rule's sizes, the inline
//! limit and the seed.

use prollytree_plugin_api::Hash;

use super::TreeError;
use crate::storage::Malformed;

/// How the size of a node is measured by the boundary rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The bytes of its keys and values.
    Bytes,
    /// The number of its entries.
    Entries,
}

/// The size of the nodes of a level, in the unit of the [`Measure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeSize {
    /// The average.
    pub target: u32,
    /// A node does not end before it has reached this size, unless its level ends.
    pub min: u32,
    /// A node ends as soon as it has reached this size.
    pub max: u32,
}

/// The parameters before they have been checked: every field can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The unit of the sizes.
    pub measure: Measure,
    /// The size of leaves.
    pub leaf: NodeSize,
    /// The size of internal nodes.
    pub internal: NodeSize,
    /// The longest value, in bytes, that is kept in the leaf; longer ones become blobs.
    pub inline_limit: u32,
    /// Changes where nodes end, so that keys cannot be chosen to make them end nowhere. The highest
    /// 256 seeds are reserved.
    pub seed: u64,
}

impl Default for Shape {
    /// Nodes of 4 KiB on average, 1 KiB to 16 KiB; values up to 2 KiB inline; no seed.
    fn default() -> Self {
        let size = NodeSize {
            target: 4 << 10,
            min: 1 << 10,
            max: 16 << 10,
        };
        Self {
            measure: Measure::Bytes,
            leaf: size,
            internal: size,
            inline_limit: 2 << 10,
            seed: 0,
        }
    }
}

/// A rule measured in entries, in the words of the Python class `TreeConfig`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryRule {
    /// The fan-out of internal nodes, on average.
    pub base: u32,
    /// The number of entries in a leaf, on average.
    pub modulus: u32,
    /// The least number of entries in a leaf, its level's last one excepted.
    pub min_chunk_size: u32,
    /// The greatest number of entries in a leaf.
    pub max_chunk_size: u32,
    /// The seed of the rule.
    pub pattern: u64,
}

impl Default for EntryRule {
    fn default() -> Self {
        Self {
            base: 4,
            modulus: 64,
            min_chunk_size: 1,
            max_chunk_size: 4096,
            pattern: 0,
        }
    }
}

/// Checked parameters. They are stored beside the root of a tree, and their fingerprint is in each
/// of its nodes, so that two trees share nodes only if they have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    shape: Shape,
    fingerprint: Fingerprint,
}

/// The first bytes of the hash of a tree's parameters.
pub(super) type Fingerprint = [u8; 8];

impl Parameters {
    /// The number of bytes that parameters are encoded in.
    pub const ENCODED_LEN: usize = 40;

    /// The greatest inline limit.
    pub const MAX_INLINE_LIMIT: u32 = 64 << 10;

    /// Checks parameters.
    ///
    /// # Errors
    /// [`TreeError::InvalidParameters`] naming the first that cannot be.
    pub fn new(shape: Shape) -> Result<Self, TreeError> {
        check_size(
            ["leaf.target", "leaf.min", "leaf.max"],
            shape.leaf,
            shape.measure,
            1,
        )?;
        check_size(
            ["internal.target", "internal.min", "internal.max"],
            shape.internal,
            shape.measure,
            2,
        )?;
        check_range(
            "inline_limit",
            shape.inline_limit,
            0,
            Self::MAX_INLINE_LIMIT,
        )?;
        if shape.seed >= RESERVED_SEEDS {
            return Err(TreeError::InvalidParameters {
                field: "seed",
                rule: format!("must be below {RESERVED_SEEDS:#x}"),
                value: shape.seed,
            });
        }
        Ok(Self::checked(shape))
    }

    /// Makes the parameters of trees that serve a purpose of the library's own, which is `number`:
    /// their fingerprint tells them from all others.
    pub(crate) fn reserved(shape: Shape, number: u8) -> Self {
        Self::checked(Shape {
            seed: RESERVED_SEEDS + u64::from(number),
            ..shape
        })
    }

    fn checked(shape: Shape) -> Self {
        let hash = Hash::of(&encode(&shape));
        let (fingerprint, _) = hash
            .as_bytes()
            .split_first_chunk()
            .expect("a hash has 32 bytes");
        Self {
            shape,
            fingerprint: *fingerprint,
        }
    }

    /// Makes the parameters of a tree whose nodes are measured in entries.
    ///
    /// # Errors
    /// [`TreeError::InvalidParameters`] unless `1 <= min_chunk_size <= modulus <= max_chunk_size`
    /// and `base >= 2`, all within bounds.
    pub fn entries(rule: EntryRule) -> Result<Self, TreeError> {
        check_range("base", rule.base, 2, MAX_ENTRIES / 4)?;
        check_range("modulus", rule.modulus, 1, MAX_ENTRIES)?;
        check_range("min_chunk_size", rule.min_chunk_size, 1, rule.modulus)?;
        check_range(
            "max_chunk_size",
            rule.max_chunk_size,
            rule.modulus,
            MAX_ENTRIES,
        )?;
        Self::new(Shape {
            measure: Measure::Entries,
            leaf: NodeSize {
                target: rule.modulus,
                min: rule.min_chunk_size,
                max: rule.max_chunk_size,
            },
            internal: NodeSize {
                target: rule.base,
                min: (rule.base / 4).max(2),
                max: rule.base * 4,
            },
            seed: rule.pattern,
            ..Shape::default()
        })
    }

    /// Returns the parameters one by one.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Returns the longest value, in bytes, that is kept in a leaf.
    #[must_use]
    pub fn inline_limit(&self) -> usize {
        self.shape.inline_limit as usize
    }

    /// Encodes the parameters, for the catalog.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::ENCODED_LEN] {
        encode(&self.shape)
    }

    /// Reads encoded parameters.
    ///
    /// # Errors
    /// Says what is wrong with the bytes, or which parameter is invalid.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        // Another version may be longer.
        if let Some(&found) = bytes.first()
            && found != VERSION
        {
            let (found, known) = (found.into(), VERSION.into());
            return Err(Malformed::version("tree parameters", found, known));
        }
        let bytes: &[u8; Self::ENCODED_LEN] = bytes
            .try_into()
            .map_err(|_| Malformed::new("tree parameters are 40 bytes long"))?;
        let measure = match bytes[1] {
            0 => Measure::Bytes,
            1 => Measure::Entries,
            _ => return Err(Malformed::new("tree parameters have an unknown measure")),
        };
        if bytes[2..4] != [0, 0] {
            return Err(Malformed::new(
                "reserved bytes of tree parameters are not zero",
            ));
        }
        let word = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let size = |at| NodeSize {
            target: word(at),
            min: word(at + 4),
            max: word(at + 8),
        };
        let seed = u64::from(word(32)) | u64::from(word(36)) << 32;
        let shape = Shape {
            measure,
            leaf: size(4),
            internal: size(16),
            inline_limit: word(28),
            seed,
        };
        Self::new(shape).map_err(|error| Malformed::new(error.to_string()))
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

impl Default for Parameters {
    fn default() -> Self {
        Self::new(Shape::default()).expect("the default is valid")
    }
}

const VERSION: u8 = 1;

/// Seeds from here on are not for users' trees.
const RESERVED_SEEDS: u64 = u64::MAX - 255;

/// The greatest number of entries that a node may be measured to hold.
const MAX_ENTRIES: u32 = 1 << 16;

/// The smallest and the greatest size of a node that is measured in bytes.
const BYTES: (u32, u32) = (64, 4 << 20);

fn encode(shape: &Shape) -> [u8; Parameters::ENCODED_LEN] {
    let mut bytes = [0; Parameters::ENCODED_LEN];
    bytes[0] = VERSION;
    bytes[1] = match shape.measure {
        Measure::Bytes => 0,
        Measure::Entries => 1,
    };
    let (leaf, internal) = (shape.leaf, shape.internal);
    let words = [
        leaf.target,
        leaf.min,
        leaf.max,
        internal.target,
        internal.min,
        internal.max,
        shape.inline_limit,
    ];
    for (place, word) in bytes[4..32].chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    bytes[32..].copy_from_slice(&shape.seed.to_le_bytes());
    bytes
}

fn check_size(
    [target, min, max]: [&'static str; 3],
    size: NodeSize,
    measure: Measure,
    fewest: u32,
) -> Result<(), TreeError> {
    let (least, greatest) = match measure {
        Measure::Bytes => BYTES,
        Measure::Entries => (fewest, MAX_ENTRIES),
    };
    check_range(target, size.target, least, greatest)?;
    check_range(min, size.min, fewest, size.target)?;
    check_range(max, size.max, size.target, greatest)
}

fn check_range(
    field: &'static str,
    value: u32,
    least: u32,
    greatest: u32,
) -> Result<(), TreeError> {
    if (least..=greatest).contains(&value) {
        return Ok(());
    }
    let rule = format!("must be from {least} to {greatest}");
    Err(TreeError::InvalidParameters {
        field,
        rule,
        value: u64::from(value),
    })
}
