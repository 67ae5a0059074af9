//! A work record: the uncommitted state of one worktree, so that it survives the process.

use std::sync::Arc;

use prollytree_plugin_api::{Buffer, Hash, Kind, Timestamp};

use super::commit::CommitId;
use super::names::BranchName;
use crate::storage::{Decode, Malformed, RecordBatch};
use crate::storage::{Fields, MetaForm, PutFields};

/// Where a worktree stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// On a branch, which may be unborn: commits move it.
    Branch(BranchName),
    /// On a commit: commits move the worktree alone.
    Detached(CommitId),
}

/// The state of one worktree, and the record of its state before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkRecord {
    /// The branch or commit that the worktree stands on.
    pub position: Position,
    /// The commit that the work began from; none on an unborn branch.
    pub base: Option<CommitId>,
    /// The root of the catalog with the changes made since.
    pub catalog: Hash,
    /// The record that describes a merge in progress.
    pub merge: Option<Hash>,
    /// The work record before this one; the chain is the reflog.
    pub previous: Option<Hash>,
    /// When the worktree came into this state.
    pub time: Timestamp,
    /// What brought it here, in a word or two, for the reflog.
    pub action: String,
}

impl WorkRecord {
    const MAX_ACTION: usize = 1000;

    /// Encodes the record and adds it to a batch.
    ///
    /// # Errors
    /// Says which rule of the encoding the record breaks.
    pub fn push_to(&self, batch: &mut RecordBatch) -> Result<Hash, Malformed> {
        Ok(batch.push(Kind::META, self.links(), self.encode()?))
    }

    /// Returns the records that this one refers to, in the order of their mention.
    #[must_use]
    pub fn links(&self) -> Vec<Hash> {
        let detached = match &self.position {
            Position::Branch(_) => None,
            Position::Detached(commit) => Some(commit.0),
        };
        let mut links = Vec::new();
        let base = self.base.map(|base| base.0);
        let all = [
            detached,
            base,
            Some(self.catalog),
            self.merge,
            self.previous,
        ];
        for hash in all.into_iter().flatten() {
            if !links.contains(&hash) {
                links.push(hash);
            }
        }
        links
    }

    /// Returns the one encoding that the record has.
    ///
    /// # Errors
    /// Says which rule of the encoding the record breaks.
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        check_action(&self.action)?;
        let mut bytes = MetaForm::Work.header();
        match &self.position {
            Position::Branch(name) => {
                bytes.put_u8(0);
                bytes.put_short(name.as_str().as_bytes());
            }
            Position::Detached(commit) => {
                bytes.put_u8(1);
                bytes.put_hash(&commit.0);
            }
        }
        bytes.put_optional_hash(self.base.map(|base| base.0).as_ref());
        bytes.put_hash(&self.catalog);
        bytes.put_optional_hash(self.merge.as_ref());
        bytes.put_optional_hash(self.previous.as_ref());
        bytes.put_time(self.time);
        bytes.put_short(self.action.as_bytes());
        Ok(bytes)
    }
}

impl Decode for WorkRecord {
    const KIND: Kind = Kind::META;

    fn decode(bytes: Buffer) -> Result<Self, Malformed> {
        let mut fields = Fields::new(MetaForm::Work.read_header(&bytes)?);
        let position = match fields.u8("position")? {
            0 => Position::Branch(
                BranchName::new(&fields.short_text("branch")?)
                    .map_err(|error| Malformed::new(error.source.message().to_owned()))?,
            ),
            1 => Position::Detached(CommitId(fields.hash("position")?)),
            other => return Err(Malformed::new(format!("its position has the form {other}"))),
        };
        let base = fields.optional_hash("base")?.map(CommitId);
        let catalog = fields.hash("catalog")?;
        let merge = fields.optional_hash("merge")?;
        let previous = fields.optional_hash("previous record")?;
        let time = fields.time("time")?;
        let action = fields.short_text("action")?;
        fields.end()?;
        check_action(&action)?;
        Ok(Self {
            position,
            base,
            catalog,
            merge,
            previous,
            time,
            action,
        })
    }

    fn weight(&self) -> usize {
        size_of::<Arc<Self>>() + size_of::<Self>() + self.action.len() + 200
    }
}

fn check_action(action: &str) -> Result<(), Malformed> {
    if action.len() > WorkRecord::MAX_ACTION || action.chars().any(char::is_control) {
        return Err(Malformed::new("its action is longer than a line"));
    }
    Ok(())
}
