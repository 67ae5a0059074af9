//! Names that people give: of branches, tags and worktrees. Each becomes a ref below its class, so
//! each obeys the rules of refs.

use std::fmt;
use std::str::FromStr;

use prollytree_plugin_api::RefName;

/// A name that cannot be used, and why.
#[derive(Debug, thiserror::Error)]
#[error("a {what} cannot have this name")]
pub struct NameError {
    /// What was to be named: `branch`, `tag` or `worktree`.
    pub what: &'static str,
    /// The rule that is broken.
    #[source]
    pub source: prollytree_plugin_api::Error,
}

macro_rules! name {
    ($(#[$doc:meta])* $Name:ident, $what:literal, $class:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $Name(RefName);

        impl $Name {
            /// What the names of these refs begin with.
            pub const CLASS: &'static str = $class;

            /// Checks a name.
            ///
            /// # Errors
            /// Names the rule that is broken.
            pub fn new(name: &str) -> Result<Self, NameError> {
                class_member($class, name)
                    .map(Self)
                    .map_err(|source| NameError { what: $what, source })
            }

            /// Returns the name without its class, as people write it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0.as_str()[$class.len()..]
            }

            /// Returns the ref that bears the name.
            #[must_use]
            pub fn ref_name(&self) -> &RefName {
                &self.0
            }

            /// Returns the name that `name` gives, or `None` if that is no ref of this class.
            #[must_use]
            pub fn from_ref(name: &RefName) -> Option<Self> {
                name.as_str().starts_with($class).then(|| Self(name.clone()))
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($Name), self.as_str())
            }
        }

        impl FromStr for $Name {
            type Err = NameError;

            fn from_str(name: &str) -> Result<Self, NameError> {
                Self::new(name)
            }
        }
    };
}

name! {
    /// The name of a branch, a ref below `heads/`. `HEAD` is none: it means the current commit.
    BranchName, "branch", "heads/"
}

name! {
    /// The name of a tag, a ref below `tags/`. `HEAD` is none: it means the current commit.
    TagName, "tag", "tags/"
}

name! {
    /// The name of a worktree, a ref below `work/`.
    WorktreeName, "worktree", "work/"
}

impl BranchName {
    /// The branch of a new store unless another is wanted.
    #[must_use]
    pub fn main() -> Self {
        Self(RefName::new("heads/main").expect("the name is valid"))
    }
}

impl WorktreeName {
    /// The worktree that is used unless another is wanted.
    #[must_use]
    pub fn main() -> Self {
        Self(RefName::new("work/main").expect("the name is valid"))
    }
}

/// Joins class and name. The rules are those of refs; on top of them, the name is not empty, does
/// not begin with a slash and is not `HEAD`.
fn class_member(class: &str, name: &str) -> prollytree_plugin_api::Result<RefName> {
    if name == "HEAD" {
        let message = "`HEAD` is not a valid name: it means the current commit";
        return Err(prollytree_plugin_api::Error::new(
            prollytree_plugin_api::ErrorKind::INVALID_ARGUMENT,
            message,
        ));
    }
    RefName::new(&format!("{class}{name}"))
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn a_name_and_its_ref_belong_together() {
        let branch = BranchName::new("feature/x").unwrap();
        assert_eq!(branch.as_str(), "feature/x");
        assert_eq!(branch.ref_name().as_str(), "heads/feature/x");
        assert_eq!(
            BranchName::from_ref(branch.ref_name()),
            Some(branch.clone())
        );
        assert_eq!(TagName::from_ref(branch.ref_name()), None);
        assert_eq!(format!("{branch:>12}|"), "   feature/x|");
    }

    #[test]
    fn hostile_names_are_refused_in_a_short_message() {
        let long = "x".repeat(10_000);
        let hostile = [
            "", "/", "/abs", "../../x", "-x", "a..b", "a\0b", "x.lock", "a b", "a~1", "a^", "a:b",
            "HEAD", "@", "a@{1}", "a/", "a//b", ".x", "x.", "a\nb", &long,
        ];
        for name in hostile {
            let error = BranchName::new(name).unwrap_err();
            assert_eq!(error.to_string(), "a branch cannot have this name");
            let rule = error.source().expect("the rule").to_string();
            assert!(rule.len() < 400, "{rule}");
            assert!(
                TagName::new(name).is_err() && WorktreeName::new(name).is_err(),
                "{name:?}"
            );
        }
    }
}
