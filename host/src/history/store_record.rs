//! The store record: what `meta/store` points to, and what makes a backend's contents a store.

use prollytree_plugin_api::{Buffer, Hash, Kind, RefName, Timestamp};

use super::names::BranchName;
use crate::storage::{Decode, Malformed, RecordBatch};
use crate::storage::{Fields, MetaForm, PutFields};
use crate::tree::Parameters;

/// What was decided when a store was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreRecord {
    /// The parameters of trees that are not told otherwise.
    pub parameters: Parameters,
    /// The branch that a new worktree stands on.
    pub default_branch: BranchName,
    /// When the store was made.
    pub created: Timestamp,
}

impl StoreRecord {
    /// The format of stores that this version reads and writes.
    pub const FORMAT: u32 = 1;

    /// Returns the ref that points to the record.
    #[must_use]
    pub fn ref_name() -> RefName {
        RefName::new("meta/store").expect("the name is valid")
    }

    /// Encodes the record and adds it to a batch.
    pub fn push_to(&self, batch: &mut RecordBatch) -> Hash {
        batch.push(Kind::META, Vec::new(), self.encode())
    }

    /// Returns the one encoding that the record has.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = MetaForm::Store.header();
        bytes.put_u32(Self::FORMAT);
        bytes.put_short(&self.parameters.encode());
        bytes.put_short(self.default_branch.as_str().as_bytes());
        bytes.put_time(self.created);
        bytes
    }
}

/// A store record of this format or of a later one, of which only the format is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreFormat {
    /// A store that this version can use.
    Known(Box<StoreRecord>),
    /// A store that needs a later version.
    Newer {
        /// The format of the store.
        format: u32,
    },
    /// A store that was made before the format was final.
    Provisional,
}

impl Decode for StoreFormat {
    const KIND: Kind = Kind::META;

    fn decode(bytes: Buffer) -> Result<Self, Malformed> {
        if MetaForm::Store.is_provisional(&bytes) {
            return Ok(Self::Provisional);
        }
        let mut fields = Fields::new(MetaForm::Store.read_header(&bytes)?);
        let format = fields.u32("format")?;
        if format > StoreRecord::FORMAT {
            return Ok(Self::Newer { format });
        }
        if format < StoreRecord::FORMAT {
            return Err(Malformed::new("its format is 0"));
        }
        let parameters = Parameters::decode(fields.short("tree parameters")?)?;
        let default_branch = BranchName::new(&fields.short_text("default branch")?)
            .map_err(|error| Malformed::new(error.source.message().to_owned()))?;
        let created = fields.time("time of creation")?;
        fields.end()?;
        Ok(Self::Known(Box::new(StoreRecord {
            parameters,
            default_branch,
            created,
        })))
    }

    fn weight(&self) -> usize {
        size_of::<StoreRecord>() + 300
    }
}
