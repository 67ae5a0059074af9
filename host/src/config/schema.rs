//! The keys of a config file: one table, from which reading, suggestions and the environment follow.

/// One key.
pub(super) struct Key {
    /// Its path; `*` stands for a name that the user chooses.
    pub(super) path: &'static [&'static str],
    /// What it takes.
    pub(super) takes: Takes,
    /// The environment variable that overrides it.
    pub(super) variable: Option<&'static str>,
    /// What it would do in a file that travels with data, if that is not allowed there.
    pub(super) untrusted: Option<&'static str>,
}

/// What a key takes.
#[derive(Clone, Copy)]
pub(super) enum Takes {
    Text,
    Name,
    Boolean,
    Size,
    Sha256,
    OneOf(&'static [&'static str]),
    Path,
    Paths,
    /// Text, a whole number, a boolean, or a reference to a variable or a file.
    Option,
}

const RUNS_CODE: Option<&str> = Some("say which code may run");
const IDENTITY: Option<&str> = Some("say who you are");

pub(super) const KEYS: &[Key] = &[
    key(&["store", "backend"], Takes::Name, None),
    key(&["store", "path"], Takes::Option, None),
    key(&["store", "options", "*"], Takes::Option, None),
    key(&["store", "cache"], Takes::Size, None).from("PROLLYTREE_CACHE"),
    key(
        &["store", "durability"],
        Takes::OneOf(&["any", "durable"]),
        None,
    )
    .from("PROLLYTREE_DURABILITY"),
    key(&["store", "read_only"], Takes::Boolean, None).from("PROLLYTREE_READ_ONLY"),
    key(&["embedder", "*", "name"], Takes::Name, None),
    key(&["embedder", "*", "options", "*"], Takes::Option, None),
    key(
        &["plugins", "policy"],
        Takes::OneOf(&["builtin-only", "allowlist", "any"]),
        RUNS_CODE,
    )
    .from("PROLLYTREE_PLUGIN_POLICY"),
    key(&["plugins", "paths"], Takes::Paths, RUNS_CODE),
    key(&["plugins", "allow", "*", "path"], Takes::Path, RUNS_CODE),
    key(
        &["plugins", "allow", "*", "sha256"],
        Takes::Sha256,
        RUNS_CODE,
    ),
    key(&["user", "name"], Takes::Text, IDENTITY).from("PROLLYTREE_USER_NAME"),
    key(&["user", "email"], Takes::Text, IDENTITY).from("PROLLYTREE_USER_EMAIL"),
];

const fn key(path: &'static [&'static str], takes: Takes, untrusted: Option<&'static str>) -> Key {
    Key {
        path,
        takes,
        variable: None,
        untrusted,
    }
}

impl Key {
    const fn from(mut self, variable: &'static str) -> Self {
        self.variable = Some(variable);
        self
    }
}

impl Takes {
    /// Says what is expected, for a message.
    pub(super) fn expected(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Name => "a name of lower-case letters, digits and dashes".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::Size => "a size such as 65536, \"64KiB\" or \"1GiB\"".to_owned(),
            Self::Sha256 => "a SHA-256 of 64 hexadecimal digits".to_owned(),
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
            Self::Path => "a path".to_owned(),
            Self::Paths => "a list of paths, as in [\"/opt/plugins\"]".to_owned(),
            Self::Option => {
                "text, a whole number, a boolean, { env = \"NAME\" } or { file = \"path\" }"
                    .to_owned()
            }
        }
    }
}

/// What stands at a place in the tree of keys.
pub(super) enum Found {
    Key(&'static Key),
    Table,
    /// What the last part can be instead.
    Unknown(Vec<&'static str>),
}

/// Looks a path up.
pub(super) fn look_up(path: &[&str]) -> Found {
    let reaches = |key: &&Key| {
        key.path.len() >= path.len()
            && key
                .path
                .iter()
                .zip(path)
                .all(|(known, part)| *known == "*" || known == part)
    };
    if let Some(key) = KEYS.iter().find(reaches) {
        return if key.path.len() == path.len() {
            Found::Key(key)
        } else {
            Found::Table
        };
    }
    let (_, table) = path.split_last().expect("a key has at least one part");
    let mut known: Vec<_> = KEYS
        .iter()
        .filter(|key| key.path.len() > table.len())
        .filter(|key| {
            key.path
                .iter()
                .zip(table)
                .all(|(known, part)| *known == "*" || known == part)
        })
        .map(|key| key.path[table.len()])
        .collect();
    known.dedup();
    Found::Unknown(known)
}

/// Says whether `name` can stand for a `*`: one part of a dotted key, of letters, digits, `_`, `-`.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_names_every_key_and_every_variable() {
        let guide = include_str!("../../../docs/configuration.md");
        for key in KEYS {
            let name = key.path.last().unwrap();
            assert!(*name == "*" || guide.contains(name), "{name}");
            assert!(key.variable.is_none_or(|variable| guide.contains(variable)));
        }
    }
}
