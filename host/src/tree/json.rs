//! JSON as it is written: values are compared by what they say, and written again with the numbers
//! and strings of their texts, so that none loses a digit.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// How deep arrays and objects may be nested.
const MAX_DEPTH: usize = 128;

/// A JSON value. Two are equal if they differ in nothing but spaces, the order of members, and which
/// characters of their strings are written as escapes. Numbers are equal if they are written alike:
/// whether `1` and `1.0` say the same depends on who reads them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Json<'a> {
    /// A number, a truth value or null.
    Word(&'a str),
    String(Text<'a>),
    Array(Vec<Json<'a>>),
    Object(Object<'a>),
}

/// The members of an object, by their names.
pub(super) type Object<'a> = BTreeMap<Cow<'a, str>, Member<'a>>;

/// A string.
#[derive(Debug)]
pub(super) struct Text<'a> {
    says: Cow<'a, str>,
    /// What it is in JSON, with its quotes.
    written: &'a str,
}

/// A member of an object.
#[derive(Debug)]
pub(super) struct Member<'a> {
    /// What its name is in JSON, with its quotes.
    pub(super) name: &'a str,
    /// How many members are written before it.
    pub(super) place: usize,
    pub(super) value: Json<'a>,
}

impl<'a> Json<'a> {
    /// Reads a value. `None` if it is not JSON, if an object in it has two members of one name, if a
    /// string in it is not Unicode, or if it is nested deeper than 128 levels.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        // This checks the grammar, and needs no stack for it. The reader only takes apart what has
        // passed.
        let text: &RawValue = serde_json::from_slice(bytes).ok()?;
        Reader { rest: text.get() }.value(MAX_DEPTH)
    }

    /// Returns the text of the value, without spaces.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.write_to(&mut text);
        text
    }

    fn write_to(&self, out: &mut String) {
        match self {
            Self::Word(written) | Self::String(Text { written, .. }) => out.push_str(written),
            Self::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    out.push(if index == 0 { '[' } else { ',' });
                    item.write_to(out);
                }
                out.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            Self::Object(members) => {
                let mut members: Vec<_> = members.values().collect();
                members.sort_by_key(|member| member.place);
                for (index, member) in members.iter().enumerate() {
                    out.push(if index == 0 { '{' } else { ',' });
                    out.push_str(member.name);
                    out.push(':');
                    member.value.write_to(out);
                }
                out.push_str(if members.is_empty() { "{}" } else { "}" });
            }
        }
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.says == other.says
    }
}

impl Eq for Text<'_> {}

impl PartialEq for Member<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Member<'_> {}

/// Takes a text apart that is known to be JSON.
struct Reader<'a> {
    rest: &'a str,
}

const SPACES: [char; 4] = [' ', '\t', '\n', '\r'];

impl<'a> Reader<'a> {
    /// Reads a value in which so many levels may be nested.
    fn value(&mut self, levels: usize) -> Option<Json<'a>> {
        match self.rest.as_bytes().first()? {
            b'"' => self.string().map(Json::String),
            b'[' => self.array(levels.checked_sub(1)?).map(Json::Array),
            b'{' => self.object(levels.checked_sub(1)?).map(Json::Object),
            _ => {
                let ends = |c: char| SPACES.contains(&c) || matches!(c, ',' | ']' | '}');
                let len = self.rest.find(ends).unwrap_or(self.rest.len());
                self.take(len).map(Json::Word)
            }
        }
    }

    fn array(&mut self, levels: usize) -> Option<Vec<Json<'a>>> {
        let mut items = Vec::new();
        self.take(1)?;
        while !self.ends(']')? {
            items.push(self.value(levels)?);
        }
        Some(items)
    }

    fn object(&mut self, levels: usize) -> Option<Object<'a>> {
        let mut members = Object::new();
        self.take(1)?;
        while !self.ends('}')? {
            let name = self.string()?;
            self.skip_to_next();
            let member = Member {
                name: name.written,
                place: members.len(),
                value: self.value(levels)?,
            };
            if members.insert(name.says, member).is_some() {
                return None;
            }
        }
        Some(members)
    }

    fn string(&mut self) -> Option<Text<'a>> {
        let mut escaped = false;
        let is_end = |byte: u8| {
            let is_end = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            is_end
        };
        let len = self.rest.get(1..)?.bytes().position(is_end)?;
        let written = self.take(len + 2)?;
        let inside = written.get(1..=len)?;
        let says = if inside.contains('\\') {
            Cow::Owned(serde_json::from_str(written).ok()?)
        } else {
            Cow::Borrowed(inside)
        };
        Some(Text { says, written })
    }

    /// Passes over what stands before the next value, and over the end if that comes instead.
    fn ends(&mut self, end: char) -> Option<bool> {
        self.skip_to_next();
        let is_end = self.rest.starts_with(end);
        if is_end {
            self.take(1)?;
        }
        Some(is_end)
    }

    /// Passes over spaces and what stands between two values. That it stands where it belongs is
    /// known.
    fn skip_to_next(&mut self) {
        let between = |c: char| SPACES.contains(&c) || matches!(c, ',' | ':');
        self.rest = self.rest.trim_start_matches(between);
    }

    fn take(&mut self, len: usize) -> Option<&'a str> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }
}
