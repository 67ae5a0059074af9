//! One text for one JSON value: fields sorted by name, no spaces, strings escaped in one way.
//! Numbers stay as they are written, so none loses a digit.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// How deep values may be nested.
const MAX_DEPTH: usize = 128;

/// The fields of an object, sorted by name; each value is canonical JSON.
pub(super) type Fields = Vec<(String, String)>;

/// Reads an object.
pub(super) fn fields(object: &RawValue) -> Result<Fields, String> {
    fields_at(object, 1)
}

/// Writes an object of fields that are sorted.
pub(super) fn write_object(fields: &[(String, String)]) -> String {
    let mut text = String::from("{");
    for (name, value) in fields {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&quoted(name));
        text.push(':');
        text.push_str(value);
    }
    text.push('}');
    text
}

/// Sorts fields by name.
pub(super) fn sort(fields: &mut [(String, String)]) -> Result<(), String> {
    fields.sort_by(|a, b| a.0.cmp(&b.0));
    match fields.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        None => Ok(()),
        Some(pair) => Err(format!("the field `{}` is given twice", pair[0].0)),
    }
}

/// Writes a string as JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn fields_at(object: &RawValue, depth: usize) -> Result<Fields, String> {
    if depth > MAX_DEPTH {
        return Err(format!("values are nested more than {MAX_DEPTH} deep"));
    }
    let raw: RawFields<'_> = serde_json::from_str(object.get())
        .map_err(|_| "expected an object, as in {\"name\": \"value\"}".to_owned())?;
    let mut fields = raw
        .0
        .into_iter()
        .map(|(name, value)| Ok((name, canonical(value, depth + 1)?)))
        .collect::<Result<Fields, String>>()?;
    sort(&mut fields)?;
    Ok(fields)
}

fn canonical(value: &RawValue, depth: usize) -> Result<String, String> {
    let text = value.get();
    let unreadable = |error: serde_json::Error| error.to_string();
    match text.as_bytes().first() {
        Some(b'{') => Ok(write_object(&fields_at(value, depth)?)),
        Some(b'[') => {
            if depth > MAX_DEPTH {
                return Err(format!("values are nested more than {MAX_DEPTH} deep"));
            }
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(unreadable)?;
            let items: Result<Vec<_>, _> = items
                .into_iter()
                .map(|item| canonical(item, depth + 1))
                .collect();
            Ok(format!("[{}]", items?.join(",")))
        }
        Some(b'"') => Ok(quoted(
            &serde_json::from_str::<String>(text).map_err(unreadable)?,
        )),
        _ => Ok(text.to_owned()),
    }
}

/// The fields of an object in the order given, repeated ones included.
struct RawFields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for RawFields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = RawFields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(RawFields(fields))
            }
        }
        deserializer.deserialize_map(Object)
    }
}
