//! Keys and values, which are bytes, as text.

use std::fmt::Write;

use prollytree::store::StoreError;
use prollytree::tree::{ProvenValue, ValueHandle};
use serde_json::{Value, json};

use super::base64;
use crate::failure::Failure;

/// Returns bytes in a form that fits on one line, does nothing to a terminal, and can be read back:
/// printable text as it is, a backslash doubled, everything else as `\n`, `\t`, `\r` or `\x1b`.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => shown.push_str("\\\\"),
                '\n' => shown.push_str("\\n"),
                '\t' => shown.push_str("\\t"),
                '\r' => shown.push_str("\\r"),
                c if is_unseen(c) => {
                    let mut buffer = [0; 4];
                    push_hex(&mut shown, c.encode_utf8(&mut buffer).as_bytes());
                }
                c => shown.push(c),
            }
        }
        push_hex(&mut shown, chunk.invalid());
    }
    shown
}

/// Returns bytes as JSON: a string if they are UTF-8, otherwise `{"base64": "…"}`.
pub(crate) fn json_bytes(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::from(text),
        Err(_) => json!({ "base64": base64::encode(bytes) }),
    }
}

/// A value that can be shown.
pub(crate) trait ShownValue {
    /// Returns it for people, escaped: of a long one the beginning, and how long it is. Reads no more
    /// of it than that.
    fn shown(&self) -> Result<String, Failure>;

    /// Returns all of it for programs.
    fn json(&self) -> Result<Value, Failure>;
}

/// What is longer is not shown whole.
const LONG: u64 = 4 << 10;

impl ShownValue for ValueHandle {
    fn shown(&self) -> Result<String, Failure> {
        if self.len() <= LONG {
            return Ok(escaped(&self.load().map_err(StoreError::from)?));
        }
        let mut reader = self.reader().map_err(StoreError::from)?;
        let part = reader.next_part().map_err(StoreError::from)?;
        Ok(beginning(part.as_deref().unwrap_or_default(), self.len()))
    }

    fn json(&self) -> Result<Value, Failure> {
        Ok(json_bytes(&self.load().map_err(StoreError::from)?))
    }
}

impl ShownValue for ProvenValue {
    fn shown(&self) -> Result<String, Failure> {
        Ok(match self {
            Self::Whole(value) if value.len() as u64 <= LONG => escaped(value),
            Self::Whole(value) => beginning(value, value.len() as u64),
            Self::Outside { hash, len } => {
                format!("a value of {len} bytes with the address {hash}")
            }
        })
    }

    /// A proof does not hold a value out of line: in place of it are its address and its length.
    fn json(&self) -> Result<Value, Failure> {
        Ok(match self {
            Self::Whole(value) => json_bytes(value),
            Self::Outside { hash, len } => json!({"hash": hash.to_string(), "length": len}),
        })
    }
}

fn beginning(value: &[u8], len: u64) -> String {
    const SHOWN: usize = 256;
    format!("{}… {len} bytes", escaped(&value[..value.len().min(SHOWN)]))
}

/// Returns a value as JSON; null if there is none.
pub(crate) fn json_value(value: Option<&impl ShownValue>) -> Result<Value, Failure> {
    value.map_or(Ok(Value::Null), ShownValue::json)
}

/// Control characters and those that reorder or hide text.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || c == '\u{feff}'
}

fn push_hex(shown: &mut String, bytes: &[u8]) {
    for byte in bytes {
        write!(shown, "\\x{byte:02x}").expect("writing to a string does not fail");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(escaped("größe/x y".as_bytes()), "größe/x y");
        assert_eq!(
            escaped(b"a\\b\n\x1b[31m\xff\0"),
            "a\\\\b\\n\\x1b[31m\\xff\\x00"
        );
        assert_eq!(
            escaped("\u{202e}x\u{85}".as_bytes()),
            "\\xe2\\x80\\xaex\\xc2\\x85"
        );
    }

    #[test]
    fn json_tells_text_from_bytes() {
        assert_eq!(json_bytes(b"{\"base64\":\"\"}"), json!("{\"base64\":\"\"}"));
        assert_eq!(json_bytes(b"\xff"), json!({"base64": "/w=="}));
    }
}
