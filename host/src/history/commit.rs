//! A commit: a state of the whole store, where it came from, and who made it.

use std::fmt;

use prollytree_plugin_api::{Buffer, Hash, Kind, MAX_RECORD_SIZE};

use super::signature::Signature;
use crate::storage::{Decode, Malformed, RecordBatch, header, read_header};
use crate::storage::{Fields, PutFields};

/// The address of a commit: the hash of its bytes, the same on every backend.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(pub Hash);

impl CommitId {
    /// Returns the first 12 hexadecimal digits, for messages and tables.
    #[must_use]
    pub fn short(&self) -> String {
        self.0.short()
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommitId({})", self.0)
    }
}

/// What a commit says. It is checked when it is encoded and when it is decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The root of the catalog: all namespaces.
    pub root: Hash,
    /// An optional second root, outside equality, diff and merge.
    pub aux: Option<Hash>,
    /// The commits that this one follows, the branch that it was made on first; none repeats.
    pub parents: Vec<CommitId>,
    /// 1 for a commit without parents, otherwise one more than the greatest of its parents'.
    pub generation: u64,
    /// Who made the change.
    pub author: Signature,
    /// Who made the commit. This time is later than that of every parent.
    pub committer: Signature,
    /// Why, in the author's words.
    pub message: String,
    /// Further fields, in ascending order of their names. Those that nobody knows survive.
    pub extra: Vec<(String, Vec<u8>)>,
}

impl Commit {
    /// The version of the encoding.
    pub const VERSION: u8 = 1;

    /// Returns the first line of the message.
    #[must_use]
    pub fn summary(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }

    /// Encodes the commit and adds it to a batch.
    ///
    /// # Errors
    /// Says which rule of the encoding the commit breaks.
    pub fn push_to(&self, batch: &mut RecordBatch) -> Result<CommitId, Malformed> {
        let bytes = self.encode()?;
        Ok(CommitId(batch.push(Kind::COMMIT, self.links(), bytes)))
    }

    /// Returns the records that a commit refers to: root, second root, parents.
    #[must_use]
    pub fn links(&self) -> Vec<Hash> {
        let mut links = vec![self.root];
        let others = self
            .aux
            .into_iter()
            .chain(self.parents.iter().map(|parent| parent.0));
        for hash in others {
            if !links.contains(&hash) {
                links.push(hash);
            }
        }
        links
    }

    /// Returns the one encoding that the commit has.
    ///
    /// # Errors
    /// Says which rule of the encoding the commit breaks.
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        self.check()?;
        let mut bytes = header(Kind::COMMIT, Self::VERSION).to_vec();
        bytes.put_hash(&self.root);
        bytes.put_optional_hash(self.aux.as_ref());
        bytes.put_u64(self.generation);
        bytes.put_count(self.parents.len());
        self.parents
            .iter()
            .for_each(|parent| bytes.put_hash(&parent.0));
        self.author.encode(&mut bytes);
        self.committer.encode(&mut bytes);
        bytes.put_long(self.message.as_bytes());
        bytes.put_count(self.extra.len());
        for (name, value) in &self.extra {
            bytes.put_short(name.as_bytes());
            bytes.put_long(value);
        }
        Ok(bytes)
    }

    fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Fields::new(read_header(bytes, Kind::COMMIT, Self::VERSION)?);
        let root = fields.hash("root")?;
        let aux = fields.optional_hash("second root")?;
        let generation = fields.u64("generation")?;
        let parents = (0..fields.count(Hash::LEN, "parents")?)
            .map(|_| fields.hash("parents").map(CommitId))
            .collect::<Result<_, _>>()?;
        let author = Signature::decode(&mut fields, "author")?;
        let committer = Signature::decode(&mut fields, "committer")?;
        let message = fields.long_text("message")?;
        let extra = (0..fields.count(6, "extra fields")?)
            .map(|_| {
                Ok((
                    fields.short_text("extra fields")?,
                    fields.long("extra fields")?.to_vec(),
                ))
            })
            .collect::<Result<_, Malformed>>()?;
        fields.end()?;
        let commit = Self {
            root,
            aux,
            parents,
            generation,
            author,
            committer,
            message,
            extra,
        };
        commit.check()?;
        Ok(commit)
    }

    /// The rules that make the encoding canonical and keep it expressible in Git.
    fn check(&self) -> Result<(), Malformed> {
        if (self.generation == 1) != self.parents.is_empty() || self.generation == 0 {
            return Err(Malformed::new("its generation does not suit its parents"));
        }
        let mut parents: Vec<_> = self.parents.iter().collect();
        parents.sort_unstable();
        if parents.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Malformed::new("a parent is named twice"));
        }
        if self.message.contains('\0') {
            return Err(Malformed::new("its message contains NUL"));
        }
        check_names(self.extra.iter().map(|(name, _)| name.as_str()))?;
        let size = self.message.len()
            + self.parents.len() * Hash::LEN
            + self
                .extra
                .iter()
                .map(|(name, value)| name.len() + value.len())
                .sum::<usize>();
        if size > MAX_RECORD_SIZE / 2 {
            return Err(Malformed::new(
                "message and extra fields are larger than 32 MiB together",
            ));
        }
        Ok(())
    }
}

impl Decode for Commit {
    const KIND: Kind = Kind::COMMIT;

    fn decode(bytes: Buffer) -> Result<Self, Malformed> {
        Self::parse(&bytes)
    }

    fn weight(&self) -> usize {
        size_of::<Self>()
            + self.parents.len() * Hash::LEN
            + self.message.len()
            + self
                .extra
                .iter()
                .map(|(name, value)| name.len() + value.len() + 48)
                .sum::<usize>()
    }
}

/// Checks the names of extra fields and attributes: visible ASCII, 1 to 255 bytes, ascending.
pub(super) fn check_names<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), Malformed> {
    let mut previous = "";
    for name in names {
        if name.is_empty() || name.len() > 255 || !name.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(Malformed::new(
                "the name of a field is not 1 to 255 visible ASCII characters",
            ));
        }
        if name <= previous {
            return Err(Malformed::new(
                "the names of its fields are not in ascending order",
            ));
        }
        previous = name;
    }
    Ok(())
}
