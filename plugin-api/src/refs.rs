//! Named pointers to records, and how they move.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::fmt;

use crate::{Error, ErrorKind, Hash, Result};

/// The name of a ref: `heads/main`, `tags/v1`, `work/default`.
///
/// Names follow Git's check-ref-format with at least two components and at most
/// [`RefName::MAX_LEN`] bytes, so that every backend can hold every name. They are ordered as bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefName(Box<str>);

impl RefName {
    /// The longest name, in bytes.
    pub const MAX_LEN: usize = 200;

    /// Checks a name.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` naming the rule that is broken.
    pub fn new(name: &str) -> Result<Self> {
        match broken_rule(name) {
            None => Ok(Self(name.into())),
            Some(rule) => Err(Error::new(
                ErrorKind::INVALID_ARGUMENT,
                format!("`{}` is not a valid ref name: {rule}", Abridged(name)),
            )),
        }
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the names of which this one lies below: `a/b/c` gives `a/b` and `a`. A ref may not
    /// exist together with one of them.
    pub fn ancestors(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.as_str();
        std::iter::from_fn(move || {
            rest = &rest[..rest.rfind('/')?];
            Some(rest)
        })
    }

    /// Returns the error for creating this ref while `existing` is in its way.
    #[must_use]
    pub fn collision(&self, existing: &str) -> Error {
        Error::new(
            ErrorKind::CONFLICT,
            format!(
                "cannot create ref `{self}`: `{existing}` exists, and a ref cannot lie below another"
            ),
        )
        .with("ref", self.as_str())
        .with("existing", existing)
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RefName({})", self.0)
    }
}

impl Borrow<str> for RefName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for RefName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for RefName {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::new(name)
    }
}

/// One wanted move of a ref: from `expected` to `new`, where `None` means that it is absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefUpdate {
    /// Which ref moves.
    pub name: RefName,
    /// Where it must point for the move to happen.
    pub expected: Option<Hash>,
    /// Where it points afterwards; `None` deletes it.
    pub new: Option<Hash>,
}

impl RefUpdate {
    /// Checks that no ref is named twice, as [`commit`](crate::NodeStorage::commit) demands. For
    /// backends that do more than the default.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` naming the ref.
    pub fn refuse_repeated(updates: &[Self]) -> Result<()> {
        let mut seen = BTreeSet::new();
        match updates.iter().find(|update| !seen.insert(&update.name)) {
            None => Ok(()),
            Some(twice) => Err(Error::new(
                ErrorKind::INVALID_ARGUMENT,
                format!("two updates of ref `{}` in one commit", twice.name),
            )
            .with("ref", &twice.name)),
        }
    }
}

/// What became of a compare-and-swap.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Swap {
    /// Every ref moved.
    Done,
    /// No ref moved, because this one was not where it was expected.
    Lost {
        /// The first ref, in the order given, that was elsewhere.
        name: RefName,
        /// Where it points now.
        current: Option<Hash>,
    },
}

/// A name cut to a length that fits in a message.
struct Abridged<'a>(&'a str);

impl fmt::Display for Abridged<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 60;
        for c in self.0.chars().take(SHOWN) {
            write!(f, "{}", c.escape_debug())?;
        }
        if self.0.chars().nth(SHOWN).is_some() {
            write!(f, "… ({} bytes)", self.0.len())?;
        }
        Ok(())
    }
}

fn broken_rule(name: &str) -> Option<&'static str> {
    const FORBIDDEN: &[char] = &[' ', '~', '^', ':', '?', '*', '[', '\\'];
    if name.is_empty() {
        return Some("it is empty");
    }
    if name.len() > RefName::MAX_LEN {
        return Some("it is longer than 200 bytes");
    }
    if name.chars().any(char::is_control) {
        return Some("it contains a control character");
    }
    if name.contains(FORBIDDEN) {
        return Some("it contains a space or one of ~ ^ : ? * [ \\");
    }
    if name.contains("..") {
        return Some("it contains `..`");
    }
    if name.contains("@{") {
        return Some("it contains `@{`");
    }
    if name.starts_with('/') || name.ends_with('/') || name.contains("//") {
        return Some("a component is empty");
    }
    if !name.contains('/') {
        return Some("it has no class such as `heads/`");
    }
    if name.ends_with('.') {
        return Some("it ends with a dot");
    }
    name.split('/').find_map(broken_component_rule)
}

fn broken_component_rule(component: &str) -> Option<&'static str> {
    if component.starts_with('.') {
        Some("a component begins with a dot")
    } else if component.starts_with('-') {
        Some("a component begins with a dash")
    } else if component.len() >= 5 && component.to_ascii_lowercase().ends_with(".lock") {
        Some("a component ends with `.lock`")
    } else if component == "@" {
        Some("a component is `@`")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_accepted() {
        let longest = format!("heads/{}", "x".repeat(194));
        for name in [
            "heads/main",
            "tags/v1.0",
            "work/a-b_c",
            "heads/ü/€",
            "side/x@y",
            &longest,
        ] {
            assert_eq!(RefName::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn hostile_names_are_refused() {
        let long = format!("heads/{}", "x".repeat(10_000));
        let hostile = [
            "",
            "/",
            "main",
            "/abs",
            "heads/",
            "heads//x",
            "../../x",
            "heads/../x",
            "heads/a..b",
            "heads/-x",
            "-x/y",
            "heads/.x",
            "heads/x.lock",
            "heads/x.LOCK",
            "heads/x.lock/y",
            "heads/x.",
            "heads/a b",
            "heads/a\0b",
            "heads/a\nb",
            "heads/a~1",
            "heads/a^",
            "heads/a:b",
            "heads/a?",
            "heads/a*",
            "heads/a[b",
            "heads/a\\b",
            "heads/@{0}",
            "heads/@",
            &long,
        ];
        for name in hostile {
            let error = RefName::new(name).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::INVALID_ARGUMENT, "{name:?}");
            assert!(error.message().len() < 400, "a message stays short");
        }
    }

    #[test]
    fn a_ref_named_twice_is_refused() {
        let update = |name| RefUpdate {
            name: RefName::new(name).unwrap(),
            expected: None,
            new: None,
        };
        let once = [update("heads/a"), update("heads/b")];
        assert!(RefUpdate::refuse_repeated(&once).is_ok());
        let twice = [update("heads/a"), update("heads/b"), update("heads/a")];
        let error = RefUpdate::refuse_repeated(&twice).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::INVALID_ARGUMENT);
        assert_eq!(error.context("ref"), Some("heads/a"));
    }

    #[test]
    fn ancestors_are_every_shorter_path() {
        let name = RefName::new("a/b/c").unwrap();
        assert_eq!(name.ancestors().collect::<Vec<_>>(), ["a/b", "a"]);
    }
}
