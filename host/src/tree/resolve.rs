//! Who decides where both sides of a merge changed the same key.

use super::TreeError;
use super::key::Key;
use super::value::{Value, ValueHandle};

/// A key that both sides changed, each in its own way. At least two of the three values differ from
/// each other and from nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The key.
    pub key: Key,
    /// The value that both began from; `None` if there was none.
    pub base: Option<ValueHandle>,
    /// Our value; `None` if we have removed it.
    pub ours: Option<ValueHandle>,
    /// Their value; `None` if they have removed it.
    pub theirs: Option<ValueHandle>,
}

/// What becomes of a key in conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// It stays in conflict: it is listed, and the tree keeps our value.
    Unresolved,
    /// Our value stays, also if that is none.
    Ours,
    /// Theirs is taken, also if that is none.
    Theirs,
    /// It gets back what both began from, also if that is none.
    Base,
    /// It gets another value.
    Put(Vec<u8>),
    /// It is removed.
    Delete,
}

/// Decides conflicts, one by one, in the order of their keys.
///
/// Every function of a conflict is a resolver. So are the types that are made for it.
pub trait Resolver {
    /// Decides one conflict. Its values out of line have not been loaded.
    ///
    /// # Errors
    /// If a value cannot be loaded. The merge ends with the error.
    fn resolve(&mut self, conflict: &Conflict) -> Result<Resolution, TreeError>;
}

impl<F: FnMut(&Conflict) -> Result<Resolution, TreeError>> Resolver for F {
    fn resolve(&mut self, conflict: &Conflict) -> Result<Resolution, TreeError> {
        self(conflict)
    }
}

/// Decides nothing: every conflict is listed.
#[derive(Clone, Copy, Debug, Default)]
pub struct LeaveConflicts;

/// Our values stay: the peer's `IgnoreAll` and `TakeDestination`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TakeOurs;

/// Their values are taken: the peer's `TakeSource`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TakeTheirs;

/// The value that was written last counts, by the time that a function reads from a key and a value.
/// A removal has no time: what is there counts. Equal times, and times that cannot be read, leave
/// the conflict.
#[derive(Clone, Copy, Debug)]
pub struct LastWriter<F>(pub F);

impl Resolver for LeaveConflicts {
    fn resolve(&mut self, _: &Conflict) -> Result<Resolution, TreeError> {
        Ok(Resolution::Unresolved)
    }
}

impl Resolver for TakeOurs {
    fn resolve(&mut self, _: &Conflict) -> Result<Resolution, TreeError> {
        Ok(Resolution::Ours)
    }
}

impl Resolver for TakeTheirs {
    fn resolve(&mut self, _: &Conflict) -> Result<Resolution, TreeError> {
        Ok(Resolution::Theirs)
    }
}

impl<F, T> Resolver for LastWriter<F>
where
    F: FnMut(&[u8], &[u8]) -> Option<T>,
    T: Ord,
{
    fn resolve(&mut self, conflict: &Conflict) -> Result<Resolution, TreeError> {
        let (ours, theirs) = match (&conflict.ours, &conflict.theirs) {
            (Some(ours), Some(theirs)) => (ours, theirs),
            (Some(_), None) => return Ok(Resolution::Ours),
            (None, _) => return Ok(Resolution::Theirs),
        };
        let (ours, theirs) = (ours.load()?, theirs.load()?);
        let mut time = |value: &Value| (self.0)(&conflict.key, value);
        Ok(match (time(&ours), time(&theirs)) {
            (Some(ours), Some(theirs)) if ours > theirs => Resolution::Ours,
            (Some(ours), Some(theirs)) if ours < theirs => Resolution::Theirs,
            _ => Resolution::Unresolved,
        })
    }
}
