//! The key of a namespace in the catalog: its name and what it is used as.

use std::fmt;

use crate::storage::Malformed;

/// Which namespace, and as what it is used: the key of a catalog entry.
///
/// A name is any text of 1 to 255 bytes without control characters; a facet is 1 to 64 lower-case
/// ASCII letters, digits, dashes, dots and colons.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamespaceKey {
    name: String,
    facet: String,
}

/// A namespace that cannot have this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` cannot be the {part} of a namespace: it {rule}", .value.escape_debug())]
pub struct NamespaceKeyError {
    /// `name` or `facet`.
    pub part: &'static str,
    /// What was given, cut to a length that fits in a message.
    pub value: String,
    /// The rule that it breaks.
    pub rule: &'static str,
}

impl NamespaceKey {
    /// The facet of a namespace's own contents.
    pub const DATA: &'static str = "data";

    /// The namespace of a plain store.
    pub const DEFAULT: &'static str = "default";

    /// Checks name and facet.
    ///
    /// # Errors
    /// Names the rule that is broken.
    pub fn new(name: &str, facet: &str) -> Result<Self, NamespaceKeyError> {
        let wrong = |part, value: &str, rule| {
            let value = value.chars().take(60).collect();
            Err(NamespaceKeyError { part, value, rule })
        };
        if name.is_empty() || name.len() > 255 {
            return wrong("name", name, "is not 1 to 255 bytes long");
        }
        if name.chars().any(char::is_control) {
            return wrong("name", name, "contains a control character");
        }
        if facet.is_empty() || facet.len() > 64 {
            return wrong("facet", facet, "is not 1 to 64 bytes long");
        }
        let allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b':');
        if !facet.bytes().all(allowed) {
            return wrong(
                "facet",
                facet,
                "contains other than a-z, 0-9, dash, dot and colon",
            );
        }
        Ok(Self {
            name: name.to_owned(),
            facet: facet.to_owned(),
        })
    }

    /// Returns the key of the contents of a plain store.
    #[must_use]
    pub fn plain() -> Self {
        Self {
            name: Self::DEFAULT.to_owned(),
            facet: Self::DATA.to_owned(),
        }
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the facet.
    #[must_use]
    pub fn facet(&self) -> &str {
        &self.facet
    }

    /// Returns the key in the catalog's tree: name, NUL, facet, NUL. As neither contains NUL, keys
    /// sort by name and then by facet, and none is the beginning of another.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        [self.name.as_bytes(), b"\0", self.facet.as_bytes(), b"\0"].concat()
    }

    /// Reads a key of the catalog's tree.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn decode(key: &[u8]) -> Result<Self, Malformed> {
        let wrong = || Malformed::new("a key of the catalog is not name, NUL, facet, NUL");
        let text = std::str::from_utf8(key).map_err(|_| wrong())?;
        let (name, facet) = text
            .strip_suffix('\0')
            .and_then(|text| text.split_once('\0'))
            .ok_or_else(wrong)?;
        Self::new(name, facet).map_err(|error| Malformed::new(error.to_string()))
    }
}

impl fmt::Debug for NamespaceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NamespaceKey({}, {})", self.name, self.facet)
    }
}
