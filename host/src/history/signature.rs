//! Who did something, and when.

use std::fmt;

use prollytree_plugin_api::Timestamp;

use crate::storage::Malformed;
use crate::storage::{Fields, PutFields};

/// A name and an e-mail address, in the form in which Git can keep them: neither holds `<`, `>`, a
/// line break or NUL, neither begins or ends with a space, and the name is not empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Person {
    name: String,
    email: String,
}

/// A name or e-mail address that cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {field} {value:?} {rule}")]
pub struct PersonError {
    /// Which one: `name` or `email address`.
    pub field: &'static str,
    /// What was given, cut to a length that fits in a message.
    pub value: String,
    /// The rule that it breaks.
    pub rule: &'static str,
}

impl Person {
    /// Checks a name and an e-mail address. Spaces around them are dropped.
    ///
    /// # Errors
    /// Names the rule that is broken.
    pub fn new(name: &str, email: &str) -> Result<Self, PersonError> {
        let (name, email) = (name.trim(), email.trim());
        check_person(name, email)?;
        Ok(Self {
            name: name.to_owned(),
            email: email.to_owned(),
        })
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the e-mail address; may be empty.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.email
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <{}>", self.name, self.email)
    }
}

/// A person at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Signature {
    /// Who.
    pub person: Person,
    /// When.
    pub time: Timestamp,
    /// The distance of the person's local time from UTC, in minutes to the east; less than a day
    /// either way.
    pub offset_minutes: i16,
}

impl Signature {
    const DAY: i16 = 24 * 60;

    /// Makes a signature. An offset of a day or more, which no place on Earth has, becomes UTC.
    #[must_use]
    pub fn new(person: Person, time: Timestamp, offset_minutes: i16) -> Self {
        let offset_minutes = if Self::is_offset(offset_minutes) {
            offset_minutes
        } else {
            0
        };
        Self {
            person,
            time,
            offset_minutes,
        }
    }

    /// Writes: time, offset, name, e-mail address.
    pub(super) fn encode(&self, to: &mut Vec<u8>) {
        to.put_time(self.time);
        to.put_i16(self.offset_minutes);
        to.put_short(self.person.name.as_bytes());
        to.put_short(self.person.email.as_bytes());
    }

    pub(super) fn decode(from: &mut Fields<'_>, field: &str) -> Result<Self, Malformed> {
        let time = from.time(field)?;
        let offset_minutes = from.i16(field)?;
        if !Self::is_offset(offset_minutes) {
            return Err(Malformed::new(format!(
                "the time offset of its {field} is out of range"
            )));
        }
        let (name, email) = (from.short_text(field)?, from.short_text(field)?);
        check_person(&name, &email)
            .map_err(|error| Malformed::new(format!("in its {field}, {error}")))?;
        Ok(Self {
            person: Person { name, email },
            time,
            offset_minutes,
        })
    }

    fn is_offset(minutes: i16) -> bool {
        -Self::DAY < minutes && minutes < Self::DAY
    }
}

/// The longest name or e-mail address, in bytes.
const MAX_TEXT: usize = 1000;

fn check_person(name: &str, email: &str) -> Result<(), PersonError> {
    if name.is_empty() {
        return Err(PersonError {
            field: "name",
            value: String::new(),
            rule: "is empty",
        });
    }
    check_text("name", name)?;
    check_text("email address", email)
}

fn check_text(field: &'static str, value: &str) -> Result<(), PersonError> {
    let rule = if value.len() > MAX_TEXT {
        "is longer than 1000 bytes"
    } else if value.contains(['<', '>', '\n', '\r', '\0']) {
        "contains `<`, `>`, a line break or NUL"
    } else if value.trim() != value {
        "begins or ends with a space"
    } else {
        return Ok(());
    };
    Err(PersonError {
        field,
        value: value.chars().take(60).collect(),
        rule,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_kept_as_git_can_keep_it() {
        let ada = Person::new(" Ada Lovelace ", "ada@example.org").unwrap();
        assert_eq!(ada.to_string(), "Ada Lovelace <ada@example.org>");
        assert_eq!(Person::new("Ada", "").unwrap().to_string(), "Ada <>");
        let long = "x".repeat(1001);
        for (name, email) in [
            ("", "x"),
            (" ", "x"),
            ("a<b", ""),
            ("a", "b>"),
            ("a\nb", ""),
            ("a", &long),
        ] {
            assert!(Person::new(name, email).is_err(), "{name:?} {email:?}");
        }
    }
}
