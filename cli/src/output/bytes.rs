//! Keys and values, which are bytes, as text.

use std::fmt::Write;

use prollytree::store::StoreError;
use prollytree::tree::ValueHandle;
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

/// Returns a value for people, escaped: of a long one the beginning, and how long it is. Reads no more
/// of it than that.
pub(crate) fn shown_value(value: &ValueHandle) -> Result<String, Failure> {
    /// What is longer is not shown whole.
    const LONG: u64 = 4 << 10;
    const BEGINNING: usize = 256;
    if value.len() <= LONG {
        return Ok(escaped(&value.load().map_err(StoreError::from)?));
    }
    let mut reader = value.reader().map_err(StoreError::from)?;
    let part = reader.next_part().map_err(StoreError::from)?;
    let beginning = part.as_deref().unwrap_or_default();
    let beginning = &beginning[..beginning.len().min(BEGINNING)];
    Ok(format!("{}… {} bytes", escaped(beginning), value.len()))
}

/// Loads a value, and returns it as JSON; null if there is none.
pub(crate) fn json_value(value: Option<&ValueHandle>) -> Result<Value, Failure> {
    let Some(value) = value else {
        return Ok(Value::Null);
    };
    Ok(json_bytes(&value.load().map_err(StoreError::from)?))
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
