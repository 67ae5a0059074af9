//! How people name a commit: `HEAD~2`, `main`, `v1.0^2`, `9f2c41`, `main@{yesterday}`. Reading a
//! name needs no store; finding the commit is in `resolve`.

use std::fmt;
use std::str::FromStr;

use super::error::RevisionError;
use super::moment::Moment;
use super::names::BranchName;

/// A revision as it was written, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    text: String,
    pub(super) start: Start,
    pub(super) steps: Vec<Step>,
}

/// Where a revision starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// The commit on which the worktree stands: `HEAD` or `@`.
    Head,
    /// A branch, a tag or the digits of a commit id.
    Name(String),
}

/// How a revision goes on from a commit to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// `^n`: the n-th parent; `^0` is the commit itself.
    Parent(u32),
    /// `~n`: n times the first parent.
    Ancestor(u64),
    /// `@{moment}`: the last commit at or before it, along first parents.
    At(Moment, String),
}

impl Revision {
    /// The commit on which the worktree stands.
    #[must_use]
    pub fn head() -> Self {
        Self {
            text: "HEAD".to_owned(),
            start: Start::Head,
            steps: Vec::new(),
        }
    }

    /// Returns the revision as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the branches that the revision may be the plain name of, the likelier one first;
    /// none if it has steps or means `HEAD`.
    pub fn branches(&self) -> impl Iterator<Item = BranchName> + '_ {
        let name = match &self.start {
            Start::Name(name) if self.steps.is_empty() => name.as_str(),
            _ => "",
        };
        let full = name
            .strip_prefix("refs/")
            .unwrap_or(name)
            .strip_prefix(BranchName::CLASS);
        // What cannot be the name of a branch names none.
        full.into_iter()
            .chain([name])
            .filter_map(|name| BranchName::new(name).ok())
    }

    /// Reads a revision.
    ///
    /// # Errors
    /// [`RevisionError::Syntax`] naming the part that cannot be read.
    pub fn new(text: &str) -> Result<Self, RevisionError> {
        let name_end = [text.find('~'), text.find('^'), text.find("@{")]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(text.len());
        let (name, mut rest) = text.split_at(name_end);
        let start = match name {
            "HEAD" | "@" => Start::Head,
            "" if rest.starts_with("@{") => Start::Head,
            "" => return Err(syntax(text, text, "it names no commit to start from")),
            _ => Start::Name(name.to_owned()),
        };
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, length) = read_step(text, rest)?;
            steps.push(step);
            rest = &rest[length..];
        }
        Ok(Self {
            text: text.to_owned(),
            start,
            steps,
        })
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Revision {
    type Err = RevisionError;

    fn from_str(text: &str) -> Result<Self, RevisionError> {
        Self::new(text)
    }
}

impl From<super::CommitId> for Revision {
    fn from(id: super::CommitId) -> Self {
        let text = id.to_string();
        Self {
            start: Start::Name(text.clone()),
            text,
            steps: Vec::new(),
        }
    }
}

impl From<&BranchName> for Revision {
    /// Names the branch in full, so that a tag of the same name is not meant.
    fn from(branch: &BranchName) -> Self {
        let text = branch.ref_name().to_string();
        Self {
            start: Start::Name(text.clone()),
            text,
            steps: Vec::new(),
        }
    }
}

/// Reads one step and returns it with its length in bytes.
fn read_step(text: &str, rest: &str) -> Result<(Step, usize), RevisionError> {
    if let Some(inside) = rest.strip_prefix("@{") {
        let Some(end) = inside.find('}') else {
            return Err(syntax(text, rest, "a `}` is missing"));
        };
        let written = &inside[..end];
        let moment = Moment::parse(written).ok_or_else(|| {
            let reason = "between the braces belongs a moment such as `2024-01-31T10:00:00Z`, \
                          `2024-01-31`, `yesterday` or `2 hours ago`";
            syntax(text, &rest[..end + 3], reason)
        })?;
        return Ok((Step::At(moment, written.to_owned()), end + 3));
    }
    let Some(after) = rest.strip_prefix(['~', '^']) else {
        return Err(syntax(
            text,
            rest,
            "after the name may follow `~n`, `^n` or `@{moment}`",
        ));
    };
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    let number = if digits == 0 { "1" } else { &after[..digits] };
    let too_large = |_| syntax(text, &rest[..=digits], "the number is too large");
    let step = if rest.starts_with('~') {
        Step::Ancestor(number.parse().map_err(too_large)?)
    } else {
        Step::Parent(number.parse().map_err(too_large)?)
    };
    Ok((step, digits + 1))
}

fn syntax(text: &str, part: &str, reason: &'static str) -> RevisionError {
    RevisionError::Syntax {
        revision: text.into(),
        part: part.into(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_are_taken_apart() {
        let name = |name: &str| Start::Name(name.to_owned());
        let cases = [
            ("HEAD", Start::Head, vec![]),
            ("@", Start::Head, vec![]),
            ("main", name("main"), vec![]),
            ("a/b@c", name("a/b@c"), vec![]),
            ("HEAD~", Start::Head, vec![Step::Ancestor(1)]),
            (
                "@~2^^0",
                Start::Head,
                vec![Step::Ancestor(2), Step::Parent(1), Step::Parent(0)],
            ),
            (
                "v1.0^2~10",
                name("v1.0"),
                vec![Step::Parent(2), Step::Ancestor(10)],
            ),
        ];
        for (text, start, steps) in cases {
            let revision = Revision::new(text).unwrap();
            assert_eq!(
                (&revision.start, &revision.steps),
                (&start, &steps),
                "{text}"
            );
            assert_eq!(revision.to_string(), text);
        }
        let revision = Revision::new("main@{2 days ago}~1").unwrap();
        assert!(matches!(
            &revision.steps[..],
            [Step::At(..), Step::Ancestor(1)]
        ));
        assert_eq!(Revision::new("@{now}").unwrap().start, Start::Head);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let cases = [
            ("", ""),
            ("~1", "~1"),
            ("main@{", "@{"),
            ("main@{soon}", "@{soon}"),
            ("main~1x", "x"),
            ("main~99999999999999999999", "~99999999999999999999"),
            ("main^4294967296", "^4294967296"),
            ("main~é", "é"),
        ];
        for (text, expected) in cases {
            let Err(RevisionError::Syntax { part, .. }) = Revision::new(text) else {
                panic!("{text} was read");
            };
            assert_eq!(part, expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in "[a-zé~^@{}0-9 :-]{0,20}") {
            if let Ok(revision) = Revision::new(&text) {
                assert_eq!(revision.as_str(), text);
            }
        }
    }
}
