//! A store in one word: `redb:data/main.redb`, `s3://bucket/prefix?region=eu`, `memory:`.
//!
//! `name:path?option=value&…` chooses the backend `name` with the option `path`. After two slashes
//! stands a place that is no path: `name://place/rest` gives the options `bucket` and `prefix`.
//! `name:///path` is the path `/path`. `%` and two hexadecimal digits stand for a byte.

use std::fmt;
use std::str::FromStr;

use super::schema::is_name;

/// A URI taken apart: a backend and its options, all of them text.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUri {
    /// The backend's name.
    pub backend: String,
    /// Names and values, in the order given.
    pub options: Vec<(String, String)>,
}

impl FromStr for StoreUri {
    type Err = String;

    /// The error is a sentence that says what is wrong, without the options' values.
    fn from_str(uri: &str) -> Result<Self, String> {
        let Some((backend, rest)) = uri.split_once(':').filter(|(name, _)| is_backend(name)) else {
            return Err(
                "a store is named by its backend and a colon, as in redb:data/main.redb".to_owned(),
            );
        };
        let (place, query) = match rest.split_once('?') {
            Some((place, query)) => (place, Some(query)),
            None => (rest, None),
        };
        let mut options = place_options(place)?;
        for pair in query.into_iter().flat_map(|query| query.split('&')) {
            let Some((name, value)) = pair.split_once('=') else {
                return Err("after `?` come options, as in ?cache=64MiB&read_only=true".to_owned());
            };
            if !is_name(name) {
                return Err("an option's name is made of letters, digits, `_` and `-`".to_owned());
            }
            if options.iter().any(|(known, _)| known == name) {
                return Err(format!("the option `{name}` is given twice"));
            }
            options.push((name.to_owned(), decode(value)?));
        }
        Ok(Self {
            backend: backend.to_owned(),
            options,
        })
    }
}

impl fmt::Display for StoreUri {
    /// Writes a URI that reads as the same backend and options.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.backend)?;
        let option = |name: &str| self.options.iter().position(|(known, _)| known == name);
        let bucket = option("bucket").filter(|&at| !self.options[at].1.is_empty());
        let (first, second) = match (bucket, option("path")) {
            (Some(bucket), _) => (Some(bucket), option("prefix")),
            (None, path) => (path.filter(|&at| !self.options[at].1.is_empty()), None),
        };
        match (bucket, first) {
            (Some(bucket), _) => write!(f, "//{}", encode(&self.options[bucket].1, ""))?,
            // Two slashes in front would read as a place.
            (None, Some(path)) if self.options[path].1.starts_with("//") => f.write_str("//")?,
            _ => {}
        }
        let tail = if bucket.is_some() { second } else { first };
        if let Some(tail) = tail {
            let slash = if bucket.is_some() { "/" } else { "" };
            write!(f, "{slash}{}", encode(&self.options[tail].1, "/:"))?;
        }
        let mut separator = '?';
        for (at, (name, value)) in self.options.iter().enumerate() {
            if Some(at) != first && Some(at) != second {
                write!(f, "{separator}{name}={}", encode(value, "/:"))?;
                separator = '&';
            }
        }
        Ok(())
    }
}

impl fmt::Debug for StoreUri {
    /// Shows no values: some are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.options.iter().map(|(name, _)| name).collect();
        write!(f, "StoreUri({} with {names:?})", self.backend)
    }
}

/// A backend's name. One letter is more likely to be a drive.
fn is_backend(name: &str) -> bool {
    name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn place_options(place: &str) -> Result<Vec<(String, String)>, String> {
    let mut options = Vec::new();
    let mut push = |name: &str, text: &str| {
        if text.is_empty() {
            return Ok(());
        }
        options.push((name.to_owned(), decode(text)?));
        Ok::<_, String>(())
    };
    match place.strip_prefix("//") {
        None => push("path", place)?,
        Some(local) if local.starts_with('/') => push("path", local)?,
        Some(remote) => {
            let (bucket, prefix) = remote.split_once('/').unwrap_or((remote, ""));
            if bucket.contains('@') {
                return Err(
                    "a URI does not hold a user or a password; give them as options from \
                     the environment or a file"
                        .to_owned(),
                );
            }
            push("bucket", bucket)?;
            push("prefix", prefix)?;
        }
    }
    Ok(options)
}

fn decode(text: &str) -> Result<String, String> {
    let wrong = || "`%` is followed by two hexadecimal digits; write %25 for `%`".to_owned();
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (digits, tail) = rest.split_at_checked(2).ok_or_else(wrong)?;
        let digit = |at: usize| char::from(digits[at]).to_digit(16).ok_or_else(wrong);
        bytes.push(u8::try_from(digit(0)? * 16 + digit(1)?).map_err(|_| wrong())?);
        rest = tail;
    }
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text),
        Ok(_) => Err("a URI does not hold the character NUL".to_owned()),
        Err(_) => Err("what `%` stands for in a URI must be UTF-8".to_owned()),
    }
}

