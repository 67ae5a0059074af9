//! Finding the commit that a revision names.

use prollytree_plugin_api::{Capabilities, Hash, Kind, RefName};

use super::ancestry::FirstParents;
use super::clock::Clock;
use super::commit::{Commit, CommitId};
use super::error::RevisionError;
use super::log::Log;
use super::names::{BranchName, TagName};
use super::revision::{Revision, Start, Step};
use super::tag::Tagged;
use crate::storage::{Storage, StorageError};

/// What the meaning of a revision depends on.
#[derive(Clone, Copy)]
pub struct Resolver<'a> {
    /// Where refs and commits are.
    pub storage: &'a Storage,
    /// The time, for moments such as `yesterday`.
    pub clock: &'a dyn Clock,
    /// The commit that `HEAD` means, or the unborn branch on which there is none.
    pub head: Result<CommitId, &'a BranchName>,
}

/// How many digits of an id name a commit, at least.
const MIN_DIGITS: usize = 4;

/// How many candidates an ambiguous id is reported with.
const CANDIDATES: usize = 10;

impl Resolver<'_> {
    /// Finds the commit.
    ///
    /// # Errors
    /// Names the part of the revision that failed.
    pub fn resolve(&self, revision: &Revision) -> Result<CommitId, RevisionError> {
        let mut commit = match &revision.start {
            Start::Head => self.head.map_err(|branch| RevisionError::Unborn {
                branch: branch.to_string(),
            })?,
            Start::Name(name) => self.name(name)?,
        };
        for step in &revision.steps {
            commit = self.step(revision, commit, step)?;
        }
        Ok(commit)
    }

    /// Looks a name up: a full id, a full ref, a branch or tag, the beginning of an id.
    fn name(&self, name: &str) -> Result<CommitId, RevisionError> {
        let digits = name.bytes().all(|byte| byte.is_ascii_hexdigit());
        if digits && let Ok(hash) = name.parse::<Hash>() {
            let found = self.storage.try_load::<Commit>(&hash)?;
            return found
                .map(|_| CommitId(hash))
                .ok_or_else(|| unknown(name, false));
        }
        if let Some(found) = self.full_ref(name)? {
            return Ok(found);
        }
        let mut found = Vec::new();
        for class in [BranchName::CLASS, TagName::CLASS] {
            if let Some(commit) = self.reference(&format!("{class}{name}"))? {
                found.push((format!("{class}{name}"), commit));
            }
        }
        match found[..] {
            [] if digits && (MIN_DIGITS..2 * Hash::LEN).contains(&name.len()) => {
                self.beginning(name)
            }
            [] => Err(unknown(name, digits && name.len() < MIN_DIGITS)),
            [(_, commit)] => Ok(commit),
            [(_, first), ..] if found.iter().all(|(_, commit)| *commit == first) => Ok(first),
            _ => {
                let candidates = found
                    .into_iter()
                    .map(|(name, _)| format!("`{name}`"))
                    .collect();
                Err(RevisionError::Ambiguous {
                    name: name.into(),
                    candidates,
                })
            }
        }
    }

    /// Reads a ref that is given with its class, with or without the `refs/` that Git writes.
    fn full_ref(&self, name: &str) -> Result<Option<CommitId>, RevisionError> {
        let name = name.strip_prefix("refs/").unwrap_or(name);
        if name.starts_with(BranchName::CLASS) || name.starts_with(TagName::CLASS) {
            return self.reference(name);
        }
        Ok(None)
    }

    fn reference(&self, name: &str) -> Result<Option<CommitId>, RevisionError> {
        // What cannot be the name of a ref names none.
        let Ok(name) = RefName::new(name) else {
            return Ok(None);
        };
        let target = self.storage.reference(&name)?;
        Ok(target
            .map(|hash| peel(self.storage, &name, hash))
            .transpose()?)
    }

    /// Finds the one commit whose id begins with `digits`.
    fn beginning(&self, digits: &str) -> Result<CommitId, RevisionError> {
        let digits = digits.to_ascii_lowercase();
        let found = if self.storage.offers(Capabilities::LIST) {
            self.listed(&digits)?
        } else {
            self.reachable(&digits)?
        };
        match found[..] {
            [] => Err(unknown(&digits, false)),
            [commit] => Ok(commit),
            _ => {
                let candidates = found.iter().map(|commit| format!("`{commit}`")).collect();
                Err(RevisionError::Ambiguous {
                    name: digits.as_str().into(),
                    candidates,
                })
            }
        }
    }

    /// Lists the stored commits whose ids begin with `digits`: one page of a listing, as a rule.
    fn listed(&self, digits: &str) -> Result<Vec<CommitId>, RevisionError> {
        let mut found = Vec::new();
        for entry in self.storage.records_beginning(digits) {
            let entry = entry?;
            if found.len() == CANDIDATES {
                break;
            }
            if entry.kind == Kind::COMMIT {
                found.push(CommitId(entry.hash));
            }
        }
        Ok(found)
    }

    /// Walks everything that branches, tags and `HEAD` reach.
    fn reachable(&self, digits: &str) -> Result<Vec<CommitId>, RevisionError> {
        let mut starts: Vec<_> = self.head.into_iter().collect();
        for class in [BranchName::CLASS, TagName::CLASS] {
            for item in self.storage.references(class) {
                let (name, target) = item?;
                starts.push(peel(self.storage, &name, target)?);
            }
        }
        let mut found = Vec::new();
        for item in Log::new(self.storage, starts) {
            let (id, _) = item?;
            if id.to_string().starts_with(digits) && found.len() < CANDIDATES {
                found.push(id);
            }
        }
        Ok(found)
    }

    fn step(
        &self,
        revision: &Revision,
        from: CommitId,
        step: &Step,
    ) -> Result<CommitId, RevisionError> {
        match step {
            Step::Parent(0) => Ok(from),
            Step::Parent(n) => {
                let commit = self.storage.load::<Commit>(&from.0)?;
                let index = usize::try_from(n - 1).unwrap_or(usize::MAX);
                let parent = commit.parents.get(index).copied();
                parent.ok_or_else(|| no_parent(revision, format!("^{n}"), from, &commit))
            }
            Step::Ancestor(n) => {
                let mut line = FirstParents::new(self.storage, from);
                let mut id = from;
                for _ in 0..*n {
                    let (at, commit) = line.next().expect("a line that has not ended")?;
                    let parent = commit.parents.first().copied();
                    id = parent.ok_or_else(|| no_parent(revision, format!("~{n}"), at, &commit))?;
                }
                Ok(id)
            }
            Step::At(moment, written) => {
                let moment = moment.resolve(self.clock);
                for item in FirstParents::new(self.storage, from) {
                    let (id, commit) = item?;
                    if commit.committer.time <= moment {
                        return Ok(id);
                    }
                }
                let (revision, moment) = (revision.as_str().into(), written.clone());
                Err(RevisionError::BeforeHistory { revision, moment })
            }
        }
    }
}

/// Returns the commit that a branch or tag means: its target, or what an annotated tag names.
pub fn peel(storage: &Storage, name: &RefName, target: Hash) -> Result<CommitId, StorageError> {
    if TagName::from_ref(name).is_none() {
        return Ok(CommitId(target));
    }
    Ok(match &*storage.load::<Tagged>(&target)? {
        Tagged::Commit(_) => CommitId(target),
        Tagged::Annotated(tag) => tag.target,
    })
}

fn no_parent(revision: &Revision, step: String, commit: CommitId, found: &Commit) -> RevisionError {
    let parents = found.parents.len();
    RevisionError::NoParent {
        revision: revision.as_str().into(),
        step,
        commit,
        parents,
    }
}

fn unknown(name: &str, digits: bool) -> RevisionError {
    RevisionError::Unknown {
        name: name.into(),
        digits,
    }
}
