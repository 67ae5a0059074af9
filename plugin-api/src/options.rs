//! Options: what a config file or a URI says to a backend or an embedder, and how it is read.
//!
//! [`options!`](crate::options) declares a struct once; from that come the parser, the defaults, the
//! documentation, and a constant description that the host can read from the plugin's manifest
//! without running it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::{Error, ErrorKind, Result};

/// The given options: names and JSON values, in the order given. The host has resolved
/// environment variables, files and relative paths already.
pub type Options = serde_json::Map<String, Value>;

/// What is known of one option before anything is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionField {
    /// The option's name.
    pub name: &'static str,
    /// The name of its type: see [`OptionValue::TYPE`].
    pub value_type: &'static str,
    /// The default as a user would write it. `None` for an option that must be given.
    pub default: Option<&'static str>,
    /// Whether the option may be left out.
    pub optional: bool,
    /// What it does.
    pub doc: &'static str,
}

/// A struct made by [`options!`](crate::options).
pub trait OptionSet: Sized {
    /// Its fields, in the order declared.
    const FIELDS: &'static [OptionField];

    /// Reads the options.
    ///
    /// # Errors
    /// `INVALID_CONFIG` naming the option that is unknown, missing or of the wrong type.
    fn parse(options: &Options) -> Result<Self>;
}

/// A type that an option can have.
pub trait OptionValue: Sized {
    /// The name of the type in documentation and in the manifest: `string`, `boolean`, `integer`,
    /// `size`, `duration`, `path`, `secret`, `endpoint`.
    const TYPE: &'static str;
    /// Whether it may be left out without a default.
    const OPTIONAL: bool = false;

    /// Reads a value; the error says what was expected.
    fn read(value: &Value) -> Result<Self, String>;

    /// The value of an option that was left out and has no default.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }
}

impl OptionValue for String {
    const TYPE: &'static str = "string";

    fn read(value: &Value) -> Result<Self, String> {
        value
            .as_str()
            .map(Self::from)
            .ok_or_else(|| "expected text".to_owned())
    }
}

impl OptionValue for PathBuf {
    const TYPE: &'static str = "path";

    fn read(value: &Value) -> Result<Self, String> {
        match value.as_str() {
            None | Some("") => Err("expected a path".to_owned()),
            Some(path) => Ok(Self::from(path)),
        }
    }
}

impl OptionValue for bool {
    const TYPE: &'static str = "boolean";

    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::Bool(flag) => Ok(*flag),
            Value::String(text) if text == "true" => Ok(true),
            Value::String(text) if text == "false" => Ok(false),
            _ => Err("expected true or false".to_owned()),
        }
    }
}

impl OptionValue for u64 {
    const TYPE: &'static str = "integer";

    fn read(value: &Value) -> Result<Self, String> {
        let number = match value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| "expected a whole number that is not negative".to_owned())
    }
}

impl OptionValue for u32 {
    const TYPE: &'static str = "integer";

    fn read(value: &Value) -> Result<Self, String> {
        let number = u64::read(value)?;
        Self::try_from(number).map_err(|_| format!("expected a number up to {}", Self::MAX))
    }
}

/// A number of bytes, written `65536`, `64KiB`, `256MiB` or `1GiB` (`kB`, `MB`, `GB` are powers of
/// ten).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

impl OptionValue for ByteSize {
    const TYPE: &'static str = "size";

    fn read(value: &Value) -> Result<Self, String> {
        const UNITS: &[(&str, u64)] = &[
            ("KiB", 1 << 10),
            ("MiB", 1 << 20),
            ("GiB", 1 << 30),
            ("TiB", 1 << 40),
            ("kB", 1_000),
            ("MB", 1_000_000),
            ("GB", 1_000_000_000),
            ("TB", 1_000_000_000_000),
            ("B", 1),
            ("", 1),
        ];
        let parsed = match value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => with_unit(text, UNITS),
            _ => None,
        };
        parsed
            .map(Self)
            .ok_or_else(|| "expected a size such as 65536, \"64KiB\" or \"1GiB\"".into())
    }
}

impl OptionValue for Duration {
    const TYPE: &'static str = "duration";

    fn read(value: &Value) -> Result<Self, String> {
        const UNITS: &[(&str, u64)] = &[
            ("ms", 1),
            ("s", 1_000),
            ("min", 60_000),
            ("h", 3_600_000),
            ("d", 86_400_000),
        ];
        let zero = |text: &str| (text == "0").then_some(0);
        value
            .as_str()
            .and_then(|text| with_unit(text, UNITS).or_else(|| zero(text)))
            .map(Self::from_millis)
            .ok_or_else(|| "expected a duration such as \"250ms\", \"5s\" or \"2min\"".into())
    }
}

/// Text that is shown nowhere: neither in a message, nor in a log, nor by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Returns the text, to be used and not to be kept or shown.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl OptionValue for Secret {
    const TYPE: &'static str = "secret";

    fn read(value: &Value) -> Result<Self, String> {
        String::read(value).map(Self)
    }
}

/// The address of a service that is sent credentials which the user did not write beside it, such as
/// those of the machine. A config file that travels with data cannot set one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(pub String);

impl OptionValue for Endpoint {
    const TYPE: &'static str = "endpoint";

    fn read(value: &Value) -> Result<Self, String> {
        String::read(value).map(Self)
    }
}

impl<T: OptionValue> OptionValue for Option<T> {
    const TYPE: &'static str = T::TYPE;
    const OPTIONAL: bool = true;

    fn read(value: &Value) -> Result<Self, String> {
        T::read(value).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let number: u64 = digits.parse().ok()?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim())?;
    number.checked_mul(*factor)
}