fn encode(text: &str, also: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric()
            || b"-._~+,=".contains(&byte)
            || also.as_bytes().contains(&byte);
        if plain {
            encoded.push(char::from(byte));
        } else {
            let digit = |value: u8| char::from(b"0123456789ABCDEF"[usize::from(value)]);
            encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(uri: &str) -> Result<(String, Vec<(String, String)>), String> {
        uri.parse::<StoreUri>()
            .map(|uri| (uri.backend, uri.options))
    }

    #[test]
    fn a_uri_is_a_backend_and_options() {
        let cases: &[(&str, &str, &[&str])] = &[
            ("memory:", "memory", &[]),
            ("redb:data/main.redb", "redb", &["path=data/main.redb"]),
            (
                "redb:a%3Fb?cache=64MiB",
                "redb",
                &["path=a?b", "cache=64MiB"],
            ),
            ("file:/x", "file", &["path=/x"]),
            ("file:///x", "file", &["path=/x"]),
            (
                "s3://b/p/q?region=eu",
                "s3",
                &["bucket=b", "prefix=p/q", "region=eu"],
            ),
            ("acme:c:/x y", "acme", &["path=c:/x y"]),
        ];
        for (uri, backend, options) in cases {
            let (name, given) = parse(uri).unwrap();
            let given: Vec<_> = given.iter().map(|(n, v)| format!("{n}={v}")).collect();
            assert_eq!(
                (name.as_str(), given.as_slice()),
                (*backend, &options_of(options)[..])
            );
        }
    }

    fn options_of(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_bad_uri_is_explained_without_repeating_it() {
        for (uri, expected) in [
            ("", "named by its backend"),
            ("data/main.redb", "named by its backend"),
            ("C:/data", "named by its backend"),
            ("c:/data", "named by its backend"),
            ("redb:x?hunter2", "after `?` come options"),
            ("redb:x?cache=1&cache=2", "`cache` is given twice"),
            ("redb:x?path=y", "`path` is given twice"),
            ("redb:x?a b=y", "an option's name"),
            ("redb:%4", "two hexadecimal digits"),
            ("redb:%zz", "two hexadecimal digits"),
            ("redb:%ff", "UTF-8"),
            ("redb:%00", "NUL"),
            ("s3://me:hunter2@host/x", "a user or a password"),
        ] {
            let reason = parse(uri).unwrap_err();
            assert!(reason.contains(expected), "{uri}: {reason}");
            assert!(!reason.contains("hunter2"));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(
            backend in "[a-z][a-z0-9-]{1,8}",
            path in proptest::option::of("[^\0]{1,20}"),
            bucket in proptest::option::of("[a-z0-9.]{1,9}"),
            prefix in "[^\0]{1,9}",
            others in proptest::collection::btree_map("[a-o_-]{1,3}", "[^\0]{0,9}", 0..4),
        ) {
            let mut options = Vec::new();
            match (bucket, path) {
                (Some(bucket), _) => {
                    options.push(("bucket".to_owned(), bucket));
                    options.push(("prefix".to_owned(), prefix));
                }
                (None, Some(path)) => options.push(("path".to_owned(), path)),
                (None, None) => {}
            }
            options.extend(others);
            let uri = StoreUri { backend, options };
            prop_assert_eq!(uri.to_string().parse::<StoreUri>(), Ok(uri));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,40}") {
            drop(text.parse::<StoreUri>().map(|uri| uri.to_string()));
        }
    }
}
