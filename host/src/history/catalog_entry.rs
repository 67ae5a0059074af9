//! What the catalog says about a namespace: where its tree begins, how it is cut, what it holds.

use prollytree_plugin_api::Hash;

use super::commit::check_names;
use crate::storage::Malformed;
use crate::storage::{Fields, PutFields};
use crate::tree::Parameters;

/// What the catalog says about one namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogEntry {
    /// The root of the namespace's tree.
    pub root: Hash,
    /// The parameters of that tree.
    pub parameters: Parameters,
    /// What decides row encoding, merge resolver and retention: 1 to 64 visible ASCII characters.
    pub kind: String,
    /// The version of that kind.
    pub kind_version: u32,
    /// Further facts, in ascending order of their names. Those that nobody knows survive.
    pub attributes: Vec<(String, Vec<u8>)>,
}

impl CatalogEntry {
    /// The version of the encoding.
    pub const VERSION: u16 = 1;

    /// The kind of plain values, which carry no header.
    pub const PLAIN: &'static str = "plain";

    /// Describes a namespace of plain values.
    #[must_use]
    pub fn plain(root: Hash, parameters: Parameters) -> Self {
        let kind = Self::PLAIN.to_owned();
        Self {
            root,
            parameters,
            kind,
            kind_version: 1,
            attributes: Vec::new(),
        }
    }

    /// Returns the one encoding that the entry has.
    ///
    /// # Errors
    /// Says which rule of the encoding the entry breaks.
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        self.check()?;
        let mut bytes = Vec::new();
        bytes.put_hash(&self.root);
        bytes.put_u16(Self::VERSION);
        bytes.put_short(&self.parameters.encode());
        bytes.put_short(self.kind.as_bytes());
        bytes.put_u32(self.kind_version);
        bytes.put_count(self.attributes.len());
        for (name, value) in &self.attributes {
            bytes.put_short(name.as_bytes());
            bytes.put_long(value);
        }
        check_len(&bytes)?;
        Ok(bytes)
    }

    /// Reads a value of the catalog's tree.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn decode(value: &[u8]) -> Result<Self, Malformed> {
        check_len(value)?;
        let mut fields = Fields::new(value);
        let root = fields.hash("root")?;
        let version = fields.u16("version")?;
        if version != Self::VERSION {
            return Err(Malformed::version(
                "catalog entry",
                version.into(),
                Self::VERSION.into(),
            ));
        }
        let parameters = Parameters::decode(fields.short("tree parameters")?)?;
        let kind = fields.short_text("kind")?;
        let kind_version = fields.u32("kind version")?;
        let attributes = (0..fields.count(6, "attributes")?)
            .map(|_| {
                Ok((
                    fields.short_text("attributes")?,
                    fields.long("attributes")?.to_vec(),
                ))
            })
            .collect::<Result<_, Malformed>>()?;
        fields.end()?;
        let entry = Self {
            root,
            parameters,
            kind,
            kind_version,
            attributes,
        };
        entry.check()?;
        Ok(entry)
    }

    fn check(&self) -> Result<(), Malformed> {
        let kind = &self.kind;
        if kind.is_empty() || kind.len() > 64 || !kind.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Malformed::new(
                "a kind is not 1 to 64 visible ASCII characters",
            ));
        }
        check_names(self.attributes.iter().map(|(name, _)| name.as_str()))
    }
}

/// An entry stays in its leaf, whatever it holds.
fn check_len(entry: &[u8]) -> Result<(), Malformed> {
    if entry.len() > Parameters::MAX_INLINE_LIMIT as usize {
        return Err(Malformed::new(
            "an entry of the catalog is larger than 64 KiB",
        ));
    }
    Ok(())
}
