//! Tags: names for commits that do not move.

use prollytree_plugin_api::{Hash, RefUpdate, Swap};

use super::{StoreError, VersionedStore};
use crate::history::{CommitId, HistoryError, Revision, Signature, TagName, TagRecord, Tagged};
use crate::storage::RecordBatch;

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its name.
    pub name: TagName,
    /// The commit that it names.
    pub target: CommitId,
    /// Who tagged it, when and why; none for a lightweight tag.
    pub annotation: Option<TagRecord>,
}

impl VersionedStore {
    /// Tags the commit that a revision names: with a message an annotated tag, signed by the
    /// session's identity, otherwise a lightweight one.
    ///
    /// # Errors
    /// [`StoreError::TagExists`] if there is one of this name.
    pub fn tag(
        &self,
        name: &TagName,
        at: &Revision,
        message: Option<&str>,
    ) -> Result<CommitId, StoreError> {
        let target = self.resolve(at)?;
        let mut batch = RecordBatch::new();
        let new = match message {
            None => target.0,
            Some(message) => self.push_tag(name, target, message, &mut batch)?,
        };
        let name_of_ref = name.ref_name().clone();
        let update = RefUpdate {
            name: name_of_ref,
            expected: None,
            new: Some(new),
        };
        match self.storage.commit(&batch, &[update])? {
            Swap::Done => Ok(target),
            Swap::Lost { .. } => Err(StoreError::TagExists(name.clone())),
        }
    }

    /// Returns all tags in the order of their names. Reads one record for each.
    pub fn tags(&self) -> Result<Vec<Tag>, StoreError> {
        let mut tags = Vec::new();
        for item in self.storage.references(TagName::CLASS) {
            let (name, target) = item?;
            if let Some(name) = TagName::from_ref(&name) {
                tags.push(self.read_tag(name, target)?);
            }
        }
        Ok(tags)
    }

    /// Deletes a tag and returns the commit that it named.
    pub fn delete_tag(&self, name: &TagName) -> Result<CommitId, StoreError> {
        let Some(target) = self.storage.reference(name.ref_name())? else {
            return Err(StoreError::NoSuchTag(name.clone()));
        };
        let tag = self.read_tag(name.clone(), target)?;
        let name = name.ref_name().clone();
        let shown = name.to_string();
        match self.storage.swap(&RefUpdate {
            name,
            expected: Some(target),
            new: None,
        })? {
            Swap::Done => Ok(tag.target),
            Swap::Lost { .. } => Err(StoreError::RefMoved { name: shown }),
        }
    }

    fn read_tag(&self, name: TagName, target: Hash) -> Result<Tag, StoreError> {
        Ok(match &*self.storage.load::<Tagged>(&target)? {
            Tagged::Commit(_) => Tag {
                name,
                target: CommitId(target),
                annotation: None,
            },
            Tagged::Annotated(tag) => Tag {
                name,
                target: tag.target,
                annotation: Some((**tag).clone()),
            },
        })
    }

    fn push_tag(
        &self,
        name: &TagName,
        target: CommitId,
        message: &str,
        batch: &mut RecordBatch,
    ) -> Result<Hash, StoreError> {
        let time = self.clock.now();
        let offset = self.clock.offset_minutes(time);
        let tagger = Signature::new(self.identity.committer()?, time, offset);
        let tag = TagRecord {
            target,
            name: name.clone(),
            tagger,
            message: message.to_owned(),
        };
        let pushed = tag.push_to(batch);
        Ok(pushed.map_err(|reason| HistoryError::Unwritable {
            what: "tag",
            reason,
        })?)
    }
}
