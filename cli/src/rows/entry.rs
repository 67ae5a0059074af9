//! From a row to an entry.

use serde_json::Value;

use super::KeyTemplate;
use super::canonical::{Fields, write_object};
use crate::output::base64;

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

/// How a row becomes an entry.
#[derive(Clone, Debug, Default)]
pub(crate) struct EntryRule {
    /// What the key is made of; without it, a row has a `key` and a `value`.
    pub(crate) key: Option<KeyTemplate>,
    /// The column that is the value; without it, the whole row is.
    pub(crate) value: Option<String>,
}

impl EntryRule {
    /// Looks whether rows with these columns can become entries.
    pub(super) fn check(&self, columns: &[String]) -> Result<(), String> {
        let Some(template) = &self.key else {
            return if columns == ["key", "value"] {
                Ok(())
            } else {
                Err(NOT_EXPORTED.to_owned())
            };
        };
        let mut named = template.columns().chain(self.value.as_deref());
        match named.find(|name| !columns.iter().any(|column| column == name)) {
            None => Ok(()),
            Some(name) => Err(no_column(name, columns.iter().map(String::as_str))),
        }
    }

    /// Makes an entry of a row of JSON fields.
    pub(super) fn entry(&self, fields: &Fields) -> Result<Entry, String> {
        let Some(template) = &self.key else {
            return exported(fields);
        };
        let key = template.key(|column| text(fields, column))?;
        if key.is_empty() {
            return Err("the key would be empty".to_owned());
        }
        let value = match &self.value {
            None => write_object(fields),
            Some(column) => {
                let json = field(fields, column)?;
                if json.starts_with('"') {
                    text(fields, column)?
                } else {
                    json.to_owned()
                }
            }
        };
        Ok(Entry {
            key: key.into_bytes(),
            value: value.into_bytes(),
        })
    }
}

fn field<'a>(fields: &'a Fields, name: &str) -> Result<&'a str, String> {
    if let Ok(at) = fields.binary_search_by(|(known, _)| known.as_str().cmp(name)) {
        return Ok(&fields[at].1);
    }
    let names = fields.iter().map(|(name, _)| name.as_str());
    Err(no_column(name, names))
}

fn no_column<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<_> = known.collect();
    format!(
        "there is no column `{name}`; there are: {}",
        known.join(", ")
    )
}

/// Returns the text of a field: of a string, a number or a boolean.
fn text(fields: &Fields, name: &str) -> Result<String, String> {
    let json = field(fields, name)?;
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str(json).map_err(|error| error.to_string()),
        // As it is written, for there are numbers that no machine type holds.
        Some(b'-' | b'0'..=b'9' | b't' | b'f') => Ok(json.to_owned()),
        _ => Err(format!(
            "the column `{name}` is neither text nor a number nor a boolean"
        )),
    }
}

/// Reads a row that `export` wrote.
fn exported(fields: &Fields) -> Result<Entry, String> {
    let [(key_name, key), (value_name, value)] = fields.as_slice() else {
        return Err(NOT_EXPORTED.to_owned());
    };
    if key_name != "key" || value_name != "value" {
        return Err(NOT_EXPORTED.to_owned());
    }
    Ok(Entry {
        key: bytes("key", key)?,
        value: bytes("value", value)?,
    })
}

/// What a row has to be when no key is named.
pub(super) const NOT_EXPORTED: &str = "expected a `key` and a `value` and nothing else; say with \
                                       --key which column of the row is its key";

fn bytes(name: &str, json: &str) -> Result<Vec<u8>, String> {
    let value: Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let encoded = match &value {
        Value::String(text) => return Ok(text.clone().into_bytes()),
        Value::Object(object) if object.len() == 1 => object.get("base64").and_then(Value::as_str),
        _ => None,
    };
    encoded
        .and_then(base64::decode)
        .ok_or_else(|| format!("the `{name}` is neither text nor {{\"base64\": \"…\"}}"))
}