/// Refuses options that no field has. Part of what [`options!`](crate::options) expands to.
#[doc(hidden)]
pub fn refuse_unknown(options: &Options, fields: &[OptionField]) -> Result<()> {
    match options
        .keys()
        .find(|name| fields.iter().all(|field| field.name != name.as_str()))
    {
        None => Ok(()),
        Some(name) => {
            let known: Vec<_> = fields.iter().map(|field| field.name).collect();
            let known = if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            };
            Err(Error::new(
                ErrorKind::INVALID_CONFIG,
                format!("unknown option `{name}`; the options are: {known}"),
            )
            .with("option", name))
        }
    }
}

/// Reads one option. Part of what [`options!`](crate::options) expands to.
#[doc(hidden)]
pub fn read_field<T: OptionValue>(
    options: &Options,
    name: &str,
    default: Option<&str>,
) -> Result<T> {
    let invalid = |message| Error::new(ErrorKind::INVALID_CONFIG, message).with("option", name);
    let read = |value: &Value| {
        T::read(value).map_err(|expected| invalid(format!("option `{name}`: {expected}")))
    };
    match (options.get(name), default) {
        (Some(value), _) => read(value),
        (None, Some(default)) => read(&Value::from(default)),
        (None, None) => {
            T::absent().ok_or_else(|| invalid(format!("option `{name}` must be given")))
        }
    }
}

/// Declares the options of a backend or an embedder.
///
/// Each field has a doc comment, a type that implements [`OptionValue`] and, after `=`, its default
/// as a user would write it. A field without default must be given, unless it is an `Option`.
///
/// ```
/// use std::path::PathBuf;
/// use std::time::Duration;
/// use prollytree_plugin_api::{Options, OptionSet, options};
///
/// options! {
///     /// Options of the acme backend.
///     pub struct AcmeOptions {
///         /// The folder that holds the data.
///         pub path: PathBuf,
///         /// How long to wait for the lock.
///         pub lock_wait: Duration = "5s",
///     }
/// }
///
/// let mut given = Options::new();
/// given.insert("path".into(), "/data".into());
/// let options = AcmeOptions::parse(&given)?;
/// assert_eq!(options.lock_wait, Duration::from_secs(5));
/// assert_eq!(AcmeOptions::FIELDS[0].doc, " The folder that holds the data.");
/// # Ok::<_, prollytree_plugin_api::Error>(())
/// ```
#[macro_export]
macro_rules! options {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $doc:literal])+
                $field_vis:vis $field:ident : $type:ty $(= $default:literal)?
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        $vis struct $name {
            $($(#[doc = $doc])+ $field_vis $field: $type,)*
        }

        impl $crate::OptionSet for $name {
            const FIELDS: &'static [$crate::OptionField] = &[$(
                $crate::OptionField {
                    name: stringify!($field),
                    value_type: <$type as $crate::OptionValue>::TYPE,
                    default: $crate::options!(@default $($default)?),
                    optional: <$type as $crate::OptionValue>::OPTIONAL,
                    doc: concat!($($doc, "\n"),+).trim_ascii_end(),
                },
            )*];

            fn parse(options: &$crate::Options) -> $crate::Result<Self> {
                $crate::__private::refuse_unknown(options, Self::FIELDS)?;
                Ok(Self {
                    $($field: $crate::__private::read_field(
                        options,
                        stringify!($field),
                        $crate::options!(@default $($default)?),
                    )?,)*
                })
            }
        }
    };
    (@default) => { None };
    (@default $default:literal) => { Some($default) };
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    options! {
        /// Options for the tests below.
        struct Sample {
            /// Where.
            path: PathBuf,
            /// How much.
            /// On two lines.
            cache: ByteSize = "64KiB",
            /// How long.
            wait: Duration = "5s",
            /// Sure?
            sure: bool = "false",
            /// Maybe.
            token: Option<Secret>,
        }
    }

    fn parse(value: &Value) -> Result<Sample> {
        Sample::parse(value.as_object().unwrap())
    }

    #[test]
    fn defaults_are_written_as_users_write_them() {
        let sample = parse(&json!({"path": "/x"})).unwrap();
        assert_eq!(sample.path, PathBuf::from("/x"));
        assert_eq!(sample.cache, ByteSize(65_536));
        assert_eq!(sample.wait, Duration::from_secs(5));
        assert!(!sample.sure);
        assert!(sample.token.is_none());
        assert_eq!(Sample::FIELDS[1].doc, " How much.\n On two lines.");
        assert_eq!(Sample::FIELDS[1].default, Some("64KiB"));
        assert!(Sample::FIELDS[4].optional);
    }

    #[test]
    fn wrong_options_are_named() {
        let cases = [
            (json!({}), "option `path` must be given"),
            (json!({"path": ""}), "option `path`: expected a path"),
            (json!({"path": "x", "cahce": 1}), "unknown option `cahce`"),
            (
                json!({"path": "x", "cache": "64 parsecs"}),
                "expected a size",
            ),
            (
                json!({"path": "x", "cache": "99999999999TiB"}),
                "expected a size",
            ),
            (json!({"path": "x", "wait": 5}), "expected a duration"),
            (
                json!({"path": "x", "sure": "yes"}),
                "expected true or false",
            ),
        ];
        for (value, expected) in cases {
            let error = parse(&value).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::INVALID_CONFIG);
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let sample = parse(&json!({"path": "x", "token": "hunter2"})).unwrap();
        assert!(!format!("{sample:?}").contains("hunter2"));
        assert_eq!(sample.token.unwrap().reveal(), "hunter2");
    }
}
