//! An annotated tag: a name for a commit together with who gave it and why. A lightweight tag is
//! only a ref and needs no record.

use prollytree_plugin_api::{Buffer, Hash, Kind, MAX_RECORD_SIZE};

use super::commit::{Commit, CommitId};
use super::names::TagName;
use super::signature::Signature;
use crate::storage::{Decode, Malformed, RecordBatch, header, read_header};
use crate::storage::{Fields, PutFields};

/// What an annotated tag says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagRecord {
    /// The tagged commit.
    pub target: CommitId,
    /// The name under which it was tagged, so that a record shows when its ref was renamed.
    pub name: TagName,
    /// Who tagged it, and when.
    pub tagger: Signature,
    /// Why.
    pub message: String,
}

impl TagRecord {
    /// The version of the encoding.
    pub const VERSION: u8 = 1;

    /// Encodes the tag and adds it to a batch.
    ///
    /// # Errors
    /// Says which rule of the encoding the tag breaks.
    pub fn push_to(&self, batch: &mut RecordBatch) -> Result<Hash, Malformed> {
        Ok(batch.push(Kind::TAG, vec![self.target.0], self.encode()?))
    }

    /// Returns the one encoding that the tag has.
    ///
    /// # Errors
    /// Says which rule of the encoding the tag breaks.
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        check_message(&self.message)?;
        let mut bytes = header(Kind::TAG, Self::VERSION).to_vec();
        bytes.put_hash(&self.target.0);
        bytes.put_short(self.name.as_str().as_bytes());
        self.tagger.encode(&mut bytes);
        bytes.put_long(self.message.as_bytes());
        Ok(bytes)
    }

    fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Fields::new(read_header(bytes, Kind::TAG, Self::VERSION)?);
        let target = CommitId(fields.hash("target")?);
        let name = TagName::new(&fields.short_text("name")?)
            .map_err(|error| Malformed::new(error.source.message().to_owned()))?;
        let tagger = Signature::decode(&mut fields, "tagger")?;
        let message = fields.long_text("message")?;
        fields.end()?;
        check_message(&message)?;
        Ok(Self {
            target,
            name,
            tagger,
            message,
        })
    }
}

fn check_message(message: &str) -> Result<(), Malformed> {
    if message.contains('\0') {
        return Err(Malformed::new("its message contains NUL"));
    }
    if message.len() > MAX_RECORD_SIZE / 2 {
        return Err(Malformed::new("its message is larger than 32 MiB"));
    }
    Ok(())
}

/// What a ref below `tags/` points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tagged {
    /// A lightweight tag: the commit itself.
    Commit(Box<Commit>),
    /// An annotated tag.
    Annotated(Box<TagRecord>),
}

impl Decode for Tagged {
    const KIND: Kind = Kind::TAG;

    fn decode(bytes: Buffer) -> Result<Self, Malformed> {
        if bytes.starts_with(&header(Kind::COMMIT, Commit::VERSION)) {
            return Commit::decode(bytes).map(|commit| Self::Commit(Box::new(commit)));
        }
        TagRecord::parse(&bytes).map(|tag| Self::Annotated(Box::new(tag)))
    }

    fn weight(&self) -> usize {
        match self {
            Self::Commit(commit) => commit.weight(),
            Self::Annotated(tag) => size_of::<TagRecord>() + tag.message.len() + 200,
        }
    }
}
